"""From fingers to presses: one face is a level, more than one never is."""

import random

import pytest

from device.ui.touch.touches import MAX_HOLD_MS, TOGETHER_MS, Tap, Touches
from sync.entries import Level

LEVELS = [level.value for level in Level]
LONG_AGO = 5_000.0


def taps(*moves: tuple[int, str, int, str | bool], until_ms: int = 60_000) -> list[Tap]:
    """What comes of moves (ms, "down" or "up", pointer, face or whether it is still there), asked
    for at every millisecond that `due_ms` names.
    """
    fingers, found, waiting = Touches(), [], list(moves)
    now_ms = 0
    while now_ms <= until_ms:
        for at_ms, what, pointer, which in [move for move in waiting if move[0] <= now_ms]:
            if what == "down":
                fingers.down(pointer, str(which), 1, at_ms, LONG_AGO)
            else:
                fingers.up(pointer, on_face=bool(which))
            waiting = waiting[1:]
        tap = fingers.tap(now_ms)
        if tap is not None:
            found.append(tap)
        due_ms = fingers.due_ms
        nexts = [one for one in (due_ms, waiting[0][0] if waiting else None) if one is not None]
        if not nexts:
            break
        now_ms = max(now_ms + 1, min(nexts))
    return found


def test_a_finger_on_a_face_is_a_tap_of_the_moment_it_came_down() -> None:
    (tap,) = taps((10, "down", 1, "satisfied"), (90, "up", 1, True))
    assert tap == Tap(("satisfied",), 1, 10, LONG_AGO, is_valid=True)


def test_a_tap_is_told_once_the_time_for_a_second_finger_is_over() -> None:
    fingers = Touches()
    fingers.down(1, "satisfied", 1, 0, LONG_AGO)
    fingers.up(1, on_face=True)
    assert fingers.tap(TOGETHER_MS - 1) is None
    assert fingers.tap(TOGETHER_MS) is not None
    assert fingers.tap(TOGETHER_MS) is None, "and not told twice"


def test_a_finger_that_slides_off_takes_its_touch_back() -> None:
    assert taps((10, "down", 1, "satisfied"), (200, "up", 1, False)) == []


def test_two_fingers_on_two_faces_are_one_press_of_both() -> None:
    (tap,) = taps(
        (0, "down", 1, "satisfied"),
        (400, "down", 2, "dissatisfied"),
        (500, "up", 1, True),
        (900, "up", 2, True),
    )
    assert tap.keys == ("satisfied", "dissatisfied")


def test_one_of_two_fingers_that_slides_off_does_not_leave_the_other_a_level() -> None:
    (tap,) = taps(
        (0, "down", 1, "satisfied"),
        (5, "down", 2, "dissatisfied"),
        (50, "up", 1, False),
        (60, "up", 2, True),
    )
    assert len(tap.keys) == 2


def test_two_fingers_on_one_face_mean_that_face() -> None:
    (tap,) = taps(
        (0, "down", 1, "satisfied"),
        (5, "down", 2, "satisfied"),
        (50, "up", 1, True),
        (60, "up", 2, True),
    )
    assert tap.keys == ("satisfied",)
    assert tap.is_valid


def test_quick_taps_one_after_the_other_are_one_press() -> None:
    (tap,) = taps(
        (0, "down", 1, "satisfied"),
        (20, "up", 1, True),
        (60, "down", 1, "dissatisfied"),
        (90, "up", 1, True),
    )
    assert tap.keys == ("satisfied", "dissatisfied")


def test_two_deliberate_taps_are_two() -> None:
    found = taps(
        (0, "down", 1, "satisfied"),
        (80, "up", 1, True),
        (600, "down", 1, "dissatisfied"),
        (680, "up", 1, True),
    )
    assert [tap.keys for tap in found] == [("satisfied",), ("dissatisfied",)]


def test_a_question_that_changes_under_two_fingers_is_answered_by_neither() -> None:
    fingers = Touches()
    fingers.down(1, "satisfied", 1, 0, LONG_AGO)
    fingers.down(2, "satisfied", 2, 50, 0.0)
    fingers.up(1, on_face=True)
    fingers.up(2, on_face=True)
    tap = fingers.tap(1000)
    assert tap is not None
    assert not tap.is_valid
    assert tap.seen_ms == 0


def test_a_bag_on_the_screen_is_no_level_and_does_not_block_the_next_citizen() -> None:
    resting, tap = taps(
        (0, "down", 1, "satisfied"),
        (MAX_HOLD_MS + 500, "down", 2, "dissatisfied"),
        (MAX_HOLD_MS + 600, "up", 2, True),
    )
    assert not resting.is_valid
    assert (tap.keys, tap.is_valid) == (("dissatisfied",), True)


def test_a_page_that_disconnects_ends_its_touches() -> None:
    fingers = Touches()
    fingers.down(1, "satisfied", 1, 0, LONG_AGO)
    fingers.clear()
    fingers.up(1, on_face=True)
    assert fingers.due_ms is None


def test_a_finger_that_was_not_reported_down_is_ignored() -> None:
    assert taps((0, "up", 7, True)) == []


@pytest.mark.parametrize("seed", range(20))
def test_whatever_hands_do_every_press_of_one_face_was_a_finger_on_that_face_alone(
    seed: int,
) -> None:
    rng = random.Random(seed)
    moves: list[tuple[int, str, int, str | bool]] = []
    spans: list[tuple[int, int, str]] = []
    now_ms = 0
    for pointer in range(60):
        now_ms += rng.choice((3, 30, 90, 200, 900))
        held_ms, face = rng.choice((20, 80, 300)), rng.choice(LEVELS)
        moves.append((now_ms, "down", pointer, face))
        moves.append((now_ms + held_ms, "up", pointer, True))
        spans.append((now_ms, now_ms + held_ms, face))
    for tap in taps(*sorted(moves, key=lambda move: move[0]), until_ms=200_000):
        if len(tap.keys) == 1:
            end = tap.at_ms + TOGETHER_MS
            near = {face for start, stop, face in spans if tap.at_ms <= start < end}
            under = {face for start, stop, face in spans if start <= tap.at_ms < stop}
            assert near | under == set(tap.keys)
