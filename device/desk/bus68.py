"""A desk on a bus of old "68" key pads: the pad stands in for the one that it replaces.

A start on the bus is an invitation like any other; the bus has no case number, so while the one
that it asked for is open, and shortly after, a start is that one repeated. A level goes out only
where the configuration says so, and then only what the pad calls settled (`Pad.tell_levels`):
durable, past the grace time, once. Whatever the desk's port refuses is met with silence, as by a
key pad that is dead: an answer would promise that somebody is being asked.

What the frames mean and when one may be sent is in `bus68_protocol.py`. All of this runs on the
agent's loop; the line's thread only hands over what it reads, with the time. Writing a frame takes
microseconds: it goes into the kernel's buffer.
"""

import asyncio
import logging
from collections.abc import Callable
from typing import Protocol

from device.board.keypad import Keypad, load_keypad
from device.config.config import Bus68Config
from device.desk.bus68_protocol import Bus68Protocol, Word
from device.errors import ConfigError
from device.loop_bridge import call_on_loop, raise_in_loop
from device.ports import Desk, Granted
from sync.entries import Level, Service
from web.refusal_log import RefusalLog

log = logging.getLogger(__name__)

SOURCE = "bus68"
"""What invitations from the bus name as their source."""

REPEAT_MS = 1000
"""So long after the last copy that came in time, a start is one more, even if the citizen has
answered by then. What comes still later is meant for the next citizen, however fast it comes."""

UNHEARD = "the controller did not acknowledge a press"


OnFault = Callable[[bool, str], None]
"""Hears that the bus broke (True) or mended, and what of it."""


class BusLine(Protocol):
    """What is needed of `device.serial.serial_line.SerialLine`."""

    def start(
        self,
        on_open: Callable[[], None],
        on_bytes: Callable[[bytes], None],
        on_gone: Callable[[bool, str], None],
    ) -> None:
        """Begin to open the line and to listen."""

    def stop(self) -> None:
        """Close the line."""

    def write(self, data: bytes) -> None:
        """Send."""


class Bus68:
    """The pad on its old bus. A fault of the bus (B01) never closes the window."""

    def __init__(
        self, config: Bus68Config, desk: Desk, on_fault: OnFault, *, line: BusLine | None = None
    ) -> None:
        keypad = load_keypad(config.model, "68")
        self._codes = {key.level: key.code for key in keypad.key if key.level is not None}
        self._talk = Bus68Protocol(config.address, acknowledge_starts=config.acknowledge_starts)
        self._line = line or _line(config, keypad)
        self._desk = desk
        self._on_fault = on_fault
        self._timer: asyncio.TimerHandle | None = None
        self._asking: asyncio.Task[None] | None = None
        self._invitation: str | None = None
        """The last one that the bus was granted."""
        self._started_ms = 0
        """When its start, or a copy of it, was last heard while it was open."""
        self._refused = RefusalLog()
        self._unheard = False
        self._warned = False

    def start(self) -> None:
        """Begin to listen; a line that is not there is a fault (B01), no error."""
        loop = asyncio.get_running_loop()
        self._line.start(
            on_open=lambda: call_on_loop(loop, self._talk.reopen),
            on_bytes=lambda data: call_on_loop(loop, self.hear, data, _ms(loop)),
            on_gone=lambda gone, why: call_on_loop(loop, self._on_fault, gone, why),
        )

    def stop(self) -> None:
        """Let go of the line; safe to call twice."""
        self._line.stop()
        for pending in (self._timer, self._asking):
            if pending is not None:
                pending.cancel()

    def settled(self, level: Level) -> None:
        """A level that the bus asked for is settled: tell it, by the code that the bus knows."""
        self._talk.tell(self._codes[level], _ms(asyncio.get_running_loop()))
        self._arm()

    def hear(self, data: bytes, now_ms: int) -> None:
        """What came over the line at `now_ms`; no data: it has been silent."""
        for word in self._talk.feed(data, now_ms):
            if word is Word.START:
                self._start(now_ms)
            elif word is Word.TWIN and not self._warned:
                self._warned = True
                log.warning(
                    "a key pad on the bus has our address 0x%02x: unplug it", self._talk.address
                )
        self._say()

    # --- inside -----------------------------------------------------------------------------

    def _start(self, now_ms: int) -> None:
        if self._asking is not None and not self._asking.done():
            self._started_ms = now_ms  # one answer will do for all copies
        elif self._is_open():
            self._started_ms = now_ms
            self._talk.answer()
        elif self._invitation is not None and now_ms - self._started_ms <= REPEAT_MS:
            self._talk.answer()
        else:
            self._talk.drop()  # or the last citizen's level would be taken for this one's
            self._asking = asyncio.ensure_future(self._ask(now_ms))
            self._asking.add_done_callback(raise_in_loop)

    def _is_open(self) -> bool:
        return self._invitation is not None and self._desk.standing(self._invitation) == "open"

    async def _ask(self, now_ms: int) -> None:
        outcome = await self._desk.invite(Service(), None, SOURCE)
        if not isinstance(outcome, Granted):
            loop = asyncio.get_running_loop()
            line = self._refused.note(outcome.value, "the controller", "the bus", loop.time())
            if line is not None:
                log.info(line)
            return
        self._invitation = outcome.invitation
        self._started_ms = max(self._started_ms, now_ms)
        self._talk.answer()
        self._arm()

    def _say(self) -> None:
        """Send what is due, and come back when something else is."""
        data = self._talk.say(_ms(asyncio.get_running_loop()))
        if data is not None:
            self._line.write(data)
        if self._talk.unheard != self._unheard:
            self._unheard = self._talk.unheard
            self._on_fault(self._unheard, UNHEARD)
        self._arm()

    def _arm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        next_ms = self._talk.next_ms()
        if next_ms is not None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_at(next_ms / 1000, self._say)


def open_bus(
    config: Bus68Config,
    desk: Desk,
    tell_levels: Callable[[str, Callable[[Level], None]], None],
    on_fault: OnFault,
) -> Bus68:
    """The pad on the bus of its configuration; only where that says so is `tell_levels` asked."""
    bus = Bus68(config, desk, on_fault)
    if config.tells == "levels":
        tell_levels(SOURCE, bus.settled)
    bus.start()
    log.info("the pad answers on the bus %s and tells %s", config.port, config.tells)
    return bus


def _line(config: Bus68Config, keypad: Keypad) -> BusLine:
    try:
        from device.serial.serial_line import SerialLine
    except ImportError as error:
        raise ConfigError(f"[bus68] {error}: pip install 'ratingpad[serial]'") from error
    return SerialLine(config.port, keypad.baud, "bus")


def _ms(loop: asyncio.AbstractEventLoop) -> int:
    return round(loop.time() * 1000)
