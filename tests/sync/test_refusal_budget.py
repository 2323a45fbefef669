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
