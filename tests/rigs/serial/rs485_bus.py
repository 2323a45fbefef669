"""An RS-485 bus in virtual time, with its physics, and a hall's old controller at its far end.

One pair of wires: what one party sends all others receive, a byte takes 10 bits at 9600 baud, and
two that send at the same time damage both messages. The controller reads and writes with the
product's own codec.
"""

import asyncio
import random
from collections.abc import Callable
from typing import NamedTuple

from device.serial.frame68 import ACKNOWLEDGE, EVALUATOR, PRESS, Frame, Parser
from tests.rigs.time.virtual_time import now_ms

BYTE_S = 10 / 9600
SILENCE_S = 0.25
ANSWER_S = 0.08
"""A controller answers a press after this time."""


class Sent(NamedTuple):
    """Who used the wires, from when to when, in virtual seconds."""

    who: "Plug"
    start_s: float
    end_s: float


class Plain:
    """Every message comes whole, when its last byte has come."""

    delay_s = 0.0

    def pieces(self, message: bytes) -> list[tuple[int, bytes]]:
        """The pieces that arrive, each with the byte time of its end."""
        return [(len(message), message)] if message else []


class ByteByByte(Plain):
    """Every byte is read by itself."""

    def pieces(self, message: bytes) -> list[tuple[int, bytes]]:
        return [(at, bytes((byte,))) for at, byte in enumerate(message, start=1)]


class Lossy(Plain):
    """20 % of the messages are lost, cut or damaged."""

    def __init__(self, seed: int) -> None:
        self._rng = random.Random(seed)

    def pieces(self, message: bytes) -> list[tuple[int, bytes]]:
        if self._rng.random() < 0.2:
            place = self._rng.randrange(len(message))
            message = self._rng.choice(
                [
                    b"",
                    message[:place],
                    message[:place] + message[place + 1 :],
                    message[:place] + bytes((message[place] ^ 0x21,)) + message[place + 1 :],
                ]
            )
        return super().pieces(message)


class Late(Plain):
    """A serial server far away: all comes 150 ms later, when the controller waits no more."""

    delay_s = 0.15


LINKS: dict[str, Callable[[], Plain]] = {
    "plain": Plain,
    "byte by byte": ByteByByte,
    "lossy": lambda: Lossy(7),
    "late": Late,
}


class Bus485:
    """The wires. `collisions`: pieces that another's have damaged."""

    def __init__(self, link: Plain) -> None:
        self.link = link
        self.plugs: list[Plug] = []
        self.sent: list[Sent] = []
        self.collisions = 0

    def send(self, who: "Plug", message: bytes) -> None:
        """Send `message`, behind what `who` is still sending."""
        loop = asyncio.get_running_loop()
        before = max((spoken.end_s for spoken in self.sent if spoken.who is who), default=0.0)
        start_s = max(loop.time(), before)
        self.sent.append(Sent(who, start_s, start_s + len(message) * BYTE_S))
        for last, piece in self.link.pieces(message):
            end_s = start_s + last * BYTE_S
            said = Sent(who, end_s - len(piece) * BYTE_S, end_s)
            loop.call_at(end_s + self.link.delay_s, self._arrive, said, piece)

    def noise(self, data: bytes) -> None:
        """Bytes that a motor nearby induces: all parties receive them."""
        for plug in self.plugs:
            plug.hear(data)

    def _arrive(self, said: Sent, piece: bytes) -> None:
        if any(
            other.who is not said.who and other.start_s < said.end_s and other.end_s > said.start_s
            for other in self.sent
        ):
            self.collisions += 1
            piece = bytes(byte ^ 0x5A for byte in piece)
        for plug in self.plugs:
            if plug is not said.who or plug.echoes:
                plug.hear(piece)


class Plug:
    """One party on the bus: for the product it is a `device.desk.bus68.Line`."""

    def __init__(self, bus: Bus485, *, echoes: bool = False) -> None:
        self.bus = bus
        self.echoes = echoes
        self.written: list[tuple[int, bytes]] = []
        self._on_open: Callable[[], None] = lambda: None
        self._on_bytes: Callable[[bytes], None] = lambda _: None
        self._on_gone: Callable[[bool, str], None] = lambda _gone, _why: None
        self._silence: asyncio.TimerHandle | None = None
        self._pulled = False
        bus.plugs.append(self)

    def start(
        self,
        on_open: Callable[[], None],
        on_bytes: Callable[[bytes], None],
        on_gone: Callable[[bool, str], None],
    ) -> None:
        """As `device.desk.bus68.Line` does."""
        self._on_open, self._on_bytes, self._on_gone = on_open, on_bytes, on_gone
        on_open()

    def stop(self) -> None:
        """As `device.desk.bus68.Line` does."""
        self._on_bytes = lambda _: None
        if self._silence is not None:
            self._silence.cancel()

    def write(self, data: bytes) -> None:
        """As `device.desk.bus68.Line` does."""
        if not self._pulled:
            self.written.append((now_ms(), data))
            self.bus.send(self, data)

    def hear(self, data: bytes) -> None:
        """Receive bytes."""
        if self._pulled:
            return
        if self._silence is not None:
            self._silence.cancel()
        loop = asyncio.get_running_loop()
        self._silence = loop.call_later(SILENCE_S, self._on_bytes, b"")
        self._on_bytes(data)

    def pull(self) -> None:
        """The adapter is pulled out."""
        self._pulled = True
        self._on_gone(True, "gone")

    def push(self) -> None:
        """And put in again."""
        self._pulled = False
        self._on_gone(False, "")
        self._on_open()


class OldController(Parser):
    """What halls have: it starts ratings, acknowledges presses, and counts every one of them.

    `presses`: time in ms, window and code of each copy that came. `counted`: what the controller
    whose source is public takes for a rating, which is any frame of an evaluator. `is_deaf`: it
    receives nothing, because it is being restarted.
    """

    def __init__(self, bus: Bus485) -> None:
        super().__init__()
        self.presses: list[tuple[int, int, int]] = []
        self.counted: list[Frame] = []
        self.acknowledged: list[int] = []
        self.is_deaf = False
        self.on_press: Callable[[int, int], None] = lambda _window, _code: None
        self.plug = Plug(bus)
        self.plug.start(lambda: None, self._hear, lambda _gone, _why: None)

    def say(self, window: int, command: int, data: bytes = b"", *, lead: bool = False) -> None:
        """One frame to an evaluator, as controllers send it: without the leading FF."""
        self.plug.write(Frame(EVALUATOR + window, command, data).to_bytes(lead=lead))

    def call(self, window: int) -> None:
        """Start a rating, once."""
        self.say(window, ACKNOWLEDGE)

    async def insist(self, window: int, times: int = 12) -> bool:
        """Start a rating, again and again until it is acknowledged; whether it was."""
        before = self.acknowledged.count(window)
        for _ in range(times):
            self.call(window)
            await asyncio.sleep(ANSWER_S)
            if self.acknowledged.count(window) > before:
                return True
        return False

    def codes(self, window: int) -> list[int]:
        """Every code that a window has sent, copies too."""
        return [code for _, sender, code in self.presses if sender == window]

    def _hear(self, data: bytes) -> None:
        if self.is_deaf:
            return
        for frame in self.feed(data) if data else self.silence():
            if frame.address >= EVALUATOR:
                self._answer(frame)

    def _answer(self, frame: Frame) -> None:
        window = frame.address - EVALUATOR
        self.counted.append(frame)
        if frame.command == ACKNOWLEDGE:
            self.acknowledged.append(window)
        elif frame.command == PRESS and len(frame.data) == 1:
            self.presses.append((now_ms(), window, frame.data[0]))
            self.on_press(window, frame.data[0])
            loop = asyncio.get_running_loop()
            loop.call_later(ANSWER_S, self.call, window)
