"""Frames of the "68" family, byte by byte: what is a frame, what noise, what a press."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from device.serial.frame68 import ACKNOWLEDGE, PRESS, CodePress, Frame, Parser, PressDecoder

WINDOW = 3
PRESS_4 = bytes.fromhex("ff 68 03 03 68 83 11 04 98 16")
"""Window 3 presses the key of code 4: 83 + 11 + 04 = 98."""
ANSWER = bytes.fromhex("ff 68 02 02 68 83 01 84 16")

frames = st.builds(
    Frame,
    address=st.integers(0, 255),
    command=st.integers(0, 255),
    data=st.binary(max_size=12) | st.sampled_from([PRESS_4, b"\x68\x16\x68", b"\xff\x68"]),
)
noise = st.binary(max_size=12) | st.sampled_from(
    [b"\x68", b"\x68\xff\xff", b"\x68\x03\x03\x68", PRESS_4[:-1], PRESS_4[3:], b"\xff\xff"]
)


def parsed(*pieces: bytes) -> list[Frame]:
    """What comes out of the pieces, and of the silence after them."""
    parser = Parser()
    found = [frame for piece in pieces for frame in parser.feed(piece)]
    return found + parser.silence()


def whole_frames(stream: bytes) -> list[tuple[int, int]]:
    """An independent reader: every place of `stream` where a right frame stands, by brute force."""
    found = []
    for first in range(len(stream)):
        for last in range(first + 8, len(stream) + 1):
            one = stream[first:last]
            length = len(one) - 6
            head = bytes((0x68, length & 0xFF, length & 0xFF, 0x68))
            ends = length < 256 and one[:4] == head and one[-1] == 0x16
            if ends and sum(one[4:-2]) % 256 == one[-2]:
                found.append((first, last))
    return found


# --- golden bytes ------------------------------------------------------------------------------


def test_a_press_and_its_answer_have_the_bytes_of_the_line() -> None:
    assert Frame(0x83, PRESS, b"\x04").to_bytes() == PRESS_4
    assert (
        Frame(0x83, ACKNOWLEDGE).to_bytes() == PressDecoder(WINDOW, 1000).acknowledgement == ANSWER
    )
    assert Frame(0x83, PRESS, b"\x04").to_bytes(lead=False) == PRESS_4[1:]


@pytest.mark.parametrize("stream", [PRESS_4, PRESS_4[1:], b"\xff\xff" + PRESS_4])
def test_the_leading_ff_may_be_there_or_not(stream: bytes) -> None:
    assert parsed(stream) == [Frame(0x83, PRESS, b"\x04")]


def test_data_that_does_not_fit_one_frame_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="254 bytes of data"):
        Frame(0x83, PRESS, bytes(254)).to_bytes()
    assert parsed(Frame(0x83, PRESS, bytes(253)).to_bytes())[0].data == bytes(253)


# --- what is no frame --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "broken",
    {
        "checksum": "68 03 03 68 83 11 04 99 16",
        "end": "68 03 03 68 83 11 04 98 17",
        "lengths differ": "68 03 04 68 83 11 04 98 16",
        "second start": "68 03 03 69 83 11 04 98 16",
        "too short to have a command": "68 01 01 68 83 83 16",
        "too short to have anything": "68 00 00 68 00 16",
        "cut": "68 03 03 68 83 11 04",
    }.items(),
    ids=lambda item: item[0],
)
def test_a_frame_with_a_mistake_is_noise_and_the_next_is_found(broken: tuple[str, str]) -> None:
    wrong = bytes.fromhex(broken[1])
    assert parsed(wrong) == []
    assert parsed(wrong + PRESS_4) == parsed(wrong, PRESS_4) == [Frame(0x83, PRESS, b"\x04")]


def test_noise_is_counted_and_a_leading_ff_is_none() -> None:
    parser = Parser()
    parser.feed(b"\x00\x01" + PRESS_4 + b"\x02")
    assert parser.noise == 3
    parser.feed(PRESS_4[:-2])
    held_back = parser.waiting
    assert held_back
    parser.silence()
    assert not parser.waiting
    assert parser.noise == 3 + len(PRESS_4) - 2 - 1


@pytest.mark.parametrize(
    ("received", "noise"),
    [("ff", 0), ("ff 00", 2), ("ff ff", 1), ("00 ff", 1), ("ff 00 00", 3), ("ff 68", 0)],
)
def test_an_ff_is_noise_when_another_byte_than_the_start_follows(received: str, noise: int) -> None:
    parser = Parser()
    assert parser.feed(bytes.fromhex(received)) == []
    assert parser.noise == noise


@pytest.mark.parametrize(
    ("received", "may_be_a_frame"),
    [
        ("68", True),
        ("68 01", False),
        ("68 02", True),
        ("68 ff", True),
        ("68 03 04", False),
        ("68 03 03", True),
        ("68 03 03 69", False),
        ("68 03 03 68", True),
        ("68 03 03 68 83 11 04 98", True),
        ("68 03 03 68 83 11 04 99 16", False),
    ],
)
def test_a_false_start_is_given_up_with_the_byte_that_shows_it(
    received: str, may_be_a_frame: bool
) -> None:
    parser, bytes_received = Parser(), bytes.fromhex(received)
    assert parser.feed(bytes_received) == []
    assert parser.waiting is may_be_a_frame
    assert parser.noise == (0 if may_be_a_frame else len(bytes_received))


def test_a_false_start_holds_a_frame_back_only_until_the_line_is_silent() -> None:
    parser = Parser()
    assert parser.feed(bytes.fromhex("68 40 40 68") + PRESS_4) == []
    assert parser.silence() == [Frame(0x83, PRESS, b"\x04")]


def test_a_press_inside_the_data_of_another_frame_is_no_press() -> None:
    caller = Frame(0x05, 0x0A, PRESS_4)
    assert parsed(caller.to_bytes()) == [caller]
    assert whole_frames(caller.to_bytes())[1:]  # the control: a naive search would find two


# --- any bytes at all --------------------------------------------------------------------------


@settings(max_examples=300, deadline=None)
@given(st.lists(st.one_of(noise, frames.map(Frame.to_bytes)), max_size=8), st.data())
def test_whatever_comes_only_right_frames_come_out_however_it_is_cut(
    pieces: list[bytes], data: st.DataObject
) -> None:
    stream = b"".join(pieces)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=10)))
    split = [
        stream[first:last] for first, last in zip([0, *cuts], [*cuts, len(stream)], strict=True)
    ]
    found = parsed(stream)
    assert parsed(*split) == found
    right, at = whole_frames(stream), 0
    for frame in found:
        bare = frame.to_bytes(lead=False)
        at = next(last for first, last in right if first >= at and stream[first:last] == bare)


@settings(max_examples=200, deadline=None)
@given(st.lists(frames, max_size=6))
def test_frames_one_behind_the_other_all_come_out(sent: list[Frame]) -> None:
    assert parsed(b"".join(frame.to_bytes() for frame in sent)) == sent


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=40), frames)
def test_a_frame_behind_any_noise_is_found_once_the_line_was_silent(
    before: bytes, frame: Frame
) -> None:
    parser = Parser()
    parser.feed(before)
    parser.silence()
    assert parser.feed(frame.to_bytes()) == [frame]


@settings(max_examples=300, deadline=None)
@given(frames, st.integers(0, 255), st.integers(1, 255))
def test_a_frame_whose_checksum_fails_is_never_a_press(frame: Frame, code: int, wrong: int) -> None:
    press = bytearray(Frame(0x83, PRESS, bytes((code,))).to_bytes())
    press[-2] = (press[-2] + wrong) & 0xFF
    decoder = PressDecoder(WINDOW, 1000)
    assert [one for one in parsed(bytes(press)) if decoder.decode(one, 0)] == []


# --- the presses of one pad --------------------------------------------------------------------


def test_only_presses_of_our_own_pad_are_decoded() -> None:
    decoder = PressDecoder(WINDOW, 1000)
    for foreign in (
        Frame(0x84, PRESS, b"\x04"),  # the pad of the next window
        Frame(0x03, PRESS, b"\x04"),  # a caller
        Frame(0x83, ACKNOWLEDGE),  # our own answer, as an RS-485 adapter echoes it
        Frame(0x83, 0x02, b"\x05"),  # stars
        Frame(0x83, 0x0A, b"\x04"),
        Frame(0x83, PRESS),
        Frame(0x83, PRESS, b"\x04\x04"),
    ):
        assert decoder.decode(foreign, 0) is None
    assert decoder.foreign == 7
    assert decoder.decode(Frame(0x83, PRESS, b"\x04"), 0) == CodePress(4, repeated=False)


def test_a_frame_sent_again_is_no_second_press_and_a_later_one_is() -> None:
    decoder = PressDecoder(WINDOW, 1000)

    def is_new(code: int, mono_ms: int) -> bool:
        one = decoder.decode(Frame(0x83, PRESS, bytes((code,))), mono_ms)
        assert one is not None
        return not one.repeated

    assert is_new(4, 0)
    assert not is_new(4, 80)
    assert not is_new(4, 1080)  # counted from the last copy
    assert is_new(4, 2081)
    assert is_new(3, 2082)  # another key is another press at once
    assert is_new(4, 2083)


def test_copies_end_after_two_seconds_so_that_a_key_which_goes_on_is_pressed_again() -> None:
    decoder, frame = PressDecoder(3, 1000), Frame(0x83, PRESS, b"\x04")
    found = [decoder.decode(frame, moment) for moment in range(0, 9_000, 450)]
    fresh = [n * 450 for n, press in enumerate(found) if press and not press.repeated]
    assert fresh == [0, 2_250, 4_500, 6_750]


def test_a_copy_at_the_end_of_its_time_is_none_a_millisecond_later() -> None:
    decoder, frame = PressDecoder(3, 1000), Frame(0x83, PRESS, b"\x04")
    moments = (0, 1000, 2000, 2001, 3002)
    found = [decoder.decode(frame, moment) for moment in moments]
    assert [press.repeated for press in found if press] == [False, True, True, False, False]
