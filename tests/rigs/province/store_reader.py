"""What the province has, read from its raw batches and its tables beside the running receivers."""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import sqlalchemy as sa

from province.rows import Rating
from province.store import ProvinceStore, open_store, tables
from sync.entries import Rated, Salvaged, read_body

T = TypeVar("T")


class Books:
    """Reads; never writes. Each look opens the store anew, so it may be replaced in between."""

    def __init__(self, url: str) -> None:
        self.url = url

    def look(self, at: Callable[[ProvinceStore], T]) -> T:
        """`at` of the store as it is now."""
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
        for one in self.look(lambda store: store.ledgers()):
            if one.ledger == ledger:
                return one.seq, one.digest
        return None

    def faults(self) -> set[str]:
        """The codes of all faults that pads have told of."""
        query = sa.select(tables.fault.c.code).where(tables.fault.c.cleared.is_(False))
        return {code for (code,) in self.look(lambda store: _all(store, query))}

    def raw(self) -> dict[str, Counter[str]]:
        """For each invitation how often each first press lies in the raw bytes.

        What came in chain and again as salvaged is one entry (ledger, seq, bytes), counted once.
        """
        batch = tables.batch.c
        query = sa.select(batch.ledger, batch.first, batch.body)
        rows = self.look(lambda store: _all(store, query))
        places: set[tuple[str, int, bytes]] = set()
        found: dict[str, Counter[str]] = defaultdict(Counter)
        for ledger, first, lines in rows:
            for seq, raw in enumerate(bytes(lines).splitlines(), first):
                body, place = read_body(raw), (ledger, seq, raw)
                if isinstance(body, Salvaged):
                    place = (body.ledger, body.seq, body.body.encode())
                    body = read_body(place[2])
                    if place in places:
                        continue
                places.add(place)
                if isinstance(body, Rated) and not body.again:
                    found[body.invitation][body.level.value] += 1
        return found

    def missing(self, thanked: Mapping[str, str]) -> dict[str, str]:
        """What was thanked for and is not there as it was pressed, raw and derived."""
        raw, derived = self.raw(), self.ratings()
        return {
            one: level
            for one, level in thanked.items()
            if level not in raw.get(one, ())
            or one not in derived
            or (derived[one].standing, derived[one].level) != ("rated", level)
        }

    def doubled(self) -> dict[str, int]:
        """Invitations whose rating is stored more than once."""
        return {one: n.total() for one, n in self.raw().items() if n.total() > 1}


def _all(store: ProvinceStore, query: sa.Select[Any]) -> list[tuple[Any, ...]]:
    with store.snapshot() as connection:
        return [tuple(row) for row in connection.execute(query)]
