"""Upgrading a store of an older format with Alembic; migrations/ has one module for each format.

The caller's transaction holds all of it: a store has the old format or the new one, never half.
That needs DDL that a rollback undoes. PostgreSQL has it. SQLite has it, too, unless something
commits in between: the sqlite3 module would, but `engine.py` begins transactions itself
(`isolation_level=None`); and Alembic neither begins nor commits when it is given a connection in a
transaction.

The raw entries are not touched. What is new in a derived table comes from them, as
`ratingpad-province verify` derives it.

Alembic is imported by this module and the migrations only, and this module only when an upgrade is
due: the import takes 0.1 s and 8 MiB.
"""

import logging
from itertools import groupby

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory

from province.projection import Projection
from province.store import bulk, tables
from province.store.projection_writer import read_anchors
from province.store.raw import batches
from province.store.reading import read_ledgers
from province.timestamps import counted
from sync.progress import Progress
from sync.sentence import Sentence

log = logging.getLogger(__name__)

MIGRATIONS = "province.store:migrations"
"""Alembic's `script_location`: a folder inside an installed package. No alembic.ini is read."""


def known_formats() -> list[str]:
    """The formats that migrations lead to, the newest first."""
    script = ScriptDirectory.from_config(_config())
    return [revision.revision for revision in script.walk_revisions()]


def upgrade(connection: sa.Connection, version: str) -> None:
    """Bring a store of format `version` (one of `known_formats`) to the newest; nothing is
    committed. Takes as long as `ratingpad-province verify`.

    Raises what a migration or the database raises; the caller then rolls back.
    """
    log.warning(
        "store: upgrading format %s to %s, ratings are derived again", version, tables.FORMAT
    )
    if tables.alembic_version.name not in sa.inspect(connection).get_table_names():
        _take_over(connection, version)
    derive_again: set[str] = set()
    config = _config()
    config.attributes["connection"] = connection
    config.attributes["derive_again"] = derive_again
    command.upgrade(config, "head")
    # Deriving waits for the last migration: it writes with the columns of `tables.py`, which an
    # older store has only then. And it is done once, however many migrations asked for it.
    if "rating" in derive_again:
        _derive_ratings(connection)


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", MIGRATIONS)
    return config


def _take_over(connection: sa.Connection, version: str) -> None:
    """Tell Alembic the format of a store from before it: 1 or 2, the number in `format`."""
    tables.alembic_version.create(connection)
    connection.execute(tables.alembic_version.insert().values(version_num=version))


def _derive_ratings(connection: sa.Connection) -> None:
    """Write every row of `rating` again; the rows of one pad are in memory at a time."""
    every = read_ledgers(connection)
    expected, done = sum(seen.entries for seen in every), 0
    with Progress(Sentence("upgrading the store")) as progress:
        for pad, ledgers in groupby(every, key=lambda seen: seen.pad):
            projection = Projection(pad)
            for seen in ledgers:
                for batch in batches(connection, seen.ledger):
                    projection.feed(seen.ledger, batch.first, batch.bodies)
                    done += len(batch.bodies)
                    progress(done / max(1, expected))
            anchors = read_anchors(connection, pad)
            rows = list(projection.ratings({boot: counted(anchors[boot]) for boot in anchors}))
            for chunk in bulk.chunks(rows):
                bulk.put(connection, tables.rating, chunk)
