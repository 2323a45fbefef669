"""The pad's part of the talk on an evaluators' bus: what a frame means, what is said when. Pure.

The bus is the RS-485 line of `device/serial/frame68.py`. The controller of the hall, or the caller
on the clerk's desk, starts a rating with 0x01 to the evaluator's address. The evaluator says the
key with 0x11 and repeats that until it hears 0x01. So one frame means two things, and only what was
said before can tell them apart.

What an 0x01 to our address is; the first row that fits:

| when | it is |
|---|---|
| we said 0x01 less than `ECHO_MS` ago, and it has not come back | our own: some adapters echo |
| a copy of our press, less than `ACK_MS` old, is not acknowledged | its acknowledgement |
| always | a start |

Copies are counted, because a slow controller acknowledges each one that it got, the later ones
after we had our answer. In doubt a frame is an acknowledgement: a start that was taken for one is
sent again, by the controller or by the clerk, but an acknowledgement that was taken for a start
would invite a citizen who is not there.

The controller whose source is public looks at the address only: whatever comes from an evaluator
is a rating to it, even 0x01. So a start is acknowledged only where that is asked for.

Half duplex: nothing is said while a frame comes in, nor before the line has rested for `GAP_MS`.
Nobody can hear a collision, so pads of different addresses repeat after different times.
"""

import enum
from collections import deque
from dataclasses import dataclass

from device.serial.frame68 import ACKNOWLEDGE, EVALUATOR, PRESS, Frame, Parser

START = ACKNOWLEDGE
"""To an evaluator that owes nothing: ask for a rating."""

GAP_MS = 20
"""The line must have rested so long. A USB adapter holds bytes back for up to 16 ms (the latency
timer of an FTDI chip), so a shorter rest proves nothing."""

BROKEN_MS = 60
"""Half a frame that has not gone on for so long will not."""

FRAME_MS = 12
"""One of our frames on the line: 10 bytes at 9600 baud take 10.4 ms."""

REPEAT_MS, STAGGER_MS, STAGGERS = 250, 2 * FRAME_MS, 8
"""Between two copies of a press, and what each step of the address adds. Controllers answer within
about 80 ms, but the one whose source is public reads the line every 100 ms only."""

COPIES = 5

ACK_MS = 500
"""After a copy, an 0x01 is its acknowledgement for so long."""

LIFE_MS = 5_000
"""On a line that never rests, or is not there, a press is given up after this."""

ECHO_MS = 250
"""An adapter that echoes gives our own frame back within this, even through a busy computer."""


class Word(enum.Enum):
    """What a frame means to us."""

    START = "start"
    ACKNOWLEDGED = "acknowledged"
    ECHO = "echo"
    TWIN = "twin"
    """A press from our address that we did not say: the old key pad is still connected."""
    OTHER = "other"
    """Stars, callers, other windows."""


@dataclass
class _Press:
    """A press that is being told: its copies so far, when the next is due, when it is given up."""

    frame: Frame
    until_ms: int
    due_ms: int
    copies: int = 0


class Bus68Protocol:
    """One evaluator on the bus, between bytes and meaning. Times are any clock's ms, going up.

    `unheard`: the last press was not acknowledged, and nothing was heard since.
    """

    def __init__(self, window: int, *, acknowledge_starts: bool) -> None:
        self.address = EVALUATOR + window
        self.unheard = False
        self._acknowledge_starts = acknowledge_starts
        self._repeat_ms = REPEAT_MS + window % STAGGERS * STAGGER_MS
        self._parser = Parser()
        self._heard_until_ms = 0
        self._said_until_ms = 0
        self._owes_answer = False
        self._press: _Press | None = None
        self._unacknowledged: deque[int] = deque()
        """For each copy of a press, until when an 0x01 is its acknowledgement."""
        self._said: deque[tuple[int, Frame]] = deque()
        """What may come back as an echo, and until when."""

    def reopen(self) -> None:
        """The line was opened anew: half a frame from before means nothing."""
        self._parser = Parser()

    # --- hearing ------------------------------------------------------------------------------

    def feed(self, data: bytes, now_ms: int) -> list[Word]:
        """What the frames mean that `data` completes; no data: the line has been silent."""
        frames = self._parser.feed(data) if data else self._parser.silence()
        words = [self.hear(frame, now_ms) for frame in frames]
        if data:
            rest_ms = BROKEN_MS if self._parser.waiting else GAP_MS
            self._heard_until_ms = now_ms + rest_ms
        return words

    def hear(self, frame: Frame, now_ms: int) -> Word:
        """What one frame means."""
        if frame.address != self.address:
            return Word.OTHER
        if self._comes_back(frame, now_ms):
            return Word.ECHO
        if frame.command == PRESS:
            return Word.TWIN
        if frame.command != START:
            return Word.OTHER
        self.unheard = False
        while self._unacknowledged and self._unacknowledged[0] < now_ms:
            self._unacknowledged.popleft()
        if self._unacknowledged:
            self._unacknowledged.popleft()
            self._press = None
            return Word.ACKNOWLEDGED
        return Word.START

    def _comes_back(self, frame: Frame, now_ms: int) -> bool:
        self._said = deque(one for one in self._said if one[0] >= now_ms)
        echoed = next((one for one in self._said if one[1] == frame), None)
        if echoed is not None:
            self._said.remove(echoed)
        return echoed is not None

    @property
    def _rests_ms(self) -> int:
        """From here on the line has rested, as far as is known."""
        return max(self._heard_until_ms, self._said_until_ms)

    # --- saying -------------------------------------------------------------------------------

    def answer(self) -> None:
        """The start that was heard is granted: acknowledge it, where that is asked for."""
        self._owes_answer = self._acknowledge_starts

    def tell(self, code: int, now_ms: int) -> None:
        """Say that the key of this code was pressed, until it is acknowledged or given up."""
        frame = Frame(self.address, PRESS, bytes((code,)))
        self._press = _Press(frame, until_ms=now_ms + LIFE_MS, due_ms=now_ms)

    def drop(self) -> None:
        """Tell the press no further: the next rating has been asked for."""
        self._press = None

    def next_ms(self) -> int | None:
        """When `say` has something to do; None when there is nothing to say."""
        due = []
        if self._owes_answer:
            due.append(self._rests_ms)
        if self._press is not None:
            due.append(min(max(self._press.due_ms, self._rests_ms), self._press.until_ms))
        return min(due, default=None)

    def say(self, now_ms: int) -> bytes | None:
        """The bytes to send now, if any; `next_ms` says when to ask again."""
        press = self._press
        if press is not None and now_ms >= press.until_ms:
            self._press, press, self.unheard = None, None, True
        if now_ms < self._rests_ms:
            return None
        if self._owes_answer:
            self._owes_answer = False
            return self._send(Frame(self.address, ACKNOWLEDGE), now_ms)
        if press is None or now_ms < press.due_ms:
            return None
        press.copies += 1
        press.due_ms = now_ms + self._repeat_ms
        if press.copies == COPIES:
            press.due_ms = press.until_ms = now_ms + ACK_MS
        self._unacknowledged.append(now_ms + ACK_MS)
        return self._send(press.frame, now_ms)

    def _send(self, frame: Frame, now_ms: int) -> bytes:
        self._said_until_ms = now_ms + FRAME_MS + GAP_MS
        self._said.append((now_ms + ECHO_MS, frame))
        return frame.to_bytes()
