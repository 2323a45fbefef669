"""The protocol on an evaluators' bus: what 0x01 means when, and what is sent when."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from device.desk.bus68_protocol import (
    ACK_MS,
    COPIES,
    ECHO_MS,
    FRAME_MS,
    IDLE_MS,
    PARTIAL_FRAME_MS,
    PRESS_LIFETIME_MS,
    REPEAT_MS,
    STAGGER_MS,
    START,
    Bus68Protocol,
    FrameMeaning,
)
from device.serial.frame68 import PRESS, Frame

WINDOW = 3
OURS = Frame(0x83, START)
PRESS_4 = Frame(0x83, PRESS, b"\x04")


def protocol(window: int = 0, *, acknowledge_starts: bool = False) -> Bus68Protocol:
    """A stand-in that repeats after `REPEAT_MS`."""
    return Bus68Protocol(window, acknowledge_starts=acknowledge_starts)


def start(one: Bus68Protocol) -> Frame:
    return Frame(one.address, START)


def sent(one: Bus68Protocol, until_ms: int) -> list[tuple[int, bytes]]:
    """All that is said up to a time, each when it is due."""
    found = []
    while (due := one.due_ms()) is not None and due <= until_ms:
        data = one.take_due(due)
        if data is not None:
            found.append((due, data))
    return found


# --- what 0x01 is: the table, row by row --------------------------------------------------------


def test_to_a_pad_that_owes_nothing_it_is_a_start_with_or_without_data() -> None:
    one = protocol(WINDOW)
    assert one.interpret(OURS, 0) is FrameMeaning.START
    assert (
        one.interpret(OURS, 80) is FrameMeaning.START
    )  # whether it is a copy is for the desk to judge
    assert one.interpret(Frame(0x83, START, b"\x07"), 5_000) is FrameMeaning.START


def test_after_a_press_it_is_the_acknowledgement_and_ends_the_repeating() -> None:
    one = protocol()
    one.send_press(4, 0)
    assert [at for at, _ in sent(one, 0)] == [0]
    assert one.interpret(start(one), 80) is FrameMeaning.ACKNOWLEDGED
    assert sent(one, 10_000) == []
    assert not one.unacknowledged
    assert one.interpret(start(one), 81) is FrameMeaning.START


def test_each_copy_may_be_acknowledged_and_what_comes_after_that_is_a_start() -> None:
    one = protocol()
    one.send_press(4, 0)
    assert len(sent(one, 2 * REPEAT_MS)) == 3
    words = [one.interpret(start(one), ACK_MS + step) for step in range(4)]
    assert words == [*[FrameMeaning.ACKNOWLEDGED] * 3, FrameMeaning.START]
    too_old = protocol()
    too_old.send_press(4, 0)
    assert len(sent(too_old, 2 * REPEAT_MS)) == 3
    words = [too_old.interpret(start(too_old), ACK_MS + 1 + step) for step in range(3)]
    assert words == [FrameMeaning.ACKNOWLEDGED, FrameMeaning.ACKNOWLEDGED, FrameMeaning.START]


def test_an_acknowledgement_that_never_came_is_not_waited_for_when_the_next_start_comes() -> None:
    one = protocol()
    one.send_press(4, 0)
    last = sent(one, 60_000)[-1][0]
    assert one.interpret(start(one), last + ACK_MS) is FrameMeaning.ACKNOWLEDGED
    assert one.interpret(start(one), last + ACK_MS + 1) is FrameMeaning.START


def test_a_pad_that_sends_no_press_takes_every_one_for_a_start() -> None:
    one = protocol()
    assert {one.interpret(start(one), at) for at in range(0, 3_000, 80)} == {FrameMeaning.START}


def test_our_own_frames_that_an_adapter_echoes_are_nothing() -> None:
    one = protocol(acknowledge_starts=True)
    assert one.interpret(start(one), 0) is FrameMeaning.START
    one.acknowledge_start()
    ((at, _),) = sent(one, 1_000)
    assert one.interpret(start(one), at + 15) is FrameMeaning.ECHO
    assert (
        one.interpret(start(one), at + 16) is FrameMeaning.START
    )  # the control: it comes back once
    one.send_press(4, 2_000)
    ((at, _),) = sent(one, 2_000)
    assert one.interpret(Frame(one.address, PRESS, b"\x04"), at + 15) is FrameMeaning.ECHO
    assert one.interpret(start(one), at + 80) is FrameMeaning.ACKNOWLEDGED


def test_without_an_echo_a_repeated_start_is_passed_over_once_at_most() -> None:
    one = protocol(acknowledge_starts=True)
    one.interpret(start(one), 0)
    one.acknowledge_start()
    ((at, _),) = sent(one, 1_000)
    assert one.interpret(start(one), at + ECHO_MS + 1) is FrameMeaning.START


def test_another_pad_with_our_address_is_noticed() -> None:
    assert protocol(WINDOW).interpret(PRESS_4, 0) is FrameMeaning.OLD_KEY_PAD


@pytest.mark.parametrize(
    "frame",
    [
        Frame(0x84, START),  # the next window
        Frame(0x03, START),  # a caller
        Frame(0x83, 0x02, b"\x05"),  # stars
        *(Frame(0x83, command) for command in range(0x0A, 0x10)),
        *(Frame(0x03, command, b"\x83\x01") for command in range(0x0A, 0x10)),
    ],
)
def test_everything_else_is_nothing(frame: Frame) -> None:
    one = protocol(WINDOW)
    one.send_press(4, 0)
    sent(one, 0)
    assert one.interpret(frame, 1) is FrameMeaning.OTHER
    assert one.interpret(OURS, 2) is FrameMeaning.ACKNOWLEDGED  # the press is still waited for


# --- what is said, and when ---------------------------------------------------------------------


def test_a_press_is_sent_five_times_with_the_lead_byte() -> None:
    one = protocol(WINDOW)
    one.send_press(4, 1_000)
    told = sent(one, 60_000)
    assert {data for _, data in told} == {bytes.fromhex("ff 68 03 03 68 83 11 04 98 16")}
    step = REPEAT_MS + WINDOW * STAGGER_MS
    assert [at for at, _ in told] == [1_000 + step * copy for copy in range(COPIES)]
    assert one.unacknowledged
    assert one.interpret(OURS, 60_000) is FrameMeaning.START
    assert not one.unacknowledged


def test_two_pads_that_collide_do_not_collide_again() -> None:
    for window in range(7):
        one, two = protocol(window), protocol(window + 1)
        one.send_press(4, 0)
        two.send_press(4, 0)
        pairs = zip(sent(one, 60_000)[1:], sent(two, 60_000)[1:], strict=True)
        assert all(abs(a - b) > FRAME_MS for (a, _), (b, _) in pairs)


def test_a_start_is_acknowledged_only_where_that_is_asked_for() -> None:
    quiet, polite = protocol(WINDOW), protocol(WINDOW, acknowledge_starts=True)
    for one in (quiet, polite):
        one.feed(OURS.to_bytes(lead=False), 0)
        one.acknowledge_start()
    assert sent(quiet, 1_000) == []
    assert sent(polite, 1_000) == [(IDLE_MS, bytes.fromhex("ff 68 02 02 68 83 01 84 16"))]


def test_nothing_is_said_while_a_frame_comes_in_nor_before_the_line_has_rested() -> None:
    one = protocol()
    one.send_press(4, 0)
    for at, byte in enumerate(Frame(0x05, 0x0C, b"\x01\x02").to_bytes()):
        one.feed(bytes((byte,)), at)
        assert one.take_due(at) is None
    assert sent(one, 1_000)[0][0] == at + IDLE_MS


def test_half_a_frame_holds_the_line_only_until_it_is_broken() -> None:
    one = protocol()
    one.send_press(4, 0)
    one.feed(PRESS_4.to_bytes()[:5], 0)
    assert one.take_due(IDLE_MS) is None
    assert sent(one, 1_000)[0][0] == PARTIAL_FRAME_MS


def test_between_two_frames_of_our_own_the_line_rests() -> None:
    one = protocol(acknowledge_starts=True)
    one.acknowledge_start()
    one.send_press(4, 0)
    (first, _), (second, _), *_ = sent(one, 1_000)
    assert second - first == FRAME_MS + IDLE_MS


def test_a_press_is_given_up_on_a_line_that_never_rests() -> None:
    one = protocol()
    one.send_press(4, 0)
    for at in range(0, PRESS_LIFETIME_MS + 1, 10):
        one.feed(b"\x00", at)
        assert one.take_due(at) is None
    assert one.unacknowledged
    assert one.due_ms() is None


def test_a_press_that_was_cancelled_is_not_sent() -> None:
    one = protocol()
    one.send_press(4, 0)
    one.cancel_press()
    assert sent(one, 60_000) == []
    assert not one.unacknowledged


def test_half_a_frame_from_before_the_line_was_opened_again_means_nothing() -> None:
    one = protocol(WINDOW)
    one.feed(OURS.to_bytes()[:6], 0)
    one.reopen()
    assert one.feed(OURS.to_bytes(), 1_000) == [FrameMeaning.START]


# --- any course at all --------------------------------------------------------------------------

steps = st.lists(
    st.tuples(
        st.sampled_from(["start", "tell", "answer", "noise", "caller", "wait"]),
        st.integers(0, 700),
    ),
    max_size=40,
)


@settings(max_examples=300, deadline=None)
@given(steps, st.booleans())
def test_a_press_is_sent_at_most_five_times_and_never_into_a_frame(
    course: list[tuple[str, int]], polite: bool
) -> None:
    one = protocol(WINDOW, acknowledge_starts=polite)
    now, rests, copies = 0, 0, 0
    for what, after_ms in course:
        for at, data in sent(one, now + after_ms):
            assert at >= rests
            rests = at + FRAME_MS + IDLE_MS
            copies += data == PRESS_4.to_bytes()
        now += after_ms
        if what == "tell":
            copies = 0
            one.send_press(4, now)
        elif what == "answer":
            one.acknowledge_start()
        elif what != "wait":
            frame = {"start": OURS, "caller": Frame(5, 0x0A, b"\x01"), "noise": None}[what]
            one.feed(frame.to_bytes() if frame else b"\x00", now)
            rests = max(rests, now + IDLE_MS)
        assert copies <= COPIES
    sent(one, now + 60_000)
    assert one.due_ms() is None
