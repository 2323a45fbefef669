"""What is taken over from the bytes of a ledger, what is named as missing, and what is neither."""

import itertools
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from device.ledger.file import APPLICATION_ID
from device.ledger.head_note import HeadNote, NotedHead
from device.ledger.salvage import MAX_GAPS, Carryover, bounded, carve, is_foreign, needed_at_start
from sync.entries import GENESIS, Booted, HashName, Paused, Resumed, Salvaged, write_body
from tests.rigs.ledger.ledger_process import at, open_in, rated

HEAD = 12
BOOTED = write_body(Booted(at=at(), agent="0", board="simulated", boots=3))
PAUSED = write_body(Paused(at=at(), by="desk 1"))
RESUMED = write_body(Resumed(at=at(), by="desk 1"))
RATED = write_body(rated(1))


def made(folder: Path, *statements: str, head: int = HEAD, receipted: int = 0) -> Path:
    """A closed ledger without a note, in which these statements were executed; a row that is
    deleted leaves no bytes.
    """
    ledger = open_in(folder)
    for n in range(2, head + 1):
        ledger.append(rated(n))
    ledger.close()
    path = folder / "ledger"
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("PRAGMA secure_delete=ON")
        for (trigger,) in db.execute(
            "SELECT name FROM sqlite_schema WHERE type = 'trigger'"
        ).fetchall():
            db.execute(f"DROP TRIGGER {trigger}")
        db.execute("UPDATE entry SET receipted = ?", (receipted,))
        for statement in statements:
            db.execute(statement)
        db.execute("VACUUM")
    (folder / "ledger.head").unlink()
    return path


def carved(path: Path) -> tuple[Carryover, dict[int, tuple[bytes, bytes, bool]]]:
    """What is carried over, and its entries: body, digest, whether it is proven, by seq."""
    with carve(path, ledger="01LOST", hash_name=HashName.SHA256) as found:
        return found, {seq: (body, digest, ok) for seq, body, digest, ok in found.entries}


def rows_of(path: Path) -> dict[int, tuple[bytes, bytes]]:
    with closing(sqlite3.connect(path)) as db:
        rows = db.execute("SELECT seq, body, digest FROM entry").fetchall()
    return {seq: (body, digest) for seq, body, digest in rows}


@pytest.mark.parametrize("receipted", [0, 1, 2, 70, 98, 99, 100])
def test_of_a_sound_file_all_that_has_no_receipt_is_taken_over(
    tmp_path: Path, receipted: int
) -> None:
    path = made(tmp_path, head=100, receipted=receipted)
    rows = rows_of(path)
    found, entries = carved(path)
    assert (found.pad, found.receipted, found.missing) == ("pad-1", receipted, ())
    assert (found.seq, found.digest) == (100, rows[100][1])
    assert {seq: (body, digest) for seq, (body, digest, _) in entries.items()} == {
        seq: rows[seq] for seq in range(receipted + 1, 101)
    }
    assert all(proven for _, _, proven in entries.values())
    assert (found.count, found.unproven, found.is_foreign) == (100 - receipted, 0, False)


@pytest.mark.parametrize("receipted", [0, 70, 100])
def test_everything_is_read_where_it_is_asked_for(tmp_path: Path, receipted: int) -> None:
    path = made(tmp_path, "DELETE FROM entry WHERE seq = 5", head=100, receipted=receipted)
    rows = rows_of(path)
    with carve(path, ledger="?", hash_name=HashName.SHA256, everything=True) as found:
        entries = {seq: (body, digest) for seq, body, digest, _ in found.entries}
    assert entries == rows
    assert found.missing == ((5, 5),)


@pytest.mark.parametrize(
    ("lost", "missing", "chain"),
    [
        ("1", ((1, 1),), 0),
        ("2", ((2, 2),), 1),
        ("2, 3, 4", ((2, 4),), 1),
        ("4, 6", ((4, 4), (6, 6)), 3),
        ("11", ((11, 11),), 10),
        ("12", (), 11),
    ],
)
def test_what_is_missing_is_named_exactly_and_the_chain_ends_before_it(
    tmp_path: Path, lost: str, missing: tuple[tuple[int, int], ...], chain: int
) -> None:
    path = made(tmp_path, f"DELETE FROM entry WHERE seq IN ({lost})")
    rows = rows_of(path)
    found, entries = carved(path)
    assert found.missing == missing
    assert (found.seq, found.digest) == (chain, rows[chain][1] if chain else GENESIS)
    assert {seq: (body, digest) for seq, (body, digest, _) in entries.items()} == rows
    assert found.unproven == sum(not proven for _, _, proven in entries.values())


@pytest.mark.parametrize("noted", [11, 12, 13, 15])
def test_what_the_note_knows_of_and_the_file_has_not_is_missing(tmp_path: Path, noted: int) -> None:
    path = made(tmp_path)
    with carve(path, ledger="", hash_name=HashName.SHA256) as found:
        ledger = found.ledger
    note = HeadNote(path)
    note.write(NotedHead(ledger, noted, bytes(32)))
    note.close()
    assert carved(path)[0].missing == (((13, noted),) if noted > HEAD else ())


def test_of_a_file_that_is_all_zeros_the_note_names_what_is_missing(tmp_path: Path) -> None:
    path = tmp_path / "ledger"
    path.write_bytes(bytes(20_000))
    assert carved(path)[0] == Carryover("01LOST", "", HashName.SHA256)
    note = HeadNote(path)
    note.write(NotedHead("01LOST", 7, bytes(32)))
    note.close()
    assert carved(path)[0] == Carryover("01LOST", "", HashName.SHA256, missing=((1, 7),))


@pytest.mark.parametrize("raised", [1, 7, 8])
def test_a_receipted_mark_counts_only_when_the_last_eight_rows_have_it(
    tmp_path: Path, raised: int
) -> None:
    path = made(tmp_path, f"UPDATE entry SET receipted = 12 WHERE seq > {HEAD - raised}")
    found, entries = carved(path)
    assert found.receipted == (12 if raised == 8 else 0)
    assert sorted(entries) == ([] if raised == 8 else [*range(1, 13)])


@pytest.mark.parametrize("receipted", [0, 3, 4, 5])
def test_a_row_under_a_wrong_number_is_put_where_the_chain_has_it(
    tmp_path: Path, receipted: int
) -> None:
    path = made(tmp_path, "UPDATE entry SET seq = 20 WHERE seq = 5", receipted=receipted)
    moved = rows_of(path)[20]
    found, entries = carved(path)
    assert found.missing == ()
    assert sorted(entries) == [*range(receipted + 1, 13)]
    if receipted < 5:
        assert entries[5] == (*moved, True)


def test_a_copy_of_a_row_under_another_number_is_no_second_rating(tmp_path: Path) -> None:
    path = made(
        tmp_path,
        "INSERT INTO entry(seq, body, digest, receipted)"
        " SELECT 20, body, digest, receipted FROM entry WHERE seq = 5",
    )
    _, entries = carved(path)
    assert sorted(entries) == [*range(1, 13)]
    bodies = [body for body, _, _ in entries.values()]
    assert len(bodies) == len(set(bodies))


@pytest.mark.parametrize(
    ("newest_first", "needed"),
    [
        ([], set()),
        ([RATED, RATED], set()),
        ([BOOTED], {9}),
        ([RATED, BOOTED, BOOTED], {8}),
        ([BOOTED, PAUSED], {9}),  # a pause is recorded again behind each boot
        ([PAUSED, RATED, BOOTED], {9, 7}),
        ([RESUMED, PAUSED, BOOTED], {9, 7}),
        ([PAUSED, RESUMED, BOOTED], {9, 7}),
        ([RATED, PAUSED, PAUSED, RATED], {8}),
        ([b"not an entry", BOOTED], {8}),
        ([b'{"kind":"salvaged"}', BOOTED], {8}),
    ],
)
def test_the_next_start_needs_the_last_boot_and_the_last_pause_behind_it(
    newest_first: list[bytes], needed: set[int]
) -> None:
    def wrapped(body: bytes) -> bytes:
        text = body.decode()
        return write_body(Salvaged(at=at(), ledger="01A", seq=1, digest="00" * 32, body=text))

    numbered = itertools.count(9, -1)
    assert needed_at_start(zip(numbered, newest_first, strict=False)) == needed
    numbered = itertools.count(9, -1)
    carried = map(wrapped, newest_first)
    assert needed_at_start(zip(numbered, carried, strict=False)) == needed


def header(number: int) -> bytes:
    return b"x" * 68 + number.to_bytes(4, "big") + b"x" * 4000


@pytest.mark.parametrize(
    ("content", "foreign"),
    [
        (b"a shopping list\n" * 400, True),
        (bytes(5000), False),
        (b"", False),
        (bytes(4999) + b"x", True),
        (b"x" + bytes(4999), True),
        (header(APPLICATION_ID), False),
        (header(APPLICATION_ID + 1), True),
        (header(APPLICATION_ID ^ 1 << 31), True),
    ],
)
def test_what_has_no_entry_no_header_and_is_not_zeros_never_was_a_ledger(
    tmp_path: Path, content: bytes, foreign: bool
) -> None:
    path = tmp_path / "ledger"
    path.write_bytes(content)
    assert is_foreign(path) is foreign
    assert carved(path)[0].is_foreign is foreign


def test_one_entry_in_the_file_or_in_the_wal_makes_it_a_ledger(tmp_path: Path) -> None:
    ledger = open_in(tmp_path)
    ledger.append(rated(1))
    path = tmp_path / "text"
    path.write_bytes(b"a shopping list\n" * 400)
    (tmp_path / "text-wal").write_bytes((tmp_path / "ledger-wal").read_bytes())
    assert not is_foreign(path)
    (tmp_path / "text-wal").unlink()
    assert is_foreign(path)
    ledger.close()
    content = (tmp_path / "ledger").read_bytes()
    path.write_bytes(b"x" * 2048 + content[2048:])
    assert not is_foreign(path)


def test_200_gaps_are_told_apart_and_of_201_the_two_nearest_are_joined() -> None:
    gaps = [(10 * n, 10 * n + 1) for n in range(1, MAX_GAPS + 1)]
    assert MAX_GAPS == 200
    assert bounded(gaps) == tuple(gaps)
    near = (gaps[-1][1] + 3, gaps[-1][1] + 5)
    assert bounded([*gaps, near]) == (*gaps[:-1], (gaps[-1][0], near[1]))
    assert bounded([]) == ()
