"""What pressed, thanked, stored, lost and doubled count."""

import pytest

from demo.delivery_count import count


def test_a_thanked_and_stored_rating_is_settled():
    counts = count(thanked={"a", "b"}, committed={"a", "b"}, stored={"a": 1, "b": 1})
    assert counts.settled
    assert counts.line() == "pressed 2, thanked 2, stored 2, lost 0, doubled 0"


def test_a_rating_under_way_is_waiting_and_not_lost():
    counts = count(thanked={"a"}, committed={"a"}, stored={})
    assert (counts.waiting, counts.lost) == (1, 0)
    assert counts.kept
    assert not counts.settled


def test_a_thanks_for_what_neither_end_holds_is_lost():
    counts = count(thanked={"a"}, committed=set(), stored={})
    assert (counts.pressed, counts.lost) == (1, 1)
    assert not counts.kept
    assert not counts.settled


def test_an_invitation_counted_twice_is_doubled():
    counts = count(thanked={"a"}, committed={"a"}, stored={"a": 2})
    assert (counts.stored, counts.doubled) == (1, 1)
    assert not counts.kept
    assert not counts.settled


def test_a_commit_whose_thanks_a_power_cut_prevented_was_pressed():
    """Until the desk says "rated" and the clerk tells the citizen, the count is not settled."""
    silent = count(thanked=set(), committed={"a"}, stored={"a": 1})
    assert silent.line() == "pressed 1, thanked 0, stored 1, lost 0, doubled 0"
    assert not silent.settled
    assert count(thanked={"a"}, committed={"a"}, stored={"a": 1}).settled


@pytest.mark.parametrize("stored", [{}, {"a": 0}])
def test_nothing_is_stored_until_the_province_counts_it(stored):
    assert count(thanked=set(), committed={"a"}, stored=stored).stored == 0
