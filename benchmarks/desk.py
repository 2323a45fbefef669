"""One key press until thanks while a hall calls the desk, against the same pad left alone."""

import contextlib
import random
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from subprocess import Popen
from typing import Any

from benchmarks.facts import SEED
from benchmarks.lines import ask
from benchmarks.run import Run
from benchmarks.scratch import running, scratch
from benchmarks.table import Reach, Row, median, number, percentile, seconds

PRESSES = 100
"""In each half of a round; 500 of each in five rounds."""
PAUSE_S = (0.03, 0.09)
ARRIVE_S = 1.0
"""So long the callers are given to arrive before presses count."""
TOKEN = "a-token-for-the-bench"

_NOTE = (
    "The press of the first rows, in one process with the desk, by turns with and without its"
    " callers in another: ten that call {calls:.0f} times a second together, one that calls as fast"
    " as it is let, 12 slow and half-open lines, 3 listeners and 2 that never read. {answers}."
    " Paced: 0.03 to 0.09 s before each press; medians of the rounds' ratios, p99 over all."
)


@contextlib.contextmanager
def desk_pad(folder: Path) -> Iterator["tuple[Popen[str], int]"]:
    """A pad with its desk, in a process of its own, and the desk's port."""
    token_file = folder / "token"
    token_file.write_text(TOKEN)
    (folder / "pad").mkdir()
    command = [sys.executable, "-m", "benchmarks.pads.desk_pad", str(folder / "pad")]
    with running([*command, str(token_file)], cwd=Path.cwd(), log=folder / "pad.log") as pad:
        yield pad, int(ask(pad, None)["port"])


def rows(run: Run) -> list[Row]:
    """Loaded and alone, by turns."""
    rng = random.Random(SEED)
    samples: dict[bool, list[list[float]]] = {True: [], False: []}
    answers: Counter[str] = Counter()
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(scratch("desk"))
        pad, port = stack.enter_context(desk_pad(folder))
        command = [sys.executable, "-m", "benchmarks.pads.callers", str(port), TOKEN]
        hall = stack.enter_context(running(command, cwd=Path.cwd(), log=folder / "hall.log"))
        ask(hall, None)
        ask(pad, {"of": "press", "count": 20, "pause_s": 0.01})  # what is lazy is now loaded
        for turn in range(run.rounds):
            run.say(f"desk: round {turn + 1}/{run.rounds}")
            for is_loaded in (turn % 2 == 0, turn % 2 == 1):
                ask(hall, {"on": is_loaded})
                threading.Event().wait(ARRIVE_S)
                samples[is_loaded].append(_presses(pad, rng))
                answers += Counter(ask(hall, {"on": False})["answers"])
    alone, loaded = samples[False], samples[True]
    ratios = [median(one) / median(other) for one, other in zip(loaded, alone, strict=True)]
    late, late_alone = (percentile(_flat(part), 99) for part in (loaded, alone))
    told = ", ".join(f"{count:,} × {status}" for status, count in sorted(answers.items()))
    return [
        Row(
            "press → durable → thanks while a hall calls the desk, p99",
            f"p50 {seconds(median(_flat(loaded)))}, p99 {seconds(late)}",
            "the same pad, left alone",
            f"p50 {seconds(median(_flat(alone)))}, p99 {seconds(late_alone)}",
            late / late_alone,
            f"at p99, {number(median(ratios))}× at p50",
            Reach("≤", 1.2),
            _NOTE.format(calls=10 / 0.1, answers=f"Answered: {told}"),
        )
    ]


def _presses(pad: "Popen[str]", rng: random.Random) -> list[float]:
    found: list[float] = []
    for _ in range(PRESSES):
        wish: dict[str, Any] = {"of": "press", "count": 1, "pause_s": rng.uniform(*PAUSE_S)}
        found += ask(pad, wish)["took_s"]
    return found


def _flat(samples: list[list[float]]) -> list[float]:
    return [value for part in samples for value in part]
