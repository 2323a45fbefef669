"""How long each scene stands, with a timer that rings only when the session has armed it."""

import pytest

from device.events import (
    Arm,
    Detail,
    Disarm,
    Event,
    Invitation,
    Invite,
    Press,
    Record,
    Scene,
    Show,
    Stored,
    Tick,
)
from device.session.actions import THANKS_SEEN_MS
from device.session.context import CLOGGED_AT, STANDINGS_KEPT, TOUCH_REPORT_DELAY_MS
from device.session.session import Session, SessionState, Timing
from sync.entries import At, Level, Service, Trust

INVITE = Invite(Invitation("i1", "http", Service(case="c1"), "c"))


class TimedSession:
    """A session that is left alone but for what the test does; the invitation is at 0 ms."""

    def __init__(self, timing: Timing, *, details: bool = False) -> None:
        self.session = Session("3", timing, details=details)
        self.shown: list[tuple[int, Scene]] = []
        self._due_ms: int | None = None
        self._unstored = 0
        self.do(0, INVITE)
        self.store(0)

    def do(self, ms: int, event: Event) -> None:
        """The event at its time, and before it what the timer brings."""
        self.left_alone_until(ms - 1)
        self._step(ms, event)

    def store(self, ms: int) -> None:
        """What waits becomes durable."""
        while self._unstored:
            self._unstored -= 1
            self.do(ms, Stored())

    def left_alone_until(self, ms: int) -> list[tuple[int, Scene]]:
        """Every scene until then, with its time."""
        while self._due_ms is not None and self._due_ms <= ms:
            due_ms, self._due_ms = self._due_ms, None
            self._step(due_ms, Tick())
        return self.shown

    def _step(self, ms: int, event: Event) -> None:
        for effect in self.session.step(event, At(utc=None, mono=ms, boot="b", trust=Trust.NTP)):
            match effect:
                case Arm(delay_ms):
                    self._due_ms = ms + delay_ms
                case Disarm():
                    self._due_ms = None
                case Show(scene):
                    self.shown.append((ms, scene))
                case Record():
                    self._unstored += 1


def press(ms: int) -> Press:
    return Press("k2", Level.SATISFIED, "sim", ms)


def rated(stored_ms: int, *, details: bool = False) -> TimedSession:
    """A session whose citizen pressed at 900 ms; the rating is durable at `stored_ms`."""
    timed = TimedSession(Timing(), details=details)
    timed.do(900, press(900))
    timed.store(stored_ms)
    return timed


@pytest.mark.parametrize(
    ("timing", "lapsed_ms"),
    [(Timing(), 30_100), (Timing(invitation_ms=60_000, report_delay_ms=400), 60_400)],
)
def test_an_invitation_that_nobody_answers_lapses_and_two_seconds_later_it_is_standby(
    timing: Timing, lapsed_ms: int
) -> None:
    timed = TimedSession(timing)
    assert timed.left_alone_until(1_000_000) == [
        (0, Scene.INVITATION),
        (lapsed_ms, Scene.LAPSED),
        (lapsed_ms + 2_000, Scene.STANDBY),
    ]


def test_a_press_that_comes_too_late_shows_the_lapse_for_two_seconds_as_well() -> None:
    timed = TimedSession(Timing())
    timed.do(30_001, press(30_001))
    assert timed.left_alone_until(1_000_000)[1:] == [
        (30_001, Scene.LAPSED),
        (32_001, Scene.STANDBY),
    ]


def test_thanks_is_shown_for_four_seconds() -> None:
    assert rated(950).left_alone_until(1_000_000)[1:] == [
        (950, Scene.THANKS),
        (4_950, Scene.STANDBY),
    ]


def test_a_correction_is_thanked_for_four_seconds_again() -> None:
    timed = rated(950)
    timed.do(2_000, press(2_000))
    timed.store(2_050)
    assert timed.left_alone_until(1_000_000)[1:] == [
        (950, Scene.THANKS),
        (2_050, Scene.THANKS),
        (6_050, Scene.STANDBY),
    ]


@pytest.mark.parametrize(
    ("stored_ms", "asked_ms"), [(950, 4_000), (3_000, 4_000), (3_500, 4_500), (10_000, 11_000)]
)
def test_reasons_are_asked_after_the_grace_time_and_a_second_of_thanks_for_15_seconds(
    stored_ms: int, asked_ms: int
) -> None:
    shown = rated(stored_ms, details=True).left_alone_until(1_000_000)
    assert shown[-3:] == [
        (stored_ms, Scene.THANKS),
        (asked_ms, Scene.DETAILS),
        (asked_ms + 15_000, Scene.STANDBY),
    ]


def test_a_card_that_takes_longer_than_two_seconds_is_seen_and_thanks_follows() -> None:
    assert rated(10_000).left_alone_until(1_000_000)[1:] == [
        (2_900, Scene.SAVING),
        (10_000, Scene.THANKS),
        (14_000, Scene.STANDBY),
    ]


@pytest.mark.parametrize(("stored_ms", "between"), [(5_050, []), (8_000, [(7_000, Scene.SAVING)])])
def test_reasons_are_thanked_for_four_seconds_once_they_are_durable(
    stored_ms: int, between: list[tuple[int, Scene]]
) -> None:
    timed = rated(950, details=True)
    timed.do(5_000, Detail(("407",), ""))
    timed.store(stored_ms)
    assert timed.left_alone_until(1_000_000)[3:] == [
        *between,
        (stored_ms, Scene.THANKS),
        (stored_ms + 4_000, Scene.STANDBY),
    ]


def test_whoever_skips_the_reasons_is_thanked_for_four_seconds() -> None:
    timed = rated(950, details=True)
    timed.do(5_000, Detail())
    assert timed.left_alone_until(1_000_000)[3:] == [
        (5_000, Scene.THANKS),
        (9_000, Scene.STANDBY),
    ]


def test_a_press_is_asked_for_in_an_invitation_and_once_more_in_the_grace_time() -> None:
    timed = TimedSession(Timing())
    assert timed.session.asks
    timed.do(900, press(900))
    assert (timed.session.state, timed.session.asks) == (SessionState.SAVING, False)
    timed.store(950)
    assert (timed.session.state, timed.session.asks) == (SessionState.GRACE, True)
    timed.do(1_000, press(1_000))
    timed.store(1_050)
    assert (timed.session.state, timed.session.asks) == (SessionState.GRACE, False)
    timed.left_alone_until(4_500)
    assert (timed.session.state, timed.session.asks) == (SessionState.THANKS, False)
    timed.left_alone_until(1_000_000)
    assert (timed.session.state, timed.session.asks) == (SessionState.IDLE, False)


def test_a_touch_may_take_400_ms_and_half_of_the_pads_queue_may_wait() -> None:
    assert (TOUCH_REPORT_DELAY_MS, THANKS_SEEN_MS) == (400, 1_000)
    assert (CLOGGED_AT, STANDINGS_KEPT) == (128, 256)
