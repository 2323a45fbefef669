"""A desk on a bus of old "68" key pads: the pad takes the place of the one that it replaces.

A start on the bus is an invitation like any other. The bus has no case number, so while the
invitation of a start is open, and shortly after, another start is that one repeated. A level is
sent only where the configuration says so, and then only a final one (`Pad.tell_levels`): durable,
past the grace time, once. A start that the desk's port refuses gets no answer, as from a broken key
pad: an answer would promise that the citizen is being asked.

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
from device.desk.bus68_protocol import Bus68Protocol, FrameMeaning
from device.errors import ConfigError
from device.loop_bridge import call_on_loop, raise_in_loop
from device.ports import Desk, Granted
from sync.entries import Level, Service
from sync.missing_extra import pip_line
from web.refusal_log import RefusalLog

log = logging.getLogger(__name__)

SOURCE = "bus68"
"""What invitations from the bus name as their source."""

REPEAT_MS = 1000
"""For so long after the last copy of a start that came while its invitation was open, another start
is a copy too, even if the citizen has answered by then. A later one is meant for the next citizen.
"""

NOT_ACKNOWLEDGED = "the controller did not acknowledge a press"


OnFault = Callable[[bool, str], None]
"""Called with True when the bus fails and False when it works again, and with the detail."""


class BusLine(Protocol):
    """The part of `device.serial.serial_line.SerialLine` that is used here."""

    def start(
        self,
        on_open: Callable[[], None],
        on_bytes: Callable[[bytes], None],
        on_gone: Callable[[bool, str], None],
    ) -> None:
        """Begin to open the line and to read from it."""

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
        self._protocol = Bus68Protocol(config.address, acknowledge_starts=config.acknowledge_starts)
        self._line = line or _line(config, keypad)
        self._desk = desk
        self._on_fault = on_fault
        self._timer: asyncio.TimerHandle | None = None
        self._inviting: asyncio.Task[None] | None = None
        self._invitation: str | None = None
        """The last one that the bus asked for and got."""
        self._started_ms = 0
        """When its start, or a copy of it, last came while it was open."""
        self._refused = RefusalLog()
        self._unacknowledged = False
        self._has_warned = False

    def start(self) -> None:
        """Begin to read from the bus. A line that cannot be opened is a fault (B01), no error."""
        loop = asyncio.get_running_loop()
        self._line.start(
            on_open=lambda: call_on_loop(loop, self._protocol.reopen),
            on_bytes=lambda data: call_on_loop(loop, self.receive, data, _ms(loop)),
            on_gone=lambda is_gone, detail: call_on_loop(loop, self._on_fault, is_gone, detail),
        )

    def stop(self) -> None:
        """Close the line; safe to call twice."""
        self._line.stop()
        for pending in (self._timer, self._inviting):
            if pending is not None:
                pending.cancel()

    def send_level(self, level: Level) -> None:
        """A level that the bus asked for is final: send it, by the code that the bus knows."""
        self._protocol.send_press(self._codes[level], _ms(asyncio.get_running_loop()))
        self._schedule()

    def receive(self, data: bytes, now_ms: int) -> None:
        """Take what came over the line at `now_ms`; no data: it has been silent."""
        for meaning in self._protocol.feed(data, now_ms):
            if meaning is FrameMeaning.START:
                self._take_start(now_ms)
            elif meaning is FrameMeaning.OLD_KEY_PAD and not self._has_warned:
                self._has_warned = True
                log.warning(
                    "a key pad on the bus has our address 0x%02x: unplug it", self._protocol.address
                )
        self._send_due()

    # --- inside -----------------------------------------------------------------------------

    def _take_start(self, now_ms: int) -> None:
        if self._inviting is not None and not self._inviting.done():
            self._started_ms = now_ms  # all copies get one acknowledgement, once it is granted
        elif self._is_open():
            self._started_ms = now_ms
            self._protocol.acknowledge_start()
        elif self._invitation is not None and now_ms - self._started_ms <= REPEAT_MS:
            self._protocol.acknowledge_start()
        else:
            # Otherwise the controller would take the last citizen's level for this one's.
            self._protocol.cancel_press()
            self._inviting = asyncio.ensure_future(self._invite(now_ms))
            self._inviting.add_done_callback(raise_in_loop)

    def _is_open(self) -> bool:
        return self._invitation is not None and self._desk.standing(self._invitation) == "open"

    async def _invite(self, now_ms: int) -> None:
        outcome = await self._desk.invite(Service(), None, SOURCE)
        if not isinstance(outcome, Granted):
            loop = asyncio.get_running_loop()
            line = self._refused.note(outcome.value, "the controller", "the bus", loop.time())
            if line is not None:
                log.info(line)
            return
        self._invitation = outcome.invitation
        self._started_ms = max(self._started_ms, now_ms)
        self._protocol.acknowledge_start()
        self._schedule()

    def _send_due(self) -> None:
        """Send what is due, and set the timer for what is due next."""
        data = self._protocol.take_due(_ms(asyncio.get_running_loop()))
        if data is not None:
            self._line.write(data)
        if self._protocol.unacknowledged != self._unacknowledged:
            self._unacknowledged = self._protocol.unacknowledged
            self._on_fault(self._unacknowledged, NOT_ACKNOWLEDGED)
        self._schedule()

    def _schedule(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        due_ms = self._protocol.due_ms()
        if due_ms is not None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_at(due_ms / 1000, self._send_due)


def open_bus(
    config: Bus68Config,
    desk: Desk,
    tell_levels: Callable[[str, Callable[[Level], None]], None],
    on_fault: OnFault,
) -> Bus68:
    """Open the bus of the configuration. Only where that says so are levels asked for."""
    bus = Bus68(config, desk, on_fault)
    if config.tells == "levels":
        tell_levels(SOURCE, bus.send_level)
    bus.start()
    log.info("the pad answers on the bus %s and tells %s", config.port, config.tells)
    return bus


def _line(config: Bus68Config, keypad: Keypad) -> BusLine:
    try:
        from device.serial.serial_line import SerialLine
    except ImportError as error:
        raise ConfigError(f"[bus68] {error}: `{pip_line('serial')}`") from error
    return SerialLine(config.port, keypad.baud, "bus")


def _ms(loop: asyncio.AbstractEventLoop) -> int:
    return round(loop.time() * 1000)
