"""What is wrong with the rows themselves, of whatever type a damaged file holds."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest

from device.ledger.verify import Defect, LedgerVerdict, examine_chain
from sync.entries import FORMAT, GENESIS, HashName, Opened, next_digest, write_body
from tests.rigs.ledger.ledger_process import at, rated

OPENED = Opened(at=at(), ledger="01A", pad="pad-1", hash=HashName.SHA256, format=FORMAT)
WRONG_DIGEST = "the digest does not follow from the entry before and the body"


def entries(count: int) -> list[tuple[int, bytes, bytes]]:
    """A chain of so many entries."""
    found, digest = [], GENESIS
    for seq in range(1, count + 1):
        body = write_body(OPENED if seq == 1 else rated(seq))
        digest = next_digest(HashName.SHA256, digest, body)
        found.append((seq, body, digest))
    return found


@pytest.fixture
def db() -> Iterator[sqlite3.Connection]:
    """The tables, which take any type as a damaged file does."""
    with closing(sqlite3.connect(":memory:")) as db:
        db.execute("CREATE TABLE entry(seq INTEGER PRIMARY KEY, body, digest)")
        db.execute("CREATE TABLE mark(name TEXT PRIMARY KEY, seq, digest)")
        db.executemany("INSERT INTO entry VALUES (?, ?, ?)", entries(9))
        yield db


def judged(db: sqlite3.Connection, *statements: str) -> LedgerVerdict:
    for statement in statements:
        db.execute(statement)
    return examine_chain(db)


def test_a_chain_says_what_it_holds(db: sqlite3.Connection) -> None:
    verdict = judged(db)
    assert (verdict.bad, verdict.head, verdict.entries, verdict.pruned) == (None, 9, 9, 0)
    assert (verdict.digest,) == db.execute("SELECT digest FROM entry WHERE seq = 9").fetchone()
    assert (verdict.ledger, verdict.pad, verdict.format) == ("01A", "pad-1", FORMAT)


@pytest.mark.parametrize(
    ("statement", "bad"),
    [
        ("UPDATE entry SET body = CAST(body AS TEXT) WHERE seq = 1", Defect(1, "is no text")),
        ("UPDATE entry SET body = NULL WHERE seq = 1", Defect(1, "is no text")),
        (
            "UPDATE entry SET body = (SELECT body FROM entry WHERE seq = 2) WHERE seq = 1",
            Defect(1, "is not `opened`"),
        ),
        (
            "UPDATE entry SET digest = zeroblob(32) WHERE seq = 1",
            Defect(1, "the digest does not follow from the body"),
        ),
        ("UPDATE entry SET body = CAST(body AS TEXT) WHERE seq = 5", Defect(5, WRONG_DIGEST)),
        ("UPDATE entry SET body = 7 WHERE seq = 9", Defect(9, WRONG_DIGEST)),
        ("UPDATE entry SET digest = NULL WHERE seq = 5", Defect(5, WRONG_DIGEST)),
        ("DELETE FROM entry WHERE seq = 2", Defect(2, "is missing")),
        ("DELETE FROM entry", Defect(1, "is missing")),
        ("INSERT INTO mark VALUES ('receipted', 3, NULL)", None),
    ],
)
def test_the_first_entry_that_is_wrong_is_named(
    db: sqlite3.Connection, statement: str, bad: Defect | None
) -> None:
    verdict = judged(db, statement)
    assert verdict.bad == bad
    assert verdict.head == (9 if bad is None else max(0, (bad.seq or 0) - 1))


def test_a_first_entry_that_cannot_be_read_says_why(db: sqlite3.Connection) -> None:
    bad = judged(db, "UPDATE entry SET body = x'7b7d' WHERE seq = 1").bad
    assert bad is not None
    assert bad.seq == 1
    assert bad.text


def pruned_to(seq: int) -> list[str]:
    """Entries 2 to this one are pruned, with the mark that says so."""
    return [
        f"INSERT INTO mark VALUES ('pruned', {seq}, (SELECT digest FROM entry WHERE seq = {seq}))",
        f"DELETE FROM entry WHERE seq > 1 AND seq <= {seq}",
    ]


def test_a_pruned_chain_goes_on_from_its_mark(db: sqlite3.Connection) -> None:
    verdict = judged(db, *pruned_to(4))
    assert (verdict.bad, verdict.head, verdict.entries, verdict.pruned) == (None, 9, 6, 4)


@pytest.mark.parametrize(
    ("last", "statement", "bad"),
    [
        (4, "DELETE FROM entry WHERE seq = 5", Defect(5, "is missing")),
        (4, "DELETE FROM entry WHERE seq > 1", Defect(5, "is missing")),
        (2, "DELETE FROM entry WHERE seq > 1", Defect(3, "is missing")),
        (1, "DELETE FROM entry WHERE seq > 1", None),
        (
            4,
            "INSERT INTO entry VALUES (4, x'7b7d', x'00')",
            Defect(4, "lies before the prune mark"),
        ),
        (4, "UPDATE mark SET digest = NULL", Defect(None, "the prune mark is unreadable")),
        (4, "UPDATE mark SET digest = 'text'", Defect(None, "the prune mark is unreadable")),
        (4, "UPDATE mark SET seq = 'text'", Defect(None, "the prune mark is unreadable")),
        (4, "UPDATE mark SET seq = 4.5", Defect(None, "the prune mark is unreadable")),
        (4, "UPDATE mark SET digest = zeroblob(32)", Defect(5, WRONG_DIGEST)),
    ],
)
def test_a_mark_must_be_of_the_entry_before_the_first_that_is_left(
    db: sqlite3.Connection, last: int, statement: str, bad: Defect | None
) -> None:
    verdict = judged(db, *pruned_to(last), statement)
    assert verdict.bad == bad
    unreadable = bad is not None and bad.seq is None
    assert verdict.pruned == (0 if unreadable else last)


def test_tables_that_are_not_there_are_a_defect(db: sqlite3.Connection) -> None:
    assert judged(db, "DROP TABLE entry").bad == Defect(None, "no such table: entry")
