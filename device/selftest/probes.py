"""What a self-test measures without a hand: the clock, the ledger's folder, the broker.

The ledger itself is not opened, and nothing stays behind in its folder.
"""

import contextlib
import errno
import os
import shutil
import socket
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from device.config.config import ProvinceConfig
from device.errors import PadCode
from device.ports import WallClock
from device.selftest.steps import Item, StepOutcome
from sync.entries import Trust

LEAST_FREE_BYTES = 64 << 20
"""A pad that is not read for a year still fits: 200 ratings a day of a mean 3 KB are 60 MB in 100
days, and 400 days of what the province has are pruned."""

SLOW_S = 5.0
"""A write that takes so long closes the window (`device/ledger/commit_queue.py`)."""

CONNECT_S = 3.0


def clock(wall: WallClock) -> Item:
    """How far the time of day may be trusted."""
    read = wall.read()
    if read.trust is Trust.NONE:
        says = f"the time of day is not known (source {read.source})"
        return Item("clock", StepOutcome.FAILED, says, PadCode.CLOCK_UNKNOWN)
    now = datetime.fromtimestamp(read.utc_ms / 1000, UTC)
    says = f"{now:%Y-%m-%d %H:%M:%S} UTC within {read.uncertainty_ms} ms, {read.trust.value}"
    return Item("clock", StepOutcome.PASSED, f"{says} from {read.source}")


def ledger_folder(ledger: Path) -> Item:
    """Whether the folder of a ledger can be written, has room, and how long one sync takes."""
    folder = ledger.parent
    try:
        free = shutil.disk_usage(folder).free
        before = time.monotonic()
        with tempfile.TemporaryFile(dir=folder, prefix=".selftest-") as file:
            file.write(b"\0" * 4096)
            file.flush()
            os.fsync(file.fileno())
            took_s = time.monotonic() - before
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        code = PadCode.LEDGER_FULL if full else PadCode.LEDGER_WRITE
        return Item("ledger", StepOutcome.FAILED, f"{folder}: {error.strerror or error}", code)
    says = f"{folder}: {free >> 20} MiB free, one sync {took_s * 1000:.1f} ms"
    if free < LEAST_FREE_BYTES:
        return Item("ledger", StepOutcome.FAILED, says, PadCode.LEDGER_FULL)
    if took_s > SLOW_S:
        return Item("ledger", StepOutcome.FAILED, says, PadCode.LEDGER_WRITE)
    return Item("ledger", StepOutcome.PASSED, says)


def broker(province: ProvinceConfig) -> Item:
    """Whether something listens where the broker should be; nothing is said to it."""
    where = f"{province.host}:{province.port}"
    before = time.monotonic()
    try:
        with contextlib.closing(
            socket.create_connection((province.host, province.port), timeout=CONNECT_S)
        ):
            took_ms = (time.monotonic() - before) * 1000
    except OSError as error:
        says = f"{where}: {error.strerror or error}"
        return Item("broker", StepOutcome.FAILED, says, PadCode.PROVINCE_SILENT)
    return Item("broker", StepOutcome.PASSED, f"{where} answers in {took_ms:.1f} ms")
