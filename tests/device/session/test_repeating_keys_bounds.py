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


@pytest.mark.parametrize(("unasked", "found"), [((3, 8, 13, 18, 22), [24]), ((3, 8, 13, 18), [])])
def test_of_twenty_four_presses_five_are_more_than_the_invitations(
    unasked: tuple[int, ...], found: list[int]
) -> None:
    invited = [int(gap not in unasked) for gap in range(23)]
    assert found_at([4_000] * 23, invited) == found
