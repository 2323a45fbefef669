"""`ProvinceStore`: what a receiver writes to. Each call is one transaction, committed on return.

The order inside `take` is what law 3 rests on: lock the pads, judge against the stored heads,
insert the raw bytes, move the heads, derive, commit; only then are there receipts, and each has a
head that is committed. Without the lock two receivers could judge two batches against the same
head.

The lock is the pad's row, not the ledger's, because a pad's old and new ledger may both have
entries about one invitation, whose row is merged. Nobody waits for it: a pad that another
transaction holds is named to the caller, who goes on with the others.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import TypeVar

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from province.errors import ProvinceCode, ProvinceError, StoreError
from province.oddities import Oddity
from province.projection import Projection
from province.rows import Claim, IncidentSeen
from province.store import bulk, engine, evidence, failure, incidents, projection_writer, tables
from province.store.oddity_log import OddityLog
from province.store.raw import Heads
from province.store.reading import Reading
from province.store.watch import READING_SILENCE_S, Watch
from sync.acceptance import Accepted, Refused, judge, receipt_of
from sync.messages import Health, Problem, Receipt, Reported, Status
from sync.store_port import Arrival, Cause, PadsHeldError, Told, Unkept

TRIES = 5
"""How often a transaction is tried that lost against another one."""

_LOST_AGAINST_ANOTHER = {"40001", "40P01", "23505"}
"""serialization_failure, deadlock_detected, unique_violation (PostgreSQL, appendix A)."""

T = TypeVar("T")


def open_store(url: str, *, read_only: bool = False) -> "ProvinceStore":
    """The store at `url` (`sqlite:///file`, `postgresql://user@host/database`), created if empty.

    `read_only`: for a second process that only looks; the store must exist.
    Raises StoreUrlError (P01), StoreError as `engine.connect`.
    """
    watch = Watch(READING_SILENCE_S) if read_only else Watch()
    return ProvinceStore(engine.connect(url, read_only=read_only, watch=watch), watch=watch)


class ProvinceStore(Reading):
    """A province's store. One thread writes (a second receiver opens its own); any may read."""

    def __init__(
        self,
        opened: sa.Engine,
        wall_ms: Callable[[], int] | None = None,
        watch: Watch | None = None,
    ) -> None:
        super().__init__(opened)
        self._watch = watch or Watch()
        self._wall_ms = wall_ms or (lambda: time.time_ns() // 1_000_000)
        self._oddity_log = OddityLog()

    def close(self) -> None:
        """Close the connections."""
        self._engine.dispose()

    def take(
        self,
        arrivals: Sequence[Arrival],
        told: Sequence[Told] = (),
        unkept: Sequence[Unkept] = (),
    ) -> list[Receipt]:
        """Store a group in one transaction (`sync.store_port.Store`).

        Raises StoreError (P02, P04, P10, P12 to P14, P21) and PadsHeldError; nothing of the group
        is stored then.
        """

        def write(connection: sa.Connection) -> tuple[list[Receipt], list[Oddity]]:
            engine.set_limits(connection)
            _lock(connection, {a.pad for a in arrivals} | {t.pad for t in told})
            receipts, oddities = _take(arrivals, connection)
            births = [_tell(connection, item, self._wall_ms()) for item in told]
            for counted in unkept:
                evidence.count_unkept(connection, counted)
            return receipts + [receipt for receipt in births if receipt is not None], oddities

        receipts, oddities = self._commit(write)
        self._oddity_log.take(oddities)
        return receipts

    def give_up(self) -> None:
        """From any thread: a call that waits for the database raises soon, and so do later ones."""
        self._watch.give_up()

    @contextmanager
    def failures(self) -> Iterator[None]:
        """For reading: an error of the database in the block is raised as StoreError, with its code
        (P10 for one that does not answer).
        """
        try:
            yield
        except (DBAPIError, self._driver_error) as error:
            origin = error.orig if isinstance(error, DBAPIError) else error
            raise self._failed(origin) from error

    def _commit(self, work: Callable[[sa.Connection], T]) -> T:
        """Run `work` in a transaction, again when it lost against another receiver's."""
        for left in range(TRIES - 1, -1, -1):
            self._watch.silent = False
            try:
                with self._engine.begin() as connection:
                    files = engine.files_of(connection)
                    done = work(connection)
                engine.check_files(files)
                return done
            except bulk.RowsExistError as error:
                if not left:
                    raise StoreError(f"{error} has these rows already") from error
            except (DBAPIError, self._driver_error) as error:
                origin = error.orig if isinstance(error, DBAPIError) else error
                if not left or getattr(origin, "sqlstate", None) not in _LOST_AGAINST_ANOTHER:
                    raise self._failed(origin) from error
        raise StoreError("a transaction was never tried", ProvinceCode.STORE_WRITE)

    def _failed(self, origin: BaseException | None) -> StoreError:
        """What to raise for a driver's error."""
        seen = failure.of_driver(origin)
        if self._watch.silent:  # what the driver said afterwards is a consequence
            seen = failure.SILENT
        if seen.cause is Cause.DOWN:
            self._engine.dispose()  # the next call makes new connections
        detail = str(origin).strip() or type(origin).__name__
        return StoreError(detail, seen.code, seen.cause)

    @property
    def _driver_error(self) -> type[Exception]:
        error: type[Exception] = self._engine.dialect.loaded_dbapi.Error
        return error


def _take(
    arrivals: Sequence[Arrival], connection: sa.Connection
) -> tuple[list[Receipt], list[Oddity]]:
    """The receipts, and what of the new entries a person must look at."""
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
            _note_fork(connection, heads, arrival, verdict)
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
            projections[arrival.pad].feed(
                ledger, verdict.first_new, verdict.bodies, arrival.received_ms
            )
    heads.write()
    evidence.note_refusals(
        connection,
        (
            evidence.RefusedArrival(a, r)
            for a, r in zip(arrivals, refused, strict=True)
            if r is not None
        ),
    )
    received_ms = max((arrival.received_ms for arrival in arrivals), default=0)
    for projection in projections.values():
        projection_writer.write(connection, projection, received_ms)
    receipts = [_receipt(heads, *pair) for pair in zip(arrivals, refused, strict=True)]
    projected = projections.values()
    return receipts, [odd for each in projected for odd in each.oddities(complete=False)]


def _lock(connection: sa.Connection, pads: Iterable[str]) -> None:
    """Hold the rows of these pads until the commit (SQLite holds the whole file already).

    A row that another transaction holds is not waited for, or one pad would stop all others.
    Raises PadsHeldError.
    """
    wanted = set(pads)
    missing = wanted - _lock_free(connection, wanted)
    if not missing:
        return
    table = tables.pad
    known = set(
        connection.execute(sa.select(table.c.pad).where(table.c.pad.in_(missing))).scalars()
    )
    held = known | {pad for pad in sorted(missing - known) if not _add_pad(connection, pad)}
    if held:
        detail = f"pad {', '.join(sorted(held))}: another transaction holds its row"
        text = str(ProvinceError(detail, ProvinceCode.STORE_LOCKED))
        raise PadsHeldError(text, held)


def _lock_free(connection: sa.Connection, pads: Iterable[str]) -> set[str]:
    """Lock those of these pads' rows that exist and that nobody holds."""
    free = (
        sa.select(tables.pad.c.pad)
        .where(tables.pad.c.pad.in_(sorted(pads)))
        .order_by(tables.pad.c.pad)
        .with_for_update(skip_locked=True)
    )
    return set(connection.execute(free).scalars())


def _add_pad(connection: sa.Connection, pad: str) -> bool:
    """Add and lock a new pad's row; False when another transaction is adding it, too."""
    savepoint = connection.begin_nested()
    try:
        bulk.add_missing(connection, tables.pad, [(pad, *(None,) * 7)])
    except DBAPIError as error:
        savepoint.rollback()
        if failure.of_driver(error.orig).code is not ProvinceCode.STORE_LOCKED:
            raise
        return False
    savepoint.commit()
    return pad in _lock_free(connection, [pad])


def _tell(connection: sa.Connection, told: Told, now_ms: int) -> Receipt | None:
    """Keep what a pad says about itself; the receipt for a birth."""
    pad, message = told
    if isinstance(message, Health):
        evidence.note_health(connection, pad, message)
    elif isinstance(message, Reported):
        evidence.note_reported(connection, pad, message)
    else:
        heads = Heads(connection, [(pad, message.ledger)])
        evidence.note_state(connection, pad, message, heads, now_ms)
        if message.status is Status.ONLINE:
            # Never foreign: what another pad sent under this id must not keep a pad from sending.
            return receipt_of(message.ledger, heads[heads.name(pad, message.ledger)], birth=message)
    return None


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


def _note_fork(connection: sa.Connection, heads: Heads, arrival: Arrival, refused: Refused) -> None:
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
