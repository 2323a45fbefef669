"""The "68" frames of serial key pads and callers: codec, parser, and decoder of presses. Pure.

One RS-485 line, 9600 8N1, shared by callers and evaluators (key pads). A frame is

    FF 68 LEN LEN 68 ADDR CMD DATA… CS 16        the leading FF is absent in some directions

LEN counts the bytes from ADDR up to before CS and stands there twice; CS is the sum of the same
bytes modulo 256. An evaluator's address is 0x80 + its window's; callers are below 0x80. There is
no sequence number: a key pad that receives no acknowledgement sends the same frame again.

The parser accepts only a whole frame whose two lengths, checksum and end agree. Where one fails, it
continues one byte after that frame's 0x68, so that a frame after noise, or after a frame that was
cut off, is found. The inside of a valid frame is never searched for other frames.
"""

from typing import NamedTuple

LEAD, START, END = 0xFF, 0x68, 0x16
EVALUATOR = 0x80
"""Added to a window's address: the key pad of that window."""

PRESS = 0x11
"""Pad to host: DATA is one byte, the key's code."""
ACKNOWLEDGE = 0x01
"""Host to pad: received. Without it for about 80 ms the pad sends its press again."""

_HEAD_BYTES, _TAIL_BYTES = 4, 2
_LEAST, _MOST = 2, 255


class Frame(NamedTuple):
    """One frame: whose address, which command, and its data."""

    address: int
    command: int
    data: bytes = b""

    def to_bytes(self, *, lead: bool = True) -> bytes:
        """The frame as bytes on the line. Raises ValueError when the data is too long."""
        body = bytes((self.address, self.command)) + self.data
        if len(body) > _MOST:
            raise ValueError(f"{len(self.data)} bytes of data; a frame takes {_MOST - _LEAST}")
        head = bytes((START, len(body), len(body), START))
        return bytes([LEAD] * lead) + head + body + bytes((sum(body) & 0xFF, END))


class Parser:
    """Takes bytes, in pieces of any length, and returns whole frames. Not thread-safe.

    `noise` counts the bytes that belong to no frame, without a leading FF.
    """

    def __init__(self) -> None:
        self.noise = 0
        self._held = bytearray()

    @property
    def waiting(self) -> bool:
        """Whether the beginning of a possible frame is held."""
        return bool(self._held)

    def feed(self, data: bytes) -> list[Frame]:
        """The frames that `data` completes."""
        self._held += data
        return self._take(more=True)

    def silence(self) -> list[Frame]:
        """The line has been silent: what is held is not the beginning of a frame.

        Whole frames may stand behind a false beginning; they are returned.
        """
        return self._take(more=False)

    def _take(self, *, more: bool) -> list[Frame]:
        found: list[Frame] = []
        while self._held:
            size = _measure(self._held)
            if size is None and more:
                break
            if size:
                found.append(_read(self._held, size))
            elif self._held[0] != LEAD or (len(self._held) > 1 and self._held[1] != START):
                self.noise += 1
            del self._held[: size or 1]
        return found


def _measure(held: bytearray) -> int | None:
    """The size in bytes of the frame at the start of `held`; 0: no frame; None: not known yet."""
    if held[0] != START:
        return 0
    if len(held) < _HEAD_BYTES:
        begins = len(held) < 2 or (held[1] >= _LEAST and (len(held) < 3 or held[1] == held[2]))
        return None if begins else 0
    length = held[1]
    if length < _LEAST or held[2] != length or held[3] != START:
        return 0
    size = _HEAD_BYTES + length + _TAIL_BYTES
    if len(held) < size:
        return None
    body = held[_HEAD_BYTES : _HEAD_BYTES + length]
    return size if sum(body) & 0xFF == held[size - 2] and held[size - 1] == END else 0


def _read(held: bytearray, size: int) -> Frame:
    body = bytes(held[_HEAD_BYTES : size - _TAIL_BYTES])
    return Frame(body[0], body[1], body[2:])


SERIES = 2
"""Copies of one press come for at most so many times `resend_ms`."""


class CodePress(NamedTuple):
    """A press frame of our key pad: the key's code, and whether it repeats the frame before."""

    code: int
    repeated: bool


class PressDecoder:
    """Finds the presses of one key pad among the frames on its line. Not thread-safe.

    The same code again within `resend_ms` is the same press, sent again because our acknowledgement
    was lost: it is acknowledged again and is no second press. The time counts from the last copy,
    but copies end after about a second: what comes later than `SERIES` times `resend_ms` after the
    first is a press again. Without this end a key that presses by itself would be one press for
    ever, and whoever taps on impatiently through the invitation would not rate.
    A citizen who presses one key again that fast is counted once; the level is the same anyway.
    """

    def __init__(self, window: int, resend_ms: int) -> None:
        self.address = EVALUATOR + window
        self.foreign = 0
        """How many frames were not for us: from callers, other windows, other commands."""
        self._resend_ms = resend_ms
        self._code: int | None = None
        self._first_ms = self._last_ms = 0

    def decode(self, frame: Frame, mono_ms: int) -> CodePress | None:
        """The press in `frame`, which came at `mono_ms`; None for any other frame."""
        if frame.address != self.address or frame.command != PRESS or len(frame.data) != 1:
            self.foreign += 1
            return None
        code = frame.data[0]
        repeated = (
            code == self._code
            and mono_ms - self._last_ms <= self._resend_ms
            and mono_ms - self._first_ms <= SERIES * self._resend_ms
        )
        if not repeated:
            self._first_ms = mono_ms
        self._code, self._last_ms = code, mono_ms
        return CodePress(code, repeated)

    @property
    def acknowledgement(self) -> bytes:
        """The bytes to send for every press, repeated or not."""
        return Frame(self.address, ACKNOWLEDGE).to_bytes()
