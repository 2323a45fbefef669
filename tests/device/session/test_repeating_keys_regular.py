"""A key that presses regularly and so answers whoever is asked; honest windows are never that.

Simulated windows with a seed: a real session, invitations and presses by time.
"""

import random
from collections.abc import Iterator

import pytest

from device.events import (
    Effect,
    Event,
    Invitation,
    Invite,
    KeyCheck,
    KeyRepeats,
    Press,
    Record,
    Stored,
    Tick,
)
from device.session.repeating_keys import RUN_LONGEST, RUNS
from device.session.session import Session, Timing
from sync.entries import At, Level, Rated, Service, Trust

HOUR_MS = 3_600_000
FAULTY = Level.VERY_DISSATISFIED


class Window:
    """A session that is given invitations and presses at their times."""

    def __init__(self) -> None:
        self.session = Session("3", Timing())
        self.ratings = 0
        self.found_ms: int | None = None
        """When a key was first found to repeat."""

    def run(self, invited_ms: list[int], pressed_ms: list[int]) -> "Window":
        """Until a key repeats, or all is over."""
        events: list[tuple[int, Event]] = [
            (ms, Invite(Invitation(f"i{ms}", "http", Service(case=f"c{ms}"), "c")))
            for ms in invited_ms
        ]
        events += [(ms, Press(FAULTY.value, FAULTY, "sim", ms)) for ms in pressed_ms]
        for ms, event in sorted(events, key=lambda one: one[0]):
            self._step(Tick(), ms)
            self._step(event, ms)
            if self.found_ms is not None:
                break
        return self

    def _step(self, event: Event, ms: int) -> None:
        at = At(utc=None, mono=ms, boot="b", trust=Trust.NTP)
        todo: list[Effect] = self.session.step(event, at)
        for effect in todo:
            if isinstance(effect, KeyRepeats):
                self.found_ms = ms
            if isinstance(effect, Record):
                self.ratings += isinstance(effect.body, Rated) and not effect.body.again
                todo += self.session.step(Stored(), at)


def steps(rng: random.Random, every_ms: int, jitter: float, until_ms: int) -> Iterator[int]:
    """Times `every_ms` apart, each gap longer or shorter by up to `jitter` of it."""
    ms = 1_000.0 + rng.uniform(0, every_ms)
    while ms < until_ms:
        yield round(ms)
        ms += every_ms * (1 + rng.uniform(-jitter, jitter))


def faulty(every_ms: int, citizen_ms: int, jitter: float, seed: int) -> Window:
    """A key that presses every `every_ms` for an hour, while people are asked."""
    rng = random.Random(seed)
    invited = list(steps(rng, citizen_ms, 0.05, HOUR_MS))
    return Window().run(invited, list(steps(rng, every_ms, jitter, HOUR_MS)))


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("jitter", [0.0, 0.1])
@pytest.mark.parametrize(
    ("every_ms", "citizen_ms"),
    [
        (2_400, 8_000),
        (4_500, 20_000),
        (6_000, 12_000),
        (7_000, 20_000),
        (8_000, 20_000),
        (9_000, 20_000),
    ],
)
def test_a_key_that_presses_regularly_is_found_before_it_has_forged_ten(
    every_ms: int, citizen_ms: int, jitter: float, seed: int
) -> None:
    window = faulty(every_ms, citizen_ms, jitter, seed)
    assert window.found_ms is not None
    assert window.ratings < 10


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("jitter", [0.2, 0.3])
@pytest.mark.parametrize(
    ("every_ms", "citizen_ms"),
    [(2_400, 8_000), (4_500, 20_000), (6_000, 12_000), (9_000, 20_000), (12_000, 20_000)],
)
def test_a_key_that_presses_less_regularly_is_found_before_it_has_forged_thirty(
    every_ms: int, citizen_ms: int, jitter: float, seed: int
) -> None:
    window = faulty(every_ms, citizen_ms, jitter, seed)
    assert window.found_ms is not None
    assert window.ratings < 30


@pytest.mark.parametrize("every_ms", [6_000, 7_000, 9_000])
def test_a_regular_key_is_found_although_citizens_choose_it_as_well(every_ms: int) -> None:
    rng = random.Random(5)
    invited = list(steps(rng, 20_000, 0.05, HOUR_MS))
    pressed = list(steps(rng, every_ms, 0.0, HOUR_MS))
    pressed += [ms + rng.randrange(1_000, 4_000) for ms in invited if rng.random() < 0.2]
    window = Window().run(invited, pressed)
    assert window.found_ms is not None
    assert window.ratings < 30


def honest(
    seed: int, every_ms: int, jitter: float, *, early: float, late: float, times: int
) -> Window:
    """Half an hour of people who all choose one key. `early`, `late`: the part of them that presses
    before the invitation, or once more after thanks; `times`: how often each presses in a row.
    """
    rng = random.Random(seed)
    invited = list(steps(rng, every_ms, jitter, HOUR_MS // 2))
    pressed: list[int] = []
    for ms in invited:
        if rng.random() < early:
            pressed.append(ms - rng.randrange(300, every_ms // 2))
        answer_ms = ms + (2_000 if jitter == 0 else round(1_800 * rng.lognormvariate(0, 0.5)))
        pressed += [answer_ms + 300 * time for time in range(times)]
        if rng.random() < late:
            pressed.append(answer_ms + rng.randrange(3_000, 6_000))
    return Window().run(invited, pressed)


@pytest.mark.parametrize("every_ms", [8_000, 12_000, 20_000, 40_000])
@pytest.mark.parametrize("jitter", [0.0, 0.05, 0.2])
@pytest.mark.parametrize(
    ("early", "late", "times"), [(0, 0, 1), (0.3, 0, 1), (0.3, 0.3, 1), (0, 0, 5), (0.3, 0, 2)]
)
def test_a_busy_window_whose_people_all_choose_one_key_has_no_fault(
    every_ms: int, jitter: float, early: float, late: float, times: int
) -> None:
    for seed in range(2):
        window = honest(seed, every_ms, jitter, early=early, late=late, times=times)
        assert window.found_ms is None
        assert window.ratings > 0.25 * HOUR_MS / every_ms


def test_people_as_regular_as_a_clock_who_each_choose_one_key_are_no_fault() -> None:
    invited = list(range(1_000, 3 * HOUR_MS, 12_000))
    window = Window().run(invited, [ms + 2_000 for ms in invited])
    assert window.found_ms is None
    assert window.ratings == len(invited)


def test_a_child_that_plays_for_a_minute_is_not_regular() -> None:
    for seed in range(200):
        rng = random.Random(seed)
        gap_ms, ms = rng.randrange(3_200, 5_000), 1_000.0  # faster: it reaches MANY, as any key
        pressed = []
        while ms < 61_000:
            pressed.append(round(ms))
            ms += gap_ms * rng.lognormvariate(0, 0.35)
        if len(pressed) < 20:
            assert Window().run([], pressed).found_ms is None


def test_a_fast_key_is_found_although_presses_after_a_rating_may_be_the_citizens() -> None:
    for every_ms in (300, 450, 1_000):
        window = faulty(every_ms, 8_000, 0.0, 1)
        assert window.found_ms is not None
        assert window.ratings <= 12


def test_a_regular_key_must_be_quiet_for_four_of_its_gaps() -> None:
    window = Window().run([], list(range(9_000, 200_000, 9_000)))
    assert window.found_ms == 9_000 * RUNS[0].presses
    last = At(utc=None, mono=window.found_ms + 35_999, boot="b", trust=Trust.NTP)
    over = At(utc=None, mono=window.found_ms + 36_000, boot="b", trust=Trust.NTP)
    assert not [e for e in window.session.step(KeyCheck(), last) if isinstance(e, KeyRepeats)]
    assert KeyRepeats(FAULTY.value, on=False) in window.session.step(KeyCheck(), over)


def test_no_run_is_longer_than_what_is_kept() -> None:
    assert max(run.presses for run in RUNS) == RUN_LONGEST
