"""The ledger as a file: its tables, its lock, its name on disk. No entry is understood here.

The one door to `sqlite3` settings. WAL and `synchronous=FULL` make a returned commit durable with
one sync; a page of 2048 bytes keeps the mean commit under 3 KB (with 4096 it is 4.9 KB, because a
rating is about 270 bytes and every 15th opens a page) and loses fewer rows with a bad page.
"""

import fcntl
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from device.errors import LedgerError, PadCode

APPLICATION_ID = 0x52504144
"""`RPAD` in the file's header."""
SCHEMA_VERSION = 1
"""`user_version` of a complete file; 0 while it is being written for the first time."""
PAGE_BYTES = 2048
AUTOCHECKPOINT_PAGES = 1000
"""The backstop that bounds the WAL at 2 MB; the idle checkpoint of the writer comes long before."""

NO_DELETE = """CREATE TRIGGER entry_is_never_deleted BEFORE DELETE ON entry
BEGIN SELECT RAISE(ABORT, 'entries are never deleted'); END"""

SCHEMA: dict[str, str] = {
    # `kind` is computed from the body: it cannot disagree with it and costs no bytes.
    # `receipted` is what the pad knew to be at the province when it wrote the row. In the row it
    # costs no second page, so the mark rides along for nothing. A hint: a receipt corrects it.
    "entry": """CREATE TABLE entry(
    seq INTEGER PRIMARY KEY,
    kind TEXT GENERATED ALWAYS AS (json_extract(CAST(body AS TEXT), '$.kind')) VIRTUAL,
    body BLOB NOT NULL,
    digest BLOB NOT NULL,
    receipted INTEGER NOT NULL
) STRICT""",
    "mark": """CREATE TABLE mark(
    name TEXT PRIMARY KEY,
    seq INTEGER NOT NULL,
    digest BLOB,
    head INTEGER NOT NULL
) STRICT, WITHOUT ROWID""",
    "entry_is_never_updated": """CREATE TRIGGER entry_is_never_updated BEFORE UPDATE ON entry
BEGIN SELECT RAISE(ABORT, 'entries are never changed'); END""",
    "entry_is_never_deleted": NO_DELETE,
    # Also stops INSERT OR REPLACE, which deletes without firing a DELETE trigger.
    "entry_has_no_gap": """CREATE TRIGGER entry_has_no_gap BEFORE INSERT ON entry
WHEN NEW.seq IS NOT (SELECT coalesce(max(seq), 0) + 1 FROM entry)
BEGIN SELECT RAISE(ABORT, 'an entry only follows the last one'); END""",
}

_DAMAGE = frozenset(
    {
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_NOTADB,
        sqlite3.SQLITE_FORMAT,
        # the schema's text cannot be parsed any more, or a column holds the wrong type
        sqlite3.SQLITE_ERROR,
        sqlite3.SQLITE_CONSTRAINT,
        sqlite3.SQLITE_MISMATCH,
        sqlite3.SQLITE_TOOBIG,
    }
)
_UNREADABLE = frozenset(
    {sqlite3.SQLITE_IOERR_READ, sqlite3.SQLITE_IOERR_SHORT_READ, sqlite3.SQLITE_IOERR_CORRUPTFS}
)


FILE_ERRORS = (sqlite3.Error, UnicodeDecodeError)
"""What a read of a damaged file may raise; the second for a message that quotes damaged text."""


def is_damage(error: Exception) -> bool:
    """Whether `error` blames the bytes of the file rather than the system around it."""
    if isinstance(error, UnicodeDecodeError):
        return True
    code = getattr(error, "sqlite_errorcode", None)
    if code is None:
        # The binding's own complaint (text that is no UTF-8, a stray NUL), not SQLite's.
        return isinstance(error, sqlite3.DatabaseError)
    return code in _UNREADABLE or (code & 0xFF) in _DAMAGE


@contextmanager
def as_ledger_error(what: str) -> Iterator[None]:
    """Turn errors of SQLite and of the system into LedgerError: L02 full, L04 in use, else L01."""
    try:
        yield
    except sqlite3.Error as error:
        base = (getattr(error, "sqlite_errorcode", None) or 0) & 0xFF
        code = {
            sqlite3.SQLITE_FULL: PadCode.LEDGER_FULL,
            sqlite3.SQLITE_BUSY: PadCode.LEDGER_IN_USE,
        }.get(base, PadCode.LEDGER_WRITE)
        name = getattr(error, "sqlite_errorname", None) or type(error).__name__
        raise LedgerError(f"{what}: {error} ({name})", code) from error
    except LedgerError:
        raise
    except OSError as error:
        full = error.errno in (28, 122)  # ENOSPC, EDQUOT
        code = PadCode.LEDGER_FULL if full else PadCode.LEDGER_WRITE
        raise LedgerError(f"{what}: {error}", code) from error


def connect(path: Path) -> sqlite3.Connection:
    """The agent's one connection to a complete file; may raise sqlite3.Error for a damaged one."""
    connection = sqlite3.connect(path, isolation_level=None, timeout=2.0, cached_statements=32)
    try:
        _settle(connection)
        mode = connection.execute("PRAGMA journal_mode=WAL").fetchone()[0]
        if mode != "wal":
            raise sqlite3.DatabaseError(f"journal mode is {mode}, not wal")
        connection.execute(f"PRAGMA wal_autocheckpoint={AUTOCHECKPOINT_PAGES}")
    except BaseException:
        connection.close()
        raise
    return connection


def connect_to_read(path: Path) -> sqlite3.Connection:
    """A connection that can change nothing; works beside a running agent."""
    uri = f"file:{path.absolute().as_posix().replace('%', '%25').replace('?', '%3f')}?mode=ro"
    connection = sqlite3.connect(uri, uri=True, isolation_level=None, timeout=2.0)
    connection.execute("PRAGMA mmap_size=0")
    return connection


def create(path: Path) -> sqlite3.Connection:
    """A connection to a new file at `path` with the tables in it, `user_version` still 0.

    Nobody has been thanked for what is in it until `seal` returned, so it needs no journal.
    """
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute(f"PRAGMA page_size={PAGE_BYTES}")
    connection.execute("PRAGMA journal_mode=MEMORY")
    _settle(connection)
    connection.execute(f"PRAGMA application_id={APPLICATION_ID}")
    connection.execute("BEGIN")
    for statement in SCHEMA.values():
        connection.execute(statement)
    return connection


def seal(connection: sqlite3.Connection) -> None:
    """Commit what `create` began, then say in a second synced step that it is complete.

    The two steps make half a file recognisable: its version is still 0.
    """
    connection.execute("COMMIT")
    connection.execute(f"PRAGMA user_version={SCHEMA_VERSION}")
    connection.execute("PRAGMA journal_mode=WAL")
    connection.close()


def may_be_written(path: Path) -> bool:
    """Whether the header says WAL, as in every sealed file; with any other value SQLite refuses,
    but only at a write. Not to be called while this process has the file open: closing any
    descriptor of it drops SQLite's locks.
    """
    with path.open("rb") as file:
        return file.read(20)[18:] == b"\x02\x02"


def _settle(connection: sqlite3.Connection) -> None:
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA mmap_size=0")  # SQLite's WAL-reset bug is worse with it
    connection.execute("PRAGMA recursive_triggers=ON")


def beside(path: Path, suffix: str) -> Path:
    """The file next to `path` whose name has `suffix` behind it."""
    return path.with_name(path.name + suffix)


def sync_folder(path: Path) -> None:
    """Make what was created, renamed or removed beside `path` durable."""
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


@contextmanager
def kept_apart(path: Path) -> Iterator[None]:
    """Keep every agent away from the ledger at `path` for a while, touching nothing of it.

    Raises LedgerError, L04 while an agent holds it. A ledger that no agent ever held is not held.
    """
    with as_ledger_error(f"looking at {path}"):
        try:
            fd = os.open(beside(path, ".lock"), os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            fd = -1
        if fd >= 0:
            _lock(fd, path)
    try:
        yield
    finally:
        if fd >= 0:
            os.close(fd)


def _lock(fd: int, path: Path) -> list[str]:
    """Lock the open lock file, or close it and raise LedgerError (L04); the words that it says."""
    words = os.read(fd, 200).decode(errors="replace").split()
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(fd)
        who = words[0] if words else "unknown"
        raise LedgerError(f"{path} is held by process {who}", PadCode.LEDGER_IN_USE) from error
    return words


class LedgerLock:
    """The exclusive hold on a ledger, by flock on `<name>.lock`; the kernel frees it at death.

    The lock file also says which process holds it and which ledger it last held: the only place
    to learn a ledger's id from when its first entry is destroyed.
    """

    def __init__(self, path: Path) -> None:
        self._fd = os.open(beside(path, ".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        words = _lock(self._fd, path)
        self.last_ledger = words[1] if len(words) > 1 else ""

    def note(self, ledger: str) -> None:
        """Write down who holds which ledger."""
        os.pwrite(self._fd, f"{os.getpid()} {ledger}\n".encode().ljust(100), 0)

    @property
    def held(self) -> bool:
        """Not released yet."""
        return self._fd >= 0

    def release(self) -> None:
        """Let go; safe to call twice."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
