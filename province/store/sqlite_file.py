"""A SQLite store's file: what is wrong with its path, in its own words, and how it is opened.

SQLite says `unable to open database file` for a missing file, a directory and a right that is
missing alike. And a reader of a closed store makes the files `-wal` and `-shm`, which stay behind
where it may not write to the store itself; left by root they would keep the receiver out.
"""

import os
import sqlite3
from pathlib import Path
from typing import Protocol

from province.errors import ProvinceCode, StoreError
from sync.regular_file import open_regular
from sync.sentence import Sentence
from sync.system_reasons import reason

WAL_TRIES = 20
"""How often a connection waits for another one before it says that the store is locked."""

_MAGIC = b"SQLite format 3\0"


def check_path(path: Path, *, read_only: bool) -> None:
    """Raises StoreError: P18 nothing there, P19 no right, P20 no database."""
    try:
        begin = _begin_of(path)
    except PermissionError as error:
        raise StoreError(
            Sentence.joined(": ", (path, reason(error))), ProvinceCode.STORE_RIGHTS
        ) from error
    except IsADirectoryError as error:
        raise StoreError(
            Sentence("{path} is a directory", path=path), ProvinceCode.STORE_NO_DATABASE
        ) from error
    except FileNotFoundError as error:
        if read_only:
            raise StoreError(
                Sentence("{path} is not there", path=path), ProvinceCode.STORE_NO_FILE
            ) from error
        _check_folder(path.parent)
        return
    except OSError as error:
        raise StoreError(
            Sentence.joined(": ", (path, reason(error))), ProvinceCode.STORE_ABSENT
        ) from error
    if begin and begin != _MAGIC:  # an empty file is an empty database
        raise StoreError(
            Sentence("{path} is no SQLite database", path=path), ProvinceCode.STORE_NO_DATABASE
        )
    if not read_only and not _may_write(path):
        raise StoreError(
            Sentence("{path} may not be written", path=path), ProvinceCode.STORE_RIGHTS
        )
    if read_only and _needs_its_log(path) and not _may_write(path):
        detail = Sentence(
            "{path}-wal has to be read, too, and the folder may not be written", path=path
        )
        raise StoreError(detail, ProvinceCode.STORE_RIGHTS)


def uri(path: Path, *, read_only: bool) -> str:
    """How SQLite is to open the file. A reader leaves no file behind:

    - where a `-wal` is, somebody has the store open, or was killed: it is read as it is;
    - without one, the reader's own files are removed by its last connection, which for that must be
      allowed to write (it never does: `PRAGMA query_only`);
    - where it is not allowed to, nobody else writes either: no files are made at all.
    """
    if not read_only:
        how = "mode=rwc"
    elif Path(f"{path}-wal").exists():
        how = "mode=ro"
    else:
        how = "mode=rw" if _may_write(path) else "mode=ro&immutable=1"
    return f"{path.absolute().as_uri()}?{how}"


def _begin_of(path: Path) -> bytes:
    with os.fdopen(open_regular(path), "rb") as file:
        return file.read(len(_MAGIC))


def _check_folder(folder: Path) -> None:
    if not folder.is_dir():
        raise StoreError(
            Sentence("there is no directory {folder}", folder=folder), ProvinceCode.STORE_NO_FILE
        )
    if not os.access(folder, os.W_OK | os.X_OK):
        raise StoreError(
            Sentence("{path} may not be written", path=folder), ProvinceCode.STORE_RIGHTS
        )


def _may_write(path: Path) -> bool:
    return os.access(path, os.W_OK) and os.access(path.parent, os.W_OK | os.X_OK)


def _needs_its_log(path: Path) -> bool:
    """Whether there are entries in a `-wal` that SQLite cannot read without making a `-shm`."""
    log, index = Path(f"{path}-wal"), Path(f"{path}-shm")
    return log.exists() and log.stat().st_size > 0 and not index.exists()


class Executes(Protocol):
    """A cursor of SQLite, or one that stands for it."""

    def execute(self, operation: str, /) -> object:
        """Run a statement."""


def use_wal(cursor: Executes) -> None:
    """Have the store keep a WAL. When two connections change that at once, each waits for the other
    to stop reading, so SQLite tells one of them without its busy timeout that the store is locked.
    That one waits for the other by an exclusive transaction, which has the timeout, and tries
    again. Raises OperationalError when it stays locked.
    """
    for _ in range(WAL_TRIES):
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                raise
            cursor.execute("BEGIN EXCLUSIVE")
            cursor.execute("COMMIT")
        else:
            return
    cursor.execute("PRAGMA journal_mode=WAL")
