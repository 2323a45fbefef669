"""Crash states by the hundred thousand: the power cut at every step of a ledger's life.

The rig and its judge are the tests' own (`tests/rigs/disk/crash_states.py`, `tests/power/`), run
here with more random states and on every core: what was synced is there; of the rest nothing,
everything, some writes or some sectors. A state is good when the ledger opens by itself and holds
every entry that was thanked for.
"""

import logging
import os
import pickle
import time
from collections import Counter
from concurrent.futures import Future, ProcessPoolExecutor
from itertools import count
from pathlib import Path

from benchmarks.result_table import Row
from benchmarks.run import Run
from tests.power import test_ledger_power as power
from tests.rigs.disk.crash_states import ram_folder, states

PRESSES = 14
LIMIT_S = 240.0
"""On a slow machine fewer states are looked at; the row says how many."""

_NOTE = (
    "Presses, checkpoints, pruning, restart and replacement of a ledger under strace; then the pad"
    " is started on what a power cut may leave (ordering, 512-byte tears and lost names included)."
    " Only states that differ count. The same rig finds the losses of `synchronous=NORMAL` and of"
    " a card that lies about its syncs (`tests/power`)."
)


def look(life: Path, seed: int, folder: Path) -> dict[bytes, str]:
    """The states of one seed: their fingerprints and outcomes. Runs in a process of its own.

    What is lost or kept as a whole is the same for every seed, and looked at for the first only.
    """
    logging.disable(logging.WARNING)  # a cut write is reported, as it should be, thousands of times
    folder.mkdir()
    found: dict[bytes, str] = {}
    trace = pickle.loads(life.read_bytes())
    for state in states(trace, seed=seed, some=4, torn=8):
        if seed > 1 and state.mode in ("drop", "keep"):
            continue
        print_of = state.fingerprint()
        if print_of not in found:
            found[print_of] = power.outcome(state, folder)
    return found


def rows(run: Run) -> list[Row]:
    """How many states were looked at, and how many lost a rating."""
    outcomes: dict[bytes, str] = {}
    deadline = time.monotonic() + LIMIT_S
    with ram_folder() as ram:
        trace = power.run_child(ram / "pad", "life", PRESSES)
        life = ram / "life"
        life.write_bytes(pickle.dumps(trace))
        with ProcessPoolExecutor(os.cpu_count()) as pool:
            seeds = count(1)
            at_work: dict[int, Future[dict[bytes, str]]] = {}
            while len(outcomes) < run.states and time.monotonic() < deadline:
                while len(at_work) < (os.cpu_count() or 1):
                    seed = next(seeds)
                    at_work[seed] = pool.submit(look, life, seed, ram / f"after-{seed}")
                first = min(at_work)
                outcomes |= at_work.pop(first).result(timeout=LIMIT_S)
                run.say(f"crash states: {len(outcomes):,} of {run.states:,}")
    bad = Counter(outcome for outcome in outcomes.values() if outcome != "ok")
    lost = f"{bad.total():,} bad: {dict(bad)}" if bad else "0 ratings lost, 0 ledgers unreadable"
    ours = f"{lost} in {len(outcomes):,} crash states"
    return [Row("ratings lost, power cut at any instruction", ours, "", "", note=_NOTE)]
