"""Where the ledger's rules begin and end: just below a bound, at it, just above."""

import sqlite3
from pathlib import Path

import pytest

from device.errors import LedgerError, PadCode
from device.ledger import ledger as ledger_module
from device.ledger.file import connect
from device.ledger.head_note import NotedHead, noted_head
from device.ledger.ledger import Ledger
from device.ledger.rollover import Rollover
from device.ledger.verify import LedgerVerdict, examine_open_file, verify
from sync.entries import (
    GENESIS,
    Booted,
    Detailed,
    HashName,
    Salvaged,
    next_digest,
    read_body,
    write_body,
)
from tests.rigs.ledger.ledger_process import at, open_in, rated


def filled(folder: Path, head: int) -> Ledger:
    """A ledger with the entries 1 (`opened`) to `head`."""
    ledger = open_in(folder)
    while ledger.head[0] < head:
        ledger.append(rated(ledger.head[0]))
    return ledger


def seqs(
    ledger: Ledger, after: int, max_entries: int = 1000, max_bytes: int = 1 << 20
) -> list[int]:
    return [entry.seq for entry in ledger.read(after, max_entries, max_bytes).entries]


def test_an_entry_of_8000_bytes_is_taken_and_one_of_8001_is_not(tmp_path: Path) -> None:
    ledger = open_in(tmp_path)
    short = Detailed(at=at(), invitation="i", text="")
    room = 8000 - len(write_body(short))
    with pytest.raises(ValueError, match=r"^entry of 8001 bytes; at most 8000 are allowed$"):
        ledger.append(Detailed(at=short.at, invitation="i", text="a" * (room + 1)))
    assert ledger.head[0] == 1
    assert ledger.append(Detailed(at=short.at, invitation="i", text="a" * room)).seq == 2
    ledger.close()


def test_a_receipt_counts_from_nothing_to_the_last_entry(tmp_path: Path) -> None:
    ledger = filled(tmp_path, 5)
    assert (ledger.receipted, ledger.confirmed) == (0, 0)
    for given, counts in ((-1, 0), (0, 0), (1, 1), (5, 5), (6, 5)):
        ledger.mark_receipted(given)
        assert (ledger.receipted, ledger.confirmed) == (counts, counts), given
    ledger.close()
    again = open_in(tmp_path)
    assert (again.receipted, again.confirmed) == (5, 0), "confirmed in this start only"
    again.close()


def test_what_is_pruned_is_receipted_now_and_leaves_the_first_and_the_last_entry(
    tmp_path: Path,
) -> None:
    ledger = filled(tmp_path, 9)
    ledger.mark_receipted(9)
    assert ledger.prune(1) == 0
    assert ledger.prune(2) == 0, "entry 1 names the ledger"
    assert ledger.pruned == 0
    assert ledger.prune(3) == 1
    assert ledger.pruned == 2
    assert ledger.prune(3) == 0
    ledger.mark_receipted(5)
    with pytest.raises(ValueError, match=r"^only receipted entries are pruned, up to 5$"):
        ledger.prune(7)
    assert ledger.prune(6) == 3
    ledger.mark_receipted(9)
    with pytest.raises(ValueError, match="up to 9"):
        ledger.prune(10)
    assert ledger.prune(9) == 3
    assert seqs(ledger, 0) == [1]
    assert seqs(ledger, 1) == [9]
    ledger.close()
    assert verify(tmp_path / "ledger").intact
    again = open_in(tmp_path)
    assert (again.pruned, again.head[0], again.receipted) == (8, 9, 9)
    with pytest.raises(ValueError, match="up to 0"):
        again.prune(9)
    again.close()


def test_a_segment_is_torn_only_where_it_begins_behind_what_was_pruned(tmp_path: Path) -> None:
    ledger = filled(tmp_path, 9)
    assert not any(ledger.read(after, 9, 9999).torn for after in range(10))
    assert seqs(ledger, 0) == [*range(1, 10)]
    ledger.mark_receipted(9)
    ledger.prune(6)  # 2 to 5 are gone
    torn = [after for after in range(10) if ledger.read(after, 9, 9999).torn]
    assert torn == [1, 2, 3, 4]
    assert seqs(ledger, 0) == [1], "no segment spans the gap"
    for after in range(1, 6):
        assert seqs(ledger, after) == [6, 7, 8, 9]
        assert ledger.read(after, 9, 9999).prev == ledger.digest_at(5)
    assert seqs(ledger, 6) == [7, 8, 9]
    ledger.close()


def test_a_checkpoint_is_due_with_the_64th_entry_and_then_with_the_next_64(tmp_path: Path) -> None:
    ledger = open_in(tmp_path)
    size = (tmp_path / "ledger").stat().st_size
    for _ in range(2):
        for _ in range(63):
            ledger.append(rated(1))
            assert not ledger.checkpoint_if_due()
        assert (tmp_path / "ledger").stat().st_size == size
        ledger.append(rated(1))
        assert ledger.checkpoint_if_due()
        assert not ledger.checkpoint_if_due()
        assert (tmp_path / "ledger").stat().st_size > size
        size = (tmp_path / "ledger").stat().st_size
    ledger.close()


def test_pruning_counts_for_a_checkpoint_as_its_entries_do(tmp_path: Path) -> None:
    ledger = filled(tmp_path, 70)
    ledger.checkpoint()
    ledger.mark_receipted(70)
    assert ledger.prune(66) == 64
    assert ledger.checkpoint_if_due()
    ledger.close()


@pytest.mark.parametrize("mark", [5, 6, 7])
def test_a_rollover_carries_each_entry_that_is_needed_once_wherever_the_receipts_end(
    tmp_path: Path, mark: int
) -> None:
    ledger = filled(tmp_path, 5)
    ledger.append(Booted(at=at(), agent="0", board="simulated", boots=3))
    ledger.append(rated(7))
    ledger.append(rated(8))
    ledger.mark_receipted(mark)
    ledger.roll_over("diverged")
    bodies = [read_body(entry.body) for entry in ledger.read(0, 99, 1 << 20).entries]
    carried = [body.seq for body in bodies if isinstance(body, Salvaged)]
    assert carried == sorted({6, *range(mark + 1, 9)})
    assert ledger.opened_because == "diverged"
    assert (ledger.receipted, ledger.confirmed) == (0, 0)
    ledger.close()


def test_a_rollover_whose_old_file_cannot_be_renamed_keeps_the_ledger(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger = filled(tmp_path, 5)
    before = ledger.id, ledger.head
    ledger.mark_receipted(3)

    def refuse(*_: object) -> None:
        raise OSError(30, "Read-only file system")

    with monkeypatch.context() as patch:
        patch.setattr(Rollover, "replace_intact", refuse)
        with pytest.raises(LedgerError, match="the old file could not be set aside") as error:
            ledger.roll_over("diverged")
    assert error.value.code is PadCode.LEDGER_WRITE
    assert (ledger.id, ledger.head) == before
    assert ledger.opened_because is None
    assert (
        sorted(p.name for p in tmp_path.iterdir() if ".new" in p.name or ".super" in p.name) == []
    )
    assert ledger.append(rated(6)).seq == 6
    (tmp_path / "ledger-wal").unlink()  # it is still watched
    with pytest.raises(LedgerError) as error:
        ledger.append(rated(7))
    assert error.value.code is PadCode.LEDGER_DISPLACED
    ledger.close()


@pytest.mark.parametrize("same", [True, False])
def test_a_rating_behind_one_without_thanks_is_an_entry_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, same: bool
) -> None:
    ledger = open_in(tmp_path)
    path, elsewhere = tmp_path / "ledger", tmp_path / "elsewhere"

    def lose_then(name: HashName, before: bytes, body: bytes) -> bytes:
        path.rename(elsewhere)
        return next_digest(name, before, body)

    first = rated(1)
    with monkeypatch.context() as patch:
        patch.setattr(ledger_module, "next_digest", lose_then)
        with pytest.raises(LedgerError):
            ledger.append(first)
    with pytest.raises(LedgerError):
        ledger.append(first)  # the file is still gone
    elsewhere.rename(path)
    if same:
        assert ledger.append(first).seq == 2
        assert ledger.append(first).seq == 3, "what was thanked for is not asked for again"
    else:
        other = rated(2)
        entry = ledger.append(other)
        assert (entry.seq, entry.body) == (3, write_body(other))
    bodies = [entry.body for entry in ledger.read(1, 9, 9999).entries]
    assert bodies == [write_body(first), write_body(first if same else other)]
    ledger.close()
    assert verify(path).intact


def test_one_changed_entry_in_the_open_file_is_noticed_and_read_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "ledger"
    ledger = filled(tmp_path, 9)
    ledger.checkpoint()
    ledger.append(rated(10))
    own = path.read_bytes()
    readings = []

    def count(path: Path) -> LedgerVerdict:
        readings.append(path)
        return examine_open_file(path)

    monkeypatch.setattr(ledger_module, "examine_open_file", count)
    ledger.append(rated(11))
    assert readings == [], "what the ledger writes itself is not read"
    path.write_bytes(own.replace(b"very_satisfied", b"very_SATISFIED", 1))
    for _ in range(3):
        with pytest.raises(LedgerError, match="was overwritten while it was in use") as error:
            ledger.check_files()
        assert error.value.code is PadCode.LEDGER_DISPLACED
    assert len(readings) == 1, "once for each change"
    path.write_bytes(own)
    assert ledger.append(rated(12)).seq == 12
    ledger.check_files()
    assert len(readings) == 2
    ledger.close()


def test_a_card_that_fails_at_the_start_is_no_damage_and_frees_the_ledger(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled(tmp_path, 5).close()

    def refuse(_: Path) -> sqlite3.Connection:
        error = sqlite3.OperationalError("disk I/O error")
        error.sqlite_errorcode = sqlite3.SQLITE_IOERR
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(ledger_module, "connect", refuse)
        with pytest.raises(LedgerError) as caught:
            open_in(tmp_path)
    assert caught.value.code is PadCode.LEDGER_WRITE
    assert not list(tmp_path.glob("ledger.*-1"))
    again = open_in(tmp_path)
    assert (again.head[0], again.opened_because) == (5, None)
    again.close()


def test_damage_that_only_the_opening_finds_is_salvaged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled(tmp_path, 5).close()
    broken = [True]

    def refuse_once(path: Path) -> sqlite3.Connection:
        if broken:
            broken.clear()
            raise sqlite3.DatabaseError("database disk image is malformed")
        return connect(path)

    monkeypatch.setattr(ledger_module, "connect", refuse_once)
    ledger = open_in(tmp_path)
    assert str(ledger.opened_because).startswith("database disk image is malformed")
    assert (tmp_path / "ledger.damaged-1").exists()
    bodies = [read_body(entry.body) for entry in ledger.read(1, 99, 1 << 20).entries]
    assert [body.seq for body in bodies if isinstance(body, Salvaged)] == [1, 2, 3, 4, 5]
    ledger.close()


def test_the_chain_begins_before_the_first_entry_and_ends_with_the_last(tmp_path: Path) -> None:
    ledger = filled(tmp_path, 3)
    assert ledger.digest_at(0) == GENESIS
    assert ledger.read(0, 9, 9999).prev == GENESIS
    assert ledger.digest_at(3) == ledger.head[1]
    assert ledger.digest_at(4) is None
    ledger.close()


def test_a_ledger_of_one_entry_is_noted_and_closed_as_often_as_one_likes(tmp_path: Path) -> None:
    ledger = open_in(tmp_path)
    assert noted_head(tmp_path / "ledger", ledger.id) == NotedHead(ledger.id, *ledger.head)
    ledger.roll_over("diverged")
    ledger.note_head()
    assert noted_head(tmp_path / "ledger", ledger.id) == NotedHead(ledger.id, *ledger.head)
    ledger.close()
    ledger.close()
    open_in(tmp_path).close()
