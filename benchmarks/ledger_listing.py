"""`ratingpad ledger`: a million entries listed, what a press beside it notices, and what the agent
pays for a command that it does not run.
"""

import contextlib
import json
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from benchmarks.result_table import Reach, Row, number
from benchmarks.run import Run
from benchmarks.scratch import BenchError, scratch
from tests.rigs.ledger import big_ledger

ENTRIES = 1_000_000
FEW = 10
PRESSES = 150
_LISTED_PRESSES_ENTRIES = 50_000

_LISTING = (
    f"`show` of {ENTRIES:,} entries against the same of {FEW}: the highest resident memory of the"
    " process, and the time from its start until the first entry is written."
)
_PRESS = (
    f"The median of {PRESSES} commits, one each 10 ms, in a ledger of {_LISTED_PRESSES_ENTRIES:,}"
    " entries, while another process lists it again and again, against the same without a listing;"
    " by turns, medians of the rounds. Where all cores have other work, that is in both."
)
_AGENT = (
    "Resident memory of a process that has the command line loaded, as `ratingpad run` has, against"
    " the same without the module of this command; medians of the rounds."
)
_SHOW = (
    "import sys; from device.cli import main; code = main(['ledger', 'show', sys.argv[1]]);"
    " sys.stdout.flush(); print(open('/proc/self/status').read().split('VmHWM:')[1].split()[0],"
    " file=sys.stderr); sys.exit(code)"
)
_RSS = "print(int(open('/proc/self/statm').read().split()[1]) * os.sysconf('SC_PAGE_SIZE') // 1024)"
_LOADED = f"import os, device.cli; {_RSS}"
_WITHOUT = (
    "import os, sys, types; m = types.ModuleType('device.commands.ledger_command');"
    " m.COMMAND = None; sys.modules[m.__name__] = m;"
    " import device.commands; device.commands.ledger_command = m;"
    f" import device.cli; {_RSS}"
)


class Listed(NamedTuple):
    """One run of `show`."""

    first_s: float
    seconds: float
    peak_kib: int


def listed(path: Path) -> Listed:
    """List a ledger as a table into a pipe."""
    command = [sys.executable, "-c", _SHOW, str(path)]
    began_s = time.perf_counter()
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert child.stdout is not None
    assert child.stderr is not None
    child.stdout.readline()
    if not child.stdout.readline():
        raise BenchError("a listing wrote no entry")
    first_s = time.perf_counter() - began_s
    while child.stdout.read(1 << 20):
        pass
    said = child.communicate()[1].decode().split()
    if child.returncode:
        raise BenchError(f"a listing ended with {child.returncode}: {said}")
    return Listed(first_s, time.perf_counter() - began_s, int(said[-1]))


def press_ms(folder: Path) -> float:
    """The median time of a commit, from a process of its own."""
    command = [sys.executable, "-m", "benchmarks.pads.listed_pad", str(folder), str(PRESSES)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    if done.returncode:
        raise BenchError(f"a pad beside a listing: {done.stderr[-500:]}")
    return float(statistics.median(json.loads(done.stdout)))


@contextlib.contextmanager
def listing_without_end(path: Path) -> Iterator[None]:
    """List a ledger again and again meanwhile."""
    stopped = threading.Event()

    def listing() -> None:
        while not stopped.is_set():
            listed(path)

    thread = threading.Thread(target=listing)
    thread.start()
    try:
        yield
    finally:
        stopped.set()
        thread.join()


def rss_kib(program: str) -> int:
    """What a short program says of its memory."""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False
    )
    if done.returncode:
        raise BenchError(f"the command line was not loaded: {done.stderr[-500:]}")
    return int(done.stdout)


def rows(run: Run) -> list[Row]:
    """The figures of this command."""
    return [*_rows_of_listing(run), _row_of_presses(run), _row_of_agent(run)]


def _rows_of_listing(run: Run) -> list[Row]:
    with scratch("listing") as folder:
        run.say(f"listing: {ENTRIES:,} entries")
        for name in ("few", "many"):
            (folder / name).mkdir()
        few_path = big_ledger.make(folder / "few", FEW)
        many = listed(big_ledger.make(folder / "many", ENTRIES))
        short = [listed(few_path) for _ in range(run.rounds)]
    few_kib = statistics.median(one.peak_kib for one in short)
    few_s = statistics.median(one.first_s for one in short)
    return [
        Row("listing 1,000,000 entries: peak memory", f"{number(many.peak_kib / 1024)} MiB",
            "listing ten", f"{number(few_kib / 1024)} MiB", many.peak_kib / few_kib, "",
            Reach("≤", 1.2), _LISTING),
        Row("listing 1,000,000 entries: until the first", f"{number(many.first_s)} s",
            "listing ten", f"{number(few_s)} s", many.first_s / few_s, "", Reach("≤", 2.0),
            f"{_LISTING} All of it took {many.seconds:.0f} s."),
    ]  # fmt: skip


def _row_of_presses(run: Run) -> Row:
    beside, alone = [], []
    with scratch("listed-press") as folder:
        path = big_ledger.make(folder, _LISTED_PRESSES_ENTRIES)
        for turn in range(run.rounds):
            run.say(f"a press beside a listing: round {turn + 1}")
            alone.append(press_ms(folder))
            with listing_without_end(path):
                beside.append(press_ms(folder))
    ours, theirs = statistics.median(beside), statistics.median(alone)
    return Row("a press beside a listing", f"{number(ours)} ms", "without one",
               f"{number(theirs)} ms", ours / theirs, "", Reach("≤", 1.5), _PRESS)  # fmt: skip


def _row_of_agent(run: Run) -> Row:
    run.say("the memory of the agent with the command")
    pairs = [(rss_kib(_LOADED), rss_kib(_WITHOUT)) for _ in range(max(5, run.rounds))]
    ours, theirs = (statistics.median(side) for side in zip(*pairs, strict=True))
    return Row("the agent's memory with this command", f"{number(ours / 1024)} MiB",
               "without it", f"{number(theirs / 1024)} MiB", ours / theirs, "",
               Reach("≤", 1.02), _AGENT)  # fmt: skip
