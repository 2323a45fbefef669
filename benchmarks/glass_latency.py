"""From the edge of a key until thanks is on the glass of an OLED, against what none can avoid."""

import contextlib
import random
import sys
from pathlib import Path

from benchmarks.json_lines import ask
from benchmarks.pads.glass_pad import BOARD
from benchmarks.result_table import Reach, Row, median, percentile, seconds
from benchmarks.run import Run
from benchmarks.sample_ratings import SEED
from benchmarks.scratch import running, scratch
from device.board.profile import load_profile

PRESSES = 20
"""A round; 100 in five rounds, so that the 99th of them is p99."""
PAUSE_S = (0.12, 0.30)
"""Long enough for caches, CPU and disk to be used by something else."""

_NOTE = (
    "From the moment at which a contact closes (no bounce) until the last byte of thanks is in the"
    " chip: keys, debounce, session, ledger, display thread and OLED driver of the agent with the"
    " times of `rpi-4`, on a chip in memory whose bus takes as long as I²C at 400 kHz. Against it:"
    " the debounce time, `write` + `fdatasync` of the same entry's bytes on the same disk,"
    " alternating in one process, and the bytes of thanks at nine bits each. The scan's period of 5"
    " ms, half of it on average, is ours. Paced: 0.12 to 0.3 s before each. Medians of the rounds;"
    " p99 over all rounds."
)


def rows(run: Run) -> list[Row]:
    """Key edge to thanks on the glass."""
    rng = random.Random(SEED)
    debounce_s = load_profile(BOARD).keys.debounce_ms / 1000
    ours: list[list[float]] = []
    limits: list[list[float]] = []
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(scratch("glass"))
        command = [sys.executable, "-m", "benchmarks.pads.glass_pad", str(folder)]
        log = folder / "pad.log"
        pad = stack.enter_context(running(command, cwd=Path.cwd(), log=log))
        ask(pad, None)
        ask(pad, {"of": "press", "count": 3, "pause_s": 0.2})  # what is lazy is now loaded
        for turn in range(run.rounds):
            run.say(f"thanks: round {turn + 1}/{run.rounds}")
            ours.append([])
            limits.append([])
            for _ in range(PRESSES):
                bare = ask(pad, {"of": "bare", "count": 1, "pause_s": rng.uniform(*PAUSE_S)})
                press = ask(pad, {"of": "press", "count": 1, "pause_s": rng.uniform(*PAUSE_S)})
                ours[-1] += press["took_s"]
                limits[-1].append(debounce_s + bare["took_s"][0] + press["bus_s"][0])
    return [row_of(ours, limits)]


def row_of(ours: list[list[float]], limits: list[list[float]]) -> Row:
    """p50 by the median of the rounds' ratios; p99 of all."""
    ratios = [median(mine) / median(limit) for mine, limit in zip(ours, limits, strict=True)]
    all_ours, all_limits = ([took for part in parts for took in part] for parts in (ours, limits))
    late, late_limit = percentile(all_ours, 99), percentile(all_limits, 99)
    return Row(
        "key edge → thanks on the glass of an OLED",
        f"p50 {seconds(median(all_ours))}, p99 {seconds(late)}",
        "debounce + fdatasync + the same bytes at the bus's speed",
        f"p50 {seconds(median(all_limits))}, p99 {seconds(late_limit)}",
        median(ratios),
        f"at p50, {late / late_limit:.2f}× at p99",
        Reach("≤", 1.3),
        _NOTE,
    )
