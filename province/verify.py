"""Does the store still hold what the pads sent? Checks every chain and derives every row again.

First the raw bytes: every batch must continue the chain of the one before it, its digests must fit
its bodies, and the last must end at the ledger's head; where entries are missing, a hole must say
so. The first bad entry is named. Then, pad by pad, the rating tables are derived from the raw
entries in memory and compared row by row with what is stored; the first row that differs is named.
On the way it collects what is no error of the store, but must be looked at (oddities.py).

Reads only, in one snapshot, a few batches in memory at a time; of the derived rows, one pad's.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa

from province.oddities import SALVAGE_DIFFERS, Oddities, Oddity
from province.precedence import RATED
from province.projection import Projection
from province.store import tables
from province.store.projection_writer import Anchors, read_anchors, salvages_that_differ
from province.store.raw import RawBatch, batches
from province.store.reading import LedgerSeen, Reading, find_lost, read_ledgers
from province.store.tables import MARK_BYTES
from province.timestamps import counted
from sync.entries import GENESIS, HashName, walk_chain
from sync.sentence import Sentence

Progress = Callable[[float], None]


class BadEntry(NamedTuple):
    """The first entry at which a ledger's chain is broken, and how (`problem`)."""

    ledger: str
    seq: int
    problem: str


class BadRow(NamedTuple):
    """The first row of a pad's derived table that is not what the entries say."""

    table: str
    pad: str
    key: str
    problem: str


class StoreVerdict(NamedTuple):
    """What `verify` found. `lost`: entries that a pad once had and that never arrived; `doubled`:
    entries that are stored twice; `oddities`: what a person must look at, entry by entry.
    """

    pads: int
    ledgers: int
    entries: int
    ratings: int
    lost: int
    doubled: int
    bad_entries: list[BadEntry]
    bad_rows: list[BadRow]
    oddities: list[Oddity]

    @property
    def sound(self) -> bool:
        """Whether every chain holds and every derived row is right (entries may still be lost, and
        a person may have to look at something).
        """
        return not (self.bad_entries or self.bad_rows or self.doubled)


def verify(store: Reading, progress: Progress | None = None) -> StoreVerdict:
    """Check every chain and derive every row again. `progress` is told which share of the entries
    is done, 0 to 1. Raises what the database raises.
    """
    with store.snapshot() as connection:
        lost = find_lost(connection)
        entries = ratings = doubled = 0
        bad_entries: list[BadEntry] = []
        bad_rows: list[BadRow] = []
        oddities: list[Oddity] = []
        pads = _by_pad(connection)
        expected = sum(seen.entries for ledgers in pads.values() for seen in ledgers)
        for pad, ledgers in pads.items():
            projection = Projection(pad)
            for seen in ledgers:
                walk = _Walk(connection, seen)
                for first, bodies, received_ms in walk.steps():
                    projection.feed(seen.ledger, first, bodies, received_ms)
                    if progress is not None and expected:
                        progress((entries + walk.entries) / expected)
                entries += walk.entries
                doubled += walk.doubled
                bad_entries += walk.bad
            ratings += sum(
                precedence.rank >= RATED for precedence in projection.invitations.values()
            )
            bad_rows += _compare(connection, projection)
            oddities += projection.oddities()
            oddities += _differing(connection, projection)
        count = len({ledger.ledger for ledgers in pads.values() for ledger in ledgers})
        missing = sum(hole.last - hole.first + 1 for hole in lost)
        return StoreVerdict(
            *(len(pads), count, entries, ratings, missing, doubled),
            *(bad_entries, bad_rows, oddities),
        )


def _differing(connection: sa.Connection, projection: Projection) -> list[Oddity]:
    """The salvaged entries of a pad that also came in their chain, as others."""
    found = Oddities(projection.pad)
    differs = Sentence("came in chain as another one than was salvaged")
    positions = {(row.ledger, row.seq) for row in salvages_that_differ(connection, projection)}
    for ledger, seq in sorted(positions):
        found.add(SALVAGE_DIFFERS, ledger, seq, differs)
    return found.found()


def _by_pad(connection: sa.Connection) -> dict[str, list[LedgerSeen]]:
    """The ledgers of each pad; also of pads that have derived rows and should have none."""
    pads: dict[str, list[LedgerSeen]] = {
        pad: []
        for table in (tables.rating, tables.stray, tables.fault)
        for pad in connection.execute(sa.select(table.c.pad).distinct()).scalars()
    }
    for seen in read_ledgers(connection):
        pads.setdefault(seen.pad, []).append(seen)
    return pads


class _Walk:
    """One pass over a ledger's batches. After `steps`: counts, and the first bad entry."""

    def __init__(self, connection: sa.Connection, seen: LedgerSeen) -> None:
        self._connection = connection
        self._seen = seen
        self.entries = 0
        self.doubled = 0
        self.bad: list[BadEntry] = []

    def steps(self) -> Iterator[tuple[int, list[bytes], int]]:
        """The entries as they are stored, good or bad, and when they came in; checks the chain on
        the way.
        """
        seen = self._seen
        holes = _holes(self._connection, seen.ledger)
        seq, digest = 0, GENESIS
        for batch in batches(self._connection, seen.ledger):
            if batch.first <= seq:
                self.doubled += seq - batch.first + 1
                self._add_bad(batch.first, Sentence("is stored twice"))
            elif batch.first > seq + 1 and (seq + 1, batch.first - 1) not in holes:
                self._add_bad(
                    seq + 1, Sentence("is missing, as are all before {seq}", seq=batch.first)
                )
            elif batch.first == seq + 1 and batch.prev != digest:
                self._add_bad(batch.first, Sentence("does not continue the entry before it"))
            bodies = batch.bodies
            wrong = first_bad(seen.hash_name, batch, bodies)
            if wrong is not None:
                self._add_bad(*wrong)
            self.entries += len(bodies)
            yield batch.first, bodies, batch.received_ms
            seq, digest = batch.last, batch.head
        if (seq, digest) != (seen.seq, seen.digest):
            self._add_bad(
                seq + 1, Sentence("should follow: the ledger's head is {seq}", seq=seen.seq)
            )

    def _add_bad(self, seq: int, problem: str) -> None:
        if not self.bad:  # the others follow from the first
            self.bad.append(BadEntry(self._seen.ledger, seq, problem))


def first_bad(
    hash_name: HashName, batch: RawBatch, bodies: Sequence[bytes]
) -> tuple[int, str] | None:
    """The first entry of a batch that its digests do not fit, and why; None when all fit."""
    if len(bodies) != batch.last - batch.first + 1:
        return batch.first, Sentence(
            "and what follows up to {last} are {count} lines", last=batch.last, count=len(bodies)
        )
    digests = list(walk_chain(hash_name, batch.prev, bodies))
    marks = b"".join([digest[:MARK_BYTES] for digest in digests])
    if marks != batch.marks:
        at = next(n for n in range(len(bodies)) if _mark(marks, n) != _mark(batch.marks, n))
        return batch.first + at, Sentence("is not what was received")
    if digests[-1] != batch.head:
        return batch.last, Sentence("does not lead to the head that was received")
    return None


def _mark(marks: bytes, n: int) -> bytes:
    return marks[n * MARK_BYTES : (n + 1) * MARK_BYTES]


def _holes(connection: sa.Connection, ledger: str) -> set[tuple[int, int]]:
    hole = tables.hole.c
    rows = connection.execute(sa.select(hole.first, hole.last).where(hole.ledger == ledger))
    return {(first, last) for first, last in rows}


def _compare(connection: sa.Connection, projection: Projection) -> list[BadRow]:
    """The first wrong row of each derived table of a pad."""
    pad = projection.pad
    by_boot: Anchors = {}
    for anchor in projection.anchors:
        by_boot.setdefault(anchor.boot, []).append(anchor)
    stored_anchors = read_anchors(connection, pad)
    if {boot: set(anchors) for boot, anchors in by_boot.items()} != {
        boot: set(anchors) for boot, anchors in stored_anchors.items()
    }:
        return [
            BadRow("anchor", pad, "", Sentence("the anchors are not those of the `clock` entries"))
        ]
    by_boot = {boot: counted(anchors) for boot, anchors in by_boot.items()}
    expected: list[tuple[sa.Table, Sequence[Sequence[Any]]]] = [
        (tables.rating, list(projection.ratings(by_boot))),
        (tables.detail, list(projection.details.values())),
        (tables.stray, projection.strays(by_boot)),
        (tables.fault, projection.faults(by_boot)),
        (tables.unread, projection.unread),
    ]
    bad = (_first_difference(connection, pad, table, rows) for table, rows in expected)
    return [row for row in bad if row is not None]


def _first_difference(
    connection: sa.Connection, pad: str, table: sa.Table, rows: Sequence[Sequence[Any]]
) -> BadRow | None:
    names = [column.name for column in table.columns]
    keys = [column.name for column in table.primary_key if column.name != "pad"]
    places = [names.index(key) for key in keys]
    waiting = {tuple(row[place] for place in places): tuple(row) for row in rows}
    in_order = sa.select(table).where(table.c.pad == pad).order_by(*(table.c[key] for key in keys))
    for found in connection.execute(in_order.execution_options(yield_per=2000)):
        key = tuple(found[place] for place in places)
        row = waiting.pop(key, None)
        if row is None:
            return BadRow(table.name, pad, _shown(key), Sentence("no entry is behind it"))
        if row != tuple(found):
            n = next(n for n in range(len(row)) if row[n] != found[n])
            problem = Sentence(
                "{column} is {found!r}, the entries say {expected!r}",
                column=names[n],
                found=found[n],
                expected=row[n],
            )
            return BadRow(table.name, pad, _shown(key), problem)
    if waiting:
        return BadRow(table.name, pad, _shown(min(waiting)), Sentence("is missing"))
    return None


def _shown(key: Sequence[Any]) -> str:
    return " ".join(map(str, key))
