"""Filters give what reading all and choosing gives, on both databases, and do not read all."""

import tracemalloc
from collections.abc import Collection
from contextlib import closing
from itertools import islice
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from province.rows import Rating
from province.store import ProvinceStore, bulk, open_store, tables
from province.store.rating_query import RatingFilter, RatingQuery
from sync.entries import Level
from tests.rigs.ledger.ledger_builder import NOON_MS, LedgerBuilder, at, invited, rated

DAY_MS = 86_400_000
PADS, WINDOWS, CLERKS = ("pad-1", "pad-2", "pad-3"), ("A01", "A02", None), ("c1", "c2", None)
LEVELS = [level.value for level in Level]
STANDINGS = ("open", "rated", "unrated", "withdrawn")
FEW = 400


def rating(n: int, utc_ms: int | None, **columns: Any) -> Rating:
    """The row of invitation `n`."""
    standing = STANDINGS[n % 4] if n % 3 else "rated"
    row = Rating(
        pad=PADS[n % 3],
        invitation=f"01K{n:08}",
        standing=standing,
        level=LEVELS[n % 5] if standing == "rated" else None,
        again=False,
        elapsed_ms=2000,
        source="keys",
        reason=None,
        window_id=WINDOWS[n // 3 % 3],
        clerk=CLERKS[n // 9 % 3],
        case_number=None if n % 7 == 0 else f"22010{n // 2}",
        matter_code=None,
        step=None,
        desk="http",
        channel="hall_pad",
        invited_ledger=f"01L{n % 3}",
        invited_seq=2 * n + 1,
        ledger=f"01L{n % 3}",
        seq=2 * n + 2,
        boot="b",
        mono_ms=n,
        utc_ms=utc_ms,
        dated_by="ntp" if utc_ms is not None else "unknown",
        uncertainty_ms=None,
    )
    return row._replace(**columns)


def few() -> list[Rating]:
    """Some a day, several at one moment, every eleventh without a date."""
    return [
        rating(n, None if n % 11 == 0 else NOON_MS + (n // 8) * DAY_MS // 3) for n in range(FEW)
    ]


@pytest.fixture
def filled(store: ProvinceStore) -> ProvinceStore:
    with store.engine.begin() as connection:
        bulk.add(connection, tables.rating, few())
        bulk.add(connection, tables.pad, [(pad, *(None,) * 7) for pad in (*PADS, "silent")])
    return store


def chosen(wanted: RatingFilter) -> list[Rating]:
    """What the filter means, spelt out."""

    def fits(text: str | None, texts: Collection[str] | None) -> bool:
        return texts is None or text in texts

    found = [
        row
        for row in few()
        if fits(row.pad, wanted.pads)
        and fits(row.window_id, wanted.windows)
        and fits(row.clerk, wanted.clerks)
        and fits(row.case_number, wanted.cases)
        and fits(row.level, wanted.levels)
        and fits(row.standing, wanted.standings)
    ]
    dated = [row for row in found if row.utc_ms is not None]
    if wanted.first_ms is not None:
        dated = [row for row in dated if (row.utc_ms or 0) >= (wanted.first_ms or 0)]
    if wanted.last_ms is not None:
        dated = [row for row in dated if (row.utc_ms or 0) <= (wanted.last_ms or 0)]
    undated = [] if wanted.has_dates else [row for row in found if row.utc_ms is None]
    return [
        *sorted(undated, key=lambda row: (row.ledger, row.seq), reverse=True),
        *sorted(dated, key=lambda row: (row.utc_ms, row.ledger, row.seq), reverse=True),
    ]


def some(texts: Collection[str]) -> st.SearchStrategy[frozenset[str] | None]:
    return st.none() | st.frozensets(st.sampled_from([*texts, "nobody's"]), min_size=1)


DATES = st.none() | st.integers(NOON_MS - DAY_MS, NOON_MS + 20 * DAY_MS)
FILTERS = st.builds(
    RatingFilter,
    pads=some(PADS),
    windows=some(["A01", "A02"]),
    clerks=some(["c1", "c2"]),
    cases=some(["2201010", "2201041"]),
    levels=some(LEVELS),
    standings=some(STANDINGS),
    first_ms=DATES,
    last_ms=DATES,
)


def test_every_filter_gives_what_it_means(filled: ProvinceStore) -> None:
    @settings(
        max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
    )
    @given(FILTERS, st.none() | st.integers(1, FEW))
    def check(wanted: RatingFilter, limit: int | None) -> None:
        expected = chosen(wanted)
        with filled.rating_query(wanted) as query:
            assert list(query.rows(limit)) == expected[:limit]
            dateless = wanted._replace(first_ms=None, last_ms=None)
            undated = sum(row.utc_ms is None for row in chosen(dateless))
            assert query.undated() == undated

    check()


def test_the_first_and_the_last_moment_are_included(filled: ProvinceStore) -> None:
    moment = NOON_MS + 5 * DAY_MS // 3
    with filled.rating_query(RatingFilter(first_ms=moment, last_ms=moment)) as query:
        assert {row.utc_ms for row in query.rows()} == {moment}


def test_what_the_store_does_not_know_is_told(filled: ProvinceStore) -> None:
    wanted = RatingFilter(pads={"silent"}, windows={"A01", "B"}, clerks={"c9"}, cases={"x"})
    with filled.rating_query(wanted) as query:
        assert list(query.rows()) == []
        assert list(query.unknown()) == ["clerks", "cases"]


def test_all_rows_are_of_one_moment(store: ProvinceStore, store_url: str) -> None:
    pad = LedgerBuilder().add(invited("i1"), rated("i1"))
    store.take([pad.arrival()])
    with (
        closing(open_store(store_url, read_only=True)) as reader,
        reader.rating_query(RatingFilter()) as query,
    ):
        assert query.undated() == 0
        store.take([pad.add(rated("i2", when=at(9))).arrival(4)])
        assert [row.invitation for row in query.rows()] == ["i1"]
    assert len(store.ratings()) == 2


def many(store: ProvinceStore, count: int, days: int) -> None:
    """A store of `count` ratings over `days` days."""
    with store.engine.begin() as connection:
        step_ms = days * DAY_MS // count
        for first in range(0, count, 10_000):
            numbers = range(first, min(first + 10_000, count))
            bulk.add(connection, tables.rating, (rating(n, NOON_MS + n * step_ms) for n in numbers))
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql("ANALYZE rating")


def plan(store: ProvinceStore, wanted: RatingFilter, limit: int | None) -> str:
    """How the database goes about the ratings with a date."""
    with store.snapshot() as connection:
        query = RatingQuery(connection, wanted).statements(limit)[1]
        text = str(
            query.compile(dialect=connection.dialect, compile_kwargs={"literal_binds": True})
        ).replace("%%", "%")
        is_sqlite = connection.dialect.name == "sqlite"
        explain = "EXPLAIN QUERY PLAN" if is_sqlite else "EXPLAIN"
        rows = connection.exec_driver_sql(f"{explain} {text}").all()
    return "\n".join(str(row[-1]) for row in rows)


ONE_DAY = RatingFilter(first_ms=NOON_MS + 90 * DAY_MS, last_ms=NOON_MS + 91 * DAY_MS - 1)


@pytest.mark.parametrize(
    ("wanted", "limit", "index"),
    [
        (ONE_DAY._replace(windows={"A01"}), 100, "rating_by_time"),
        (ONE_DAY._replace(windows={"A01"}), None, "rating_by_time"),
        (ONE_DAY._replace(clerks={"c1"}, levels={"satisfied"}), 100, "rating_by_time"),
        (RatingFilter(), 100, "rating_by_time"),
        (ONE_DAY._replace(cases={"220105000"}), 100, "rating_by_time"),
    ],
    ids=str,
)
def test_the_list_of_a_day_does_not_read_the_whole_store(
    store: ProvinceStore, wanted: RatingFilter, limit: int | None, index: str
) -> None:
    many(store, 20_000, 365)
    found = plan(store, wanted, limit)
    assert index in found, found
    assert "Seq Scan" not in found, found
    assert "SCAN rating\n" not in f"{found}\n", found


def test_a_listing_of_all_needs_no_memory_for_all(store: ProvinceStore) -> None:
    many(store, 20_000, 365)

    def peak(limit: int) -> int:
        tracemalloc.start()
        with store.rating_query(RatingFilter()) as query:
            assert sum(1 for _ in islice(query.rows(10_000_000), limit)) == limit
        size = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return size

    peak(10)
    assert peak(20_000) < peak(2_000) + 300_000
