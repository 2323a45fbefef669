"""Two entries at one position, as a copied card gives them: which counts is never a matter of when
it came. The one counts whose columns of the row sort first.
"""

import itertools
from typing import NamedTuple

import pytest

from province.precedence import (
    LAPSED,
    RATED,
    RATED_AGAIN,
    WITHDRAWN,
    AboutInvitation,
    Precedence,
    merge,
    rating_of,
)
from province.rows import Rating
from sync.entries import Channel, Invited, Lapsed, Level, Trust, Withdrawn
from tests.rigs.ledger.ledger_builder import NOON_MS, at, invited, rated, without_time

SHOWN = [
    invited("i1"),
    invited("i1", case=""),
    invited("i1", case="A", step="2"),
    invited("i1", case="B"),
    invited("i1", case="B", step="1"),
    invited("i1", case="B", matter="1"),
    invited("i1", case="a", channel=Channel.HALL_PAD),
]
"""Of one position, as their columns sort: one that is missing is before any that is there."""


class Tied(NamedTuple):
    """Outcomes of one rank at one position, as they sort: the first of them counts."""

    rank: int
    bodies: tuple[AboutInvitation, ...]


MOMENTS = (
    without_time(5),
    at(5, NOON_MS, trust=Trust.HELD),
    at(5, NOON_MS),
    at(5, NOON_MS + 1),
    without_time(6),
    at(6, NOON_MS - 90),
    at(1, boot="boot-2"),
)
"""Of one position: by boot, by the time since its start, and then by the pad's own date."""

TIED = (
    Tied(RATED, tuple(rated("i1", when=when) for when in MOMENTS)),
    Tied(RATED_AGAIN, tuple(rated("i1", when=when, again=True) for when in MOMENTS)),
    Tied(LAPSED, tuple(Lapsed(at=when, invitation="i1") for when in MOMENTS)),
    Tied(
        RATED,
        (
            rated("i1", Level.DISSATISFIED, at(9)),
            rated("i1", Level.SATISFIED, at(9), elapsed_ms=1),
            rated("i1", Level.SATISFIED, at(8), elapsed_ms=2),
        ),
    ),
    Tied(
        WITHDRAWN,
        tuple(
            Withdrawn(at=at(when), invitation="i1", reason=reason)
            for reason, when in (("desk", 9), ("power", 8))
        ),
    ),
)


def ended(rank: int, *bodies: AboutInvitation) -> Rating:
    entries = Precedence()
    for body in bodies:
        entries.add_outcome(rank, body, "A", 7)
    return rating_of("pad-1", "i1", entries, {})


def asked(*bodies: Invited) -> Rating:
    entries = Precedence()
    for body in bodies:
        entries.add_invited(body, "A", 2)
    return rating_of("pad-1", "i1", entries, {})


@pytest.mark.parametrize("tied", TIED)
def test_of_two_outcomes_at_one_position_the_one_that_sorts_first_counts(tied: Tied) -> None:
    for first, second in itertools.combinations(tied.bodies, 2):
        counts = ended(tied.rank, first)
        assert counts != ended(tied.rank, second)
        assert ended(tied.rank, first, second) == counts
        assert ended(tied.rank, second, first) == counts


@pytest.mark.parametrize("tied", TIED)
def test_two_rows_of_one_position_merge_to_the_outcome_that_sorts_first(tied: Tied) -> None:
    for first, second in itertools.combinations(tied.bodies, 2):
        one, other = ended(tied.rank, first), ended(tied.rank, second)
        assert merge(one, other) == one
        assert merge(other, one) == one


def test_of_two_invited_entries_at_one_position_the_one_that_sorts_first_counts() -> None:
    for first, second in itertools.combinations(SHOWN, 2):
        counts = asked(first)
        assert counts != asked(second)
        assert asked(first, second) == counts
        assert asked(second, first) == counts


def test_two_rows_of_one_position_merge_to_the_invitation_that_sorts_first() -> None:
    for first, second in itertools.combinations(SHOWN, 2):
        one, other = asked(first), asked(second)
        assert merge(one, other) == one
        assert merge(other, one) == one
