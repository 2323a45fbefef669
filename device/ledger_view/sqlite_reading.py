"""One reading of a ledger by SQLite, beside the agent: opened, read, closed. Writes nothing."""

import os
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from sqlite_utils import Database

from device.errors import LedgerError, PadCode
from device.ledger.file import FILE_ERRORS, is_damage, open_to_read

__all__ = ["DamagedError", "Database", "read_ledger"]

PATIENCE_S = 5.0
"""So long it is tried again while an agent opens or closes the ledger."""
_POLL_S = 0.05
_PASSING = (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_BUSY)

_T = TypeVar("_T")


class DamagedError(Exception):
    """SQLite cannot read what is there."""


def read_ledger(path: Path, work: Callable[[Database], _T]) -> _T:
    """What `work` reads through a connection that is closed again. Waits while an agent is opening
    or closing the ledger. Raises DamagedError, LedgerError.
    """
    until_s = time.monotonic() + PATIENCE_S
    while True:
        try:
            with open_to_read(path) as connection:
                return work(Database(connection, recursive_triggers=False, execute_plugins=False))
        except UnicodeDecodeError as error:
            raise DamagedError from error
        except LedgerError as error:
            cause = error.__cause__
            if isinstance(cause, FILE_ERRORS) and is_damage(cause):
                raise DamagedError from error
            if time.monotonic() > until_s or not _passes(error, path):
                raise
        time.sleep(_POLL_S)


def _passes(error: LedgerError, path: Path) -> bool:
    """Whether it fails only while an agent is opening or closing the ledger."""
    code = (getattr(error.__cause__, "sqlite_errorcode", None) or 0) & 0xFF
    is_passing = error.code is PadCode.LEDGER_IN_USE or code in _PASSING
    return is_passing and os.access(path, os.R_OK)
