"""Key events of an input device become presses: stories first, then any story at all."""

import itertools
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from device.board.keypad import load_keypad
from device.board.profile import KeysProfile
from device.drivers.chords import DOWN, REPEAT, UP, Chords
from device.drivers.key_events import KeyEvent
from device.errors import PadCode
from device.events import Press
from device.ports import FaultReport
from sync.entries import Level

PROFILE = KeysProfile(coded=True, stuck_s=2.0)
TOGETHER_MS = PROFILE.debounce_ms
STUCK_MS = 2000
PAD = load_keypad("input-digits-rising")
ONE, TWO, THREE, FIVE, LETTER, ENTER = 2, 3, 4, 6, 30, 28
NAMES = {key.code: key.name for key in PAD.key}


class Event(NamedTuple):
    mono_ms: int
    code: int
    value: int


def fresh() -> Chords:
    strokes = Chords(PAD, PROFILE, "test")
    strokes.begin(0, ())
    return strokes


def played(events: list[Event], strokes: Chords | None = None) -> list[KeyEvent]:
    """What comes out of a story, and of the silence after it."""
    strokes = strokes or fresh()
    out = [one for event in events for one in strokes.feed(*event)]
    return out + strokes.tick((events[-1].mono_ms if events else 0) + STUCK_MS - 1)


def presses(found: list[KeyEvent]) -> list[tuple[str, Level | None, int]]:
    return [(one.key, one.level, one.mono_ms) for one in found if isinstance(one, Press)]


def tap(code: int, at_ms: int, hold_ms: int = 100) -> list[Event]:
    return [Event(at_ms, code, DOWN), Event(at_ms + hold_ms, code, UP)]


# --- one key ------------------------------------------------------------------------------------


@pytest.mark.parametrize("hold_ms", [0, 1, TOGETHER_MS, 100, 1500])
@pytest.mark.parametrize("code", NAMES)
def test_a_key_alone_is_its_press_however_short_it_is_down(code: int, hold_ms: int) -> None:
    level = Level(NAMES[code])
    assert presses(played(tap(code, 1000, hold_ms))) == [(NAMES[code], level, 1000)]


def test_the_press_comes_when_nothing_else_has_come_for_the_debounce_time() -> None:
    strokes = fresh()
    assert strokes.feed(1000, FIVE, DOWN) == []
    assert strokes.rest_ms(1000) == TOGETHER_MS
    assert strokes.feed(1001, FIVE, UP) == []
    assert strokes.tick(1000 + TOGETHER_MS - 1) == []
    assert strokes.rest_ms(1000 + TOGETHER_MS - 1) == 1
    assert len(strokes.tick(1000 + TOGETHER_MS)) == 1
    assert strokes.rest_ms(1000 + TOGETHER_MS) is None


def test_a_key_that_repeats_itself_is_one_press() -> None:
    repeats = [Event(1250 + 33 * number, FIVE, REPEAT) for number in range(20)]
    story = [Event(1000, FIVE, DOWN), *repeats, Event(1900, FIVE, UP)]
    assert presses(played(story)) == [("very_satisfied", Level.VERY_SATISFIED, 1000)]


def test_a_contact_that_the_pad_does_not_debounce_is_one_press() -> None:
    edges = [(1000, DOWN), (1002, UP), (1005, DOWN), (1100, UP), (1103, DOWN), (1104, UP)]
    found = played([Event(mono_ms, FIVE, value) for mono_ms, value in edges])
    assert len(presses(found)) == 1


def test_the_same_key_again_after_a_pause_is_another_press() -> None:
    assert len(presses(played([*tap(FIVE, 1000), *tap(FIVE, 1100 + TOGETHER_MS)]))) == 2


def test_events_that_are_read_late_give_the_same_as_those_read_at_once() -> None:
    story = [*tap(FIVE, 1000), *tap(ONE, 1200), *tap(TWO, 1400)]
    found = [one for event in story for one in fresh().feed(*event)]
    assert found == []  # the control: each alone is still waiting
    assert [key for key, *_ in presses(played(story))] == [NAMES[FIVE], NAMES[ONE], NAMES[TWO]]


# --- several keys -------------------------------------------------------------------------------


@pytest.mark.parametrize("apart_ms", [0, 1, TOGETHER_MS - 1])
@pytest.mark.parametrize("hold_ms", [1, 100])
def test_two_keys_within_one_stroke_are_no_level(apart_ms: int, hold_ms: int) -> None:
    """Also on a pad that sends down and up at once."""
    story = sorted([*tap(FIVE, 1000, hold_ms), *tap(ONE, 1000 + apart_ms, hold_ms)])
    assert [row[:2] for row in presses(played(story))] in (
        [("very_satisfied+very_dissatisfied", None)],
        [("very_dissatisfied+very_satisfied", None)],
    )


def test_a_key_that_comes_while_another_is_held_is_no_level() -> None:
    story = sorted([*tap(FIVE, 1000, 900), *tap(ONE, 1500), *tap(TWO, 1950)])
    assert presses(played(story)) == [
        ("very_satisfied", Level.VERY_SATISFIED, 1000),
        ("very_satisfied+very_dissatisfied", None, 1500),
        ("dissatisfied", Level.DISSATISFIED, 1950),
    ]


def test_a_held_key_that_bounces_beside_another_is_company_still() -> None:
    story = [
        Event(1000, FIVE, DOWN),
        Event(1500, FIVE, UP),
        Event(1503, ONE, DOWN),
        Event(1506, FIVE, DOWN),
    ]
    assert [row[1] for row in presses(played(story))] == [Level.VERY_SATISFIED, None]


# --- codes that are no keys ---------------------------------------------------------------------


def test_an_unknown_key_is_a_press_without_a_level_under_its_number() -> None:
    assert presses(played(tap(LETTER, 1000))) == [("unknown_1e", None, 1000)]
    assert not fresh().knows(LETTER)


def test_an_unknown_key_beside_a_known_one_takes_its_level_away() -> None:
    story = sorted([*tap(LETTER, 1000), *tap(FIVE, 1010)])
    assert presses(played(story)) == [("unknown_1e+very_satisfied", None, 1000)]


def test_what_the_key_map_ignores_is_nothing_and_no_company() -> None:
    story = sorted([*tap(ENTER, 990), *tap(FIVE, 1000, 1), *tap(ENTER, 1002, 1)])
    assert presses(played(story)) == [("very_satisfied", Level.VERY_SATISFIED, 1000)]
    assert fresh().knows(ENTER)


# --- keys that stay down ------------------------------------------------------------------------


def test_a_stuck_key_is_a_fault_and_no_company_until_it_is_up() -> None:
    strokes = fresh()
    found = strokes.feed(1000, FIVE, DOWN) + strokes.tick(1000 + STUCK_MS - 1)
    assert len(found) == 1
    assert strokes.rest_ms(1000 + STUCK_MS - 1) == 1
    assert strokes.tick(1000 + STUCK_MS) == [FaultReport(PadCode.KEY_STUCK, True, "very_satisfied")]
    assert strokes.rest_ms(1000 + STUCK_MS) is None
    story = tap(ONE, 1000 + STUCK_MS + 50)
    found = [one for event in story for one in strokes.feed(*event)]
    assert presses(found) == [("very_dissatisfied", Level.VERY_DISSATISFIED, story[0].mono_ms)]
    mended = strokes.feed(9000, FIVE, UP)
    assert mended == [FaultReport(PadCode.KEY_STUCK, False, "very_satisfied")]


def test_a_key_that_is_down_at_the_start_is_no_press_but_company_and_can_be_stuck() -> None:
    strokes = Chords(PAD, PROFILE, "test")
    strokes.begin(0, [FIVE, ENTER])
    story = [*tap(ONE, 100), Event(300, FIVE, UP), *tap(FIVE, 500)]
    assert [row[:2] for row in presses(played(story, strokes))] == [
        ("very_satisfied+very_dissatisfied", None),
        ("very_satisfied", Level.VERY_SATISFIED),
    ]
    strokes.begin(0, [FIVE, ENTER])
    assert strokes.tick(STUCK_MS) == [FaultReport(PadCode.KEY_STUCK, True, "very_satisfied")]


# --- lost events, lost devices -----------------------------------------------------------------


def test_a_stroke_whose_company_was_lost_has_no_level() -> None:
    strokes = fresh()
    strokes.feed(1000, FIVE, DOWN)
    found = strokes.resync(4000, [FIVE, TWO])
    assert presses(found) == [("very_satisfied+lost", None, 1000)]


def test_after_a_resync_what_is_down_is_held_and_what_is_up_can_be_pressed() -> None:
    strokes = fresh()
    played(tap(FIVE, 1000), strokes)
    strokes.feed(1500, ONE, DOWN)
    strokes.tick(1600)
    assert strokes.resync(1700, [FIVE]) == []
    found = played([*tap(ONE, 1800), Event(2000, FIVE, UP), *tap(FIVE, 2100)], strokes)
    assert [row[1] for row in presses(found)] == [None, Level.VERY_SATISFIED]


def test_a_key_that_came_up_unseen_is_stuck_no_more() -> None:
    strokes = fresh()
    strokes.feed(0, FIVE, DOWN)
    strokes.tick(STUCK_MS)
    assert strokes.resync(5000, []) == [FaultReport(PadCode.KEY_STUCK, False, "very_satisfied")]


def test_a_device_that_goes_ends_its_stroke_without_a_level_and_its_faults() -> None:
    strokes = fresh()
    strokes.feed(0, ONE, DOWN)
    strokes.tick(STUCK_MS)
    strokes.feed(3000, FIVE, DOWN)
    assert strokes.end() == [
        Press("very_satisfied+lost", None, "test", 3000),
        FaultReport(PadCode.KEY_STUCK, False, "very_dissatisfied"),
    ]
    assert strokes.end() == []
    strokes.begin(5000, [])
    assert len(presses(played(tap(FIVE, 5001), strokes))) == 1


# --- any story ----------------------------------------------------------------------------------


@st.composite
def stories(draw: st.DrawFn) -> list[Event]:
    """Keys that go down and up in any order, each key in turn."""
    events, down, mono_ms = [], set[int](), 1000
    for _ in range(draw(st.integers(1, 25))):
        mono_ms += draw(st.sampled_from([0, 1, 5, 19, 20, 21, 60, 300, STUCK_MS]))
        code = draw(st.sampled_from([ONE, THREE, FIVE, LETTER, ENTER]))
        value = draw(st.sampled_from([UP, UP, REPEAT])) if code in down else DOWN
        if value != REPEAT:
            down ^= {code}
        events.append(Event(mono_ms, code, value))
    return events


def held_at(events: list[Event], number: int) -> dict[int, int]:
    """Which keys are down just before an event, and since when; the story itself says it."""
    down: dict[int, int] = {}
    for mono_ms, code, value in events[:number]:
        if value == DOWN:
            down[code] = mono_ms
        elif value == UP:
            down.pop(code, None)
    return down


@settings(max_examples=400, deadline=None)
@given(stories())
def test_a_level_is_one_key_that_went_down_alone(events: list[Event]) -> None:
    story = [event for event in events if event.code != ENTER]
    downs = [(n, event) for n, event in enumerate(story) if event.value == DOWN]
    for key, level, mono_ms in presses(played(events)):
        if level is None:
            continue
        assert Level(key) is level
        during = [one for _, one in downs if 0 <= one.mono_ms - mono_ms < TOGETHER_MS]
        here = [(n, one) for n, one in downs if one.mono_ms == mono_ms and key in NAMES.values()]
        assert {NAMES.get(one.code) for one in during} == {key}
        number = here[0][0]
        company = held_at(story, number)
        assert all(mono_ms - since >= STUCK_MS for since in company.values())


@settings(max_examples=400, deadline=None)
@given(stories())
def test_no_key_that_went_down_is_pressed_twice(events: list[Event]) -> None:
    found = presses(played(events))
    downs = [event for event in events if event.value == DOWN and event.code != ENTER]
    assert len(found) <= len(downs)
    starts = [mono_ms for *_, mono_ms in found]
    assert starts == sorted(set(starts))
    assert all(b - a >= TOGETHER_MS for a, b in itertools.pairwise(starts))
    assert set(starts) <= {event.mono_ms for event in downs}


@settings(max_examples=300, deadline=None)
@given(stories(), st.lists(st.integers(0, 5000), max_size=20))
def test_when_a_driver_looks_at_the_clock_changes_nothing(
    events: list[Event], looks: list[int]
) -> None:
    strokes, found = fresh(), []
    story = sorted([*events, *((1000 + look, None, None) for look in looks)], key=lambda e: e[0])
    for mono_ms, code, value in story:
        if code is None or value is None:
            found += strokes.tick(mono_ms - 1)  # a look never runs ahead of an event
        else:
            found += strokes.feed(mono_ms, code, value)
    found += strokes.tick(story[-1][0] + STUCK_MS * 2)
    alone = fresh()
    expected = [one for event in events for one in alone.feed(*event)]
    expected += alone.tick(story[-1][0] + STUCK_MS * 2)
    assert found == expected


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from(list(NAMES)), min_size=1, max_size=30), st.integers(0, 500))
def test_every_key_that_is_pressed_alone_is_delivered_in_order(
    codes: list[int], hold_ms: int
) -> None:
    apart_ms = hold_ms + TOGETHER_MS
    story = [one for n, code in enumerate(codes) for one in tap(code, 1000 + n * apart_ms, hold_ms)]
    assert [key for key, *_ in presses(played(story))] == [NAMES[code] for code in codes]


@settings(max_examples=200, deadline=None)
@given(stories())
def test_faults_of_a_key_come_and_go_in_turn_and_end_with_the_device(events: list[Event]) -> None:
    strokes = fresh()
    found = played(events, strokes) + strokes.tick(10**7) + strokes.end()
    raised: set[str] = set()
    for one in found:
        if isinstance(one, FaultReport):
            assert one.code is PadCode.KEY_STUCK
            assert (one.detail in raised) is not one.broken
            (raised.add if one.broken else raised.remove)(one.detail)
    assert raised == set()


# --- a key that is set apart ---------------------------------------------------------------------


def apart(*codes: int) -> Chords:
    strokes = fresh()
    strokes.apart = frozenset(NAMES[code] for code in codes)
    return strokes


def test_a_key_that_is_set_apart_is_a_press_without_a_level_each_time_it_goes_down() -> None:
    story = [one for number in range(4) for one in tap(ONE, 1000 + number * 450, 60)]
    assert presses(played(story, apart(ONE))) == [
        (NAMES[ONE], None, 1000 + number * 450) for number in range(4)
    ]


@pytest.mark.parametrize("late_ms", [-150, -1, 0, 1, TOGETHER_MS - 1, 50, 99, 150])
def test_a_key_that_is_set_apart_makes_no_chord_of_another(late_ms: int) -> None:
    story = sorted([*tap(ONE, 1000), *tap(TWO, 1000 + late_ms)])
    found = presses(played(story, apart(ONE)))
    assert sorted(found, key=lambda one: one[0]) == sorted(
        [(NAMES[ONE], None, 1000), (NAMES[TWO], Level(NAMES[TWO]), 1000 + late_ms)]
    )


def test_a_key_that_is_held_when_it_is_set_apart_makes_no_chord_any_more() -> None:
    strokes = fresh()
    strokes.feed(1000, ONE, DOWN)
    strokes.tick(1000 + TOGETHER_MS)
    strokes.apart = frozenset({NAMES[ONE]})
    found = presses(played([Event(1500, TWO, DOWN)], strokes))
    assert found == [(NAMES[TWO], Level(NAMES[TWO]), 1500)]


def test_a_key_that_went_down_while_set_apart_makes_no_chord_after_it() -> None:
    strokes = apart(ONE)
    strokes.feed(1000, ONE, DOWN)
    strokes.apart = frozenset()
    assert presses(played([Event(1500, TWO, DOWN)], strokes)) == [
        (NAMES[TWO], Level(NAMES[TWO]), 1500)
    ]


def test_a_contact_that_bounces_while_set_apart_is_one_press() -> None:
    story = [*tap(ONE, 1000, 5), *tap(ONE, 1010, 5)]
    assert len(presses(played(story, apart(ONE)))) == 1
