"""The province's store: what receivers write and everybody else reads.

tables.py    the tables, once, for both backends; what must never change
engine.py    opening SQLite and PostgreSQL
upgrade.py   a store of an older format is upgraded; loads Alembic
migrations/  one Alembic migration for each format
bulk.py      many rows at a time: COPY or INSERT
raw.py       batches and heads
projection_writer.py what the entries mean, merged and dated
evidence.py  refused payloads, presence, incidents of presence
store.py     `ProvinceStore`: one transaction for each call of the receiver
reading.py   summary, ratings, ledgers, holes
"""

from province.store.reading import LedgerSeen, Lost, Summary
from province.store.store import ProvinceStore, open_store

__all__ = ["LedgerSeen", "Lost", "ProvinceStore", "Summary", "open_store"]
