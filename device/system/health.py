"""The pad's health: the faults there are now, and readings of the board.

No fault is hidden (law 8): the code that meets one raises it here, by code and detail, and clears
it when it is over.
"""

import os
import shutil
from pathlib import Path
from typing import NamedTuple

from msgspec.structs import replace

from device.errors import PadCode
from sync.entries import At
from sync.messages import VERSION, FaultNow, Health

SYSFS = Path("/sys")

MAX_FAULTS = 64
MAX_DETAIL_CHARS = 150
"""Of the faults in a report, the oldest, and of each one's detail: the message stays below the
contract's bound, whatever characters they have. The ledger has all of them, and more of each."""


class Faults:
    """The faults there are now. A code may be there with several details (two stuck keys). To be
    used by one thread, the loop's.
    """

    def __init__(self) -> None:
        self._current: dict[tuple[PadCode, str], FaultNow] = {}

    def raise_(self, code: PadCode, detail: str, mono: int) -> bool:
        """Note a fault since `mono` (CLOCK_BOOTTIME ms); False when it was noted already."""
        if (code, detail) in self._current:
            return False
        self._current[code, detail] = FaultNow(code=code.code, since=mono, detail=detail)
        return True

    def clear(self, code: PadCode, detail: str = "") -> bool:
        """The fault is over; without a detail, for every detail. False when there was none."""
        cleared = [key for key in self._current if key[0] is code and detail in ("", key[1])]
        for key in cleared:
            del self._current[key]
        return bool(cleared)

    @property
    def now(self) -> tuple[FaultNow, ...]:
        """Every fault, oldest first."""
        return tuple(self._current.values())

    @property
    def blocking(self) -> PadCode | None:
        """The oldest fault that closes the window, or None when the window may be open."""
        return next((code for code, _ in self._current if code.blocks), None)


class HealthReadings(NamedTuple):
    """Readings of the board; None where it has no such sensor."""

    disk_free_bytes: int | None
    card_wear_percent: float | None
    temperature_c: float | None


def measure(path: Path, sysfs: Path = SYSFS) -> HealthReadings:
    """Free space and wear of the card that `path` is on, and the board's temperature.

    Uses statvfs(3), stat(2) and sysfs; opens nothing on the card.
    """
    return HealthReadings(
        _disk_free_bytes(path), _card_wear_percent(path, sysfs), _temperature_c(sysfs)
    )


def report(
    *,
    at: At,
    boots: int,
    ledger: str,
    head: int,
    receipted: int,
    faults: tuple[FaultNow, ...],
    measured: HealthReadings,
    strays: int = 0,
    refused: int = 0,
) -> Health:
    """The health message, from what the parts of the agent know."""
    return Health(
        v=VERSION,
        at=at,
        boots=boots,
        ledger=ledger,
        head=head,
        receipted=receipted,
        faults=tuple(
            replace(fault, detail=fault.detail[:MAX_DETAIL_CHARS]) for fault in faults[:MAX_FAULTS]
        ),
        strays=strays,
        refused=refused,
        **measured._asdict(),
    )


def _disk_free_bytes(path: Path) -> int | None:
    try:
        return shutil.disk_usage(path).free
    except OSError:
        return None


def _card_wear_percent(path: Path, sysfs: Path) -> float | None:
    """The worse of an eMMC's two wear estimates, as the upper end of its 10 % step.

    JEDEC eMMC 5.0 `DEVICE_LIFE_TIME_EST_TYP_A/B`: 0x01 is 0 to 10 % used, 0x0A 90 to 100 %, 0x0B
    more than its life, 0x00 not defined. SD cards have no such register and give None.
    """
    try:
        device = path.stat().st_dev
        block = sysfs / "dev" / "block" / f"{os.major(device)}:{os.minor(device)}"
        disk = block.resolve(strict=True)
        if (disk / "partition").exists():
            disk = disk.parent
        steps = [int(step, 16) for step in (disk / "device" / "life_time").read_text().split()]
    except (OSError, ValueError):
        return None
    worst = max(steps, default=0)
    return None if worst == 0 else worst * 10.0


def _temperature_c(sysfs: Path) -> float | None:
    """The hottest of the kernel's thermal zones; a Raspberry Pi has one, `cpu-thermal`."""
    readings = [
        reading
        for zone in (sysfs / "class" / "thermal").glob("thermal_zone*/temp")
        if (reading := _millidegrees(zone)) is not None
    ]
    return max(readings) / 1_000 if readings else None


def _millidegrees(zone: Path) -> int | None:
    try:
        return int(zone.read_text())
    except (OSError, ValueError):  # reading a zone that is switched off gives EAGAIN or EINVAL
        return None
