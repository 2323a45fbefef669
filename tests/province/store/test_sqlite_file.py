"""A SQLite store that cannot be opened says why, and who only reads it leaves no file behind."""

import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from province.cli import main
from province.errors import StoreError
from province.store import ProvinceStore, engine, open_store, sqlite_file
from sync.store_port import Cause
from tests.rigs.ledger.ledger_builder import LedgerBuilder, invited, rated

NOBODY = 65534


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A folder with a closed store of two entries, which others may read."""
    folder = tmp_path / "stores"
    folder.mkdir()
    fill(folder / "province.db").close()
    yield folder
    folder.chmod(0o755)


def fill(path: Path) -> ProvinceStore:
    store = open_store(f"sqlite:///{path}")
    store.take([LedgerBuilder().add(invited("i1"), rated("i1")).arrival()])
    return store


def as_nobody(*command: str) -> tuple[int, str]:
    """Exit code and output of our command as a user without any rights."""
    who = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
    done = subprocess.run(
        [*who, sys.executable, "-m", "province.cli", *command],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("command", ["verify", "ratings", "status"])
def test_what_is_no_store_is_named_in_its_own_words(
    folder: Path, command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "text.db").write_text("no database, but a text")
    (folder / "empty.db").touch()
    for name, code, words in (
        ("nope.db", "P18", "nope.db is not there"),
        ("no/folder.db", "P18", "folder.db is not there"),
        (".", "P20", "is a directory"),
        ("text.db", "P20", "text.db is no SQLite database"),
        ("text.db/x", "P02", "Not a directory"),
        ("empty.db", "P03", "has no store's tables"),
    ):
        assert main([command, "--store", f"sqlite:///{folder / name}"]) == 2
        error = capsys.readouterr().err
        assert error.startswith(code), (name, error)
        assert words in error, (name, error)
    assert names(folder) == ["empty.db", "province.db", "text.db"]
    assert (folder / "text.db").read_text() == "no database, but a text"


def test_receive_names_a_folder_that_is_missing_and_what_is_no_database(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "text.db").write_text("no database, but a text")
    receive = ["receive", "--broker", "mqtt://127.0.0.1:1", "--store"]
    for name, code in (("no/folder.db", "P18"), (".", "P20"), ("text.db", "P20")):
        assert main([*receive, f"sqlite:///{folder / name}"]) == 2
        assert capsys.readouterr().err.startswith(code)


def test_reading_a_closed_store_leaves_nothing_beside_it(folder: Path) -> None:
    path = folder / "province.db"
    before = path.read_bytes()
    assert main(["verify", "--store", f"sqlite:///{path}"]) == 0
    assert names(folder) == ["province.db"]
    assert path.read_bytes() == before


def test_reading_beside_a_receiver_sees_its_newest_entries(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = folder / "second.db"
    receiver = fill(path)
    files = names(folder)
    assert main(["status", "--store", f"sqlite:///{path}"]) == 0
    assert "\nentries      3  " in capsys.readouterr().out
    assert names(folder) == files
    receiver.close()
    assert names(folder) == ["province.db", "second.db"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
class TestAnotherUser:
    """Root may do everything, so these run as nobody, and need a folder that nobody can reach."""

    @pytest.fixture
    def public(self, folder: Path) -> Iterator[Path]:
        public = Path("/var/tmp") / f"ratingpad-{os.getpid()}"
        shutil.copytree(folder, public)
        public.chmod(0o755)
        (public / "province.db").chmod(0o644)
        yield public
        shutil.rmtree(public)

    def test_verify_works_in_a_folder_that_may_not_be_written(self, public: Path) -> None:
        path = public / "province.db"
        code, output = as_nobody("verify", "--store", f"sqlite:///{path}")
        assert (code, output.splitlines()[-1].endswith("sound")) == (0, True), output
        assert names(public) == ["province.db"]

    def test_a_right_that_is_missing_is_said(self, public: Path) -> None:
        path = public / "province.db"
        path.chmod(0o600)
        code, output = as_nobody("verify", "--store", f"sqlite:///{path}")
        assert (code, output.startswith("P19")) == (2, True), output
        path.chmod(0o644)
        receive = ("receive", "--broker", "mqtt://127.0.0.1:1", "--store")
        for name in ("province.db", "new.db"):
            code, output = as_nobody(*receive, f"sqlite:///{public / name}")
            assert (code, output.startswith("P19")) == (2, True), output

    def test_entries_in_a_log_that_cannot_be_read_are_not_left_out(self, public: Path) -> None:
        path = public / "killed.db"
        fill(path)
        for suffix in ("", "-wal"):  # as a copy of a store whose receiver was killed
            shutil.copy(f"{path}{suffix}", f"{public / 'copy.db'}{suffix}")
        code, output = as_nobody("verify", "--store", f"sqlite:///{public / 'copy.db'}")
        assert (code, output.startswith("P19")) == (2, True), output
        assert "copy.db-wal has to be read" in output


@pytest.mark.parametrize("suffix", ["", "-wal"])
def test_nothing_is_receipted_into_a_file_that_was_removed(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / "province.db"
    store = open_store(f"sqlite:///{path}")
    pad = LedgerBuilder().add(invited("i1"), rated("i1"))
    store.take([pad.arrival()])
    lost = tmp_path / f"province.db{suffix}"
    lost.rename(tmp_path / "elsewhere")
    pad.add(invited("i2"), rated("i2"))
    for _ in range(2):
        with pytest.raises(StoreError, match="P21") as error:
            store.take([pad.arrival()])
        assert error.value.cause is Cause.SETUP
        assert not lost.exists()
    (tmp_path / "elsewhere").rename(lost)
    [receipt] = store.take([pad.arrival()])
    assert receipt.seq == 5
    store.close()


def test_a_file_that_goes_during_a_commit_gives_no_receipt(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "province.db"
    store = open_store(f"sqlite:///{path}")

    def lose(*_: object) -> None:
        path.unlink()

    monkeypatch.setattr(engine, "set_limits", lose)
    pad = LedgerBuilder().add(invited("i1"), rated("i1"))
    with pytest.raises(StoreError, match="P21"):
        store.take([pad.arrival()])
    store.close()


class Meeting:
    """A cursor that meets another connection which changes the mode, too, so many times. It rigs
    when SQLite says that it is locked; the error is SQLite's own.
    """

    def __init__(self, path: Path, times: int) -> None:
        self._cursor = sqlite3.connect(path, isolation_level=None).cursor()
        self._other = sqlite3.connect(path, isolation_level=None)
        self._path, self._times = path, times
        self.statements: list[str] = []

    def execute(self, operation: str, /) -> object:
        self.statements.append(operation)
        if operation == "PRAGMA journal_mode=WAL" and self._times:
            self._times -= 1
            self._other.execute("BEGIN EXCLUSIVE")
            try:
                sqlite3.connect(self._path, timeout=0).execute("SELECT * FROM t")
            finally:
                self._other.execute("COMMIT")
        return self._cursor.execute(operation).fetchall()


@pytest.mark.parametrize("times", [0, 1, 3])
def test_a_receiver_that_meets_another_one_at_its_start_waits_for_it(
    times: int, tmp_path: Path
) -> None:
    path = tmp_path / "store.db"
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE t(a)")
    cursor = Meeting(path, times)
    sqlite_file.use_wal(cursor)
    assert cursor.statements.count("BEGIN EXCLUSIVE") == times
    with sqlite3.connect(path) as db:
        assert db.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_a_store_that_stays_locked_is_said_to_be(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE t(a)")
    with pytest.raises(sqlite3.OperationalError, match="locked"):
        sqlite_file.use_wal(Meeting(path, sqlite_file.WAL_TRIES + 1))
