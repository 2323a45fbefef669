"""Bytes that a fuzzer makes up, against the reader of "68" frames; run as a process of its own.

    python -m tests.rigs.serial.frame68_fuzzer [--planted] [libFuzzer's options] [FOLDER ...]

A folder holds files of bytes to begin from.

Exits with 0 when nothing was found, with 77 when a promise was broken: then the bytes lie in the
file that it names. `--planted` breaks the reader first, so that a run that finds nothing can be
shown to be able to.
"""

import sys

import atheris

with atheris.instrument_imports(include=["device.serial.frame68", "device.desk.bus68_protocol"]):
    from device.desk.bus68_protocol import Bus68Protocol, FrameMeaning
    from device.serial import frame68

WINDOW = 3
MOST_HELD = 4 + 255 + 2
"""The longest frame: whatever comes, the parser holds no more than that."""


def check(given: bytes) -> None:
    """What must hold for any bytes. The first byte is the size of the pieces they come in."""
    every, data = 1 + given[0] % 16 if given else 1, given[1:]
    pieces = [data[at : at + every] for at in range(0, len(data), every)]
    parser = frame68.Parser()
    found = []
    for piece in pieces:
        found += parser.feed(piece)
        assert len(parser._held) <= MOST_HELD, "it holds more than a frame"
    found += parser.silence()
    assert not parser.waiting, "it still holds something after a silence"
    whole = frame68.Parser()
    assert whole.feed(data) + whole.silence() == found, "the frames depend on how the bytes are cut"
    _check_frames(found, data, parser.noise)
    _check_meaning(pieces)


def _check_frames(found: list[frame68.Frame], data: bytes, noise: int) -> None:
    """Every frame is in the bytes as it would be written, one behind the other."""
    at = taken = 0
    for frame in found:
        written = frame.to_bytes(lead=False)
        at = data.find(written, at)
        assert at >= 0, f"{frame} is nowhere in the bytes"
        at, taken = at + len(written), taken + len(written)
    leads = data.count(frame68.LEAD)
    assert taken + noise <= len(data) <= taken + noise + leads, "the noise is counted wrong"


def _check_meaning(pieces: list[bytes]) -> None:
    """Neither end of a bus fails, and only the right frames are presses or starts."""
    decoder = frame68.PressDecoder(WINDOW, 1000)
    talk = Bus68Protocol(WINDOW, acknowledge_starts=True)
    parser = frame68.Parser()
    talk.send_press(4, 0)
    for now_ms, piece in enumerate(pieces):
        frames = parser.feed(piece)
        heard = [decoder.decode(frame, now_ms) for frame in frames]
        words = talk.feed(piece, now_ms)
        assert len(words) == len(frames)
        for frame, press, word in zip(frames, heard, words, strict=True):
            ours = frame.address == frame68.EVALUATOR + WINDOW
            assert (press is not None) <= (ours and frame.command == frame68.PRESS)
            if word in (FrameMeaning.START, FrameMeaning.ACKNOWLEDGED):
                assert ours
                assert frame.command == frame68.ACKNOWLEDGE
                talk.acknowledge_start()
        talk.take_due(now_ms)


def _unchecked(held: bytearray) -> int | None:
    """The planted fault: the last byte of a frame of three is not checked."""
    size = _measure(held)
    is_three = size == 0 and held.startswith(b"\x68\x03\x03\x68") and len(held) >= 9
    return 9 if is_three and sum(held[4:7]) & 0xFF == held[7] else size


_measure = frame68._measure

if __name__ == "__main__":
    arguments = [argument for argument in sys.argv if argument != "--planted"]
    if len(arguments) < len(sys.argv):
        frame68._measure = atheris.instrument_func(_unchecked)
    atheris.Setup(arguments, check)
    atheris.Fuzz()
