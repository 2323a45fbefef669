"""The province's store: receivers write to it, every other program reads it.

tables.py    the tables of the newest format, for both backends; the triggers
failure.py   PURE: what an error of a database means, by its class
watch.py     how long a silent database is waited for
watched_connection.py a connection to PostgreSQL that does not wait without limit
engine.py    opening SQLite and PostgreSQL
sqlite_file.py what is wrong with a SQLite file's path, and how it is opened
file_content.py whether another program has written a SQLite store's file over
upgrade.py   a store of an older format is upgraded; loads Alembic
migrations/  one Alembic migration for each format
bulk.py      many rows at a time: COPY or INSERT
raw.py       batches and heads
projection_writer.py the rows that new entries give, merged and dated
incidents.py what a person must look at, counted and bounded
oddity_log.py the log of entries that a person must look at
evidence.py  refused payloads; the last state, health and configuration of pads
store.py     `ProvinceStore`: one transaction for each call of the receiver
rating_query.py ratings that fit a filter, row by row
reading.py   summary, ratings, ledgers, holes
"""

from province.store.reading import LedgerSeen, Lost, Summary
from province.store.store import ProvinceStore, open_store

__all__ = ["LedgerSeen", "Lost", "ProvinceStore", "Summary", "open_store"]
