"""What the agent reports to systemd: ready, status, watchdog, stopping."""

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from device.drivers.sim.client import SimClient
from sync.entries import Strayed
from sync.mqtt import BrokerAddress
from tests.rigs.pad import faulty_pad
from tests.rigs.pad.notify_socket import NotifySocket
from tests.rigs.pad.pad_process import PadProcess
from tests.rigs.system.loopback import free_port
from tests.rigs.time.wait import load, until

PATIENCE_S = 2.0


@pytest.fixture
def systemd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[NotifySocket]:
    with NotifySocket(tmp_path / "notify") as socket:
        environ = socket.environ(WATCHDOG_USEC=f"{round(PATIENCE_S * 1e6)}")
        for name, value in environ.items():
            monkeypatch.setenv(name, value)
        yield socket


@pytest.fixture
def make(tmp_path: Path, systemd: NotifySocket) -> Iterator[Callable[..., PadProcess]]:
    """Makes the pad, whose province never answers."""
    made: list[PadProcess] = []

    def make_pad(**options: Any) -> PadProcess:
        broker = BrokerAddress("127.0.0.1", free_port())
        made.append(PadProcess(tmp_path / "pad", "pad-1", broker, **options))
        return made[-1]

    yield make_pad
    for pad in made:
        pad.remove()


def test_ready_is_sent_once_when_the_first_press_would_be_recorded(
    make: Callable[..., PadProcess], systemd: NotifySocket
) -> None:
    pad = make().start(ready=False)
    until(lambda: systemd.lines("READY"), 20, "READY=1")
    pad.press("satisfied")  # without a wait: the press is recorded
    until(lambda: any(isinstance(body, Strayed) for body in pad.bodies()), 5, "a stray")
    pad.end(signal.SIGTERM)
    assert systemd.lines("READY") == ["1"]
    assert systemd.lines("STOPPING") == ["1"]


def test_the_status_names_the_window_what_waits_and_the_faults_and_never_a_level(
    make: Callable[..., PadProcess], systemd: NotifySocket
) -> None:
    pad = make().start()
    until(
        lambda: any("window 3: ready" in status for status in systemd.lines("STATUS")), 10, "ready"
    )
    pad.rate("status", "very_dissatisfied")
    with SimClient(pad.control) as board:
        board.display(False)
    until(lambda: any("D01" in status for status in systemd.lines("STATUS")), 10, "the fault")
    statuses = " ".join(systemd.lines("STATUS"))
    assert "entries wait for the province" in statuses
    assert "satisfied" not in statuses


def test_the_watchdog_gets_reports_while_the_event_loop_runs_and_none_while_it_does_not(
    make: Callable[..., PadProcess], systemd: NotifySocket
) -> None:
    pad = make().start()
    reports = len(systemd.lines("WATCHDOG"))
    until(lambda: len(systemd.lines("WATCHDOG")) > reports + 2, 3 * PATIENCE_S, "it reports")
    assert pad.process is not None
    pad.process.send_signal(signal.SIGSTOP)
    reports = len(systemd.lines("WATCHDOG"))
    with pytest.raises(AssertionError):
        until(
            lambda: len(systemd.lines("WATCHDOG")) > reports + 1, 2 * PATIENCE_S, "no report comes"
        )
    pad.process.send_signal(signal.SIGCONT)


def test_a_card_that_hangs_does_not_make_the_watchdog_restart_the_agent(
    make: Callable[..., PadProcess], systemd: NotifySocket
) -> None:
    """A restart repairs no card; the fault is on the screen and in the status instead."""
    pad = make(launcher=faulty_pad.launcher("commit-hangs")).start()
    pad.press("satisfied")
    until(lambda: any("L01" in status for status in systemd.lines("STATUS")), 20, "the fault")
    reports = len(systemd.lines("WATCHDOG"))
    until(lambda: len(systemd.lines("WATCHDOG")) > reports + 4, 4 * PATIENCE_S, "it still reports")


STOP_S = 10
"""Within this an agent has ended, whatever hangs; Python's own start and end are in it."""


LONG = os.environ.get("RATINGPAD_LONG") == "1"
HANGS = ["commit-hangs", "display-hangs", "key-scan-hangs", "name-lookup-hangs"]
SLOW_HANGS = ["library-load-hangs", "ledger-close-hangs", "loop-hangs-at-stop"]
"""Each takes the whole deadline."""


@pytest.mark.parametrize("kind", HANGS + SLOW_HANGS * LONG)
def test_a_signal_ends_the_agent_within_ten_seconds_whatever_hangs(
    make: Callable[..., PadProcess], kind: str
) -> None:
    pad = make(launcher=faulty_pad.launcher(kind)).start(ready=False)
    until(lambda: "takes keys" in pad.last_words(), 20, "it takes keys")
    pad.press("satisfied")
    assert pad.process is not None
    pad.process.send_signal(signal.SIGTERM)
    assert pad.process.wait(STOP_S * load()) == 0
    assert "Traceback (most recent call last)" not in pad.last_words()
    pad.launcher = PadProcess.LAUNCHER
    pad.start()
    assert pad.verify().returncode == 0


def test_a_signal_ends_an_agent_whose_ledger_takes_long_to_open(
    make: Callable[..., PadProcess],
) -> None:
    pad = make(launcher=faulty_pad.launcher("opening-hangs")).start(ready=False)
    pad.look()
    assert pad.end(signal.SIGTERM) == 0
    assert "Traceback" not in pad.last_words()


def test_when_the_keys_thread_has_ended_the_agent_ends_in_order(
    make: Callable[..., PadProcess], systemd: NotifySocket
) -> None:
    pad = make(launcher=faulty_pad.launcher("key-thread-dies")).start()
    pad.press("satisfied")
    assert pad.outcome() == 1
    printed = pad.last_words()
    assert "X01" in printed
    assert "the keys' thread has ended" in printed
    assert not Path(f"{pad.ledger}-wal").exists()  # closed in order
    assert pad.verify().returncode == 0
