"""The simulated board's clocks: each start is a new boot, and the time of day can be set."""

import secrets
import threading
import time

from device.ports import WallReading
from sync.entries import Trust


class SimBoot:
    """A boot clock that starts with the process, so that a killed pad has a new boot."""

    def __init__(self) -> None:
        self.boot = secrets.token_hex(16)
        self._start_ns = time.clock_gettime_ns(time.CLOCK_BOOTTIME)

    def now_ms(self) -> float:
        """Milliseconds since this boot, with fractions."""
        return (time.clock_gettime_ns(time.CLOCK_BOOTTIME) - self._start_ns) / 1e6

    def mono_ms(self) -> int:
        """Milliseconds since this boot."""
        return int(self.now_ms())


class SimWall:
    """A wall clock: this machine's, or one that was set; with the trust that was set."""

    def __init__(self, boot: SimBoot, start: str) -> None:
        self._boot = boot
        self._lock = threading.Lock()
        self._ahead_ms: int | None = None if start == "system" else -boot.mono_ms()
        self._trust = Trust.NTP if start == "system" else Trust.NONE

    def set(self, utc_ms: int | None, trust: Trust) -> None:
        """Set the time to `utc_ms`, or to this machine's clock with None, and its trust."""
        with self._lock:
            self._ahead_ms = None if utc_ms is None else utc_ms - self._boot.mono_ms()
            self._trust = trust

    def read(self) -> WallReading:
        """The time now."""
        with self._lock:
            ahead_ms, trust = self._ahead_ms, self._trust
        machine_ms = time.time_ns() // 1_000_000
        utc_ms = machine_ms if ahead_ms is None else self._boot.mono_ms() + ahead_ms
        return WallReading(utc_ms, trust, uncertainty_ms=10, source="simulated")
