"""The files of both ends, read as they are: growing, missing, replaced, damaged."""

import sqlite3
from contextlib import closing

import pytest

from demo.db_readers import LedgerReader, ProvinceReader, RawRatings
from sync.entries import (
    At,
    HashName,
    Invited,
    Level,
    Opened,
    Rated,
    Salvaged,
    Service,
    Trust,
    write_body,
)

AT = At(utc=None, mono=5, boot="b", trust=Trust.NONE)


def opened(ledger):
    return Opened(at=AT, ledger=ledger, pad="pad-01", hash=HashName.SHA256, format=1)


def rated(invitation, *, again=False):
    return Rated(
        at=AT,
        invitation=invitation,
        level=Level.SATISFIED,
        source="key",
        elapsed_ms=9,
        again=again,
    )


@pytest.fixture
def write(tmp_path):
    """Append bodies (or raw bytes) to the ledger's file."""

    def append(*bodies):
        with closing(sqlite3.connect(tmp_path / "ledger.db")) as ledger:
            ledger.execute(
                "CREATE TABLE IF NOT EXISTS entry(seq INTEGER PRIMARY KEY, body BLOB, digest BLOB)"
            )
            for body in bodies:
                raw = body if isinstance(body, bytes) else write_body(body)
                ledger.execute("INSERT INTO entry(body, digest) VALUES (?, x'0a')", (raw,))
            ledger.commit()

    return append


def test_a_ledger_is_read_on_from_the_last_entry_read(tmp_path, write):
    reader = LedgerReader(tmp_path / "ledger.db")
    assert reader.read() is None
    write(opened("L1"), Invited(at=AT, invitation="i1", window="1", source="d", service=Service()))
    page = reader.read()
    assert page is not None
    assert page.seq == 2
    write(rated("i1"))
    page = reader.read()
    assert page is not None
    assert [entry.kind for entry in page.entries] == ["rated", "invited", "opened"]
    assert page.entries[0].says == "satisfied"
    assert reader.committed == {"i1"}


def test_what_came_in_is_shown_on_one_line_and_cut(tmp_path, write):
    reader = LedgerReader(tmp_path / "ledger.db")
    case = "T-1\u202e\n\x1b" + "x" * 200
    write(opened("L1"), Invited(at=AT, invitation="i", window="1", source="d",
                                service=Service(case=case)))  # fmt: skip
    page = reader.read()
    assert page is not None
    assert page.entries[0].says.startswith(r"T-1\u202e\x0a\x1bxxx")
    assert page.entries[0].says.endswith("x…")
    assert len(page.entries[0].says) < 100


def test_a_new_ledger_is_read_from_its_start(tmp_path, write):
    reader = LedgerReader(tmp_path / "ledger.db")
    write(opened("L1"), rated("i1"), rated("i2"))
    reader.read()
    (tmp_path / "ledger.db").rename(tmp_path / "ledger.db.damaged-1")
    write(opened("L2"))
    page = reader.read()
    assert page is not None
    assert (page.id, page.seq) == ("L2", 1)


def test_an_entry_that_cannot_be_read_is_shown_as_unknown(tmp_path, write):
    write(opened("L1"), b"\xff no json", b'{"kind":"of-tomorrow"}', rated("i1"))
    page = LedgerReader(tmp_path / "ledger.db").read()
    assert page is not None
    assert [entry.kind for entry in page.entries] == ["rated", "?", "?", "opened"]


def test_a_file_that_is_no_database_is_no_ledger(tmp_path):
    (tmp_path / "ledger.db").write_bytes(b"x" * 9000)
    assert LedgerReader(tmp_path / "ledger.db").read() is None


def store(path, *batches):
    """A province's store with one rating row for each first press, and the raw batches."""
    with closing(sqlite3.connect(path)) as store:
        store.executescript(
            "CREATE TABLE rating(pad, invitation, case_number, window_id, standing, level, again,"
            " utc_ms, dated_by);"
            "CREATE TABLE ledger(ledger, seq); CREATE TABLE stray(pad);"
            "CREATE TABLE batch(ledger, first, body BLOB);"
            "INSERT INTO rating VALUES ('p', 'i1', 'c', '1', 'rated', 'satisfied', 0, 1, 'ntp');"
        )
        seq = 1
        for bodies in batches:
            raw = b"".join(write_body(body) + b"\n" for body in bodies)
            store.execute("INSERT INTO batch VALUES ('l', ?, ?)", (seq, raw))
            seq += len(bodies)
        store.commit()


def test_a_rating_that_came_twice_is_seen_in_the_raw_batches(tmp_path):
    """The derived table has one row for each invitation, so it could not show it."""
    store(tmp_path / "province.db", [rated("i1"), rated("i1", again=True)], [rated("i1")])
    reader = ProvinceReader(tmp_path / "province.db")
    assert len(reader.read().ratings) == 1
    assert reader.stored == {"i1": 2}


def test_a_correction_in_the_grace_time_is_one_rating(tmp_path):
    store(tmp_path / "province.db", [rated("i1"), rated("i1", again=True)])
    reader = ProvinceReader(tmp_path / "province.db")
    reader.read()
    assert reader.stored == {"i1": 1}


def test_without_a_store_nothing_is_stored(tmp_path):
    reader = ProvinceReader(tmp_path / "province.db")
    assert reader.read().ratings == []
    assert reader.stored == {}


def test_a_salvaged_entry_that_came_in_the_chain_too_is_counted_once():
    raw = write_body(rated("i1"))
    salvaged = Salvaged(at=AT, ledger="old", seq=7, digest="0" * 64, body=raw.decode())
    found = RawRatings()
    found.add("old", 7, raw + b"\n")
    found.add("new", 1, write_body(salvaged) + b"\n")
    assert found.levels == {"i1": {"satisfied": 1}}
    found = RawRatings()
    found.add("new", 1, write_body(salvaged) + b"\n")
    assert found.total("i1") == 1
