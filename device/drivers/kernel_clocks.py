"""The clocks of every Linux board: CLOCK_BOOTTIME, and the system clock with its trust."""

import ctypes
import os
import time
from pathlib import Path

from device.ports import WallReading
from sync.entries import Trust

RTC_NOT_BEFORE_MS = 1_767_225_600_000
"""2026-01-01. A battery-backed clock that reads earlier has lost its battery."""


class KernelBoot:
    """CLOCK_BOOTTIME and the kernel's boot id."""

    def __init__(self, boot_id: Path = Path("/proc/sys/kernel/random/boot_id")) -> None:
        self.boot = boot_id.read_text().strip()

    def mono_ms(self) -> int:
        """Milliseconds since this boot, suspend included."""
        return time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1_000_000


class _Timex(ctypes.Structure):
    """`struct timex` of a 64-bit kernel (linux/timex.h)."""

    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("constant", ctypes.c_long),
        ("precision", ctypes.c_long),
        ("tolerance", ctypes.c_long),
        ("tv_sec", ctypes.c_long),
        ("tv_fraction", ctypes.c_long),
        ("tick", ctypes.c_long),
        ("ppsfreq", ctypes.c_long),
        ("jitter", ctypes.c_long),
        ("shift", ctypes.c_int),
        ("stabil", ctypes.c_long),
        ("jitcnt", ctypes.c_long),
        ("calcnt", ctypes.c_long),
        ("errcnt", ctypes.c_long),
        ("stbcnt", ctypes.c_long),
        ("tai", ctypes.c_int),
        ("reserved", ctypes.c_int * 11),
    )


_STA_UNSYNC = 0x0040
_STA_NANO = 0x2000


class KernelWall:
    """The system clock, and whether the kernel calls it synchronised (adjtimex(2)).

    systemd-timesyncd clears the kernel's "unsynchronised" flag by itself, chrony only with
    `rtcsync` in its configuration (Debian's default has it). The kernel sets the flag again when
    the clock was not corrected for so long that its error may exceed 16 s (about nine hours).

    `has_rtc`: the board has a battery-backed clock, so that a clock which is not synchronised has
    some trust; the `uncertainty_ms` of such a reading is an estimate.
    """

    RTC_UNCERTAINTY_MS = 60_000
    """A month without correction at the 20 ppm of a cheap crystal."""

    def __init__(self, *, has_rtc: bool) -> None:
        self._has_rtc = has_rtc
        self._adjtimex = ctypes.CDLL(None, use_errno=True).adjtimex

    def read(self) -> WallReading:
        """The system clock now. If adjtimex fails, trust is NONE and `source` is the reason."""
        timex = _Timex(modes=0)
        if self._adjtimex(ctypes.byref(timex)) < 0:
            return WallReading(0, Trust.NONE, 0, f"adjtimex: {os.strerror(ctypes.get_errno())}")
        return read_timex(
            tv_sec=timex.tv_sec,
            tv_fraction=timex.tv_fraction,
            status=timex.status,
            maxerror_us=timex.maxerror,
            has_rtc=self._has_rtc,
        )


def read_timex(
    *, tv_sec: int, tv_fraction: int, status: int, maxerror_us: int, has_rtc: bool
) -> WallReading:
    """The reading that the fields of a `struct timex` give. Without side effects."""
    fraction_ms = tv_fraction // (1_000_000 if status & _STA_NANO else 1_000)
    utc_ms = tv_sec * 1_000 + fraction_ms
    if not status & _STA_UNSYNC:
        return WallReading(utc_ms, Trust.NTP, -(-maxerror_us // 1_000), "ntp")
    if has_rtc and utc_ms >= RTC_NOT_BEFORE_MS:
        return WallReading(utc_ms, Trust.RTC, KernelWall.RTC_UNCERTAINTY_MS, "rtc")
    return WallReading(utc_ms, Trust.NONE, 0, "system")
