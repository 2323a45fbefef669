"""`ratingpad setup`, as it is typed."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from device import cli
from device.setup import machine as machine_module
from device.setup import setup_system
from device.setup.machine import FoundMachine, find_machine
from tests.rigs.system.bare_root import BareRoot

ROOT = Path(__file__).parents[3]
GIVEN = ["--board", "simulated", "--window", "3", "--broker", "mqtt://127.0.0.1", "--yes"]


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> BareRoot:
    """A bare system in the place of this one, where the user is root."""
    bare = BareRoot(tmp_path)

    def find() -> FoundMachine:
        return find_machine(bare.folder)._replace(free_mib=10_000)

    monkeypatch.setattr(machine_module, "find_machine", find)
    monkeypatch.setattr(setup_system, "SetupSystem", lambda: bare.system)
    monkeypatch.setattr("os.geteuid", lambda: 0)
    return bare


def files(root: BareRoot) -> set[Path]:
    return {path for path in root.folder.rglob("*") if path.is_file()}


def test_a_dry_run_shows_every_step_and_changes_nothing(root, capsys):
    before = files(root)
    assert cli.main(["setup", "--dry-run", *GIVEN]) == 0
    printed = capsys.readouterr().out
    for told in (
        "Debian packages",
        "/etc/ratingpad/pad.toml",
        'window = "3"',
        "nothing was changed",
    ):
        assert told in printed
    assert files(root) == before
    assert root.ran == []


def test_it_is_done_in_order_with_its_progress_and_then_there_is_nothing_to_do(root, capsys):
    assert cli.main(["setup", *GIVEN]) == 0
    printed = capsys.readouterr().out
    assert "[1/6] Debian packages: done" in printed
    assert "[6/6] the service: done" in printed
    assert "the pad is set up" in printed
    assert "reboot" not in printed
    root.ran.clear()
    assert cli.main(["setup", "--yes"]) == 0
    assert "everything is in order already" in capsys.readouterr().out
    assert root.ran == []


def test_a_step_that_fails_names_itself_the_reason_and_the_log(root, capsys):
    root.fails = "apt-get update"
    assert cli.main(["setup", *GIVEN]) == 1
    printed = capsys.readouterr().err
    for told in (
        "Debian packages: `apt-get update` ended with 100",
        "E: it failed",
        "ratingpad setup",
    ):
        assert told in printed
    assert "ratingpad-setup.log" in printed


def test_what_is_missing_is_wrong_use_and_names_the_option(root, capsys):
    assert cli.main(["setup", "--yes"]) == 2
    assert "--window" in capsys.readouterr().err


def test_only_root_may_do_it(root, capsys, monkeypatch):
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    assert cli.main(["setup", *GIVEN]) == 2
    assert "sudo ./ratingpad setup" in capsys.readouterr().err
    assert root.ran == []


def test_a_bus_that_was_switched_on_needs_a_restart_of_the_computer(root, capsys):
    given = ["--board", "rpi-4", "--window", "3", "--chip", "sh1106", "--yes"]
    assert cli.main(["setup", *given]) == 0
    assert "sudo reboot" in capsys.readouterr().out


def test_a_chinese_technician_reads_chinese(root, capsys, monkeypatch):
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    monkeypatch.setenv("LANGUAGE", "zh_CN")
    assert cli.main(["setup", *GIVEN]) == 0
    printed = capsys.readouterr().out
    for told in ("评价器 pad-a1b2c3d4，窗口 3", "[1/6] Debian 软件包：完成", "评价器已装好"):
        assert told in printed
    assert cli.main(["setup", "--yes", "--window", "much too long"]) == 2
    assert "最多 8 个字" in capsys.readouterr().err


def test_it_needs_no_library_but_pythons_own():
    """-S: without site-packages, as on a system where nothing is installed yet."""
    modules = ", ".join(
        f"device.setup.{path.stem}" for path in (ROOT / "device/setup").glob("[a-z]*.py")
    )
    program = f"import device.cli, {modules}; device.cli.main(['setup', '--board', 'nonsense'])"
    bare = subprocess.run(
        [sys.executable, "-S", "-c", program],
        cwd=ROOT,
        env={"PYTHONDONTWRITEBYTECODE": "1", "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "must be one of" in bare.stderr
    assert "Traceback" not in bare.stderr


def test_the_script_of_the_checkout_runs_it_from_anywhere(tmp_path):
    """By whichever python3 there is; a link and another working directory change nothing."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/python3").symlink_to(sys.executable)
    done = subprocess.run(
        [ROOT / "ratingpad", "setup", "--board", "nonsense"],
        cwd=tmp_path,
        env={"PATH": f"{tmp_path}/bin:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "--board 'nonsense': must be one of" in done.stderr
    assert shutil.which("sh") is not None
