"""The "68" frames of serial key pads and callers: codec, parser, and a host's ear. Pure.

One RS-485 line, 9600 8N1, shared by callers and evaluators (key pads). A frame is

    FF 68 LEN LEN 68 ADDR CMD DATA… CS 16        the leading FF is absent in some directions

LEN counts the bytes from ADDR up to before CS and stands there twice; CS is the sum of the same
bytes modulo 256. An evaluator's address is 0x80 + its window's; callers are below 0x80. There is
no sequence number: a pad that hears no answer sends the very same frame again.

The parser trusts nothing but a whole frame whose two lengths, checksum and end agree. Where one
fails it goes on one byte after its 0x68, so that a frame behind noise, or behind a frame that was
cut short, is found; and what is inside a good frame is never looked at as a frame of its own.
"""

from typing import NamedTuple

LEAD, START, END = 0xFF, 0x68, 0x16
EVALUATOR = 0x80
"""Added to a window's address: the key pad of that window."""

PRESS = 0x11
"""Pad to host: DATA is one byte, the key's code."""
ACKNOWLEDGE = 0x01
"""Host to pad: heard; a pad that does not get it within about 80 ms sends its press again."""

_HEAD_BYTES, _TAIL_BYTES = 4, 2
_LEAST, _MOST = 2, 255


class Frame(NamedTuple):
    """One frame: whose address, which command, and its data."""

    address: int
    command: int
    data: bytes = b""

    def to_bytes(self, *, lead: bool = True) -> bytes:
        """The frame as it goes over the line. Raises ValueError when it does not fit one."""
        body = bytes((self.address, self.command)) + self.data
        if len(body) > _MOST:
            raise ValueError(f"{len(self.data)} bytes of data; a frame takes {_MOST - _LEAST}")
        head = bytes((START, len(body), len(body), START))
        return bytes([LEAD] * lead) + head + body + bytes((sum(body) & 0xFF, END))


class Parser:
    """Bytes in, in any pieces; whole frames out. Not thread-safe.

    `noise` counts the bytes that belong to no frame (a leading FF aside).
    """

    def __init__(self) -> None:
        self.noise = 0
        self._held = bytearray()

    @property
    def waiting(self) -> bool:
        """Whether the beginning of what may become a frame is held."""
        return bool(self._held)

    def feed(self, data: bytes) -> list[Frame]:
        """The frames that `data` completes."""
        self._held += data
        return self._take(more=True)

    def silence(self) -> list[Frame]:
        """The line has been silent: what is held will not be completed any more.

        A false start may have held back whole frames; they are returned.
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
    """The size of the frame that `held` begins with; 0 when it begins none, None when it may."""
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


class Heard(NamedTuple):
    """A press frame of our pad: the key's code, and whether it only repeats the one before."""

    code: int
    again: bool


class Ear:
    """What a host makes of the frames on its line: the presses of one pad. Not thread-safe.

    A frame that says the same as the one before, within `resend_ms` of it, is that one sent again
    because our answer was lost: it is answered anew and is no second press. The time counts from
    the last copy. So a citizen who hits one key in such haste is heard once, which costs nothing:
    the level is the same.
    """

    def __init__(self, window: int, resend_ms: int) -> None:
        self.address = EVALUATOR + window
        self.foreign = 0
        """Frames that were not for us: callers, other windows, other commands."""
        self._resend_ms = resend_ms
        self._last: tuple[int, int] | None = None

    def hear(self, frame: Frame, mono_ms: int) -> Heard | None:
        """The press that `frame` is; None for anything else."""
        if frame.address != self.address or frame.command != PRESS or len(frame.data) != 1:
            self.foreign += 1
            return None
        code = frame.data[0]
        before, self._last = self._last, (code, mono_ms)
        again = before is not None and before[0] == code and mono_ms - before[1] <= self._resend_ms
        return Heard(code, again)

    @property
    def answer(self) -> bytes:
        """What to send for every press that is heard, repeated or not."""
        return Frame(self.address, ACKNOWLEDGE).to_bytes()
