"""The changes at the window, which are the same whatever is pressed."""

from typing import Any, cast

import msgspec
import pytest

from device import ports
from device.desk.window_diff import WindowDiff
from device.events import Standing
from device.ports import DayStatus, OpenInvitation, WindowStatus
from sync.entries import Level


class Desk:
    """A desk's port with a given state."""

    def __init__(self) -> None:
        self.now = WindowStatus("3", "ready")
        self.today = DayStatus()
        self.standings: dict[str, Standing] = {}

    def window(self) -> WindowStatus:
        return self.now

    def day(self) -> DayStatus:
        return self.today

    def standing(self, invitation: str) -> Standing | None:
        return self.standings.get(invitation)

    def move(self, state: str, one: str | None = None, **standings: Standing) -> None:
        self.now = WindowStatus("3", state, one)
        self.standings |= standings


def told(news: WindowDiff) -> list[dict[str, Any]]:
    return [msgspec.to_builtins(event) for event in news.changes()]


def brief(news: WindowDiff) -> list[str]:
    """Each event in a word, without those of the day."""
    shown = (event.get("state") or event.get("standing") for event in told(news))
    return [str(word) for word in shown if word]


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
def news(desk: Desk) -> WindowDiff:
    return WindowDiff(cast("ports.Desk", desk))


def test_the_first_call_gives_the_window_and_the_next_one_nothing(news: WindowDiff) -> None:
    window, day = told(news)
    assert window == {
        "event": "window",
        "window": "3",
        "state": "ready",
        "invitation": None,
        "fault": None,
        "open": None,
    }
    assert (day["event"], day["date"], day["cases"]) == ("today", None, ())
    assert told(news) == []


def test_the_day_is_told_when_it_changes_and_only_then(news: WindowDiff, desk: Desk) -> None:
    news.changes()
    desk.today = DayStatus("2026-11-30", 1, 0, 0, 0, is_complete=True)
    (day,) = told(news)
    assert (day["event"], day["invited"], day["complete"]) == ("today", 1, True)
    assert told(news) == []


def test_time_that_passes_is_no_news(news: WindowDiff, desk: Desk) -> None:
    """Else every press, counted or not, would make an event."""
    asked = OpenInvitation("DH-1", None, None, "C003", None, 30)
    desk.now = WindowStatus("3", "busy", "a", None, asked)
    desk.standings["a"] = "open"
    news.changes()
    desk.now = desk.now._replace(open=asked._replace(left_s=12))
    assert told(news) == []
    desk.now = desk.now._replace(open=None)
    assert brief(news) == ["busy"], "control: that it was answered is news"


def test_an_invitation_is_followed_to_its_end_once(news: WindowDiff, desk: Desk) -> None:
    news.changes()
    desk.move("busy", "a", a="open")
    assert brief(news) == ["open", "busy"]
    desk.move("busy", "a", a="rated")
    assert brief(news) == ["rated"]  # still on the screen: thanks
    assert brief(news) == []
    desk.move("ready")
    assert brief(news) == ["ready"]


def test_a_new_listener_gets_an_open_invitation(desk: Desk) -> None:
    desk.move("busy", "a", a="open")
    late = WindowDiff(cast("ports.Desk", desk))
    assert brief(late) == ["open", "busy"]


def test_an_invitation_whose_rating_waits_for_a_slow_card_is_not_lost(
    news: WindowDiff, desk: Desk
) -> None:
    desk.move("busy", "a", a="open")
    news.changes()
    desk.move("fault")  # pressed, and the card hangs: still open
    assert brief(news) == ["fault"]
    desk.move("fault", None, a="rated")
    assert brief(news) == ["rated"]
    desk.move("busy", "b", b="open")
    assert brief(news) == ["open", "busy"]


def test_an_invitation_that_lapses_between_two_calls_is_reported_as_ended(
    news: WindowDiff, desk: Desk
) -> None:
    desk.move("busy", "a", a="withdrawn")
    assert brief(news) == ["withdrawn", "busy"]


def test_no_event_has_room_for_a_level() -> None:
    words = [level.value for level in Level]
    schema = msgspec.json.schema_components(
        [type(event) for event in WindowDiff(cast("ports.Desk", Desk())).changes()]
    )
    assert not [word for word in words if word in str(schema)]
