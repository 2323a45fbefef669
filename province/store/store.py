"""`ProvinceStore`: what a receiver writes to. Each call is one transaction, committed on return.

The order inside `take` is what law 3 rests on: lock the pads, judge against the stored heads,
insert the raw bytes, move the heads, derive, commit; only then are there receipts, and each has a
head that is committed. Without the lock two receivers could judge two batches against the same
head.

The lock is the pad's row, not the ledger's, because a pad's old and new ledger may both have
entries about one invitation, whose row is merged. Pads are locked in the order of their ids: two
receivers that both need two pads then wait in turn, and cannot deadlock.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import TypeVar

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from province.errors import ProvinceCode, StoreError
from province.projection import Projection
from province.rows import Claim, IncidentSeen
from province.store import bulk, engine, evidence, incidents, projection_writer, tables
from province.store.raw import Heads
from province.store.reading import Reading
from sync.acceptance import Accepted, Refused, judge, receipt_of
from sync.messages import Health, Problem, Receipt, Reported, State
from sync.store_port import Arrival

TRIES = 5
"""How often a transaction is tried that lost against another one."""

_LOST_AGAINST_ANOTHER = {"40001", "40P01", "23505"}
"""serialization_failure, deadlock_detected, unique_violation (PostgreSQL, appendix A)."""

T = TypeVar("T")


def open_store(url: str, *, read_only: bool = False) -> "ProvinceStore":
    """The store at `url` (`sqlite:///file`, `postgresql://user@host/database`), created if empty.

    `read_only`: for a second process that only looks; the store must exist.
    Raises StoreUrlError (P01), StoreError (P02, P03, P05).
    """
    return ProvinceStore(engine.connect(url, read_only=read_only))


class ProvinceStore(Reading):
    """A province's store. One thread writes (a second receiver opens its own); any may read."""

    def __init__(self, opened: sa.Engine, wall_ms: Callable[[], int] | None = None) -> None:
        super().__init__(opened)
        self._wall_ms = wall_ms or (lambda: time.time_ns() // 1_000_000)

    def close(self) -> None:
        """Close the connections."""
        self._engine.dispose()

    def take(self, arrivals: Sequence[Arrival]) -> list[Receipt]:
        """Store a group in its order; one receipt for each arrival, with the committed head.

        Raises StoreError (P04); nothing of the group is stored then.
        """
        return self._commit(partial(_take, arrivals))

    def birth(self, pad: str, state: State) -> Receipt:
        """Store the state in a pad's birth message. The receipt says up to which entry the
        province has the ledger. Raises StoreError (P04).
        """

        def note(connection: sa.Connection) -> Receipt:
            _lock(connection, [pad])
            # Never foreign: what another pad sent under this id must not keep a pad from sending.
            heads = Heads(connection, [(pad, state.ledger)])
            evidence.note_state(connection, pad, state, heads, self._wall_ms())
            return receipt_of(state.ledger, heads[heads.name(pad, state.ledger)], birth=state)

        return self._commit(note)

    def health(self, pad: str, health: Health) -> None:
        """Keep the newest health report of a pad. Raises StoreError (P04)."""

        def note(connection: sa.Connection) -> None:
            _lock(connection, [pad])
            evidence.note_health(connection, pad, health)

        self._commit(note)

    def reported(self, pad: str, reported: Reported) -> None:
        """Keep the configuration that a pad reports. Raises StoreError (P04)."""

        def note(connection: sa.Connection) -> None:
            _lock(connection, [pad])
            evidence.note_reported(connection, pad, reported)

        self._commit(note)

    def _commit(self, work: Callable[[sa.Connection], T]) -> T:
        """Run `work` in a transaction, again when it lost against another receiver's."""
        for left in range(TRIES - 1, -1, -1):
            try:
                with self._engine.begin() as connection:
                    return work(connection)
            except bulk.RowsExistError as error:
                if not left:
                    raise StoreError(f"{error} has these rows already") from error
            except (DBAPIError, self._driver_error) as error:
                origin = error.orig if isinstance(error, DBAPIError) else error
                if not left or getattr(origin, "sqlstate", None) not in _LOST_AGAINST_ANOTHER:
                    self._engine.dispose()  # the next call makes new connections
                    raise StoreError(str(origin)) from error
        raise StoreError("a transaction was never tried", ProvinceCode.STORE_WRITE)

    @property
    def _driver_error(self) -> type[Exception]:
        error: type[Exception] = self._engine.dialect.loaded_dbapi.Error
        return error


def _take(arrivals: Sequence[Arrival], connection: sa.Connection) -> list[Receipt]:
    _lock(connection, {arrival.pad for arrival in arrivals})
    heads = Heads(
        connection,
        [(arrival.pad, arrival.batch.header.ledger) for arrival in arrivals if arrival.batch],
    )
    projections: dict[str, Projection] = {}
    refused: list[Refused | None] = []
    for arrival in arrivals:
        verdict = _judge(heads, arrival)
        refused.append(verdict if isinstance(verdict, Refused) else None)
        if isinstance(verdict, Refused):
            _note_refused(connection, heads, arrival, verdict)
        elif isinstance(verdict, Accepted) and arrival.batch is not None:
            ledger = heads.name(arrival.pad, arrival.batch.header.ledger)
            if heads[ledger] is None:
                incidents.note_opening(connection, arrival, ledger)
            if verdict.hole is not None:
                claim = Claim(arrival.pad, ledger, *verdict.hole, "torn", ledger)
                projection_writer.note_hole(connection, claim)
            heads.accept(ledger, arrival.batch, verdict, arrival.received_ms)
            if arrival.pad not in projections:
                projections[arrival.pad] = Projection(arrival.pad)
            projections[arrival.pad].feed(ledger, verdict.first_new, verdict.bodies)
    heads.write()
    received_ms = max((arrival.received_ms for arrival in arrivals), default=0)
    for projection in projections.values():
        projection_writer.write(connection, projection, received_ms)
    return [_receipt(heads, *pair) for pair in zip(arrivals, refused, strict=True)]


def _lock(connection: sa.Connection, pads: Iterable[str]) -> None:
    """Hold the rows of these pads until the commit (SQLite holds the whole file already)."""
    wanted = sorted(pads)
    locked = (
        sa.select(tables.pad.c.pad)
        .where(tables.pad.c.pad.in_(wanted))
        .order_by(tables.pad.c.pad)
        .with_for_update()
    )
    have = set(connection.execute(locked).scalars())
    if len(have) < len(wanted):
        missing = [(pad, *(None,) * 7) for pad in wanted if pad not in have]
        bulk.add_missing(connection, tables.pad, missing)
        connection.execute(locked).all()


def _judge(heads: Heads, arrival: Arrival) -> object:
    if arrival.batch is None:
        return Refused(arrival.problem or Problem.MALFORMED, arrival.detail)
    pad, named = arrival.pad, arrival.batch.header.ledger
    ledger = heads.name(pad, named)
    return judge(
        heads[ledger],
        pad,
        arrival.batch,
        partial(heads.newest_stored, ledger),
        opened_by=heads.opened_by(pad, named),
    )


def _note_refused(
    connection: sa.Connection, heads: Heads, arrival: Arrival, refused: Refused
) -> None:
    evidence.note_refusal(connection, arrival, refused)
    if refused.problem is Problem.CHAIN and arrival.batch is not None:
        ledger = heads.name(arrival.pad, arrival.batch.header.ledger)
        if heads[ledger] is not None:
            seen = IncidentSeen(arrival.pad, ledger, "fork", refused.detail, arrival.received_ms)
            incidents.note_incident(connection, seen)


def _receipt(heads: Heads, arrival: Arrival, refused: Refused | None) -> Receipt:
    if arrival.batch is None:
        return receipt_of("", None, refused=refused)
    ledger = arrival.batch.header.ledger
    return receipt_of(ledger, heads[heads.name(arrival.pad, ledger)], refused=refused)
