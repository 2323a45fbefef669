"""Which receipts of a group are sent."""

from sync.messages import VERSION, Problem, Receipt
from sync.receipts import condense


def a_receipt(seq: int, problem: Problem | None = None, session: str | None = None) -> Receipt:
    return Receipt(v=VERSION, ledger="L", seq=seq, digest="", problem=problem, session=session)


def test_of_many_receipts_the_highest_is_sent_and_every_problem_once() -> None:
    gap = Problem.GAP
    answers = [
        ("a", a_receipt(10)),
        ("a", a_receipt(30)),
        ("a", a_receipt(20)),
        ("b", a_receipt(5)),
        ("a", a_receipt(30, gap)),
        ("a", a_receipt(30, gap)),
        ("a", a_receipt(30, session="1.1")),
    ]
    assert condense(answers) == [
        ("a", a_receipt(30)),
        ("b", a_receipt(5)),
        ("a", a_receipt(30, gap)),
        ("a", a_receipt(30, session="1.1")),
    ]
