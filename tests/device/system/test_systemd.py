"""What is reported to systemd, and when nothing is."""

import logging
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from device.system.systemd import CHECK_INTERVAL_S, SystemdNotifier, Watchdog, status_text
from tests.rigs.pad.notify_socket import NotifySocket
from tests.rigs.time import virtual_time


@pytest.fixture(params=["path", "abstract"])
def systemd(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[NotifySocket]:
    with NotifySocket(tmp_path / "notify" if request.param == "path" else None) as socket:
        yield socket


class FakeAgent:
    """An agent whose threads run until `dead` names one."""

    def __init__(self, environ: dict[str, str]) -> None:
        self.dead: str | None = None
        self.reported_dead: list[str] = []
        self.status = "starting"
        self.watchdog = Watchdog(
            SystemdNotifier(environ),
            dead=lambda: self.dead,
            on_dead=self.reported_dead.append,
            status=lambda: self.status,
        )


def test_a_report_is_one_datagram_on_either_kind_of_socket(
    systemd: NotifySocket,
) -> None:
    service = SystemdNotifier(systemd.environ())
    assert service.send("READY=1", "STATUS=窗口")
    assert systemd.heard == [["READY=1", "STATUS=窗口"]]
    service.close()
    service.close()
    assert not service.send("WATCHDOG=1")


@pytest.mark.parametrize(
    ("environ", "timeout_s"),
    [
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": str(os.getpid())}, 30.0),
        ({"WATCHDOG_USEC": "30000000"}, 30.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "1"}, None),  # meant for a parent
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
        ({}, None),
    ],
)
def test_the_watchdogs_timeout_counts_when_it_is_for_this_process(
    environ: dict[str, str], timeout_s: float | None
) -> None:
    with NotifySocket() as systemd:
        service = SystemdNotifier(systemd.environ(**environ))
        assert service.watchdog_s == timeout_s
        service.close()


def test_nothing_is_sent_without_systemd() -> None:
    service = SystemdNotifier({"WATCHDOG_USEC": "30000000"})
    assert not service.is_enabled
    assert service.watchdog_s is None
    assert not service.send("READY=1")


def test_a_systemd_that_cannot_be_reached_is_logged_once_and_tried_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    path = tmp_path / "notify"
    agent = FakeAgent({"NOTIFY_SOCKET": str(path), "WATCHDOG_USEC": "8000000"})

    async def main() -> None:
        agent.watchdog.start()
        agent.watchdog.ready()
        await virtual_time.pass_s(10)
        with NotifySocket(path) as systemd:
            await virtual_time.pass_s(2)
            (first, *_) = systemd.heard
            assert first == ["READY=1", "WATCHDOG=1", "STATUS=starting"]
        agent.watchdog.stop()

    virtual_time.run(main())
    assert len(caplog.records) == 1


def test_there_are_four_reports_within_the_watchdogs_timeout() -> None:
    with NotifySocket() as systemd:
        agent = FakeAgent(systemd.environ(WATCHDOG_USEC="8000000"))

        async def main() -> None:
            agent.watchdog.start()
            assert systemd.lines("EXTEND_TIMEOUT_USEC") == ["8000000"]  # still starting
            agent.watchdog.ready()
            await virtual_time.pass_s(8)
            agent.watchdog.stop()
            await virtual_time.pass_s(60)

        virtual_time.run(main())
        assert len(systemd.lines("WATCHDOG")) == 5  # now, and after 2, 4, 6 and 8 s
        assert systemd.lines("READY") == ["1"]


def test_a_long_watchdog_timeout_does_not_delay_the_check_of_the_threads() -> None:
    with NotifySocket() as systemd:
        agent = FakeAgent(systemd.environ(WATCHDOG_USEC=str(3600 * 10**6)))
        assert agent.watchdog.interval_s == CHECK_INTERVAL_S
        agent.watchdog.stop()


def test_the_status_is_sent_when_it_has_changed() -> None:
    with NotifySocket() as systemd:
        agent = FakeAgent(systemd.environ())

        async def main() -> None:
            agent.watchdog.start()
            agent.watchdog.ready()
            agent.status = "window 3: ready"
            await virtual_time.pass_s(3 * CHECK_INTERVAL_S)
            agent.watchdog.stopping()
            agent.watchdog.stop()

        virtual_time.run(main())
        assert systemd.lines("STATUS") == ["starting", "window 3: ready"]
        assert systemd.heard[-1] == ["STOPPING=1", "WATCHDOG=1"]


def test_a_thread_that_has_ended_ends_the_reports_and_is_reported_once() -> None:
    with NotifySocket() as systemd:
        agent = FakeAgent(systemd.environ(WATCHDOG_USEC="8000000"))

        async def main() -> None:
            agent.watchdog.start()
            agent.watchdog.ready()
            await virtual_time.pass_s(4)
            reports = len(systemd.lines("WATCHDOG"))
            assert reports == 3
            agent.dead = "the keys' thread"
            await virtual_time.pass_s(60)
            agent.watchdog.stopping()
            assert len(systemd.lines("WATCHDOG")) == reports
            agent.watchdog.stop()

        virtual_time.run(main())
        assert agent.reported_dead == ["the keys' thread"]


def test_a_thread_that_has_ended_is_noticed_without_systemd_too() -> None:
    agent = FakeAgent({})

    async def main() -> None:
        agent.watchdog.start()
        agent.dead = "the keys' thread"
        await virtual_time.pass_s(CHECK_INTERVAL_S)

    virtual_time.run(main())
    assert agent.reported_dead == ["the keys' thread"]


def test_the_status_is_one_line() -> None:
    assert status_text("ready", "3", 0, []) == "window 3: ready; nothing waits"
    assert status_text("unbound", "", 12, ["C01", "D01"]) == (
        "unbound; 12 entries wait for the province; faults: C01, D01"
    )
    assert "\n" not in status_text("ready", "3\n", 1, [])
    assert len(status_text("ready", "3", 1, ["L01"] * 500)) <= 400
