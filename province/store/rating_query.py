"""Ratings by pad, window, clerk, case, level, standing and time: the newest first, row by row.

The database filters and sorts, and rows are read as they are used, so a listing of millions needs
no memory for them. One index serves it, of time; a pad's ratings are found by the primary key. So
days are what makes any other filter cheap in a store of years; without them the table is read, a
million ratings in a tenth of a second (`benchmarks/rating_list.py`).
"""

from collections.abc import Collection, Iterator
from typing import Any, NamedTuple

import sqlalchemy as sa

from province.rows import Rating
from province.store import tables

ROWS_AT_A_TIME = 500

_rating = tables.rating.c


class RatingFilter(NamedTuple):
    """Which ratings are wanted; None: all. Texts: any of these spellings. `first_ms`, `last_ms`:
    from this date to that one, both included, in milliseconds since 1970; then ratings whose date
    is not known do not fit.
    """

    pads: Collection[str] | None = None
    windows: Collection[str] | None = None
    clerks: Collection[str] | None = None
    cases: Collection[str] | None = None
    levels: Collection[str] | None = None
    standings: Collection[str] | None = None
    first_ms: int | None = None
    last_ms: int | None = None

    @property
    def has_dates(self) -> bool:
        """Whether ratings without a date are left out."""
        return self.first_ms is not None or self.last_ms is not None


class RatingQuery:
    """The ratings that fit a filter, in one snapshot: `connection` is in it."""

    def __init__(self, connection: sa.Connection, wanted: RatingFilter) -> None:
        self._connection = connection
        self._wanted = wanted

    def rows(self, limit: int | None = None) -> Iterator[Rating]:
        """The newest `limit` of them: first those without a date, then by date, of the same date by
        position.
        """
        undated, dated = self.statements(limit)
        count = 0
        if undated is not None:
            for row in self._stream(undated):
                count += 1
                yield row
        if limit is None or count < limit:
            yield from self._stream(dated.limit(None if limit is None else limit - count))

    def statements(self, limit: int | None) -> tuple[sa.Select[Any] | None, sa.Select[Any]]:
        """The queries: of ratings without a date (None: they do not fit), and of those with one.
        Two, because no index has NULLs first on SQLite and on PostgreSQL alike.
        """
        newest_first = (_rating.utc_ms.desc(), _rating.ledger.desc(), _rating.seq.desc())
        query = sa.select(tables.rating).where(*self._conditions()).order_by(*newest_first)
        dated = query.where(_rating.utc_ms.is_not(None))
        if self._wanted.first_ms is not None:
            dated = dated.where(_rating.utc_ms >= self._wanted.first_ms)
        if self._wanted.last_ms is not None:
            dated = dated.where(_rating.utc_ms <= self._wanted.last_ms)
        undated = query.where(_rating.utc_ms.is_(None)).limit(limit)
        return (None if self._wanted.has_dates else undated), dated

    def undated(self) -> int:
        """How many would fit, if they had a date."""
        query = sa.select(sa.func.count()).select_from(tables.rating)
        where = (_rating.utc_ms.is_(None), *self._conditions())
        return int(self._connection.execute(query.where(*where)).scalar_one())

    def unknown(self) -> Iterator[str]:
        """The filters of which the store knows no value, by their names in `RatingFilter`: not one
        pad, window, clerk or case is spelt so. May read the whole table.
        """
        wanted = self._wanted
        asked: tuple[tuple[str, sa.Column[str], Collection[str] | None], ...] = (
            ("pads", tables.pad.c.pad, wanted.pads),
            ("windows", _rating.window_id, wanted.windows),
            ("clerks", _rating.clerk, wanted.clerks),
            ("cases", _rating.case_number, wanted.cases),
        )
        for name, column, spellings in asked:
            if spellings is not None:
                found = sa.select(sa.literal(1)).where(column.in_(spellings)).limit(1)
                if self._connection.execute(found).first() is None:
                    yield name

    def _conditions(self) -> list[sa.ColumnElement[bool]]:
        """All but the dates."""
        wanted = self._wanted
        asked = (
            (_rating.pad, wanted.pads),
            (_rating.window_id, wanted.windows),
            (_rating.clerk, wanted.clerks),
            (_rating.case_number, wanted.cases),
            (_rating.level, wanted.levels),
            (_rating.standing, wanted.standings),
        )
        return [column.in_(sorted(texts)) for column, texts in asked if texts is not None]

    def _stream(self, query: sa.Select[Any]) -> Iterator[Rating]:
        found = self._connection.execute(query.execution_options(yield_per=ROWS_AT_A_TIME))
        for row in found:
            yield Rating(*row)
