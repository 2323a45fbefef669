"""The ledger as a file: its tables, its lock, the files beside it. No entry is decoded here.

All of SQLite's settings are here. WAL and `synchronous=FULL` make a commit durable with one sync
before it returns. A page of 2048 bytes keeps the mean commit under 3 KB (with 4096 it is 4.9 KB,
because a rating is about 270 bytes and every 15th begins a page), and a bad page loses fewer rows.
"""

import fcntl
import logging
import os
import sqlite3
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

from device.errors import LedgerError, PadCode
from device.ledger.records import PAGE_BYTES
from device.ledger.wal import has_commit
from device.os_errors import code_of, explain, missing_folder, without_rights
from sync.regular_file import open_regular
from sync.sentence import Sentence

log = logging.getLogger(__name__)

APPLICATION_ID = 0x52504144
"""`RPAD` in the file's header."""
SCHEMA_VERSION = 1
"""`user_version` of a complete file; it is 0 until `seal` has returned."""
AUTOCHECKPOINT_PAGES = 1000
"""Bounds the WAL at 2 MB. The writer's idle checkpoint usually runs long before."""

NO_DELETE = """CREATE TRIGGER entry_is_never_deleted BEFORE DELETE ON entry
BEGIN SELECT RAISE(ABORT, 'entries are never deleted'); END"""

SCHEMA: dict[str, str] = {
    # `kind` is computed from the body: it cannot disagree with it and takes no bytes on disk.
    # `receipted`: up to which seq the province had sent receipts when the row was written. Stored
    # in the row it needs no write of its own (no second page). A hint only: the next receipt
    # corrects it.
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

READERS_WAIT_S = 300.0
"""Reading a ledger of a million entries takes about a minute on a small board."""
_READERS_POLL_S = 0.1

_DAMAGE = frozenset(
    {
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_NOTADB,
        sqlite3.SQLITE_FORMAT,
        # The schema's text cannot be parsed any more, or a column holds the wrong type.
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
"""What reading a damaged file may raise; UnicodeDecodeError when SQLite's message quotes damaged
text.
"""


def is_damage(error: Exception) -> bool:
    """Whether `error` says that the bytes of the file are wrong, rather than the system around it
    (a full card, a lock, a failed write).
    """
    if isinstance(error, UnicodeDecodeError):
        return True
    code = getattr(error, "sqlite_errorcode", None)
    if code is None:
        # Raised by Python's sqlite3 module itself (text that is not UTF-8, a NUL in a statement).
        return isinstance(error, sqlite3.DatabaseError)
    return code in _UNREADABLE or (code & 0xFF) in _DAMAGE


@contextmanager
def as_ledger_error(action: str, path: Path | None = None) -> Iterator[None]:
    """Turn errors of SQLite and of the system into LedgerError: L02 full, L04 in use, S02 a file of
    another user, S01 a path that leads to no file, else L01.

    `action` begins the error's text, as in "writing entry 7". `path`: of a file that is opened.
    """
    try:
        yield
    except (sqlite3.Error, FileNotFoundError) as error:
        if path is not None and (missing := missing_folder(path)) is not None:
            words = Sentence.joined(": ", (action, missing))
            raise LedgerError(words, PadCode.CONFIG_WRONG) from error
        if isinstance(error, FileNotFoundError):
            raise LedgerError(Sentence.joined(": ", (action, explain(error)))) from error
        if path is not None and (whose := without_rights(error, path)) is not None:
            raise LedgerError(
                Sentence.joined(": ", (action, whose)), PadCode.RIGHTS_MISSING
            ) from error
        base = (getattr(error, "sqlite_errorcode", None) or 0) & 0xFF
        code = {
            sqlite3.SQLITE_FULL: PadCode.LEDGER_FULL,
            sqlite3.SQLITE_BUSY: PadCode.LEDGER_IN_USE,
        }.get(base, PadCode.LEDGER_WRITE)
        name = getattr(error, "sqlite_errorname", None) or type(error).__name__
        raise LedgerError(Sentence.joined(": ", (action, f"{error} ({name})")), code) from error
    except LedgerError:
        raise
    except OSError as error:
        code = code_of(error, PadCode.LEDGER_WRITE)
        raise LedgerError(Sentence.joined(": ", (action, explain(error, path))), code) from error


def connect(path: Path) -> sqlite3.Connection:
    """The agent's only connection, to a complete file. Raises sqlite3.Error, e.g. for damage."""
    connection = sqlite3.connect(path, isolation_level=None, timeout=2.0)
    try:
        _set_pragmas(connection)
        mode = connection.execute("PRAGMA journal_mode=WAL").fetchone()[0]
        if mode != "wal":
            raise sqlite3.DatabaseError(f"journal mode is {mode}, not wal")
        connection.execute(f"PRAGMA wal_autocheckpoint={AUTOCHECKPOINT_PAGES}")
    except BaseException:
        connection.close()
        raise
    return connection


def connect_beside_agent(path: Path) -> sqlite3.Connection:
    """A read-only connection for while an agent has the file open: it shares the agent's locks. It
    writes no byte, into the agent's `-shm` neither, and makes no file, so that another user than
    the agent's may read beside it, root too.

    Raises LedgerError (L04) while an agent that starts or ends has the lock, but not the file.
    """
    if not beside(path, "-shm").exists():
        raise LedgerError(
            Sentence("the agent of {file} is starting or ending: try again in a minute", file=path),
            PadCode.LEDGER_IN_USE,
        )
    return _connect_to_read(path, "&readonly_shm=1")


def connect_alone(path: Path) -> sqlite3.Connection:
    """A read-only connection that makes no file beside `path` and changes none, so that it may be
    in a folder that cannot be written. It takes no lock of SQLite's: only for while no agent can
    open the ledger (`exclude_agents`, `LedgerLock`).
    """
    wal = beside(path, "-wal")
    if not (wal.exists() and has_commit(wal)):
        # There is nothing in the WAL for SQLite, and it would remove the file at the end.
        return _connect_to_read(path, "&immutable=1")
    connection = _connect_to_read(path, "&vfs=unix-none")
    if sys.version_info >= (3, 12):
        connection.setconfig(sqlite3.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE)
    # The index of the WAL is then kept in this process, and not in a file `-shm`.
    connection.execute("PRAGMA locking_mode=EXCLUSIVE")
    return connection


def _connect_to_read(path: Path, options: str) -> sqlite3.Connection:
    name = path.absolute().as_posix().replace("%", "%25").replace("?", "%3f").replace("#", "%23")
    uri = f"file:{name}?mode=ro{options}"
    connection = sqlite3.connect(uri, uri=True, isolation_level=None, timeout=2.0)
    connection.execute("PRAGMA mmap_size=0")
    return connection


def create(path: Path) -> sqlite3.Connection:
    """A connection to a new file at `path`, with the tables, in an open transaction.

    `user_version` stays 0 until `seal`: until then no thanks was shown for anything in it.
    """
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute(f"PRAGMA page_size={PAGE_BYTES}")
    _prepare_to_write(connection)
    connection.execute(f"PRAGMA application_id={APPLICATION_ID}")
    connection.execute("BEGIN")
    for statement in SCHEMA.values():
        connection.execute(statement)
    return connection


def reopen(path: Path) -> sqlite3.Connection:
    """A connection to a file that `create` began and that has no `seal`, in an open transaction.
    What was not committed is gone. Raises sqlite3.Error.
    """
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        _prepare_to_write(connection)
        connection.execute("BEGIN")
    except BaseException:
        connection.close()
        raise
    return connection


def _prepare_to_write(connection: sqlite3.Connection) -> None:
    connection.execute("PRAGMA journal_mode=TRUNCATE")
    _set_pragmas(connection)


def seal(connection: sqlite3.Connection) -> None:
    """Commit what `create` began, then set `user_version` in a second synced step, and close.

    After a power cut between the two steps the version is still 0: the file is not complete.
    """
    connection.execute("COMMIT")
    connection.execute(f"PRAGMA user_version={SCHEMA_VERSION}")
    connection.execute("PRAGMA journal_mode=WAL")
    connection.close()


def may_be_written(path: Path) -> bool:
    """Whether the header says WAL, as in every complete file. With another value there SQLite opens
    the file and fails at the first write only.

    Not to be called while this process has the file open: closing any descriptor of a file drops
    SQLite's locks on it (POSIX fcntl locks belong to the process).
    """
    with os.fdopen(open_regular(path), "rb") as file:
        return file.read(20)[18:] == b"\x02\x02"  # bytes 18, 19: write and read version, 2 is WAL


def _set_pragmas(connection: sqlite3.Connection) -> None:
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA mmap_size=0")  # mapped pages make SQLite's WAL-reset bug worse
    connection.execute("PRAGMA recursive_triggers=ON")


def beside(path: Path, suffix: str) -> Path:
    """The path with `suffix` added to its name."""
    return path.with_name(path.name + suffix)


COMPANIONS = ("-wal", "-shm", "-journal")
"""What SQLite adds to a file's name for the files that it keeps beside it."""


def discard(path: Path) -> None:
    """Delete a file of SQLite's and the journals beside it, as far as they are there."""
    # The journals last: a file without its journal may hold half of a transaction. SQLite deletes a
    # journal without its file when it opens the next file of the name.
    for suffix in ("", *COMPANIONS):
        beside(path, suffix).unlink(missing_ok=True)


def sync_folder(path: Path) -> None:
    """Make durable what was created, renamed or removed in the folder of `path` (fsync(2))."""
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


@contextmanager
def exclude_agents(path: Path, *, together: bool = False) -> Iterator[None]:
    """Hold the lock of the ledger at `path`, so that no agent can open it meanwhile. Changes
    nothing. `together`: others who say the same may hold it as well.

    Raises LedgerError: L04 while an agent holds it. Without a lock file no agent ever opened the
    ledger, and none is made: then nothing is held.
    """
    with as_ledger_error(Sentence("looking at {path}", path=path)):
        try:
            flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK
            fd: int | None = os.open(beside(path, ".lock"), flags)
        except FileNotFoundError:
            fd = None
        if fd is not None:
            _lock(fd, path, fcntl.LOCK_SH if together else fcntl.LOCK_EX)
    try:
        yield
    finally:
        if fd is not None:
            os.close(fd)


@contextmanager
def open_to_read(path: Path) -> Iterator[sqlite3.Connection]:
    """A read-only connection to the ledger at `path`, whether or not an agent has it open. Raises
    LedgerError.
    """
    with as_ledger_error(Sentence("reading {path}", path=path)), ExitStack() as stack:
        try:
            stack.enter_context(exclude_agents(path, together=True))
            connect = connect_alone
        except LedgerError as error:
            if error.code is not PadCode.LEDGER_IN_USE:
                raise
            connect = connect_beside_agent
        yield stack.enter_context(closing(connect(path)))


def _lock(fd: int, path: Path, kind: int) -> list[str]:
    """Lock the open lock file and return the words in it; when another process has the lock, close
    the file and raise LedgerError (L04).
    """
    words = os.read(fd, 200).decode(errors="replace").split()
    try:
        fcntl.flock(fd, kind | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(fd)
        pid = words[0] if words else "unknown"
        held = Sentence("{path} is held by process {pid}", path=path, pid=pid)
        raise LedgerError(held, PadCode.LEDGER_IN_USE) from error
    return words


def _only_readers(fd: int) -> bool:
    """Whether the lock is held, and by none but those who share it; `fd` holds it if it is free."""
    for kind, answer in ((fcntl.LOCK_EX, False), (fcntl.LOCK_SH, True)):
        try:
            fcntl.flock(fd, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            continue
        if answer:
            fcntl.flock(fd, fcntl.LOCK_UN)
        return answer
    return False


class LedgerLock:
    """The exclusive lock of a ledger: flock(2) on `<name>.lock`. The kernel releases it when the
    process ends, however it ends. While others only read the ledger (`ratingpad verify`), it waits
    for them, `READERS_WAIT_S` at most, and calls `waiting` meanwhile; so not on the
    event loop.

    The file's text is the process id and the ledger's id. When a ledger's first entry is destroyed,
    its id is known from here only. Raises LedgerError (L04) when another process has the lock.
    """

    def __init__(self, path: Path, waiting: Callable[[], None] = lambda: None) -> None:
        # Not through a link: the words below would overwrite what it leads to.
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW
        self._fd = os.open(beside(path, ".lock"), flags, 0o644)
        if _only_readers(self._fd):
            log.warning("%s is being read by another program (verify): waiting for it", path)
            until_s = time.monotonic() + READERS_WAIT_S
            while _only_readers(self._fd) and time.monotonic() < until_s:
                waiting()
                time.sleep(_READERS_POLL_S)
        words = _lock(self._fd, path, fcntl.LOCK_EX)
        self.held = True
        """Whether `release` has not been called yet."""
        self.last_ledger = words[1] if len(words) > 1 else ""

    def note(self, ledger: str) -> None:
        """Write this process's id and the ledger's id into the lock file."""
        os.pwrite(self._fd, f"{os.getpid()} {ledger}\n".encode().ljust(100), 0)

    def release(self) -> None:
        """Give the lock back; safe to call twice."""
        if self.held:
            self.held = False
            os.close(self._fd)
