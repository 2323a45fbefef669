"""An RS-485 bus in virtual time, with its physics, and the old hall controller at its far end.

One pair of wires: what one says all others hear, a byte takes 10 bits at 9600 baud, and who talks
while another talks spoils both. The controller reads and writes with the product's own codec.
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
"""A controller's answer to a press comes after this."""


class Spoken(NamedTuple):
    """Who had the wires, from when to when."""

    who: "Plug"
    start_s: float
    end_s: float


class Plain:
    """Every message comes whole, when its last byte has come."""

    delay_s = 0.0

    def pieces(self, message: bytes) -> list[tuple[int, bytes]]:
        """Which bytes come after how many byte times."""
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
    """A serial server far away: everything comes 150 ms later, behind the controller's patience."""

    delay_s = 0.15


LINKS: dict[str, Callable[[], Plain]] = {
    "plain": Plain,
    "byte by byte": ByteByByte,
    "lossy": lambda: Lossy(7),
    "late": Late,
}


class Bus485:
    """The wires. `collisions` counts the pieces that were spoilt by another's."""

    def __init__(self, link: Plain) -> None:
        self.link = link
        self.plugs: list[Plug] = []
        self.spoken: list[Spoken] = []
        self.collisions = 0

    def speak(self, who: "Plug", message: bytes) -> None:
        """Let `message` out, behind what `who` is still saying."""
        loop = asyncio.get_running_loop()
        before = max((one.end_s for one in self.spoken if one.who is who), default=0.0)
        start_s = max(loop.time(), before)
        self.spoken.append(Spoken(who, start_s, start_s + len(message) * BYTE_S))
        for last, piece in self.link.pieces(message):
            end_s = start_s + last * BYTE_S
            said = Spoken(who, end_s - len(piece) * BYTE_S, end_s)
            loop.call_at(end_s + self.link.delay_s, self._arrive, said, piece)

    def noise(self, data: bytes) -> None:
        """What a motor next door induces."""
        for plug in self.plugs:
            plug.hear(data)

    def _arrive(self, said: Spoken, piece: bytes) -> None:
        if any(
            other.who is not said.who and other.start_s < said.end_s and other.end_s > said.start_s
            for other in self.spoken
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
        """As of a line."""
        self._on_open, self._on_bytes, self._on_gone = on_open, on_bytes, on_gone
        on_open()

    def stop(self) -> None:
        """As of a line."""
        self._on_bytes = lambda _: None
        if self._silence is not None:
            self._silence.cancel()

    def write(self, data: bytes) -> None:
        """As of a line."""
        if not self._pulled:
            self.written.append((now_ms(), data))
            self.bus.speak(self, data)

    def hear(self, data: bytes) -> None:
        """What comes over the wires."""
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
    """What halls have: it starts ratings, acknowledges presses, and believes every one of them.

    `told`: when, which window, which code, each copy that came. `believed`: what the controller
    whose source is public takes for a rating, which is any frame of an evaluator's. `is_deaf`: it
    is being restarted.
    """

    def __init__(self, bus: Bus485) -> None:
        super().__init__()
        self.told: list[tuple[int, int, int]] = []
        self.believed: list[Frame] = []
        self.acknowledged: list[int] = []
        self.is_deaf = False
        self.on_told: Callable[[int, int], None] = lambda _window, _code: None
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
        """Every code that a window told, copies too."""
        return [code for _, told, code in self.told if told == window]

    def _hear(self, data: bytes) -> None:
        if self.is_deaf:
            return
        for frame in self.feed(data) if data else self.silence():
            if frame.address >= EVALUATOR:
                self._answer(frame)

    def _answer(self, frame: Frame) -> None:
        window = frame.address - EVALUATOR
        self.believed.append(frame)
        if frame.command == ACKNOWLEDGE:
            self.acknowledged.append(window)
        elif frame.command == PRESS and len(frame.data) == 1:
            self.told.append((now_ms(), window, frame.data[0]))
            self.on_told(window, frame.data[0])
            loop = asyncio.get_running_loop()
            loop.call_later(ANSWER_S, self.call, window)
