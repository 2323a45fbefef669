"""How long does the list of one window's day take in a store of a million ratings?

The store is filled with ratings over a year, of 200 windows. The list is timed as it is, and beside
it the same question asked so that no index fits (`utc_ms + 0`), which reads the whole table. Then
all of them are listed, for the memory that this takes.

    python -m benchmarks.rating_list sqlite:////tmp/x.db [ratings]

The store must be an empty one, or one that this program has filled.
"""

import statistics
import sys
import time
import tracemalloc
from collections.abc import Callable, Iterator

import sqlalchemy as sa

from province.rows import Rating
from province.store import ProvinceStore, bulk, open_store, tables
from province.store.rating_query import RatingFilter
from sync.entries import Level

RATINGS = 1_000_000
WINDOWS = 200
START_MS = 1_790_000_000_000
DAY_MS = 86_400_000
DAYS = 365
ROUNDS = 5
LIMIT = 100


def rows(first: int, last: int, count: int) -> Iterator[Rating]:
    """Ratings `first` to `last` - 1 of `count`."""
    levels = [level.value for level in Level]
    for n in range(first, last):
        window = n * 7919 % WINDOWS
        ledger, seq = f"01L{window:03}", 2 * n + 1
        yield Rating(
            pad=f"jl-{window:03}",
            invitation=f"01K{n:017}",
            standing="rated",
            level=levels[n % 5],
            again=False,
            elapsed_ms=4000,
            source="keys",
            reason=None,
            window_id=f"A{window % 50:02}",
            clerk=f"c{window:04}",
            case_number=f"220102{n:014}",
            matter_code=None,
            step=None,
            desk="http",
            channel="hall_pad",
            invited_ledger=ledger,
            invited_seq=seq,
            ledger=ledger,
            seq=seq + 1,
            boot="boot",
            mono_ms=n,
            utc_ms=START_MS + n * (DAYS * DAY_MS // count),
            dated_by="ntp",
            uncertainty_ms=None,
        )


def fill(store: ProvinceStore, count: int) -> None:
    """Fill an empty store; one that has its rows is left."""
    with store.engine.begin() as connection:
        if connection.execute(sa.select(tables.rating.c.pad).limit(1)).first() is not None:
            return
        for first in range(0, count, 50_000):
            last = min(first + 50_000, count)
            bulk.add(connection, tables.rating, rows(first, last, count))
    if store.engine.dialect.name == "postgresql":
        with store.engine.begin() as connection:
            connection.exec_driver_sql("ANALYZE rating")


def seconds(measured: Callable[[], int]) -> float:
    """The median of some rounds."""
    times = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        measured()
        times.append(time.perf_counter() - started)
    return statistics.median(times)


def main(arguments: list[str]) -> None:
    """Measure and print."""
    url, count = arguments[0], int(arguments[1]) if len(arguments) > 1 else RATINGS
    store = open_store(url)
    fill(store, count)
    day = RatingFilter(
        windows={"A07"}, first_ms=START_MS + 100 * DAY_MS, last_ms=START_MS + 101 * DAY_MS - 1
    )
    rating = tables.rating.c
    scan = sa.select(sa.func.count()).where(
        rating.window_id == "A07", (rating.utc_ms + 0).between(day.first_ms, day.last_ms)
    )

    def listed() -> int:
        with store.rating_query(day) as query:
            return len(list(query.rows(LIMIT)))

    def scanned() -> int:
        with store.snapshot() as connection:
            return int(connection.execute(scan).scalar_one())

    found = scanned()
    if listed() != min(found, LIMIT):
        raise ValueError("the list is not complete")
    by_index, by_scan = seconds(listed), seconds(scanned)
    tracemalloc.start()
    with store.rating_query(RatingFilter()) as query:
        total = sum(1 for _ in query.rows(count))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    store.close()
    print(f"{total:,} ratings, {found} of the window's day")
    print(f"list {by_index * 1000:.1f} ms, whole table {by_scan * 1000:.1f} ms,", end=" ")
    print(f"ratio {by_index / by_scan:.3f}; all listed with {peak / 2**20:.1f} MiB")


if __name__ == "__main__":
    main(sys.argv[1:])
