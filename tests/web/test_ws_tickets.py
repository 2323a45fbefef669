from itertools import count

from web.ws_tickets import MAX_TICKETS, VALID_S, Tickets


def tickets() -> Tickets:
    numbers = count(1)
    return Tickets(lambda: f"ticket-{next(numbers)}")


def test_a_ticket_is_valid_once() -> None:
    some = tickets()
    one = some.issue(100.0)
    assert some.redeem(one, 101.0)
    assert not some.redeem(one, 101.0)


def test_a_ticket_expires() -> None:
    some = tickets()
    one, other = some.issue(100.0), some.issue(100.0)
    assert some.redeem(one, 100.0 + VALID_S - 0.1)
    assert not some.redeem(other, 100.0 + VALID_S)


def test_a_ticket_that_was_never_issued_is_invalid() -> None:
    assert not tickets().redeem("ticket-1", 0.0)


def test_the_number_of_tickets_is_limited() -> None:
    some = tickets()
    issued = [some.issue(0.0) for _ in range(MAX_TICKETS + 1)]
    assert not some.redeem(issued[0], 1.0)
    assert some.redeem(issued[1], 1.0)


def test_64_tickets_are_valid_for_30_seconds() -> None:
    assert (MAX_TICKETS, VALID_S) == (64, 30)
