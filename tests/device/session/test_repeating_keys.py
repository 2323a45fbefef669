"""Which keys repeat: numbers and times, without a session."""

import pytest

from device.session.repeating_keys import (
    BURST_MS,
    IMPATIENT,
    MANY,
    MANY_MS,
    NAMES_KEPT,
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
    anew = [keys.note("k", over_ms + n) for n in range(MANY)]
    assert anew == [False] * (MANY - 1) + [True]


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


def test_the_numbers_are_twenty_in_a_minute_and_ten_seconds_of_quiet() -> None:
    assert (MANY, MANY_MS, SLOW_MANY, SLOW_MS) == (20, 60_000, 100, 900_000)
    assert (QUIET_MS, QUIET_GAPS, BURST_MS, IMPATIENT, NAMES_KEPT) == (10_000, 4, 2_000, 4, 64)


def test_a_key_that_does_not_repeat_is_never_told_to_be_quiet() -> None:
    keys = RepeatingKeys()
    keys.note("k", 1)
    assert keys.due_ms is None
    assert keys.take_quiet(SLOW_MS) == []
    assert not keys.repeats("k", 1)
    assert not keys.repeats("k", 0)  # an edge that is reported late


def test_the_first_press_after_boot_begins_a_burst() -> None:
    keys = RepeatingKeys()
    assert not any(keys.note("k", n * (BURST_MS + 2_000)) for n in range(SLOW_MANY - 1))
    assert keys.note("k", (SLOW_MANY - 1) * (BURST_MS + 2_000))


def test_of_too_many_names_the_one_that_was_pressed_longest_ago_is_forgotten() -> None:
    keys = RepeatingKeys()
    for n in range(MANY - 1):
        keys.note("k", n)
    for n in range(NAMES_KEPT - 1):
        keys.note(f"noise_{n}", MANY + n)
    assert keys.note("k", 1_000)  # one of 64 names, and it is the newest now
    for n in range(NAMES_KEPT):
        keys.note(f"more_{n}", 2_000 + n)
    assert not keys.repeats("k", 2_100)


def test_presses_within_one_millisecond_repeat_as_well() -> None:
    keys = RepeatingKeys()
    assert [keys.note("k", 5) for _ in range(MANY)] == [False] * (MANY - 1) + [True]
    assert keys.due_ms == 5 + QUIET_MS


@pytest.mark.parametrize(("late_ms", "repeats"), [(0, True), (1, False)])
def test_the_twentieth_press_may_come_at_the_end_of_the_minute_and_no_later(
    late_ms: int, repeats: bool
) -> None:
    keys = RepeatingKeys()
    for n in range(MANY - 1):
        keys.note("k", 1_000 + n)
    assert keys.note("k", 1_000 + MANY_MS + late_ms) is repeats


@pytest.mark.parametrize(("pause_ms", "forgiven"), [(300, 4), (BURST_MS, 4), (BURST_MS + 1, 0)])
def test_four_presses_that_follow_a_rating_at_once_are_the_citizens(
    pause_ms: int, forgiven: int
) -> None:
    keys, rated_ms = RepeatingKeys(), 1_000_000
    assert not keys.note("k", rated_ms, asked=True)
    after_ms = [rated_ms + pause_ms + n * 500 for n in range(3 * MANY)]
    found = [n for n, mono_ms in enumerate(after_ms, 1) if keys.note("k", mono_ms)]
    assert found == [MANY + forgiven]


def test_of_a_key_that_is_forgotten_while_it_repeats_the_end_is_reported() -> None:
    keys, _ = pressed_every(450, MANY)
    over_ms = MANY * 450 + QUIET_MS
    for n in range(NAMES_KEPT):
        keys.note(f"noise_{n}", MANY * 450 + n)
    assert not keys.repeats("k", over_ms - 1)
    assert keys.due_ms == over_ms
    assert keys.take_quiet(over_ms - 1) == []
    assert keys.take_quiet(over_ms) == ["k"]
    assert keys.due_ms is None
