"""Which keys repeat: numbers and times, without a session."""

import pytest

from device.session.repeating_keys import (
    BURST_MS,
    MANY,
    MANY_MS,
    QUIET_GAPS,
    QUIET_MS,
    SLOW_MANY,
    SLOW_MS,
    RepeatingKeys,
)


def pressed_every(gap_ms: int, times: int) -> tuple[RepeatingKeys, list[int]]:
    """A key that is pressed from `gap_ms` on; at which of the presses it was found to repeat."""
    keys = RepeatingKeys()
    found = [n for n in range(1, times + 1) if keys.note("k", n * gap_ms)]
    return keys, found


@pytest.mark.parametrize("gap_ms", [60, 450, 1_000, MANY_MS // (MANY - 1)])
def test_a_key_repeats_with_the_twentieth_press_of_a_minute(gap_ms: int) -> None:
    assert pressed_every(gap_ms, 3 * MANY)[1] == [MANY]


@pytest.mark.parametrize("gap_ms", [MANY_MS // (MANY - 1) + 1, 8_000, SLOW_MS // (SLOW_MANY - 1)])
def test_a_slower_key_repeats_within_a_quarter_of_an_hour(gap_ms: int) -> None:
    assert pressed_every(gap_ms, 3 * SLOW_MANY)[1] == [SLOW_MANY]


def test_a_press_now_and_then_is_no_fault() -> None:
    assert pressed_every(SLOW_MS // (SLOW_MANY - 1) + 1, 1_000)[1] == []


def test_a_burst_counts_once_among_the_slow_presses() -> None:
    keys = RepeatingKeys()
    for burst in range(300):  # impatient hands, before and after six ratings in two minutes
        assert not any(keys.note("k", burst * 10_000 + n * BURST_MS) for n in range(3))
    keys = RepeatingKeys()  # control: were it not the same burst, it would be found
    apart = [keys.note("k", b * 10_000 + n * (BURST_MS + 1)) for b in range(50) for n in range(3)]
    assert True in apart


def test_keys_are_counted_each_for_itself() -> None:
    keys = RepeatingKeys()
    assert not any(keys.note(f"k{n % 5}", n * 450) for n in range(5 * (MANY - 1)))
    assert keys.note("k0", 5 * MANY * 450)


@pytest.mark.parametrize(("gap_ms", "quiet_ms"), [(450, QUIET_MS), (3_000, QUIET_GAPS * 3_000)])
def test_it_is_over_after_ten_seconds_or_four_of_its_gaps(gap_ms: int, quiet_ms: int) -> None:
    keys, _ = pressed_every(gap_ms, MANY)
    over_ms = MANY * gap_ms + quiet_ms
    due_ms = keys.due_ms
    assert due_ms == over_ms
    assert keys.repeats("k", over_ms - 1)
    assert keys.take_quiet(over_ms - 1) == []
    assert not keys.repeats("k", over_ms)
    assert keys.take_quiet(over_ms) == ["k"]
    assert keys.take_quiet(over_ms) == []
    assert keys.due_ms is None
    assert not any(keys.note("k", over_ms + n) for n in range(MANY - 1))  # it begins anew


def test_every_press_of_a_repeating_key_puts_its_end_off() -> None:
    keys, _ = pressed_every(450, MANY)
    keys.note("k", MANY * 450 + QUIET_MS - 1)
    assert keys.due_ms == MANY * 450 + 2 * QUIET_MS - 1
    assert keys.repeats("k", MANY * 450 + QUIET_MS)


def test_a_press_that_is_reported_late_does_not_bring_the_end_forward() -> None:
    keys, _ = pressed_every(450, MANY)
    keys.note("k", 0)
    assert keys.due_ms == MANY * 450 + QUIET_MS


def test_several_keys_at_once_repeat_when_one_of_them_does() -> None:
    keys, _ = pressed_every(450, MANY)
    now_ms = MANY * 450
    assert keys.repeats("a+k", now_ms)
    assert not keys.repeats("a+b", now_ms)
    assert not keys.repeats("never_seen", now_ms)


def test_the_earliest_of_several_ends_is_due() -> None:
    keys, _ = pressed_every(450, MANY)
    for n in range(MANY):
        keys.note("later", 60_000 + n)
    assert keys.due_ms == MANY * 450 + QUIET_MS
    assert keys.take_quiet(MANY * 450 + QUIET_MS) == ["k"]
    assert keys.repeats("later", 60_000 + MANY)
