"""What the province has stored: its raw batches and tables, read while its receivers run."""

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import sqlalchemy as sa

from demo.db_readers import RawRatings
from province.rows import Rating
from province.store import ProvinceStore, open_store, tables

T = TypeVar("T")


class StoreReader:
    """Reads and never writes. Each call opens the store again: it may be replaced in between."""

    def __init__(self, url: str) -> None:
        self.url = url

    def look(self, at: Callable[[ProvinceStore], T]) -> T:
        """The result of `at` for the store as it is now."""
        store = open_store(self.url, read_only=True)
        try:
            return at(store)
        finally:
            store.close()

    def ratings(self) -> dict[str, Rating]:
        """The derived row of each invitation."""
        return {row.invitation: row for row in self.look(lambda store: store.ratings(None))}

    def head(self, ledger: str) -> tuple[int, bytes] | None:
        """How far a ledger is stored, and the digest there."""
        for stored in self.look(lambda store: store.ledgers()):
            if stored.ledger == ledger:
                return stored.seq, stored.digest
        return None

    def faults(self) -> set[str]:
        """The codes of all faults that pads have reported and not cleared."""
        query = sa.select(tables.fault.c.code).where(tables.fault.c.cleared.is_(False))
        return {code for (code,) in self.look(lambda store: _all(store, query))}

    def raw(self) -> dict[str, Counter[str]]:
        """For each invitation how often each first press is in the raw bytes, by its level."""
        batch = tables.batch.c
        query = sa.select(batch.ledger, batch.first, batch.body)
        found = RawRatings()
        for ledger, first, lines in self.look(lambda store: _all(store, query)):
            found.add(ledger, first, bytes(lines))
        return found.levels

    def missing(self, thanked: Mapping[str, str]) -> dict[str, str]:
        """What was thanked for and is not stored with the level pressed, both raw and derived.

        `thanked`: level by invitation.
        """
        raw, derived = self.raw(), self.ratings()
        return {
            invitation: level
            for invitation, level in thanked.items()
            if level not in raw.get(invitation, ())
            or invitation not in derived
            or (derived[invitation].standing, derived[invitation].level) != ("rated", level)
        }

    def doubled(self) -> dict[str, int]:
        """Invitations whose rating is stored more than once."""
        return {
            invitation: levels.total()
            for invitation, levels in self.raw().items()
            if levels.total() > 1
        }


def _all(store: ProvinceStore, query: sa.Select[Any]) -> list[tuple[Any, ...]]:
    with store.snapshot() as connection:
        return [tuple(row) for row in connection.execute(query)]
