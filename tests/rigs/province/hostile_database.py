"""What a database may do to its receivers: be locked by another session, or go silent.

A lock is held by a second session for the time of a `with` block. The network between is
`tests/rigs/broker/proxy_thread.py`: a receiver gets the URL that leads through it.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg
import sqlalchemy as sa

from tests.rigs.broker.proxy_thread import ProxyThread, proxy_to


@contextmanager
def held(url: str, *statements: str) -> Iterator[psycopg.Connection[tuple[object, ...]]]:
    """Run these statements in a transaction of another session, which stays open."""
    with psycopg.connect(url) as session:
        for statement in statements:
            session.execute(statement.encode())
        yield session
        session.rollback()


@contextmanager
def sqlite_held(file: Path) -> Iterator[None]:
    """Hold the lock that every writer of a SQLite file needs."""
    with closing(sqlite3.connect(file, isolation_level=None)) as session:
        session.execute("BEGIN IMMEDIATE")
        yield
        session.execute("ROLLBACK")


@contextmanager
def behind_proxy(url: str) -> Iterator[tuple[ProxyThread, str]]:
    """A proxy before the server of `url`, and the URL that leads through it."""
    parsed = sa.make_url(url)
    assert parsed.port is not None
    with proxy_to(parsed.port) as proxy:
        there = parsed.set(port=proxy.address.port)
        yield proxy, there.render_as_string(hide_password=False)
