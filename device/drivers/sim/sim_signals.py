"""Simulated lights, beeper and voice, which log what they did and can be broken.

They share one log: what was lit and what sounded, in order.
"""

import contextlib
import threading
from collections import deque
from collections.abc import Callable
from typing import Literal

import msgspec

from device.errors import DriverError, PadCode
from device.ports import FaultReport, OnFault

Part = Literal["lights", "beeper", "voice"]

KEPT = 256
"""The log keeps the last events, so many."""


class SignalEvent(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing that lights, beeper or voice did; `number` counts from 1 since the start.

    `lit`: the keys that are lit from now on. `beep`: its times in ms, as `Beeper.beep` has them.
    `said`: the prompt and its languages. `hushed`: the prompt was cut off.
    """

    number: int = 0
    lit: tuple[str, ...] | None = None
    beep: tuple[int, ...] | None = None
    said: tuple[str, ...] | None = None
    hushed: bool = False


class SignalLog:
    """What the three parts did; any thread may read and write."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._happened: deque[SignalEvent] = deque(maxlen=KEPT)
        self._watchers: list[Callable[[SignalEvent], None]] = []
        self._broken: set[Part] = set()

    @property
    def happened(self) -> list[SignalEvent]:
        """The events, oldest first."""
        with self._lock:
            return list(self._happened)

    @property
    def lit(self) -> tuple[str, ...]:
        """The keys that are lit now, in the order of their names."""
        return next((event.lit for event in reversed(self.happened) if event.lit is not None), ())

    def watch(self, watcher: Callable[[SignalEvent], None]) -> None:
        """Call `watcher` after each event, from the thread that wrote it."""
        self._watchers.append(watcher)

    def write(self, part: Part, event: SignalEvent | None) -> None:
        """Log an event of a part, if there is one. Raises DriverError (A01) if it is broken."""
        with self._lock:
            if part in self._broken:
                raise DriverError(f"the simulated {part} cannot be driven", PadCode.SIGNAL_GONE)
            if event is None:
                return
            number = self._happened[-1].number + 1 if self._happened else 1
            logged = msgspec.structs.replace(event, number=number)
            self._happened.append(logged)
        for watcher in self._watchers:
            watcher(logged)

    def damage(self, part: Part, on: bool) -> None:
        """Break a part (`on`), or repair it. A broken part is dark and silent."""
        if on and part == "lights" and self.lit:
            self.write(part, SignalEvent(lit=()))
        with self._lock:
            (self._broken.add if on else self._broken.discard)(part)


class SimLights:
    """The lights of the simulated board."""

    def __init__(self, signal_log: SignalLog) -> None:
        self._log = signal_log

    def show(self, lit: frozenset[str]) -> None:
        """Log what is lit. Raises DriverError (A01)."""
        self._log.write("lights", SignalEvent(lit=tuple(sorted(lit))))

    def stop(self) -> None:
        """Switch all off; safe to call twice."""
        if self._log.lit:
            self.show(frozenset())


class SimBeeper:
    """The beeper of the simulated board."""

    def __init__(self, signal_log: SignalLog) -> None:
        self._log = signal_log

    def beep(self, on_off_ms: tuple[int, ...]) -> None:
        """Log a beep; without times there is nothing to log. Raises DriverError (A01)."""
        self._log.write("beeper", SignalEvent(beep=on_off_ms) if on_off_ms else None)

    def stop(self) -> None:
        """Does nothing; safe to call twice."""


class SimVoice:
    """The voice of the simulated board: a prompt lasts until the next one."""

    def __init__(self, signal_log: SignalLog) -> None:
        self._log = signal_log
        self._on_fault: OnFault | None = None
        self._saying = self._failed = False

    def start(self, on_fault: OnFault) -> None:
        """Report a broken sound card to `on_fault` from now on."""
        self._on_fault = on_fault

    def say(self, prompt: str, languages: tuple[str, ...]) -> None:
        """Log what is said; a broken sound card is a fault (A01)."""
        try:
            self._log.write("voice", SignalEvent(said=(prompt, *languages)))
        except DriverError as error:
            self._report(FaultReport(error.code, True, error.detail))
        else:
            self._saying = True
            self._report(FaultReport(PadCode.SIGNAL_GONE, False))

    def hush(self) -> None:
        """Cut off the prompt that is being spoken."""
        if self._saying:
            self._saying = False
            with contextlib.suppress(DriverError):  # it is silent already
                self._log.write("voice", SignalEvent(hushed=True))

    def stop(self) -> None:
        """Stop speaking; safe to call twice."""
        self.hush()

    def _report(self, fault: FaultReport) -> None:
        if fault.broken is not self._failed and self._on_fault is not None:
            self._failed = fault.broken
            self._on_fault(fault)
