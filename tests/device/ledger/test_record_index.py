"""The index of a damaged file: every record with its places, and work that goes on."""

import hashlib
import os
import shutil
import sqlite3
import zlib
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing
from pathlib import Path

import pytest

from device.ledger import record_index
from device.ledger.record_index import (
    RecordIndex,
    content_digest,
    discard_index,
    open_index,
)
from sync.entries import Detailed
from tests.rigs.disk.crash_states import ram_folder
from tests.rigs.ledger import big_ledger
from tests.rigs.ledger.ledger_process import at, open_in, rated
from tests.rigs.system.open_descriptors import open_below

SOURCE = bytes(32)


@pytest.fixture
def path() -> Iterator[Path]:
    """A ledger of nine entries, the last five in the WAL, among them one of several pages."""
    with ram_folder() as folder:
        (folder / "home").mkdir()
        ledger = open_in(folder / "home")
        for n in range(8):
            if n == 3:
                ledger.mark_receipted(3)
                ledger.checkpoint()
            if n == 5:
                ledger.append(Detailed(at=at(), invitation="i", text="x" * 5000))
            else:
                ledger.append(rated(n))
        shutil.copytree(folder / "home", folder / "cut")
        ledger.close()
        (folder / "cut" / "ledger-shm").unlink()
        yield folder / "cut" / "ledger"


def rows(path: Path) -> list[tuple[int, bytes, bytes]]:
    """What is in it, as SQLite reads it."""
    copy = path.parent.parent / "read"
    shutil.copytree(path.parent, copy)
    with closing(sqlite3.connect(copy / "ledger")) as db:
        found = db.execute("SELECT seq, body, digest FROM entry ORDER BY seq").fetchall()
    shutil.rmtree(copy)
    return found


def indexed(path: Path) -> AbstractContextManager[RecordIndex]:
    return open_index(path, path, SOURCE, lambda _: None)


def test_every_entry_is_found_in_the_file_or_in_the_wal(path: Path) -> None:
    expected = rows(path)
    assert [seq for seq, _, _ in expected] == list(range(1, 10))
    with indexed(path) as index:
        found = [(seq, known) for seq, known in index.ascending(1)]
        assert [seq for seq, _ in found] == list(range(1, 10))
        for (seq, body, digest), (_, known) in zip(expected, found, strict=True):
            assert [(r.seq, r.body, r.digest) for _, r in known] == [(seq, body, digest)]
            assert index.at(seq) == known
        assert [seq for seq, _ in index.ascending(4)] == list(range(4, 10))
        assert [(seq, index.at(seq)) for seq in range(7, 0, -1)] == list(index.descending(7))
        assert index.at(10) == []
        assert index.last_seq == 9
        assert index.last_marks(3) == [3, 3, 3]
        assert index.last_marks(100) == [3, 3, 3, 3, 3, 0, 0, 0, 0]
    assert open_below(path.parent) == []
    assert [p.name for p in path.parent.glob("*.salvage*")] == []


def test_a_file_without_records_has_none(path: Path) -> None:
    path.write_bytes(bytes(5000))
    path.with_name("ledger-wal").unlink()
    with indexed(path) as index:
        assert (index.last_seq, index.last_marks(5), list(index.ascending(0))) == (0, [], [])
    path.unlink()
    with indexed(path) as index:
        assert index.last_seq == 0


def test_different_records_of_one_entry_are_told_apart_those_of_the_file_first(path: Path) -> None:
    content = bytearray(path.read_bytes())
    with indexed(path) as index:
        [(_, right)] = index.at(4)
    place = content.index(right.body) + right.body.index(b"N000002") + 1
    content[place : place + 6] = b"666666"
    path.write_bytes(content)
    with indexed(path) as index:
        [(_, first), (_, second)] = index.at(4)
        assert (first.body, second) == (right.body.replace(b"N000002", b"N666666"), right)


@pytest.mark.parametrize(("forged", "count"), [(14, 15), (15, 16), (16, 16), (300, 16)])
def test_of_one_entry_at_most_16_different_records_are_looked_at(
    path: Path, forged: int, count: int
) -> None:
    content = path.read_bytes()
    with indexed(path) as index:
        [(_, right)] = index.at(4)
    page = content.index(right.body) // 2048 * 2048
    place = content.index(right.body) + right.body.index(b"N000002") + 1 - page
    pages = []
    for n in range(forged):
        one = bytearray(content[page : page + 2048])
        one[place : place + 6] = b"%06d" % (700 + n)
        pages.append(bytes(one))
    path.with_name("ledger-wal").unlink()
    path.write_bytes(content + b"".join(pages))
    with indexed(path) as index:
        assert len(index.at(4)) == count
        assert len(dict(index.ascending(4))[4]) == count
        assert len(dict(index.descending(4))[4]) == count


def test_what_is_kept_for_the_new_ledger_comes_back_in_order(path: Path) -> None:
    expected = rows(path)
    with indexed(path) as index:
        for seq in (7, 1, 4):
            [(place, found)] = index.at(seq)
            index.keep(seq, place, found.digest, proven=seq != 4)
            index.keep(seq, place, b"another digest", proven=True)  # it stays as it was kept first
        first, second, third = ((*expected[n], n != 3) for n in (0, 3, 6))
        assert list(index.kept()) == [first, second, third]
        assert list(index.kept(1)) == [second, third]
        assert index.unproven_count() == 1
        assert list(index.kept_after(0)) == [1, 4, 7]
        assert list(index.kept_after(4)) == [7]
        assert list(index.kept_descending()) == [expected[n][:2] for n in (6, 3, 0)]
        assert index.kept_count() == 3
        checked = index._db.execute("SELECT seq, place, digest, proven, check_sum FROM kept")
        for seq, place, digest, proven, check_sum in checked.fetchall():
            assert check_sum == zlib.crc32(f"{seq} {place} {proven} ".encode() + digest)
        [(_, fourth)], [(_, fifth)] = index.at(4), index.at(5)
        assert index.has_entry(fourth)
        assert not index.has_entry(fifth)
        assert not index.has_entry(fifth._replace(digest=fourth.digest)), "a damaged digest"


def test_a_long_entry_is_found_on_pages_of_the_file(path: Path) -> None:
    expected = rows(path)
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    with indexed(path) as index:
        found = [known[0][1] for _, known in index.ascending(1)]
    assert [(r.seq, r.body, r.digest) for r in found] == expected


@pytest.mark.parametrize("how", ["gone", "of another entry"])
def test_a_place_that_the_card_has_changed_since_is_passed_over(path: Path, how: str) -> None:
    path.with_name("ledger-wal").unlink()
    content = bytearray(path.read_bytes())
    with indexed(path) as index:
        [(place, right)] = index.at(4)
    page = place // 2048 * 2048
    path.write_bytes(content + content[page : page + 2048])
    with indexed(path) as index:
        if how == "gone":
            content[place : place + 40] = bytes(40)
        else:
            assert content[place - 1] == 4
            content[place - 1] = 99
        path.write_bytes(content + path.read_bytes()[-2048:])
        assert index.at(4) == [(len(content) + place - page, right)]


@pytest.mark.parametrize(("copies", "found"), [(254, 3), (255, 2)])
def test_256_places_of_one_entry_are_looked_at(path: Path, copies: int, found: int) -> None:
    path.with_name("ledger-wal").unlink()
    content = path.read_bytes()
    with indexed(path) as index:
        [(place, _)] = index.at(4)
    page = place // 2048 * 2048
    at = content.index(b"N000002", place) + 1 - page
    forged = []
    for number in (b"111111", b"222222"):
        one = bytearray(content[page : page + 2048])
        one[at : at + 6] = number
        forged.append(bytes(one))
    path.write_bytes(content + forged[0] * copies + forged[1])
    with indexed(path) as index:
        assert len(index.at(4)) == found
        assert len(dict(index.ascending(4))[4]) == found


@pytest.mark.parametrize(
    "change", ["place = place + 1", "digest = zeroblob(32)", "seq = 8", "proven = 1"]
)
def test_an_index_that_the_card_has_changed_is_noticed(path: Path, change: str) -> None:
    with indexed(path) as index:
        [(place, found)] = index.at(7)
        index.keep(7, place, found.digest, proven=False)
        index._db.execute(f"UPDATE kept SET {change}")
        with pytest.raises(sqlite3.DatabaseError, match=r"^the index of the salvage is damaged"):
            list(index.kept())


def test_what_was_noted_is_durable_with_what_was_found_before(path: Path) -> None:
    with indexed(path) as index:
        assert index.noted("chain") is None
        [(place, found)] = index.at(7)
        index.keep(7, place, found.digest, proven=False)
        index.note("chain", b"12")
        index.keep(6, place, found.digest, proven=True)  # not committed yet
        assert index.noted("chain") == b"12"
        copy = path.with_name("copy")
        shutil.copyfile(path.with_name("ledger.salvage"), copy)
        assert index._db.execute("PRAGMA synchronous").fetchone() == (2,)
        assert index._db.execute("PRAGMA journal_mode").fetchone() == ("truncate",)
        assert index._db.execute("PRAGMA cache_size").fetchone() == (-4000,)
    with closing(sqlite3.connect(copy)) as db:
        assert db.execute("SELECT value FROM noted WHERE name = 'chain'").fetchone() == (b"12",)


# --- a salvage that was interrupted --------------------------------------------------------------


class Killed(BaseException):
    """Ends the work at a step, as the power does."""


@pytest.fixture
def big(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A ledger of some hundred pages, which is searched in steps of 64."""
    monkeypatch.setattr(record_index, "PAGES_A_STEP", 64)
    monkeypatch.setattr(record_index, "_TOLD_EACH", 16)
    return big_ledger.make(tmp_path, 3000)


def interrupted(path: Path, calls: int) -> Path:
    """The index of a search that ends when its progress is told so often."""
    told: list[float] = []

    def progress(share: float) -> None:
        told.append(share)
        if len(told) == calls:
            shutil.copyfile(path.with_name("ledger.salvage"), path.with_name("left"))
            raise Killed

    with pytest.raises(Killed), open_index(path, path, SOURCE, progress):
        pass
    assert told == sorted(told)
    assert not path.with_name("ledger.salvage").exists()
    return path.with_name("left").rename(path.with_name("ledger.salvage"))


def shares(path: Path, source: bytes = SOURCE) -> list[float]:
    """What a search tells; it must find all."""
    told: list[float] = []
    with open_index(path, path, source, told.append) as index:
        assert [seq for seq, _ in index.ascending(1)] == list(range(1, 3002))
    return told


def test_a_search_tells_its_share_of_the_file_and_goes_on_behind_its_last_step(big: Path) -> None:
    pages = big.stat().st_size // 2048
    whole = [n / pages for n in range(0, pages, 16)]
    assert shares(big) == pytest.approx(whole)
    interrupted(big, 11)  # at page 160: the last step ended before page 128
    assert shares(big) == pytest.approx(whole[8:])


def test_a_search_that_was_finished_is_not_done_again(big: Path) -> None:
    with open_index(big, big, SOURCE, lambda _: None) as index:
        index.note("chain", b"1")
        shutil.copyfile(big.with_name("ledger.salvage"), big.with_name("left"))
    big.with_name("left").rename(big.with_name("ledger.salvage"))
    assert shares(big) == []


@pytest.mark.parametrize(
    "how", ["other bytes", "another layout", "no source", "no database", "a damaged page"]
)
def test_an_index_of_something_else_is_thrown_away(big: Path, how: str) -> None:
    left = interrupted(big, 11)
    source = SOURCE
    match how:
        case "other bytes":
            source = bytes(31) + b"\1"
        case "another layout":
            with closing(sqlite3.connect(left)) as db:
                db.execute("PRAGMA user_version=1")
        case "no source":
            with closing(sqlite3.connect(left, isolation_level=None)) as db:
                db.execute("DELETE FROM noted WHERE name = 'source'")
        case "no database":
            left.write_bytes(b"a shopping list\n" * 500)
        case _:
            left.write_bytes(left.read_bytes()[:100] + bytes(4096))
    assert shares(big, source)[0] == 0
    assert open_below(big.parent) == []


def test_a_card_that_fails_is_no_damaged_index(path: Path) -> None:
    path.with_name("ledger.salvage").mkdir()
    with pytest.raises(sqlite3.OperationalError, match="unable to open"), indexed(path):
        pass
    assert open_below(path.parent) == []


def test_a_card_that_fails_later_is_no_damaged_index_either(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(db: sqlite3.Connection) -> None:
        db.execute("SELECT * FROM sqlite_schema")
        error = sqlite3.OperationalError("database or disk is full")
        error.sqlite_errorcode = sqlite3.SQLITE_FULL
        raise error

    with closing(sqlite3.connect(path.with_name("ledger.salvage"))) as db:
        db.execute("CREATE TABLE noted(name, value)")
    monkeypatch.setattr(record_index, "_set_pragmas", full)
    with pytest.raises(sqlite3.OperationalError, match="full"), indexed(path):
        pass
    assert path.with_name("ledger.salvage").exists()
    assert open_below(path.parent) == []


def test_each_step_of_a_search_that_goes_on_is_durable_too(big: Path) -> None:
    interrupted(big, 11)
    with open_index(big, big, SOURCE, lambda _: None) as index:
        assert index._db.execute("PRAGMA journal_mode").fetchone() == ("truncate",)
        assert index._db.execute("PRAGMA cache_size").fetchone() == (-4000,)


def test_an_index_that_is_not_needed_any_more_is_removed(path: Path) -> None:
    for name in ("ledger.salvage", "ledger.salvage-journal"):
        path.with_name(name).touch()
    discard_index(path)
    discard_index(path)
    assert {p.name for p in path.parent.glob("*.salvage*")} == set()


def test_a_page_that_the_card_cannot_read_any_more_is_empty(path: Path) -> None:
    with closing(sqlite3.connect(":memory:")) as db:
        index = RecordIndex(path.with_name("nowhere"), db)
        assert index._read_page(path.with_name("nowhere"), 0) == b""
        assert index._read_page(path, 1 << 70) == b""
        assert index._newest(0) == b""
        assert index._newest(-1) == b""
        index.close()
        index.close()
    assert open_below(path.parent) == []


# --- of which bytes it is ------------------------------------------------------------------------


def test_the_digest_of_a_file_covers_its_wal_and_where_each_byte_is(tmp_path: Path) -> None:
    path, wal = tmp_path / "ledger", tmp_path / "ledger-wal"
    digests = [content_digest(path)]
    for content, beside in (
        (b"", None),
        (b"ab", None),
        (b"ba", None),
        (b"ab", b""),
        (b"ab", b"c"),
        (b"abc", b""),
        (b"", b"abc"),
        (bytes(1 << 16) + b"a", b""),
        (bytes(1 << 16), b"a"),
        (b"a" + bytes(1 << 16), b""),
    ):
        path.write_bytes(content)
        wal.unlink(missing_ok=True)
        if beside is not None:
            wal.write_bytes(beside)
        digests.append(content_digest(path))
        assert content_digest(path) == digests[-1]
    assert {len(digest) for digest in digests} == {32}
    # A file that is empty is as one that is not there: both hold nothing.
    assert len(set(digests)) == len(digests) - 2


def test_an_index_of_an_earlier_version_is_of_the_same_bytes(tmp_path: Path) -> None:
    path = tmp_path / "ledger"
    path.write_bytes(b"abc")
    assert content_digest(path) == hashlib.blake2b(b"0 3 abc;;", digest_size=32).digest()
    path.with_name("ledger-wal").write_bytes(bytes(65536) + b"d")
    whole = b"0 3 abc;0 65536 " + bytes(65536) + b"65536 1 d;"
    assert content_digest(path) == hashlib.blake2b(whole, digest_size=32).digest()


def test_which_part_of_a_file_cannot_be_read_makes_a_difference(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "ledger").write_bytes(bytes(1 << 17))
    pread, digests = os.pread, set()
    for bad in (None, 0, 1 << 16):

        def bad_block(fd: int, size: int, offset: int, bad: int | None = bad) -> bytes:
            if offset == bad:
                raise OSError(5, "Input/output error")
            return pread(fd, size, offset)

        monkeypatch.setattr(os, "pread", bad_block)
        digests.add(content_digest(tmp_path / "ledger"))
    assert len(digests) == 3
