"""What systemd is told, and when it is told nothing."""

import logging
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from device.system.systemd import BEAT_S, SystemdNotifier, Watchdog, words
from tests.rigs.pad.notify_socket import ServiceSocket
from tests.rigs.time import virtual_time


@pytest.fixture(params=["path", "abstract"])
def systemd(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ServiceSocket]:
    with ServiceSocket(tmp_path / "notify" if request.param == "path" else None) as socket:
        yield socket


class Body:
    """An agent whose parts live until one is said to be dead."""

    def __init__(self, environ: dict[str, str]) -> None:
        self.dead: str | None = None
        self.mourned: list[str] = []
        self.status = "starting"
        self.beat = Watchdog(
            SystemdNotifier(environ),
            dead=lambda: self.dead,
            on_dead=self.mourned.append,
            status=lambda: self.status,
        )


def test_what_is_said_arrives_in_one_datagram_by_either_kind_of_socket(
    systemd: ServiceSocket,
) -> None:
    service = SystemdNotifier(systemd.environ())
    assert service.say("READY=1", "STATUS=窗口")
    assert systemd.heard == [["READY=1", "STATUS=窗口"]]
    service.close()
    service.close()
    assert not service.say("WATCHDOG=1")


@pytest.mark.parametrize(
    ("environ", "patience_s"),
    [
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": str(os.getpid())}, 30.0),
        ({"WATCHDOG_USEC": "30000000"}, 30.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "1"}, None),  # meant for a parent
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
        ({}, None),
    ],
)
def test_the_watchdogs_patience_counts_when_it_is_for_this_process(
    environ: dict[str, str], patience_s: float | None
) -> None:
    with ServiceSocket() as systemd:
        service = SystemdNotifier(systemd.environ(**environ))
        assert service.watchdog_s == patience_s
        service.close()


def test_nothing_happens_where_systemd_is_not() -> None:
    service = SystemdNotifier({"WATCHDOG_USEC": "30000000"})
    assert not service.listens
    assert service.watchdog_s is None
    assert not service.say("READY=1")


def test_a_systemd_that_does_not_hear_is_told_of_in_the_log_once_and_told_again_later(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    path = tmp_path / "notify"
    body = Body({"NOTIFY_SOCKET": str(path), "WATCHDOG_USEC": "8000000"})

    async def main() -> None:
        body.beat.start()
        body.beat.ready()
        await virtual_time.pass_s(10)
        with ServiceSocket(path) as systemd:
            await virtual_time.pass_s(2)
            (first, *_) = systemd.heard
            assert first == ["READY=1", "WATCHDOG=1", "STATUS=starting"]
        body.beat.stop()

    virtual_time.run(main())
    assert len(caplog.records) == 1


def test_the_watchdog_is_fed_four_times_as_often_as_it_asks() -> None:
    with ServiceSocket() as systemd:
        body = Body(systemd.environ(WATCHDOG_USEC="8000000"))

        async def main() -> None:
            body.beat.start()
            assert systemd.lines("EXTEND_TIMEOUT_USEC") == ["8000000"]  # still starting
            body.beat.ready()
            await virtual_time.pass_s(8)
            body.beat.stop()
            await virtual_time.pass_s(60)

        virtual_time.run(main())
        assert len(systemd.lines("WATCHDOG")) == 5  # at once, and after 2, 4, 6 and 8 s
        assert systemd.lines("READY") == ["1"]


def test_a_beat_is_never_rarer_than_a_dead_part_may_go_unnoticed() -> None:
    with ServiceSocket() as systemd:
        patient = Body(systemd.environ(WATCHDOG_USEC=str(3600 * 10**6)))
        assert patient.beat.every_s == BEAT_S
        patient.beat.stop()


def test_the_status_is_sent_when_it_has_changed() -> None:
    with ServiceSocket() as systemd:
        body = Body(systemd.environ())

        async def main() -> None:
            body.beat.start()
            body.beat.ready()
            body.status = "window 3: ready"
            await virtual_time.pass_s(3 * BEAT_S)
            body.beat.stopping()
            body.beat.stop()

        virtual_time.run(main())
        assert systemd.lines("STATUS") == ["starting", "window 3: ready"]
        assert systemd.heard[-1] == ["STOPPING=1", "WATCHDOG=1"]


def test_the_heart_stops_when_a_part_has_died_and_that_is_said_once() -> None:
    with ServiceSocket() as systemd:
        body = Body(systemd.environ(WATCHDOG_USEC="8000000"))

        async def main() -> None:
            body.beat.start()
            body.beat.ready()
            await virtual_time.pass_s(4)
            fed = len(systemd.lines("WATCHDOG"))
            assert fed == 3
            body.dead = "the keys' thread"
            await virtual_time.pass_s(60)
            body.beat.stopping()
            assert len(systemd.lines("WATCHDOG")) == fed
            body.beat.stop()

        virtual_time.run(main())
        assert body.mourned == ["the keys' thread"]


def test_a_part_that_has_died_is_noticed_without_systemd_too() -> None:
    body = Body({})

    async def main() -> None:
        body.beat.start()
        body.dead = "the keys' thread"
        await virtual_time.pass_s(BEAT_S)

    virtual_time.run(main())
    assert body.mourned == ["the keys' thread"]


def test_the_status_is_in_words_and_on_one_line() -> None:
    assert words("ready", "3", 0, []) == "window 3: ready; nothing waits"
    assert words("unbound", "", 12, ["C01", "D01"]) == (
        "unbound; 12 entries wait for the province; faults: C01, D01"
    )
    assert "\n" not in words("ready", "3\n", 1, [])
    assert len(words("ready", "3", 1, ["L01"] * 500)) <= 400
