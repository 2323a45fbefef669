"""A store that a command only looks at: the option that names it, and opening it."""

import argparse
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from province.store import ProvinceStore


def add_store(parser: argparse.ArgumentParser) -> None:
    """The option `--store`."""
    parser.add_argument(
        "--store",
        required=True,
        metavar="URL",
        help="sqlite:///path/to/file or postgresql://user@host/database",
    )


@contextmanager
def reading(store_url: str) -> "Iterator[ProvinceStore]":
    """The store, only to look at it. Raises StoreError, for a database that is silent, too.

    SIGINT and SIGTERM end the program at once, whatever it waits for: it has nothing to finish.
    (psycopg would answer SIGINT by asking the server, which may be silent, to cancel the query.)
    """
    from province.store import open_store

    with _ended_by(signal.SIGINT, signal.SIGTERM):
        store = open_store(store_url, read_only=True)
        try:
            with store.failures():
                yield store
        finally:
            store.close()


@contextmanager
def _ended_by(*numbers: signal.Signals) -> Iterator[None]:
    """These signals end the process during the block, by their default action."""
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread may choose
        return
    before = {number: signal.signal(number, signal.SIG_DFL) for number in numbers}
    try:
        yield
    finally:
        for number, action in before.items():
            signal.signal(number, action)
