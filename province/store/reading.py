"""Reading a store: counts, ratings, ledgers, lost entries. Never writes; any thread."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

import sqlalchemy as sa

from province.rows import Rating
from province.store import tables
from province.store.rating_query import RatingFilter, RatingQuery
from province.store.raw import Heads
from sync.entries import HashName


class Summary(NamedTuple):
    """Counts. `lost`: entries that pads once had and that never arrived. `undated`: ratings whose
    date is not known. `doubled`: entries that are stored more than once (always 0).
    """

    pads: int
    ledgers: int
    entries: int
    invitations: int
    rated: int
    unrated: int
    withdrawn: int
    open: int
    undated: int
    strays: int
    faults: int
    unread: int
    salvaged: int
    lost: int
    doubled: int
    refusals: int
    incidents: int


class LedgerSeen(NamedTuple):
    """How far a ledger is stored. `first_ms`, `last_ms`: when its batches arrived."""

    ledger: str
    pad: str
    hash_name: HashName
    seq: int
    digest: bytes
    entries: int
    first_ms: int
    last_ms: int


class PadSeen(NamedTuple):
    """A pad's last state, health report and configuration, as JSON texts. `status` None: it has
    sent only entries.
    """

    pad: str
    status: str | None
    boots: int | None
    session: int | None
    ledger: str | None
    state: str | None
    health: str | None
    reported: str | None


class Lost(NamedTuple):
    """Entries that never arrived: a closed range of seq, why, and which ledger says so."""

    pad: str
    ledger: str
    first: int
    last: int
    reason: str
    said_by: str


class Incident(NamedTuple):
    """What a person must look at. `kind`: as in `tables.incident`. `ledger`: "" in the row that
    counts what is beyond the bound. `detail`: of the first of `times`, `last_detail`: of the last.
    """

    pad: str
    ledger: str
    kind: str
    detail: str
    last_detail: str
    times: int
    first_ms: int
    last_ms: int


class RefusalSeen(NamedTuple):
    """What a pad sent and was refused with one problem. `times`: how often. `detail`: of one of
    them.
    """

    pad: str
    problem: str
    times: int
    first_ms: int
    last_ms: int
    detail: str


class Reading:
    """The reading half of a store."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    @property
    def engine(self) -> sa.Engine:
        """The store's engine, for queries that this class does not have."""
        return self._engine

    def summary(self) -> Summary:
        """All counts, from one snapshot."""
        rating = tables.rating.c
        with self.snapshot() as connection:

            def count(table: sa.Table, *where: sa.ColumnElement[bool]) -> int:
                query = sa.select(sa.func.count()).select_from(table).where(*where)
                return connection.execute(query).scalar_one()

            by_standing = connection.execute(
                sa.select(rating.standing, sa.func.count()).group_by(rating.standing)
            ).all()
            standings = {str(standing): int(number) for standing, number in by_standing}
            stored = connection.execute(
                sa.select(sa.func.coalesce(sa.func.sum(tables.ledger.c.entries), 0))
            ).scalar_one()
            return Summary(
                pads=count(tables.pad),
                ledgers=count(tables.ledger),
                entries=int(stored),
                invitations=sum(standings.values()),
                rated=standings.get("rated", 0),
                unrated=standings.get("unrated", 0),
                withdrawn=standings.get("withdrawn", 0),
                open=standings.get("open", 0),
                undated=count(tables.rating, rating.utc_ms.is_(None)),
                strays=count(tables.stray),
                faults=count(tables.fault, tables.fault.c.cleared.is_(False)),
                unread=count(tables.unread),
                salvaged=count(tables.salvage),
                lost=sum(hole.last - hole.first + 1 for hole in find_lost(connection)),
                doubled=_doubled(connection),
                refusals=count(tables.refusal),
                incidents=count(tables.incident),
            )

    def ratings(self, limit: int | None = 100, pad: str | None = None) -> list[Rating]:
        """The newest invitations and what became of them; undated ones first."""
        with self.rating_query(RatingFilter(pads=None if pad is None else {pad})) as query:
            return list(query.rows(limit))

    @contextmanager
    def rating_query(self, wanted: RatingFilter) -> Iterator[RatingQuery]:
        """The ratings that fit, to be read while the context lasts."""
        with self.snapshot() as connection:
            yield RatingQuery(connection, wanted)

    def ledgers(self) -> list[LedgerSeen]:
        """Every ledger, ordered by pad and age."""
        with self.snapshot() as connection:
            return read_ledgers(connection)

    def pads(self) -> list[PadSeen]:
        """Every pad that has ever sent something."""
        with self.snapshot() as connection:
            rows = connection.execute(sa.select(tables.pad).order_by(tables.pad.c.pad))
            return [PadSeen(*row) for row in rows]

    def lost(self) -> list[Lost]:
        """The entries that pads once had and that never arrived."""
        with self.snapshot() as connection:
            return find_lost(connection)

    def incidents(self) -> list[Incident]:
        """What a person must look at, the newest first."""
        with self.snapshot() as connection:
            newest = sa.select(tables.incident).order_by(tables.incident.c.last_ms.desc())
            return [Incident(*row) for row in connection.execute(newest)]

    def refusals(self) -> list[RefusalSeen]:
        """What was refused, by pad and problem."""
        refusal = tables.refusal.c
        by_problem = (
            sa.select(
                *(refusal.pad, refusal.problem, sa.func.sum(refusal.times)),
                *(sa.func.min(refusal.first_ms), sa.func.max(refusal.last_ms)),
                sa.func.min(refusal.detail),
            )
            .group_by(refusal.pad, refusal.problem)
            .order_by(refusal.pad, refusal.problem)
        )
        with self.snapshot() as connection:
            rows = connection.execute(by_problem)
            return [
                RefusalSeen(pad, problem, int(times), first_ms, last_ms, detail)
                for pad, problem, times, first_ms, last_ms, detail in rows
            ]

    def snapshot(self) -> sa.Connection:
        """A connection that sees the store as it is at its first query, until it is closed."""
        connection = self._engine.connect()
        if connection.dialect.name == "postgresql":
            return connection.execution_options(isolation_level="REPEATABLE READ")
        return connection


def read_ledgers(connection: sa.Connection) -> list[LedgerSeen]:
    """Every ledger, ordered by pad and age (of its first batch)."""
    table = tables.ledger
    in_order = sa.select(
        *(table.c[name] for name in ("ledger", "pad", "hash", "seq", "digest")),
        *(table.c[name] for name in ("entries", "first_ms", "last_ms")),
    ).order_by(table.c.pad, table.c.first_ms, table.c.ledger)
    return [
        LedgerSeen(name, pad, HashName(hash_name), *rest)
        for name, pad, hash_name, *rest in connection.execute(in_order)
    ]


def find_lost(connection: sa.Connection) -> list[Lost]:
    """What pads report as missing, without what has arrived in its chain or as `salvaged`."""
    lost = []
    claims = connection.execute(
        sa.select(tables.hole).order_by(
            tables.hole.c.pad, tables.hole.c.ledger, tables.hole.c.first, tables.hole.c.last
        )
    ).all()
    counted: dict[tuple[str, str], int] = {}
    for pad, ledger, first, last, reason, said_by in claims:
        start = max(first, counted.get((pad, ledger), 0) + 1)  # claims may overlap
        counted[pad, ledger] = max(last, counted.get((pad, ledger), 0))
        have = [
            (max(held_first, start), min(held_last, last))
            for held_first, held_last in _held(connection, pad, ledger, start, last)
        ]
        for gone_first, gone_last in _without(start, last, have):
            lost.append(Lost(pad, ledger, gone_first, gone_last, reason, said_by))
    return lost


def _held(
    connection: sa.Connection, pad: str, ledger: str, first: int, last: int
) -> list[tuple[int, int]]:
    """The ranges of seq between `first` and `last` that are stored, sorted; they may overlap."""
    batch, salvage = tables.batch.c, tables.salvage.c
    name = Heads(connection, [(pad, ledger)]).name(pad, ledger)
    chained = connection.execute(
        sa.select(batch.first, batch.last).where(
            batch.ledger == name, batch.first <= last, batch.last >= first
        )
    )
    salvaged = connection.execute(
        sa.select(salvage.seq).where(
            salvage.pad == pad, salvage.ledger == ledger, salvage.seq.between(first, last)
        )
    )
    ranges = [(held_first, held_last) for held_first, held_last in chained]
    return sorted(ranges + [(seq, seq) for (seq,) in salvaged])


def _without(first: int, last: int, have: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """The closed ranges of `first` to `last` that no range of `have` (sorted) covers."""
    missing = []
    for held_first, held_last in have:
        if held_first > first:
            missing.append((first, held_first - 1))
        first = max(first, held_last + 1)
    if first <= last:
        missing.append((first, last))
    return missing


def _doubled(connection: sa.Connection) -> int:
    """Entries that two batches of one ledger both hold."""
    batch = tables.batch
    before = sa.func.lag(batch.c.last).over(partition_by=batch.c.ledger, order_by=batch.c.first)
    pairs = sa.select(batch.c.first, batch.c.last, before.label("before")).subquery()
    overlap = sa.case(
        (pairs.c.before >= pairs.c.first, pairs.c.before - pairs.c.first + 1), else_=0
    )
    return int(
        connection.execute(sa.select(sa.func.coalesce(sa.func.sum(overlap), 0))).scalar_one()
    )
