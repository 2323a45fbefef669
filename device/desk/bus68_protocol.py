"""The pad's part of the protocol on an evaluators' bus: what a frame means, when to send. Pure.

The bus is the RS-485 line of `device/serial/frame68.py`. The controller of the hall, or the caller
on the clerk's desk, starts a rating with 0x01 to the evaluator's address. The evaluator sends the
key with 0x11 and repeats that until it receives 0x01. So the same frame means two things, and only
what was sent before can tell them apart.

What an 0x01 to our address is; the first row that fits:

| when | it is |
|---|---|
| we sent 0x01 less than `ECHO_MS` ago, and it has not come back | our own: some adapters echo |
| a copy of our press, less than `ACK_MS` old, is not acknowledged | its acknowledgement |
| otherwise | a start |

Copies are counted, because a slow controller acknowledges each one that it received, the later ones
after we had our answer. In doubt a frame is an acknowledgement: a start that was taken for one is
sent again, by the controller or by the clerk, but an acknowledgement that was taken for a start
would invite a citizen who is not there.

The controller whose source is public looks at the address only: to it, every frame of an evaluator
is a rating, even 0x01. So a start is acknowledged only where the configuration asks for that.

Half duplex: nothing is sent while a frame comes in, nor before the line was idle for `IDLE_MS`. A
collision cannot be noticed, so pads of different addresses repeat after different times.
"""

import enum
from collections import deque
from dataclasses import dataclass

from device.serial.frame68 import ACKNOWLEDGE, EVALUATOR, PRESS, Frame, Parser

START = ACKNOWLEDGE
"""To an evaluator of which no acknowledgement is due: a request for a rating."""

IDLE_MS = 20
"""The line must have been idle for so long. A USB adapter holds bytes back for up to 16 ms (the
latency timer of an FTDI chip), so a shorter pause proves nothing."""

PARTIAL_FRAME_MS = 60
"""The rest of a frame that has not come within this time will not come."""

FRAME_MS = 12
"""One of our frames on the line: 10 bytes at 9600 baud take 10.4 ms."""

REPEAT_MS, STAGGER_MS, STAGGERS = 250, 2 * FRAME_MS, 8
"""Between two copies of a press, and what each step of the address adds. Controllers answer within
about 80 ms, but the one whose source is public reads the line every 100 ms only."""

COPIES = 5

ACK_MS = 500
"""For so long after a copy, an 0x01 is its acknowledgement."""

PRESS_LIFETIME_MS = 5_000
"""On a line that is never idle, or not there, a press is not tried any longer than this."""

ECHO_MS = 250
"""An adapter that echoes gives our own frame back within this time, also on a busy computer."""


class FrameMeaning(enum.Enum):
    """What a frame means to us."""

    START = "start"
    ACKNOWLEDGED = "acknowledged"
    ECHO = "echo"
    OLD_KEY_PAD = "old key pad"
    """A press from our address that we did not send: the replaced key pad is still connected."""
    OTHER = "other"
    """Of callers, of other windows, or of another command."""


@dataclass
class _Transmission:
    """A press that is being sent: when its next copy is due, when it is dropped, its copies so
    far.
    """

    frame: Frame
    until_ms: int
    due_ms: int
    copies: int = 0


class Bus68Protocol:
    """One evaluator on the bus, between bytes and meaning. Times are any clock's ms, going up.

    `unacknowledged`: the last press was not acknowledged, and no 0x01 has come since.
    """

    def __init__(self, window: int, *, acknowledge_starts: bool) -> None:
        self.address = EVALUATOR + window
        self.unacknowledged = False
        self._acknowledge_starts = acknowledge_starts
        self._repeat_ms = REPEAT_MS + window % STAGGERS * STAGGER_MS
        self._parser = Parser()
        self._receiving_until_ms = 0
        self._sending_until_ms = 0
        self._owes_acknowledgement = False
        self._press: _Transmission | None = None
        self._ack_until_ms: deque[int] = deque()
        """For each copy of a press, until when an 0x01 is its acknowledgement."""
        self._echoes: deque[tuple[int, Frame]] = deque()
        """What may come back as an echo, and until when."""

    def reopen(self) -> None:
        """The line was opened anew: drop a partial frame from before."""
        self._parser = Parser()

    # --- receiving ----------------------------------------------------------------------------

    def feed(self, data: bytes, now_ms: int) -> list[FrameMeaning]:
        """What the frames mean that `data` completes; no data: the line has been silent."""
        frames = self._parser.feed(data) if data else self._parser.silence()
        meanings = [self.interpret(frame, now_ms) for frame in frames]
        if data:
            pause_ms = PARTIAL_FRAME_MS if self._parser.waiting else IDLE_MS
            self._receiving_until_ms = now_ms + pause_ms
        return meanings

    def interpret(self, frame: Frame, now_ms: int) -> FrameMeaning:
        """What one frame means, by the table above."""
        if frame.address != self.address:
            return FrameMeaning.OTHER
        if self._is_echo(frame, now_ms):
            return FrameMeaning.ECHO
        if frame.command == PRESS:
            return FrameMeaning.OLD_KEY_PAD
        if frame.command != START:
            return FrameMeaning.OTHER
        self.unacknowledged = False
        while self._ack_until_ms and self._ack_until_ms[0] < now_ms:
            self._ack_until_ms.popleft()
        if self._ack_until_ms:
            self._ack_until_ms.popleft()
            self._press = None
            return FrameMeaning.ACKNOWLEDGED
        return FrameMeaning.START

    def _is_echo(self, frame: Frame, now_ms: int) -> bool:
        self._echoes = deque(echo for echo in self._echoes if echo[0] >= now_ms)
        echo = next((echo for echo in self._echoes if echo[1] == frame), None)
        if echo is not None:
            self._echoes.remove(echo)
        return echo is not None

    @property
    def _idle_from_ms(self) -> int:
        """From when on the line has been idle for long enough, as far as is known."""
        return max(self._receiving_until_ms, self._sending_until_ms)

    # --- sending ------------------------------------------------------------------------------

    def acknowledge_start(self) -> None:
        """The start is granted: acknowledge it, where the configuration asks for that."""
        self._owes_acknowledgement = self._acknowledge_starts

    def send_press(self, code: int, now_ms: int) -> None:
        """Begin to send that the key of this code was pressed, until that is acknowledged or has
        been sent `COPIES` times.
        """
        frame = Frame(self.address, PRESS, bytes((code,)))
        self._press = _Transmission(frame, until_ms=now_ms + PRESS_LIFETIME_MS, due_ms=now_ms)

    def cancel_press(self) -> None:
        """Stop sending the press: the next rating has been requested."""
        self._press = None

    def due_ms(self) -> int | None:
        """When `take_due` has something to do; None when there is nothing to send."""
        due = []
        if self._owes_acknowledgement:
            due.append(self._idle_from_ms)
        if self._press is not None:
            due.append(min(max(self._press.due_ms, self._idle_from_ms), self._press.until_ms))
        return min(due, default=None)

    def take_due(self, now_ms: int) -> bytes | None:
        """The bytes that must be sent now, if any; `due_ms` then says when to call again."""
        press = self._press
        if press is not None and now_ms >= press.until_ms:
            self._press, press, self.unacknowledged = None, None, True
        if now_ms < self._idle_from_ms:
            return None
        if self._owes_acknowledgement:
            self._owes_acknowledgement = False
            return self._sent(Frame(self.address, ACKNOWLEDGE), now_ms)
        if press is None or now_ms < press.due_ms:
            return None
        press.copies += 1
        press.due_ms = now_ms + self._repeat_ms
        if press.copies == COPIES:
            press.due_ms = press.until_ms = now_ms + ACK_MS
        self._ack_until_ms.append(now_ms + ACK_MS)
        return self._sent(press.frame, now_ms)

    def _sent(self, frame: Frame, now_ms: int) -> bytes:
        """The bytes of a frame that is sent now; notes how long it occupies the line."""
        self._sending_until_ms = now_ms + FRAME_MS + IDLE_MS
        self._echoes.append((now_ms + ECHO_MS, frame))
        return frame.to_bytes()
