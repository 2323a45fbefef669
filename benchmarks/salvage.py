"""A ledger of a million entries: opened, and salvaged after one flipped byte."""

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks.result_table import Reach, Row, number
from benchmarks.run import Run
from benchmarks.scratch import BenchError, scratch
from tests.rigs.ledger import big_ledger

ENTRIES = 1_000_000
LIMIT_MIB = 64.0
"""The unit allows 256 MiB for all of the agent."""
_READ_BYTES = 1 << 20

_NOTE = (
    f"{ENTRIES:,} entries, of which the province has none or all but the last thousand; once."
    " Opening checks the whole file and reads the start's state; a salvage also finds every record"
    " in the damaged file, proves it and writes what the province may not have into a new ledger,"
    " which is checked again. Memory: the peak above that of the same process with an empty ledger."
    " A bare read: the same file from its begin to its end in pieces of 1 MiB, page cache warm for"
    " both."
)


def opened(folder: Path) -> dict[str, Any]:
    """What the process that opens it says."""
    command = [sys.executable, "-m", "benchmarks.pads.salvage_pad", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=1200, check=False)
    if done.returncode:
        raise BenchError(f"opening a big ledger: {done.stderr[-500:]}")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def bare_read_s(path: Path) -> float:
    """Seconds for reading all of a file."""
    began_s = time.perf_counter()
    with path.open("rb", buffering=0) as file:
        while file.read(_READ_BYTES):
            pass
    return time.perf_counter() - began_s


def rows(run: Run) -> list[Row]:
    """Seconds and memory, for a sound ledger and for damaged ones."""
    found: list[Row] = []
    for receipted, said in ((0, "none receipted"), (ENTRIES - 1000, "all but 1,000 receipted")):
        with scratch("salvage") as folder:
            run.say(f"salvage: {ENTRIES:,} entries, {said}")
            path = big_ledger.make(folder, ENTRIES, receipted=receipted)
            bare_read_s(path)
            if not receipted:
                found += _rows_of("opening", opened(folder), bare_read_s(path), salvaged=False)
            big_ledger.flip(path, 0.9999 if receipted else 0.5)
            bare_s = bare_read_s(path)
            found += _rows_of(f"salvage, {said}:", opened(folder), bare_s, salvaged=True)
    return found


def _rows_of(what: str, measured: dict[str, Any], bare_s: float, *, salvaged: bool) -> list[Row]:
    if measured["salvaged"] is not salvaged:
        raise BenchError(f"{what}: salvaged is {measured['salvaged']}")
    mib = measured["kib"] / 1024
    return [
        Row(f"{what} 1,000,000 entries: peak memory", f"{number(mib)} MiB", "the limit",
            f"{LIMIT_MIB:.0f} MiB", mib / LIMIT_MIB, "of it", Reach("≤", 1.0), _NOTE),
        Row(f"{what} 1,000,000 entries: time", f"{measured['seconds']:.1f} s",
            "bare read of the file", f"{number(bare_s)} s", measured["seconds"] / bare_s, "",
            note=_NOTE),
    ]  # fmt: skip
