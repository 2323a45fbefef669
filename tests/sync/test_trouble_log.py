"""A line for each changed reason, none for each try."""

import logging

import pytest

from sync.trouble_log import AGAIN_S, SUBJECTS_MAX, MinuteCount, TroubleLog


class Clock:
    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def said(caplog: pytest.LogCaptureFixture) -> list[str]:
    found = list(caplog.messages)
    caplog.clear()
    return found


def test_a_trouble_is_logged_once_then_each_changed_reason_then_its_end(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    clock = Clock()
    troubles = TroubleLog(logging.getLogger("test"), clock)
    for n in range(100):
        troubles.failed("store", f"no connection to port {n}")
    assert said(caplog) == ["store: no connection to port 0"]
    troubles.failed("store", "disk full")
    troubles.failed("store", "no connection to port 7")
    assert said(caplog) == ["store: now: disk full"]
    clock.now_s = 3.0
    troubles.works("store")
    assert said(caplog) == ["store: works again, after 102 tries, 3.0 s"]
    troubles.works("store")
    assert said(caplog) == []
    troubles.failed("store", "disk full")
    assert said(caplog) == ["store: disk full"]


def test_a_trouble_that_stays_is_logged_each_minute_with_its_count(
    caplog: pytest.LogCaptureFixture,
) -> None:
    clock = Clock()
    troubles = TroubleLog(logging.getLogger("test"), clock)
    for second in range(150):
        clock.now_s = float(second)
        troubles.failed("store", "disk full")
    assert said(caplog) == [
        "store: disk full",
        "store: for 60 s, 60 more tries: disk full",
        "store: for 120 s, 60 more tries: disk full",
    ]


def test_subjects_are_bounded(caplog: pytest.LogCaptureFixture) -> None:
    troubles = TroubleLog(logging.getLogger("test"), Clock())
    for n in range(SUBJECTS_MAX + 500):
        troubles.failed(f"pad {n}", "its row is held")
    found = said(caplog)
    assert len(found) == SUBJECTS_MAX + 1
    assert found[-1] == "others: its row is held"


def test_a_count_gives_one_line_a_minute() -> None:
    clock = Clock()
    count = MinuteCount(clock)
    assert [count.add() for _ in range(3)] == [1, None, None]
    clock.now_s = AGAIN_S
    assert [count.add() for _ in range(2)] == [3, None]
