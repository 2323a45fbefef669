"""What errors of the operating system are called, by a user who may do less than root."""

import errno
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from device.drivers.sim.control import ControlServer
from device.errors import DriverError, LedgerError, PadCode
from device.ledger.file import LedgerLock, as_ledger_error
from device.os_errors import code_of, refuse_root, words

SERVICE_UID = 65_534
root_only = pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to be two users")

OPEN = """
import os, sys
from pathlib import Path
from device.errors import LedgerError
from device.ledger.ledger import Ledger
from sync.entries import At, Trust
os.setresgid({uid}, {uid}, {uid}); os.setresuid({uid}, {uid}, {uid})
at = At(utc=None, mono=1, boot="b", trust=Trust.NONE)
try:
    Ledger.open(Path(sys.argv[1]), "pad-1", at=lambda: at, new_id=lambda: "0").close()
except LedgerError as error:
    print(error)
else:
    print("opened")
"""


CONTROL = """
import os, sys
from pathlib import Path
from device.drivers.sim import control
os.setresgid({uid}, {uid}, {uid}); os.setresuid({uid}, {uid}, {uid})
class Watched:
    def watch(self, _): ...
try:
    control.ControlServer(Path(sys.argv[1]), *[Watched()] * 4).start()
except control.DriverError as error:
    print(error)
"""


@pytest.fixture
def shared() -> Iterator[Path]:
    """A folder that every user can reach; pytest's own are closed."""
    with tempfile.TemporaryDirectory(prefix="ratingpad-rights-") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


def opened_by_the_service(ledger: Path) -> str:
    script = OPEN.format(uid=SERVICE_UID)
    done = subprocess.run(
        [sys.executable, "-c", script, str(ledger)], capture_output=True, text=True, check=False
    )
    assert done.stderr == ""
    return done.stdout


@root_only
@pytest.mark.parametrize("spoilt", ["ledger.db", "ledger.db.lock", "ledger.db-wal", "."])
def test_a_ledger_that_root_made_is_not_called_a_broken_card(shared: Path, spoilt: str) -> None:
    folder = shared / "var"
    folder.mkdir()
    os.chown(folder, SERVICE_UID, SERVICE_UID)
    assert opened_by_the_service(folder / "ledger.db") == "opened\n"
    file = folder / spoilt
    if not file.exists():
        file.touch()
    os.chown(file, 0, 0)
    file.chmod(0o600 if spoilt != "." else 0o755)
    printed = opened_by_the_service(folder / "ledger.db")
    assert printed.startswith("S02 ")
    assert "belongs to root:root" in printed
    assert "`chown -R nobody:nogroup " in printed
    assert "Errno" not in printed


@root_only
def test_nobody_is_told_to_give_a_folder_high_above_the_file_away(shared: Path) -> None:
    (shared / "root" / "a" / "b").mkdir(parents=True)
    (shared / "root").chmod(0o700)
    printed = opened_by_the_service(shared / "root" / "a" / "b" / "ledger.db")
    assert f"{shared}/root belongs to root:root (mode 700), this is nobody" in printed
    assert "chown" not in printed


@root_only
def test_root_refuses_another_users_ledger_folder_and_says_what_to_type(tmp_path: Path) -> None:
    refuse_root(tmp_path / "ledger.db")
    os.chown(tmp_path, SERVICE_UID, SERVICE_UID)
    with pytest.raises(LedgerError, match="sudo -u nobody ratingpad") as caught:
        refuse_root(tmp_path / "ledger.db")
    assert caught.value.code is PadCode.RIGHTS_MISSING


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (errno.ENOSPC, PadCode.LEDGER_FULL),
        (errno.EDQUOT, PadCode.LEDGER_FULL),
        (errno.EACCES, PadCode.RIGHTS_MISSING),
        (errno.EPERM, PadCode.RIGHTS_MISSING),
        (errno.ENOENT, PadCode.LEDGER_WRITE),  # a card that is not mounted yet
        (errno.EISDIR, PadCode.CONFIG_WRONG),
        (errno.EIO, PadCode.LEDGER_WRITE),
        (errno.EROFS, PadCode.LEDGER_WRITE),
        (None, PadCode.LEDGER_WRITE),
    ],
)
def test_an_error_has_the_code_of_its_cause(number: int | None, code: PadCode) -> None:
    error = OSError("odd") if number is None else OSError(number, os.strerror(number), "/x")
    assert code_of(error, PadCode.LEDGER_WRITE) is code
    with pytest.raises(LedgerError) as caught, as_ledger_error("writing"):
        raise error
    assert caught.value.code is code
    assert "Errno" not in str(caught.value)
    assert words(error) == ("odd" if number is None else f"{os.strerror(number)}: /x")


def test_the_lock_of_a_ledger_is_not_opened_through_a_link(tmp_path: Path) -> None:
    target = tmp_path / "precious"
    target.write_text("as it was")
    (tmp_path / "ledger.db.lock").symlink_to(target)
    says = "a symbolic link, which is not followed here"
    with pytest.raises(LedgerError, match=says), as_ledger_error("opening"):
        LedgerLock(tmp_path / "ledger.db").note("0")
    assert target.read_text() == "as it was"


def test_a_socket_that_cannot_be_made_is_not_called_a_cable(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    parts: Any = [_Watched() for _ in range(4)]
    with pytest.raises(DriverError) as caught:
        ControlServer(tmp_path / "file" / "board.sock", *parts).start()
    assert caught.value.code is PadCode.CONFIG_WRONG
    assert "cable" not in str(caught.value)


class _Watched:
    def watch(self, _: object) -> None: ...


@root_only
@pytest.mark.parametrize("other", ["somebody's", "lost+found/"])
def test_a_folder_that_has_more_than_the_ledger_is_not_to_be_given_away(
    shared: Path, other: str
) -> None:
    (shared / other).mkdir() if other.endswith("/") else (shared / other).touch()
    printed = opened_by_the_service(shared / "ledger.db")
    assert printed.startswith("S02 ")
    assert "chown" not in printed
    assert "give the ledger a folder of its own" in printed


@root_only
def test_only_the_files_of_the_ledger_are_to_be_given_away_among_others(shared: Path) -> None:
    shared.chmod(0o777)
    (shared / "somebody's").touch()
    assert opened_by_the_service(shared / "ledger.db") == "opened\n"
    for file in shared.glob("ledger.*"):
        os.chown(file, 0, 0)
        file.chmod(0o600)
    printed = opened_by_the_service(shared / "ledger.db")
    assert f"`chown -R nobody:nogroup {shared}/ledger.*`" in printed


def test_a_folder_that_is_missing_is_not_called_a_broken_card(tmp_path: Path) -> None:
    path = tmp_path / "no" / "dir" / "ledger.db"
    with pytest.raises(LedgerError) as caught, as_ledger_error(f"opening {path}", path):
        LedgerLock(path)
    assert caught.value.code is PadCode.CONFIG_WRONG
    assert f"{path.parent}, is not there: correct the path" in str(caught.value)
    assert "card" not in str(caught.value)


@root_only
def test_a_control_socket_of_another_user_is_said_to_be_that(shared: Path) -> None:
    parts: Any = [_Watched() for _ in range(4)]
    server = ControlServer(shared / "board.sock", *parts)
    server.start()
    try:
        script = CONTROL.format(uid=SERVICE_UID)
        done = subprocess.run(
            [sys.executable, "-c", script, str(shared / "board.sock")],
            capture_output=True,
            text=True,
            check=False,
        )
    finally:
        server.stop()
    assert done.stdout.startswith("S02 "), done.stderr
    assert "board.sock belongs to root:root (mode 600), this is nobody" in done.stdout
    assert "stop the agent that uses it" in done.stdout
