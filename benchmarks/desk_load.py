"""One key press until thanks while a hall calls the desk, against the same pad left alone."""

import contextlib
import os
import random
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from subprocess import Popen
from typing import Any

from benchmarks.json_lines import ask
from benchmarks.result_table import Reach, Row, median, number, percentile, seconds
from benchmarks.rounds import interleaved
from benchmarks.run import Run
from benchmarks.sample_ratings import SEED
from benchmarks.scratch import running, scratch

PRESSES = 100
"""In each half of a round; 500 of each in five rounds."""
PAUSE_S = (0.03, 0.09)
ARRIVE_S = 1.0
"""So long the callers are given to arrive before presses count."""
TOKEN = "a-token-for-the-bench"

_NOTE = (
    "The press of the first rows, in one process with the desk, by turns with and without its"
    " callers in another: ten that call {calls:.0f} times a second together, one that calls as fast"
    " as the desk's limits allow, 12 slow and half-open lines, 3 listeners and 2 that never read."
    " {answers}."
    " Paced: 0.03 to 0.09 s before each press; medians of the rounds' ratios, p99 over all."
)
_NOTE_ELSEWHERE = (
    "The same callers at a server in a third process, which answers in a line and holds them to the"
    " same limits: what they cost a press by being on the same {cores} cores."
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
    """Alone, with callers, and with the same callers at another server, by turns."""
    rng = random.Random(SEED)
    answers: Counter[str] = Counter()
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(scratch("desk"))
        pad, port = stack.enter_context(desk_pad(folder))
        other = stack.enter_context(_program(folder, "baseline_server"))
        callers = stack.enter_context(_callers(folder, port))
        callers_elsewhere = stack.enter_context(_callers(folder, int(ask(other, None)["port"])))
        ask(pad, {"of": "press", "count": 20, "pause_s": 0.01})  # what is lazy is now loaded

        def alone(_: int) -> list[float]:
            threading.Event().wait(ARRIVE_S)
            return _presses(pad, rng)

        def with_callers(turn: int) -> list[float]:
            ask(callers, {"on": True})
            found = alone(turn)
            answers.update(ask(callers, {"on": False})["answers"])
            return found

        def with_callers_elsewhere(turn: int) -> list[float]:
            ask(callers_elsewhere, {"on": True})
            found = alone(turn)
            ask(callers_elsewhere, {"on": False})
            return found

        ways = {"alone": alone, "here": with_callers, "elsewhere": with_callers_elsewhere}
        samples = interleaved(ways, run.rounds, lambda text: run.say(f"desk: {text}"))
    counts = ", ".join(f"{count:,} × {status}" for status, count in sorted(answers.items()))
    note = _NOTE.format(calls=10 / 0.1, answers=f"Answered: {counts}")
    elsewhere = _NOTE_ELSEWHERE.format(cores=os.cpu_count())
    left_alone = samples["alone"]
    return [
        _row("a hall calls the desk", samples["here"], left_alone, note, Reach("≤", 1.2)),
        _row("the hall calls another server", samples["elsewhere"], left_alone, elsewhere),
    ]


def _row(
    when: str,
    loaded: list[list[float]],
    alone: list[list[float]],
    note: str,
    reach: Reach | None = None,
) -> Row:
    ratios = [median(part) / median(other) for part, other in zip(loaded, alone, strict=True)]
    late, late_alone = (percentile(_flat(part), 99) for part in (loaded, alone))
    return Row(
        f"press → durable → thanks while {when}, p99",
        f"p50 {seconds(median(_flat(loaded)))}, p99 {seconds(late)}",
        "the same pad, left alone",
        f"p50 {seconds(median(_flat(alone)))}, p99 {seconds(late_alone)}",
        late / late_alone,
        f"at p99, {number(median(ratios))}× at p50",
        reach,
        note,
    )


@contextlib.contextmanager
def _callers(folder: Path, port: int) -> Iterator["Popen[str]"]:
    with _program(folder, "callers", str(port), TOKEN) as callers:
        ask(callers, None)
        yield callers


@contextlib.contextmanager
def _program(folder: Path, name: str, *arguments: str) -> Iterator["Popen[str]"]:
    command = [sys.executable, "-m", f"benchmarks.pads.{name}", *arguments]
    with running(command, cwd=Path.cwd(), log=folder / f"{name}.log") as process:
        yield process


def _presses(pad: "Popen[str]", rng: random.Random) -> list[float]:
    found: list[float] = []
    for _ in range(PRESSES):
        request: dict[str, Any] = {"of": "press", "count": 1, "pause_s": rng.uniform(*PAUSE_S)}
        found += ask(pad, request)["took_s"]
    return found


def _flat(samples: list[list[float]]) -> list[float]:
    return [value for part in samples for value in part]
