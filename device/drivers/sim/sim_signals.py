"""Simulated lights, beeper and voice that remember what they did, and can be broken.

They keep one book: what was seen and heard, in order, as a citizen or a clerk would notice it.
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
"""So many happenings are remembered."""


class Happening(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`lit`: the keys that are lit from now on. `beep`: its times. `said`: prompt and languages.

    `hushed`: what was being said was cut off. `number` counts from 1 since the start.
    """

    number: int = 0
    lit: tuple[str, ...] | None = None
    beep: tuple[int, ...] | None = None
    said: tuple[str, ...] | None = None
    hushed: bool = False


class SignalBook:
    """What the three parts did; any thread may look and write."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._happened: deque[Happening] = deque(maxlen=KEPT)
        self._watchers: list[Callable[[Happening], None]] = []
        self._broken: set[Part] = set()

    @property
    def happened(self) -> list[Happening]:
        """What happened, oldest first."""
        with self._lock:
            return list(self._happened)

    @property
    def lit(self) -> tuple[str, ...]:
        """The keys that are lit now, in the order of their names."""
        return next((one.lit for one in reversed(self.happened) if one.lit is not None), ())

    def watch(self, watcher: Callable[[Happening], None]) -> None:
        """Call `watcher` after each happening, from the thread that made it."""
        self._watchers.append(watcher)

    def write(self, part: Part, happening: Happening | None) -> None:
        """Note what a part does, if anything. Raises DriverError (A01) when it is broken."""
        with self._lock:
            if part in self._broken:
                raise DriverError(f"the simulated {part} cannot be driven", PadCode.SIGNAL_GONE)
            if happening is None:
                return
            number = self._happened[-1].number + 1 if self._happened else 1
            noted = msgspec.structs.replace(happening, number=number)
            self._happened.append(noted)
        for watcher in self._watchers:
            watcher(noted)

    def damage(self, part: Part, on: bool) -> None:
        """Break a part, or mend it. What is broken is dark and silent."""
        if on and part == "lights" and self.lit:
            self.write(part, Happening(lit=()))
        with self._lock:
            (self._broken.add if on else self._broken.discard)(part)


class SimLights:
    """The lights of the simulated board."""

    def __init__(self, book: SignalBook) -> None:
        self._book = book

    def show(self, lit: frozenset[str]) -> None:
        """Note what is lit. Raises DriverError (A01)."""
        self._book.write("lights", Happening(lit=tuple(sorted(lit))))

    def stop(self) -> None:
        """All dark; safe to call twice."""
        if self._book.lit:
            self.show(frozenset())


class SimBeeper:
    """The beeper of the simulated board."""

    def __init__(self, book: SignalBook) -> None:
        self._book = book

    def beep(self, on_off_ms: tuple[int, ...]) -> None:
        """Note a beep; no times are silence, and nothing to note. Raises DriverError (A01)."""
        self._book.write("beeper", Happening(beep=on_off_ms) if on_off_ms else None)

    def stop(self) -> None:
        """Nothing sounds any longer than its times; safe to call twice."""


class SimVoice:
    """The voice of the simulated board: what it says lasts until something else is said."""

    def __init__(self, book: SignalBook) -> None:
        self._book = book
        self._on_fault: OnFault | None = None
        self._saying = self._gone = False

    def start(self, on_fault: OnFault) -> None:
        """Tell `on_fault` of a broken sound card."""
        self._on_fault = on_fault

    def say(self, prompt: str, languages: tuple[str, ...]) -> None:
        """Note what is said; a sound card that is broken is a fault (A01)."""
        try:
            self._book.write("voice", Happening(said=(prompt, *languages)))
        except DriverError as error:
            self._report(FaultReport(error.code, True, error.detail))
        else:
            self._saying = True
            self._report(FaultReport(PadCode.SIGNAL_GONE, False))

    def hush(self) -> None:
        """Cut off what is being said."""
        if self._saying:
            self._saying = False
            with contextlib.suppress(DriverError):  # it is silent already
                self._book.write("voice", Happening(hushed=True))

    def stop(self) -> None:
        """Silent; safe to call twice."""
        self.hush()

    def _report(self, fault: FaultReport) -> None:
        if fault.standing is not self._gone and self._on_fault is not None:
            self._gone = fault.standing
            self._on_fault(fault)
