"""Bringing a store of an older format to this one. What the pads sent is not touched; what is new
in a derived table comes from the raw entries, as `ratingpad-province verify` derives them.

The caller's transaction holds all of it: a store has the old format or the new one, never half.
"""

import logging
from itertools import groupby

import sqlalchemy as sa

from province.projection import Projection
from province.store import bulk, tables
from province.store.projection_writer import read_anchors
from province.store.raw import batches
from province.store.reading import read_ledgers

log = logging.getLogger(__name__)

FIRST = 1
"""The oldest format that can be upgraded."""


def upgrade(connection: sa.Connection, version: int) -> None:
    """Bring a store of format `version`, `FIRST` or later, to `FORMAT`; takes as long as verify."""
    log.warning("store: format %d becomes %d, every rating is derived anew", version, tables.FORMAT)
    if version < 2:
        connection.exec_driver_sql("ALTER TABLE rating ADD COLUMN channel TEXT")
        _derive_ratings(connection)
    connection.execute(sa.update(tables.format_).values(version=tables.FORMAT))


def _derive_ratings(connection: sa.Connection) -> None:
    """Put every row of `rating` anew; one pad's in memory at a time."""
    for pad, ledgers in groupby(read_ledgers(connection), key=lambda seen: seen.pad):
        derivation = Projection(pad)
        for seen in ledgers:
            for batch in batches(connection, seen.ledger):
                derivation.feed(seen.ledger, batch.first, batch.bodies)
        rows = list(derivation.ratings(read_anchors(connection, pad)))
        for some in bulk.chunks(rows):
            bulk.put(connection, tables.rating, some)
