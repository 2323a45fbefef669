"""The kernel's clocks: what their flags mean, and that the real ones answer."""

import errno
import os
import time
from pathlib import Path

import pytest

from device.drivers.kernel_clocks import RTC_NOT_BEFORE_MS, KernelBoot, KernelWall, read_timex
from sync.entries import Trust


@pytest.mark.parametrize(
    ("status", "has_rtc", "tv_sec", "trust"),
    [
        (0x2001, False, 1_790_000_000, Trust.NTP),
        (0x2041, False, 1_790_000_000, Trust.NONE),
        (0x2041, True, 1_790_000_000, Trust.RTC),
        (0x2041, True, RTC_NOT_BEFORE_MS // 1_000 - 1, Trust.NONE),
    ],
)
def test_the_kernels_flags_say_who_keeps_the_clock(
    status: int, has_rtc: bool, tv_sec: int, trust: Trust
) -> None:
    reading = read_timex(
        tv_sec=tv_sec, tv_fraction=250_999_999, status=status, maxerror_us=1_500, has_rtc=has_rtc
    )
    assert (reading.trust, reading.utc_ms) == (trust, tv_sec * 1_000 + 250)
    if trust is Trust.NTP:
        assert reading.uncertainty_ms == 2


def test_microseconds_and_nanoseconds_are_reported_apart_by_their_flag() -> None:
    reading = read_timex(tv_sec=1, tv_fraction=250_999, status=0x0001, maxerror_us=0, has_rtc=False)
    assert reading.utc_ms == 1_250


def test_the_real_kernel_gives_the_time_that_python_gives() -> None:
    before = time.time_ns() // 1_000_000
    reading = KernelWall(has_rtc=True).read()
    after = time.time_ns() // 1_000_000
    assert before <= reading.utc_ms <= after
    assert reading.trust in (Trust.NTP, Trust.RTC, Trust.NONE)


def test_a_kernel_that_refuses_is_not_trusted_and_says_why(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    wall = KernelWall(has_rtc=True)
    monkeypatch.setattr(wall, "_adjtimex", lambda _: -1)
    monkeypatch.setattr("ctypes.get_errno", lambda: errno.EPERM)
    reading = wall.read()
    assert (reading.trust, reading.source) == (
        Trust.NONE,
        f"adjtimex: {os.strerror(errno.EPERM)}",
    )


def test_the_real_boot_clock_has_an_id_and_never_goes_back(tmp_path: Path) -> None:
    (tmp_path / "boot_id").write_text("4f2a\n")
    boot = KernelBoot(tmp_path / "boot_id")
    assert boot.boot == "4f2a"
    assert boot.mono_ms() <= boot.mono_ms()
    assert len(KernelBoot().boot) == 36
