"""Of a pad's refused messages a few are kept, the others are counted."""

from sync.messages import Problem
from sync.refusal_budget import ANSWER_EVERY_S, BURST, EVERY_S, PADS_MAX, RefusalBudget
from sync.store_port import Unkept


def test_a_burst_is_kept_and_then_one_in_a_while() -> None:
    budget = RefusalBudget()
    assert [budget.keeps("a", 0.0) for _ in range(BURST + 2)] == [True] * BURST + [False] * 2
    assert budget.keeps("b", 0.0), "another pad has its own"
    assert not budget.keeps("a", EVERY_S * 0.9)
    assert budget.keeps("a", EVERY_S)
    assert not budget.keeps("a", EVERY_S)


def test_what_is_not_kept_is_answered_once_in_a_while() -> None:
    budget = RefusalBudget()
    assert [budget.answers("a", 0.5) for _ in range(3)] == [True, False, False]
    assert budget.answers("b", 0.5)
    assert budget.answers("a", 0.5 + ANSWER_EVERY_S)
    for n in range(2 * PADS_MAX):
        assert budget.answers(f"pad-{n}", 9.0)
    assert len(budget._answered_s) == PADS_MAX


def test_what_is_not_kept_is_counted_by_pad_and_problem() -> None:
    budget = RefusalBudget()
    for _ in range(3):
        budget.count("a", Problem.MALFORMED)
    budget.count("a", Problem.VERSION)
    counts = budget.take_counts(77)
    assert counts == [
        Unkept("a", Problem.MALFORMED, 3, 77),
        Unkept("a", Problem.VERSION, 1, 77),
    ]
    assert not budget.has_counts
    budget.put_back(counts)
    budget.count("a", Problem.MALFORMED)
    assert budget.take_counts(78)[0].times == 4


def test_pads_that_are_remembered_are_bounded() -> None:
    budget = RefusalBudget()
    for n in range(2 * PADS_MAX):
        assert budget.keeps(f"pad-{n}", 0.0)
    assert len(budget._tokens) == PADS_MAX


def test_the_bounds_are_these() -> None:
    assert (BURST, EVERY_S, ANSWER_EVERY_S, PADS_MAX) == (16, 10.0, 1.0, 4096)


def test_there_are_counts_from_the_first_until_they_are_taken() -> None:
    budget = RefusalBudget()
    seen = [budget.has_counts]
    budget.count("a", Problem.MALFORMED)
    seen.append(budget.has_counts)
    budget.take_counts(77)
    seen.append(budget.has_counts)
    assert seen == [False, True, False]


def test_the_pad_that_was_refused_longest_ago_is_forgotten_first() -> None:
    budget = RefusalBudget()
    for _ in range(BURST):
        for pad in ("old", "busy"):
            budget.keeps(pad, 0.0)
    for n in range(PADS_MAX - 2):
        budget.keeps(f"pad-{n}", 0.0)
    assert not budget.keeps("busy", 0.0)
    budget.keeps("one-more", 0.0)
    assert not budget.keeps("busy", 0.0), "it is remembered"
    assert budget.keeps("old", 0.0), "it was forgotten"


def test_the_pad_that_was_answered_longest_ago_is_forgotten_first() -> None:
    budget = RefusalBudget()
    for pad in ("busy", "old", *(f"pad-{n}" for n in range(PADS_MAX - 2))):
        assert budget.answers(pad, 0.0)
    assert budget.answers("busy", 1.0)
    assert budget.answers("one-more", 1.0)
    assert not budget.answers("busy", 1.5), "it is remembered"
    assert not budget.answers("one-more", 1.5)
    assert budget.answers("old", 0.5), "it was forgotten"
