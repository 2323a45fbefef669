"""What a self-test measures without a person: the clock, the ledger's folder, the broker.

The ledger itself is not opened, and no file is left in its folder.
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
from sync.sentence import Sentence
from sync.system_reasons import reason

LEAST_FREE_BYTES = 64 << 20
"""200 ratings a day of 3 KB on average are 60 MB in 100 days. Entries that the province has are
pruned after 400 days."""

SLOW_S = 5.0
"""A write that takes longer closes the window (`device/ledger/commit_queue.py`)."""

CONNECT_S = 3.0


def clock(wall: WallClock) -> Item:
    """Test the time of day: it fails while the time is not known."""
    reading = wall.read()
    if reading.trust is Trust.NONE:
        says = Sentence("the time of day is not known (source {source})", source=reading.source)
        return Item("clock", StepOutcome.FAILED, says, PadCode.CLOCK_UNKNOWN)
    now = datetime.fromtimestamp(reading.utc_ms / 1000, UTC)
    says = Sentence(
        "{now:%Y-%m-%d %H:%M:%S} UTC within {uncertainty} ms, {trust} from {source}",
        now=now,
        uncertainty=reading.uncertainty_ms,
        trust=reading.trust.value,
        source=reading.source,
    )
    return Item("clock", StepOutcome.PASSED, says)


def ledger_folder(ledger: Path) -> Item:
    """Test that the folder of a ledger can be written and has room; measure one fsync."""
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
        return Item("ledger", StepOutcome.FAILED, _about(folder, error), code)
    says = Sentence(
        "{folder}: {free} MiB free, one sync {took:.1f} ms",
        folder=folder,
        free=free >> 20,
        took=took_s * 1000,
    )
    if free < LEAST_FREE_BYTES:
        return Item("ledger", StepOutcome.FAILED, says, PadCode.LEDGER_FULL)
    if took_s > SLOW_S:
        return Item("ledger", StepOutcome.FAILED, says, PadCode.LEDGER_WRITE)
    return Item("ledger", StepOutcome.PASSED, says)


def broker(province: ProvinceConfig) -> Item:
    """Test that the broker's port accepts a TCP connection; nothing is sent."""
    where = f"{province.host}:{province.port}"
    before = time.monotonic()
    try:
        with contextlib.closing(
            socket.create_connection((province.host, province.port), timeout=CONNECT_S)
        ):
            took_ms = (time.monotonic() - before) * 1000
    except OSError as error:
        says = _about(where, error)
        return Item("broker", StepOutcome.FAILED, says, PadCode.PROVINCE_SILENT)
    says = Sentence("{address} answers in {took:.1f} ms", address=where, took=took_ms)
    return Item("broker", StepOutcome.PASSED, says)


def _about(what: object, error: OSError) -> Sentence:
    return Sentence.joined(": ", (what, reason(error)))
