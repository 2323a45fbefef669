"""Lights, a beeper and a voice in memory, that can be broken and slow."""

import threading
from typing import Any

from device.errors import DriverError, PadCode
from device.ports import FaultReport, OnFault


class FakeSignals:
    """The three parts of one board; `done` is what they did, in order."""

    def __init__(self) -> None:
        self.display = None
        self.lights = self.beeper = self.voice = self
        self.done: list[tuple[str, Any]] = []
        self.broken: set[str] = set()
        """Parts that raise."""
        self.slow = threading.Event()
        self.slow.set()
        """Cleared: a sound card that takes its time, until it is set."""
        self.tries = 0
        self.stops = 0
        self._on_fault: OnFault | None = None

    def _do(self, part: str, what: Any) -> None:
        if part in self.broken:
            self.tries += 1
            raise DriverError("no answer", PadCode.SIGNAL_GONE)
        self.done.append((part, what))

    def show(self, lit: frozenset[str]) -> None:
        self._do("lights", set(lit))

    def beep(self, on_off_ms: tuple[int, ...]) -> None:
        self._do("beeper", on_off_ms)

    def start(self, on_fault: OnFault) -> None:
        self._on_fault = on_fault

    def say(self, prompt: str, languages: tuple[str, ...]) -> None:
        self.slow.wait()
        self._do("voice", (prompt, *languages))

    def hush(self) -> None:
        self._do("voice", None)

    def stop(self) -> None:
        self.stops += 1

    def card(self, detail: str, *, broken: bool) -> None:
        """A fault that the sound card reports, as from its thread."""
        assert self._on_fault is not None
        self._on_fault(FaultReport(PadCode.SIGNAL_GONE, broken, detail))

    def of(self, part: str) -> list[Any]:
        """What one part did."""
        return [what for who, what in self.done if who == part]
