"""Whether another program has written a SQLite store's file over.

`cp backup.db province.db` writes into the file that is at the path, and so do `rsync --inplace` and
an editor: it is the same file, and SQLite, which in WAL mode takes the file for its own, does not
look. What is stored then goes to the WAL, and from there into a file of which the rest is another
store's.

Only a checkpoint writes the file, one of any receiver. So when its size or time has changed, the
heads of the ledgers are read twice: from the file alone, and as a reader sees them, the file and
the WAL together. A checkpoint moves the file's heads forward, and never beyond what is committed.
An older copy has a head that has been further; another store has one that nobody committed.
"""

import sqlite3
import threading
import time
from contextlib import closing
from pathlib import Path

Heads = dict[str, tuple[int, bytes]]
"""By ledger: the last entry's seq and the digest after it."""

TRIES = 6
PAUSE_S = 0.1
"""A checkpoint that another receiver has under way may be seen in part; it takes milliseconds."""

_NO_TABLE = sqlite3.SQLITE_ERROR
"""What SQLite says of a query for a table that is not there."""


class FileContent:
    """A store's file as it was at the last look. To be made while SQLite has the file open: a
    connection of its own is closed at each look, and that must not be the process's last one.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._stamp = self._stamp_now()
        self._overwritten: tuple[int, int] | None = None
        try:
            self._heads = _heads(path, "mode=ro&immutable=1")
        except sqlite3.DatabaseError:
            self._heads = {}

    def is_overwritten(self) -> bool:
        """Whether it was. Costs one stat(2) while size and time of the file are the same. Raises
        sqlite3.Error where the store cannot be read at present.
        """
        with self._lock:
            stamp = self._stamp_now()
            if stamp is None or stamp == self._stamp:
                self._overwritten = None
            elif stamp != self._overwritten:
                self._look()
            return self._overwritten is not None

    def _look(self) -> None:
        for left in range(TRIES - 1, -1, -1):
            stamp = self._stamp_now()
            # To open a file of no bytes would make SQLite remove the WAL beside it.
            heads = self._heads_of_a_checkpoint() if stamp is not None and stamp[0] else None
            if heads is not None:
                self._stamp, self._heads, self._overwritten = stamp, heads, None
                return
            if left:
                time.sleep(PAUSE_S)
        self._overwritten = stamp

    def _heads_of_a_checkpoint(self) -> Heads | None:
        """The file's heads; None where they are not what a checkpoint may have written."""
        try:
            alone = _heads(self._path, "mode=ro&immutable=1")
            together = _heads(self._path, "mode=ro")
        except sqlite3.DatabaseError as error:
            code = getattr(error, "sqlite_errorcode", 0) & 0xFF
            if code in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}:
                return None
            raise
        went_back = any(
            alone.get(name, (0, b""))[0] < seq for name, (seq, _) in self._heads.items()
        )
        return None if went_back or not _leads_to(alone, together) else alone

    def _stamp_now(self) -> tuple[int, int] | None:
        """The file's size and the time of its last write; None where it cannot be looked at."""
        try:
            status = self._path.stat()
        except OSError:
            return None
        return status.st_size, status.st_mtime_ns


def _leads_to(heads: Heads, later: Heads) -> bool:
    """Whether the ledgers may have grown from `heads` to `later`."""
    for name, (seq, digest) in heads.items():
        later_seq, later_digest = later.get(name, (0, b""))
        if later_seq < seq or (later_seq == seq and later_digest != digest):
            return False
    return True


def _heads(path: Path, how: str) -> Heads:
    """The heads in the store at `path`; `how`: the parameters of SQLite's URI. A file without
    tables has none: those of a new store are in its WAL.
    """
    uri = f"{path.absolute().as_uri()}?{how}"
    with closing(sqlite3.connect(uri, uri=True, isolation_level=None)) as connection:
        try:
            rows = connection.execute("SELECT ledger, seq, digest FROM ledger").fetchall()
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != _NO_TABLE:
                raise
            return {}
    return {name: (seq, digest) for name, seq, digest in rows}
