"""An agent that cannot start says so on its screen, waits, and starts when it can."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from demo.scene_reader import read
from device.drivers.sim.client import SimClient
from device.errors import PadCode
from device.events import Scene
from sync.entries import Fault
from sync.mqtt import BrokerAddress
from tests.rigs.pad import faulty_pad
from tests.rigs.pad.notify_socket import NotifySocket
from tests.rigs.pad.pad_process import HALL, WINDOW, PadProcess
from tests.rigs.system.loopback import free_port
from tests.rigs.time.wait import until


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Callable[..., PadProcess]]:
    made: list[PadProcess] = []

    def make_pad(**options: Any) -> PadProcess:
        nowhere = BrokerAddress("127.0.0.1", free_port())
        made.append(PadProcess(tmp_path / "p", "pad-1", nowhere, **options))
        return made[-1]

    yield make_pad
    for pad in made:
        pad.remove()


@pytest.fixture
def systemd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[NotifySocket]:
    (tmp_path / "run").mkdir()
    with NotifySocket(tmp_path / "notify") as notify:
        for name, value in notify.environ(WATCHDOG_USEC="30000000").items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("RUNTIME_DIRECTORY", str(tmp_path / "run"))
        yield notify


def shows(pad: PadProcess, code: PadCode) -> None:
    """Wait until the code is on the screen, which is opened anew for each try of the start."""

    def is_shown() -> bool:
        try:
            with SimClient(pad.control) as board:
                shown = read(board.picture().pixels, WINDOW, HALL)
        except (OSError, EOFError, LookupError):
            return False
        return shown is not None and (shown.scene, shown.code) == (Scene.FAULT, code)

    until(is_shown, 30, f"{code.code} is on the screen")


def test_a_typing_error_is_on_the_screen_until_the_file_is_mended(
    make: Callable[..., PadProcess], systemd: NotifySocket
) -> None:
    pad = make()
    good = pad.config.read_text()
    pad.config.write_text(good.replace("grace_s = 0", "grace_s = zero"))
    pad.start(ready=False)
    shows(pad, PadCode.CONFIG_WRONG)
    until(lambda: systemd.lines("READY"), 10, "the kiosk's browser may start")
    assert any("cannot start: S01" in status for status in systemd.lines("STATUS"))
    assert not pad.ledger.exists()
    pad.config.write_text(good)
    pad._display = None  # the next one is the agent's
    pad.be_ready()
    pad.rate("after it was mended")
    assert pad.end(signal.SIGTERM) == 0
    assert "Traceback" not in pad.last_words()


def test_a_signal_ends_an_agent_that_shows_why_it_cannot_start(
    make: Callable[..., PadProcess], systemd: NotifySocket
) -> None:
    pad = make()
    pad.config.write_text(pad.config.read_text() + "[provice]\n")
    pad.start(ready=False)
    shows(pad, PadCode.CONFIG_WRONG)
    assert pad.end(signal.SIGTERM) == 2
    assert systemd.lines("WATCHDOG")
    assert "Traceback" not in pad.last_words()


def test_at_a_terminal_it_is_shown_for_a_moment_and_then_the_agent_ends(
    make: Callable[..., PadProcess],
) -> None:
    pad = make()
    pad.config.write_text(pad.config.read_text().replace("[desk]", "[dsk]"))
    pad.start(ready=False)
    shows(pad, PadCode.CONFIG_WRONG)
    assert pad.outcome() == 2
    assert "dsk: not known" in pad.last_words()


def test_a_ledger_of_another_pad_stays_on_the_screen(
    make: Callable[..., PadProcess], systemd: NotifySocket
) -> None:
    pad = make().start()
    pad.end(signal.SIGTERM)
    good = pad.config.read_text()
    pad.config.write_text(good.replace('id = "pad-1"', 'id = "pad-2"'))
    pad.start(ready=False)
    shows(pad, PadCode.LEDGER_FOREIGN)
    assert pad.process is not None
    until(lambda: pad.last_words().count("L06") == 1, 5, "it is logged once")
    assert pad.process.poll() is None
    assert any("cannot start: L06" in status for status in systemd.lines("STATUS"))


def test_a_restart_loop_is_slowed_down_and_is_a_fault(
    make: Callable[..., PadProcess], systemd: NotifySocket, tmp_path: Path
) -> None:
    pad = make(launcher=faulty_pad.launcher("start-raises"))
    for _ in range(3):
        pad.start(ready=False)
        assert pad.outcome() == 1
    pad.launcher = PadProcess.LAUNCHER
    pad.start(ready=False)
    shows(pad, PadCode.RESTARTED_OFTEN)
    pad._display = None
    pad.be_ready()
    until(
        lambda: any(isinstance(b, Fault) and b.code == "S06" for b in pad.bodies()), 10, "on record"
    )
    pad.rate("served all the same")
    assert pad.end(signal.SIGTERM) == 0
    assert len((tmp_path / "run" / "starts").read_text().splitlines()) == 3


def test_a_second_agent_with_the_same_file_is_told_so_once(
    make: Callable[..., PadProcess],
) -> None:
    first = make().start()
    command = [sys.executable, "-m", "device.cli", "run", "--config", str(first.config)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert done.stderr.count("L04 another agent holds this ledger") == 1, done.stderr
    assert "cable" not in done.stderr
    assert "K03" not in done.stderr
    first.rate("the first goes on")


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to give a folder away")
def test_root_makes_nothing_in_the_ledger_folder_of_another_user(
    make: Callable[..., PadProcess],
) -> None:
    pad = make()
    os.chown(pad.ledger.parent, 65_534, 65_534)
    before = sorted(pad.ledger.parent.iterdir())
    command = [sys.executable, "-m", "device.cli", "run", "--config", str(pad.config)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert "\nS02 " in done.stderr
    assert "`sudo -u nobody ratingpad " in done.stderr
    assert sorted(pad.ledger.parent.iterdir()) == before
