"""Where a regular key begins and ends to be one: just at each bound, and just beyond it."""

from collections.abc import Sequence
from itertools import accumulate

import pytest

from device.session.repeating_keys import PERIOD_MOST_MS, RUN_MS, RepeatingKeys

GAPS = 11
"""Between the twelve presses of the shortest run."""


def found_at(gaps_ms: Sequence[int], invited: Sequence[int] = ()) -> list[int]:
    """At which presses a key was found that presses with these gaps; `invited` counts the
    invitations that began in each of them.
    """
    keys = RepeatingKeys()
    times_ms = accumulate(gaps_ms, initial=1_000_000)
    invitations = accumulate(invited or [0] * len(gaps_ms), initial=0)
    return [
        n
        for n, (mono_ms, begun) in enumerate(zip(times_ms, invitations, strict=True), 1)
        if keys.note("k", mono_ms, invitations=begun)
    ]


@pytest.mark.parametrize(("span_ms", "found"), [(20_000, [12]), (19_999, [])])
def test_twelve_regular_presses_take_twenty_seconds_at_least(
    span_ms: int, found: list[int]
) -> None:
    gap_ms = RUN_MS // GAPS
    assert found_at([gap_ms] * (GAPS - 1) + [span_ms - gap_ms * (GAPS - 1)]) == found


@pytest.mark.parametrize(("gap_ms", "found"), [(60_000, [12]), (60_001, [])])
def test_a_regular_key_presses_once_a_minute_at_least(gap_ms: int, found: list[int]) -> None:
    assert abs(gap_ms - PERIOD_MOST_MS) <= 1
    assert found_at([gap_ms] * GAPS) == found


@pytest.mark.parametrize(("invitations", "found"), [(6, [12]), (7, [])])
def test_of_twelve_presses_five_are_more_than_the_invitations(
    invitations: int, found: list[int]
) -> None:
    invited = [1] * invitations + [0] * (GAPS - invitations)
    assert found_at([4_000] * GAPS, invited) == found
    assert found_at([4_000] * GAPS, invited[::-1]) == found


@pytest.mark.parametrize(("unasked", "found"), [((3, 8, 13, 18, 22), [24]), ((3, 8, 13, 18), [])])
def test_of_twenty_four_presses_five_are_more_than_the_invitations(
    unasked: tuple[int, ...], found: list[int]
) -> None:
    invited = [int(gap not in unasked) for gap in range(23)]
    assert found_at([4_000] * 23, invited) == found


SPREAD_OUT = (3, 9, 14, 19)
"""Of 23 gaps; whichever eleven follow each other, one of these is among them."""


def long_run(other_ms: int, where: Sequence[int], gap_ms: int = 4_000) -> list[int]:
    """The 23 gaps of a run of 24 presses, some of them of another length."""
    return [other_ms if n in where else gap_ms for n in range(23)]


@pytest.mark.parametrize(
    ("odd_ms", "found"), [(3_399, []), (3_400, [12]), (4_600, [12]), (4_601, [])]
)
@pytest.mark.parametrize("where", [0, 5, GAPS - 1])
def test_of_twelve_presses_no_gap_is_further_from_the_median_than_15_percent(
    odd_ms: int, found: list[int], where: int
) -> None:
    gaps_ms = [4_000] * GAPS
    gaps_ms[where] = odd_ms
    assert found_at(gaps_ms) == found


@pytest.mark.parametrize("other_ms", [3_420, 4_590])
def test_the_gaps_are_compared_with_the_middle_one(other_ms: int) -> None:
    assert found_at([4_000] * 6 + [other_ms] * 5) == [12]


@pytest.mark.parametrize(("others", "found"), [((3, 9, 14, 19), [24]), ((3, 9, 13, 17, 20), [])])
@pytest.mark.parametrize("other_ms", [1_000, 7_000])
def test_of_twenty_three_gaps_four_may_be_a_citizens(
    other_ms: int, others: tuple[int, ...], found: list[int]
) -> None:
    assert found_at(long_run(other_ms, others)) == found


@pytest.mark.parametrize(
    ("odd_ms", "found"), [(2_799, []), (2_800, [24]), (5_200, [24]), (5_201, [])]
)
def test_of_twenty_four_presses_gaps_may_be_30_percent_from_the_median(
    odd_ms: int, found: list[int]
) -> None:
    assert found_at(long_run(odd_ms, (*SPREAD_OUT, 21))) == found


@pytest.mark.parametrize(("others", "found"), [((5, 15), [24]), ((5, 12, 18), [])])
def test_of_gaps_that_differ_by_30_percent_two_may_be_a_citizens(
    others: tuple[int, ...], found: list[int]
) -> None:
    gaps_ms = long_run(5_000, (*SPREAD_OUT, 21))
    for where in others:
        gaps_ms[where] = 1_000
    assert found_at(gaps_ms) == found


@pytest.mark.parametrize(
    "gaps_ms", [long_run(1_000, SPREAD_OUT), long_run(5_000, (*SPREAD_OUT, 21))]
)
@pytest.mark.parametrize(("invitations", "found"), [(18, [24]), (19, [])])
def test_five_are_more_than_the_invitations_in_a_less_regular_run_as_well(
    gaps_ms: list[int], invitations: int, found: list[int]
) -> None:
    invited = [1] * invitations + [0] * (23 - invitations)
    assert found_at(gaps_ms, invited) == found


@pytest.mark.parametrize(("longer_ms", "found"), [(0, [24]), (1, [])])
def test_a_run_is_no_more_than_three_tenths_longer_than_its_gaps(
    longer_ms: int, found: list[int]
) -> None:
    gaps_ms = long_run(10_900, SPREAD_OUT)  # 23 times 4 s and three tenths more
    gaps_ms[SPREAD_OUT[-1]] += longer_ms
    assert found_at(gaps_ms) == found
