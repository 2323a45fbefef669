"""What waits to be dealt with is bounded, and is acknowledged in the order of arrival."""

from threading import Thread

import pytest

from sync.inbox import MESSAGE_BYTES, Inbox
from tests.rigs.time.wait import until

WAIT_S = 10.0


def inbox_of(mids: list[int], receive_maximum: int = 10) -> Inbox:
    """An inbox that holds a message of ten bytes for each packet id."""
    inbox = Inbox(receive_maximum, most_bytes=100_000)
    for mid in mids:
        inbox.put(mid, 10)
    return inbox


def test_acknowledgements_leave_in_the_order_of_arrival() -> None:
    inbox = inbox_of([7, 3, 9])
    assert inbox.take_out(9) == []
    assert inbox.take_out(7) == [7]
    assert inbox.take_out(3) == [3, 9]


@pytest.mark.parametrize(("receive_maximum", "patient"), [(1, 0), (2, 1), (5, 2), (10, 5)])
def test_half_of_the_window_waits_for_an_earlier_message(
    receive_maximum: int, patient: int
) -> None:
    mids = list(range(1, patient + 3))
    inbox = inbox_of(mids, receive_maximum)
    for mid in mids[1 : patient + 1]:
        assert inbox.take_out(mid) == []
    assert inbox.take_out(mids[patient + 1]) == mids[1:]
    assert inbox.take_out(mids[0]) == [mids[0]]


def test_a_message_without_a_packet_id_is_never_acknowledged() -> None:
    inbox = Inbox(10, 100_000)
    numbers = [inbox.put(mid, 10) for mid in (0, 4, 0)]
    assert numbers == [-1, 4, -2]
    assert inbox.take_out(-2) == []
    assert inbox.take_out(-1) == []
    assert inbox.take_out(4) == [4]
    assert (inbox.held, inbox.held_bytes, inbox.dealt_with) == (0, 0, 3)


def test_a_message_is_taken_out_once() -> None:
    inbox = inbox_of([1])
    assert inbox.take_out(1) == [1]
    assert inbox.take_out(1) == []
    assert inbox.take_out(2) == []
    assert inbox.dealt_with == 1


def test_an_honest_broker_waits_at_receive_maximum_and_uses_no_number_twice() -> None:
    inbox = inbox_of([1, 2, 0], receive_maximum=3)
    assert not inbox.exceeds(3)
    assert inbox.exceeds(1)
    inbox.put(3, 10)
    assert inbox.exceeds(4)
    inbox.take_out(2)
    assert not inbox.exceeds(4)
    assert inbox.exceeds(2), "dealt with, but not acknowledged before 1"


def waiting(inbox: Inbox, mid: int, payload_bytes: int) -> tuple[Thread, list[int | None]]:
    """A thread that puts a message in, and what it was given."""
    given: list[int | None] = []
    thread = Thread(target=lambda: given.append(inbox.put(mid, payload_bytes)), daemon=True)
    thread.start()
    return thread, given


def waits(inbox: Inbox) -> bool:
    """Whether a thread waits for room."""
    return bool(inbox._room._waiters)  # type: ignore[attr-defined]  # threading's own


def test_a_full_inbox_takes_a_message_when_there_is_room() -> None:
    inbox = Inbox(10, most_bytes=2 * (MESSAGE_BYTES + 100))
    assert (inbox.put(1, 100), inbox.put(2, 100)) == (1, 2)
    thread, given = waiting(inbox, 3, 100)
    until(lambda: waits(inbox), WAIT_S, "it waits")
    assert (given, inbox.held) == ([], 2)
    inbox.take_out(1)
    thread.join(WAIT_S)
    assert (given, inbox.held) == ([3], 2)


def test_messages_without_a_packet_id_are_bounded_by_their_number() -> None:
    inbox = Inbox(2, most_bytes=1_000_000)
    for _ in range(4):
        inbox.put(0, 1)
    _, given = waiting(inbox, 0, 1)
    until(lambda: waits(inbox), WAIT_S, "it waits")
    inbox.close()
    until(lambda: given == [None], WAIT_S, "it was told")
    assert inbox.held == 4


def test_one_message_that_is_longer_than_the_inbox_is_taken_when_nothing_else_is_held() -> None:
    inbox = Inbox(2, most_bytes=1_000)
    assert inbox.put(1, 5_000) == 1
    assert inbox.held_bytes == 5_000 + MESSAGE_BYTES
