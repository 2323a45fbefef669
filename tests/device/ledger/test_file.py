"""The ledger's file: what is in a new one, who may open it, which errors mean damage."""

import errno
import fcntl
import os
import shutil
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import pytest

from device.errors import LedgerError, PadCode
from device.ledger import file as ledger_file
from device.ledger.file import (
    SCHEMA,
    LedgerLock,
    as_ledger_error,
    beside,
    connect,
    connect_alone,
    connect_beside_agent,
    create,
    discard,
    exclude_agents,
    is_damage,
    may_be_written,
    reopen,
    seal,
    sync_folder,
)
from tests.rigs.system.open_descriptors import open_below

INSERT = "INSERT INTO entry(seq, body, digest, receipted) VALUES (?, ?, ?, 0)"
ROW = (1, b'{"kind":"opened"}', bytes(32))


@pytest.fixture(autouse=True)
def nothing_is_left_open(tmp_path: Path) -> Iterator[None]:
    """A descriptor that stays open would hold a lock, or run out of them after some months."""
    yield
    assert open_below(tmp_path) == []


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A complete file with one entry."""
    path = tmp_path / "ledger"
    db = create(path)
    db.execute(INSERT, ROW)
    seal(db)
    return path


def with_wal(folder: Path) -> Path:
    """A file with its second entry in the WAL, as a power cut leaves them."""
    (folder / "home").mkdir()
    (folder / "cut").mkdir()
    db = create(folder / "home" / "ledger")
    db.execute(INSERT, ROW)
    seal(db)
    db = connect(folder / "home" / "ledger")
    db.execute(INSERT, (2, b'{"kind":"rated"}', bytes(32)))
    for name in ("ledger", "ledger-wal"):
        shutil.copyfile(folder / "home" / name, folder / "cut" / name)
    db.close()
    return folder / "cut" / "ledger"


def entries(db: sqlite3.Connection) -> list[tuple[int, str]]:
    return db.execute("SELECT seq, kind FROM entry ORDER BY seq").fetchall()


def pragma(db: sqlite3.Connection, name: str) -> object:
    return db.execute(f"PRAGMA {name}").fetchone()[0]


def contents(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir()}


# --- a new file ----------------------------------------------------------------------------------


def test_a_complete_file_says_in_its_header_what_it_is(path: Path) -> None:
    header = path.read_bytes()[:100]
    assert header[16:18] == (2048).to_bytes(2, "big")
    assert header[18:20] == b"\x02\x02", "WAL"
    assert header[60:64] == b"\0\0\0\x01", "user_version"
    assert header[68:72] == b"RPAD", "application_id"


def test_a_complete_file_has_its_tables_and_the_three_triggers(path: Path) -> None:
    with closing(sqlite3.connect(path)) as db:
        assert dict(db.execute("SELECT name, sql FROM sqlite_schema WHERE sql NOT NULL")) == SCHEMA
        names = db.execute("SELECT type, name FROM sqlite_schema WHERE sql NOT NULL").fetchall()
    assert sorted(names) == [
        ("table", "entry"),
        ("table", "mark"),
        ("trigger", "entry_has_no_gap"),
        ("trigger", "entry_is_never_deleted"),
        ("trigger", "entry_is_never_updated"),
    ]


@pytest.mark.parametrize(
    ("statement", "says"),
    [
        ("UPDATE entry SET receipted = 1", "entries are never changed"),
        ("DELETE FROM entry", "entries are never deleted"),
        ("INSERT INTO entry VALUES (3, x'7b7d', x'', 0)", "an entry only follows the last one"),
        ("INSERT INTO entry VALUES (1, x'7b7d', x'', 0)", "an entry only follows the last one"),
        ("REPLACE INTO entry VALUES (1, x'7b7d', x'', 0)", "an entry only follows the last one"),
        ("INSERT INTO entry VALUES (2, NULL, x'', 0)", "NOT NULL constraint failed: entry.body"),
        ("INSERT INTO entry VALUES (2, x'7b7d', 'text', 0)", "cannot store TEXT value"),
        ("INSERT INTO mark VALUES ('m', 'text', NULL, 0)", "cannot store TEXT value"),
    ],
)
def test_the_file_itself_refuses_what_would_change_its_entries(
    path: Path, statement: str, says: str
) -> None:
    with closing(connect(path)) as db, pytest.raises(sqlite3.IntegrityError, match=says):
        db.execute(statement.replace("entry VALUES", "entry(seq, body, digest, receipted) VALUES"))


def test_a_file_is_complete_only_when_it_is_sealed(tmp_path: Path) -> None:
    path = tmp_path / "ledger"
    db = create(path)
    db.execute(INSERT, ROW)
    assert db.in_transaction
    shutil.copyfile(path, tmp_path / "cut")  # as a power cut leaves it
    assert not may_be_written(tmp_path / "cut")
    seal(db)
    with pytest.raises(sqlite3.ProgrammingError):
        db.execute("SELECT 1")  # closed
    assert may_be_written(path)
    with closing(connect_alone(path)) as sealed:
        assert entries(sealed) == [(1, "opened")]


def test_a_file_that_was_interrupted_has_what_was_committed_and_takes_more(tmp_path: Path) -> None:
    path = tmp_path / "ledger"
    db = create(path)
    db.execute(INSERT, ROW)
    db.execute("COMMIT")
    db.execute("BEGIN")
    db.execute(INSERT, (2, b'{"kind":"lost"}', bytes(32)))
    db.close()
    again = reopen(path)
    assert again.in_transaction
    assert entries(again) == [(1, "opened")]
    again.execute(INSERT, (2, b'{"kind":"rated"}', bytes(32)))
    seal(again)
    with closing(connect_alone(path)) as sealed:
        assert entries(sealed) == [(1, "opened"), (2, "rated")]


@pytest.mark.parametrize("opened", [create, reopen])
def test_while_a_file_is_written_each_commit_is_synced_and_the_journal_is_one_file(
    tmp_path: Path, opened: Callable[[Path], sqlite3.Connection]
) -> None:
    with closing(create(tmp_path / "ledger")) as first:
        first.execute("COMMIT")
    path = tmp_path / ("new" if opened is create else "ledger")
    with closing(opened(path)) as db:
        found = [pragma(db, name) for name in ("journal_mode", "synchronous", "recursive_triggers")]
    assert found == ["truncate", 2, 1]


def test_what_is_no_database_cannot_be_written_on(tmp_path: Path) -> None:
    (tmp_path / "ledger").write_bytes(b"a shopping list\n" * 500)
    for opened in (reopen, connect):
        with pytest.raises(sqlite3.DatabaseError) as refused:
            opened(tmp_path / "ledger")
        assert open_below(tmp_path) == []
        assert is_damage(refused.value)


# --- opening it ----------------------------------------------------------------------------------


def test_the_agents_connection_makes_each_commit_durable_by_itself(path: Path) -> None:
    with closing(connect(path)) as db:
        assert pragma(db, "journal_mode") == "wal"
        assert pragma(db, "synchronous") == 2, "FULL: a commit is synced before it returns"
        assert pragma(db, "recursive_triggers") == 1, "INSERT OR REPLACE fires the delete trigger"
        assert pragma(db, "wal_autocheckpoint") == 1000, "a WAL of 2 MB at most"
        assert pragma(db, "busy_timeout") == 2000, "a press does not wait longer for a lock"
        db.execute(INSERT, (2, b'{"kind":"rated"}', bytes(32)))
        assert not db.in_transaction


def test_a_file_that_sqlite_cannot_keep_a_wal_for_is_refused() -> None:
    with pytest.raises(sqlite3.DatabaseError, match="journal mode is memory, not wal"):
        connect(Path(":memory:"))


@pytest.mark.parametrize("name", ["led ger", "50%", "a?b", "a#b", "%3f", "a?mode=rwc#"])
def test_a_ledger_of_any_name_is_opened_to_read_and_nothing_can_be_written(
    path: Path, name: str
) -> None:
    path = path.rename(path.with_name(name))
    before = contents(path.parent)
    for opened in (connect_alone, connect_beside_agent):
        with ExitStack() as open_files:
            if opened is connect_beside_agent:
                open_files.enter_context(closing(connect(path)))
            db = open_files.enter_context(closing(opened(path)))
            assert entries(db) == [(1, "opened")]
            assert pragma(db, "busy_timeout") == 2000
            with pytest.raises(sqlite3.OperationalError, match="readonly"):
                db.execute(INSERT, (2, b'{"kind":"rated"}', bytes(32)))
        assert contents(path.parent) == before
    with pytest.raises(sqlite3.OperationalError, match="unable to open"):
        connect_alone(path.with_name("nowhere")).execute("SELECT * FROM entry")
    assert contents(path.parent) == before


READ_LAST = """
import pathlib, sys
from device.ledger.file import connect_beside_agent
db = connect_beside_agent(pathlib.Path(sys.argv[1]))
print(db.execute("SELECT max(seq) FROM entry").fetchone()[0], end="")
"""


def test_reading_beside_an_agent_writes_nothing_and_sees_its_last_entry(path: Path) -> None:
    """SQLite's readers usually note in the `-shm` what they read: in a process of their own."""
    with closing(connect(path)) as agent:
        for seq in range(2, 6):
            agent.execute(INSERT, (seq, b'{"kind":"rated"}', bytes(32)))
            before = contents(path.parent)
            done = subprocess.run(
                [sys.executable, "-c", READ_LAST, path], capture_output=True, text=True, check=True
            )
            assert done.stdout == str(seq)
            assert contents(path.parent) == before


def test_a_reader_beside_an_agent_keeps_a_checkpoint_from_overwriting_what_it_reads(
    path: Path,
) -> None:
    with closing(connect(path)) as agent:
        agent.execute(INSERT, (2, b'{"kind":"rated"}', bytes(32)))
        with closing(connect_beside_agent(path)) as db:
            rows = db.execute("SELECT seq FROM entry ORDER BY seq")
            assert rows.fetchone() == (1,)
            for seq in range(3, 200):
                agent.execute(INSERT, (seq, b'{"kind":"rated"}', bytes(32)))
                agent.execute("PRAGMA wal_checkpoint(PASSIVE)")
            assert rows.fetchall() == [(2,)]


def test_beside_an_agent_that_has_not_opened_the_file_no_file_is_made(path: Path) -> None:
    before = contents(path.parent)
    with pytest.raises(LedgerError, match="is starting or ending") as refused:
        connect_beside_agent(path)
    assert refused.value.code is PadCode.LEDGER_IN_USE
    assert contents(path.parent) == before


def test_what_is_in_the_wal_is_read_without_touching_a_file(tmp_path: Path) -> None:
    path = with_wal(tmp_path)
    before = contents(path.parent)
    with closing(connect_alone(path)) as db:
        assert entries(db) == [(1, "opened"), (2, "rated")]
        assert contents(path.parent) == before, "no file -shm"
    assert contents(path.parent) == before


def test_a_wal_without_a_commit_is_not_removed_by_reading(tmp_path: Path) -> None:
    path = with_wal(tmp_path)
    wal = beside(path, "-wal")
    content = bytearray(wal.read_bytes())
    content[40] ^= 1  # the first frame's salt
    wal.write_bytes(content)
    before = contents(path.parent)
    with closing(connect_alone(path)) as db:
        assert entries(db) == [(1, "opened")]
        assert contents(path.parent) == before
    assert contents(path.parent) == before


@pytest.mark.parametrize(
    ("versions", "may"),
    [(b"\2\2", True), (b"\1\1", False), (b"\1\2", False), (b"\2\1", False), (b"\2", False)],
)
def test_only_a_file_whose_header_says_wal_may_be_written(
    tmp_path: Path, versions: bytes, may: bool
) -> None:
    header = b"SQLite format 3\0\x08\0"
    for behind in (b"", b"\0\x40\x20\x20") if len(versions) == 2 else (b"",):
        (tmp_path / "ledger").write_bytes(header + versions + behind)
        assert may_be_written(tmp_path / "ledger") is may


def test_a_pipe_in_place_of_the_file_blocks_nobody(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "ledger")
    with pytest.raises(OSError) as refused:
        may_be_written(tmp_path / "ledger")
    assert refused.value.errno == errno.EINVAL


# --- files beside it -----------------------------------------------------------------------------


def test_a_file_is_discarded_with_what_sqlite_keeps_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "ledger.new"
    for name in ("ledger.new", "ledger.new-wal", "ledger.new-shm", "ledger.new-journal", "ledger"):
        (tmp_path / name).touch()
    discard(path)
    assert [file.name for file in tmp_path.iterdir()] == ["ledger"]
    discard(path)  # nothing is there, which is what was asked for


def test_a_rename_is_made_durable_by_syncing_the_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", lambda fd: synced.append(os.fstat(fd).st_ino))
    sync_folder(tmp_path / "ledger")
    assert synced == [tmp_path.stat().st_ino]


# --- the lock ------------------------------------------------------------------------------------


def test_a_lock_keeps_every_other_agent_out_until_it_is_released(path: Path) -> None:
    lock = LedgerLock(path)
    held = [lock.held]
    lock.note("01A")
    for refused in (LedgerLock, exclude_agents_at):
        with in_use_by(path, str(os.getpid())):
            refused(path)
    lock.release()
    lock.release()
    assert [*held, lock.held] == [True, False]
    LedgerLock(path).release()  # control: it was the lock that refused


@contextmanager
def in_use_by(path: Path, process: str) -> Iterator[None]:
    with pytest.raises(LedgerError) as caught:
        yield
    assert caught.value.code is PadCode.LEDGER_IN_USE
    assert caught.value.detail == f"{path} is held by process {process}"


def exclude_agents_at(path: Path) -> None:
    with exclude_agents(path):
        pass


def test_the_lock_remembers_the_ledger_that_was_there(path: Path) -> None:
    lock = LedgerLock(path)
    assert lock.last_ledger == "", "the first start"
    lock.note("01J8ZQ4Y6W3V5T7R9P1N000001")
    lock.note("01B")  # a shorter one leaves nothing of the longer
    lock.release()
    text = beside(path, ".lock").read_text()
    assert text.split() == [str(os.getpid()), "01B"]
    again = LedgerLock(path)
    assert again.last_ledger == "01B"
    again.release()
    beside(path, ".lock").write_text("123\n")  # an agent that ended before it knew the ledger
    third = LedgerLock(path)
    assert third.last_ledger == ""
    third.release()


def test_a_lock_file_that_says_nothing_yet_is_a_lock_all_the_same(path: Path) -> None:
    lock = LedgerLock(path)
    with in_use_by(path, "unknown"):
        LedgerLock(path)
    beside(path, ".lock").write_bytes(b"\xff\xfe")  # nor does one that holds no text
    with in_use_by(path, "\ufffd\ufffd"):
        LedgerLock(path)
    lock.release()


def test_others_may_read_the_lock_file_and_only_its_user_may_write_it(path: Path) -> None:
    before = os.umask(0)
    try:
        LedgerLock(path).release()
    finally:
        os.umask(before)
    assert stat.S_IMODE(beside(path, ".lock").stat().st_mode) == 0o644


def test_a_lock_file_that_is_a_link_is_not_followed(path: Path, tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("keep me")
    beside(path, ".lock").symlink_to(tmp_path / "precious")
    with pytest.raises(OSError) as refused:
        LedgerLock(path)
    assert refused.value.errno == errno.ELOOP
    with pytest.raises(LedgerError) as caught:
        exclude_agents_at(path)
    assert caught.value.code is PadCode.CONFIG_WRONG
    assert (tmp_path / "precious").read_text() == "keep me"


def test_a_pipe_in_place_of_the_lock_file_blocks_nobody(path: Path) -> None:
    os.mkfifo(beside(path, ".lock"))
    exclude_agents_at(path)


def test_where_no_agent_ever_was_nothing_is_locked_and_no_file_made(path: Path) -> None:
    exclude_agents_at(path)
    assert not beside(path, ".lock").exists()


@pytest.mark.parametrize(
    ("first", "second", "may"),
    [(True, True, True), (True, False, False), (False, True, False), (False, False, False)],
)
def test_those_who_only_read_may_read_together_and_nobody_else(
    path: Path, first: bool, second: bool, may: bool
) -> None:
    beside(path, ".lock").write_text("77 01A\n")
    with exclude_agents(path, together=first):
        if may:
            with exclude_agents(path, together=second):
                pass
        else:
            with in_use_by(path, "77"), exclude_agents(path, together=second):
                pass
    exclude_agents_at(path)  # released
    with exclude_agents(path), in_use_by(path, "77"), exclude_agents(path, together=True):
        pass  # who does not say so, shares with nobody


def test_an_error_of_the_reader_itself_is_left_as_it_is(path: Path) -> None:
    with pytest.raises(FileNotFoundError), exclude_agents(path):
        raise FileNotFoundError("what the reader did")


class Clock:
    """Time that passes only while somebody sleeps, in whole hundredths of a second."""

    def __init__(self, then: Callable[[], None] = lambda: None) -> None:
        self.now_cs = 50_000
        self._then = then

    def monotonic(self) -> float:
        return self.now_cs / 100

    def sleep(self, for_s: float) -> None:
        assert for_s > 0
        self.now_cs += round(for_s * 100)
        self._then()


def test_an_agent_waits_five_minutes_for_those_who_read_and_says_so_all_the_time(
    path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    clock = Clock()
    monkeypatch.setattr(ledger_file, "time", clock)
    told: list[float] = []
    beside(path, ".lock").write_text("77 01A\n")
    with exclude_agents(path, together=True), pytest.raises(LedgerError) as refused:
        LedgerLock(path, lambda: told.append(clock.monotonic()))
    assert refused.value.code is PadCode.LEDGER_IN_USE
    assert clock.monotonic() == 800
    assert len(told) == 3000, "ten times a second, so that the watchdog sees that it lives"
    assert caplog.text.count("waiting for it") == 1


def test_an_agent_that_waited_has_the_lock_as_soon_as_nobody_reads(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    beside(path, ".lock").write_text("77 01A\n")
    reading = ExitStack()
    reading.enter_context(exclude_agents(path, together=True))

    def done_reading() -> None:
        if clock.now_cs == 50_030:
            reading.close()
            # Two agents that wait must not keep each other out: one that waits holds nothing.
            fd = os.open(beside(path, ".lock"), os.O_RDONLY)
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.close(fd)

    clock = Clock(done_reading)
    monkeypatch.setattr(ledger_file, "time", clock)
    lock = LedgerLock(path)
    assert clock.now_cs == 50_030
    assert lock.last_ledger == "01A"
    with pytest.raises(LedgerError):
        LedgerLock(path)
    lock.release()


def test_an_agent_does_not_wait_where_another_has_the_lock(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock()
    monkeypatch.setattr(ledger_file, "time", clock)
    lock = LedgerLock(path)
    with pytest.raises(LedgerError):
        LedgerLock(path)
    assert clock.now_cs == 50_000
    lock.release()


# --- errors --------------------------------------------------------------------------------------


def sqlite_error(code: int | None, name: str | None = None) -> sqlite3.Error:
    """As SQLite raises it; without a code as Python's own module does."""
    error = sqlite3.OperationalError("it says")
    if code is not None:
        error.sqlite_errorcode = code
    if name is not None:
        error.sqlite_errorname = name
    return error


WRONG_BYTES = (
    "CORRUPT",
    "CORRUPT_INDEX",
    "NOTADB",
    "FORMAT",
    "ERROR",
    "CONSTRAINT",
    "CONSTRAINT_TRIGGER",
    "MISMATCH",
    "TOOBIG",
    "IOERR_READ",
    "IOERR_SHORT_READ",
    "IOERR_CORRUPTFS",
)
NOT_THE_BYTES = (
    "FULL",
    "BUSY",
    "BUSY_SNAPSHOT",
    "LOCKED",
    "IOERR",
    "IOERR_WRITE",
    "IOERR_FSYNC",
    "IOERR_NOMEM",
    "READONLY",
    "READONLY_ROLLBACK",
    "CANTOPEN",
    "CANTOPEN_ISDIR",
    "NOMEM",
    "PERM",
    "AUTH",
)


@pytest.mark.parametrize("name", [*WRONG_BYTES, *NOT_THE_BYTES])
def test_a_file_is_replaced_for_wrong_bytes_only_and_for_no_failure_around_it(name: str) -> None:
    code = getattr(sqlite3, f"SQLITE_{name}")
    assert is_damage(sqlite_error(code)) is (name in WRONG_BYTES)


def test_what_pythons_own_module_raises_of_damaged_text_is_damage() -> None:
    assert is_damage(sqlite_error(None)) is True
    assert is_damage(UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte")) is True
    assert is_damage(sqlite3.InterfaceError("another use of the module")) is False
    assert is_damage(OSError(5, "Input/output error")) is False


@pytest.mark.parametrize(
    ("error", "code", "text"),
    [
        (
            sqlite_error(sqlite3.SQLITE_FULL, "SQLITE_FULL"),
            PadCode.LEDGER_FULL,
            "writing entry 7: it says (SQLITE_FULL)",
        ),
        (
            sqlite_error(sqlite3.SQLITE_BUSY_SNAPSHOT, "SQLITE_BUSY_SNAPSHOT"),
            PadCode.LEDGER_IN_USE,
            "writing entry 7: it says (SQLITE_BUSY_SNAPSHOT)",
        ),
        (
            sqlite_error(sqlite3.SQLITE_IOERR_FSYNC, "SQLITE_IOERR_FSYNC"),
            PadCode.LEDGER_WRITE,
            "writing entry 7: it says (SQLITE_IOERR_FSYNC)",
        ),
        (sqlite_error(None), PadCode.LEDGER_WRITE, "writing entry 7: it says (OperationalError)"),
        (
            FileNotFoundError(errno.ENOENT, "No such file or directory", "/x/l.lock"),
            PadCode.LEDGER_WRITE,
            "writing entry 7: No such file or directory: /x/l.lock",
        ),
        (
            OSError(errno.ENOSPC, "No space left on device"),
            PadCode.LEDGER_FULL,
            "writing entry 7: No space left on device",
        ),
        (
            OSError(errno.EIO, "Input/output error"),
            PadCode.LEDGER_WRITE,
            "writing entry 7: Input/output error",
        ),
        (
            LedgerError("as it was", PadCode.LEDGER_FOREIGN),
            PadCode.LEDGER_FOREIGN,
            "as it was",
        ),
    ],
)
@pytest.mark.parametrize("of_a_file", [True, False])
def test_an_error_says_what_failed_and_has_the_code_of_its_remedy(
    tmp_path: Path, error: Exception, code: PadCode, text: str, of_a_file: bool
) -> None:
    path = tmp_path / "ledger" if of_a_file else None
    with pytest.raises(LedgerError) as caught, as_ledger_error("writing entry 7", path):
        raise error
    assert (caught.value.code, caught.value.detail) == (code, text)


def test_a_path_without_a_folder_is_a_wrong_configuration_whatever_met_it(tmp_path: Path) -> None:
    path = tmp_path / "nowhere" / "ledger"
    for error in (
        FileNotFoundError(errno.ENOENT, "No such file or directory", str(path)),
        sqlite_error(sqlite3.SQLITE_CANTOPEN),
    ):
        with pytest.raises(LedgerError) as caught, as_ledger_error("opening", path):
            raise error
        assert "nowhere, is not there" in caught.value.detail
        assert caught.value.code is PadCode.CONFIG_WRONG


def test_a_file_of_another_user_is_no_broken_card(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        ledger_file, "without_rights", lambda _, file: f"{file.name} belongs to another"
    )
    with pytest.raises(LedgerError) as caught, as_ledger_error("opening", path):
        raise sqlite_error(sqlite3.SQLITE_READONLY)
    assert caught.value.code is PadCode.RIGHTS_MISSING
    assert caught.value.detail == "opening: ledger belongs to another"
    with pytest.raises(LedgerError) as caught, as_ledger_error("reading"):
        raise sqlite_error(sqlite3.SQLITE_READONLY)
    assert caught.value.code is PadCode.LEDGER_WRITE  # control: of no file that is opened
