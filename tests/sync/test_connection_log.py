"""What is logged of connections: changes at once, repetitions seldom, and never without bound."""

import logging

import pytest

from sync.connection_log import LINES_KEPT, REMIND_S, ConnectionLog

log = logging.getLogger("tests.connection")


class Bench:
    def __init__(self) -> None:
        self.now_s = 1_000.0
        self.log = ConnectionLog(log, "uplink", "10.0.0.1:1883", now_s=lambda: self.now_s)


@pytest.fixture
def bench(caplog: pytest.LogCaptureFixture) -> Bench:
    caplog.set_level(logging.INFO, "tests.connection")
    return Bench()


def test_each_line_names_the_broker_and_the_reason(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    bench.log.connecting()
    bench.log.lost("no connection to the broker: refused", 1_500)
    bench.log.connecting()
    bench.log.connected()
    assert caplog.messages == [
        "uplink: connecting to 10.0.0.1:1883",
        "uplink: no connection to 10.0.0.1:1883: no connection to the broker: refused;"
        " trying again by itself (next in 1.5 s)",
        "uplink: connected to 10.0.0.1:1883",
    ]


def test_a_reason_that_changes_is_logged_at_once_and_told(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    assert bench.log.lost("refused", 1_000)
    assert not bench.log.lost("refused", 1_000)
    assert bench.log.lost("0x9B", 1_000)
    assert len(caplog.messages) == 2


def test_a_weekend_without_a_broker_is_a_line_every_ten_minutes(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    hours = 10
    for _ in range(hours * 360):
        bench.now_s += 10
        bench.log.connecting()
        bench.log.lost("refused", 10_000)
    assert hours * 3_600 / REMIND_S <= len(caplog.messages) <= hours * 3_600 / REMIND_S + 2
    assert "59 times more since" in caplog.messages[-1]


def test_ever_other_reasons_need_no_more_memory(bench: Bench) -> None:
    for number in range(10_000):
        bench.log.lost(f"reason {number}", 0)
    assert len(bench.log._written) <= LINES_KEPT
