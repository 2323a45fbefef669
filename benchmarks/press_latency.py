"""One key press until thanks: against the bare disk, and against a peer's put until committed."""

import contextlib
import random
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from subprocess import Popen

from benchmarks.json_lines import ask
from benchmarks.peers import thingsboard
from benchmarks.result_table import Reach, Row, median, number, percentile, seconds
from benchmarks.run import Run
from benchmarks.sample_ratings import SEED, rating_record, ratings
from benchmarks.scratch import running, scratch

PACED = 20
"""Presses a round at human pace; 100 in five rounds, so that the 99th of them is p99."""
PEER_PACED = 6
BURST = 200
PAUSE_S = (0.12, 0.30)
"""Long enough for caches, CPU and disk to be used by something else."""

_LIMIT = (
    "The whole path (thread hop, session, writer, commit, thanks) against `write` + `fdatasync` of"
    " the same body's bytes to an append-only file on the same disk, alternating in one process."
    " Paced: 0.12 to 0.3 s before each. Medians of the rounds; p99 over all rounds."
)
_PEER = (
    "`SQLiteEventStorage.put` until an independent connection sees the row (polled every 0.5 ms),"
    " alternating with our presses. Its commit is not synced; ours is."
)


@contextlib.contextmanager
def press_pad(folder: Path) -> Iterator["Popen[str]"]:
    """Our pad, in a process of its own."""
    folder.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "benchmarks.pads.press_pad", str(folder)]
    with running(command, cwd=Path.cwd(), log=folder / "pad.log") as pad:
        ask(pad, None)
        yield pad


Samples = dict[str, list[list[float]]]
"""Seconds by what was measured ("press", its part "commit", "bare"), a list for each round."""


def measure(pad: "Popen[str]", of: str, count: int, pause_s: float, into: Samples) -> None:
    """`count` presses or bare appends, added to the newest round."""
    answer = ask(pad, {"of": of, "count": count, "pause_s": pause_s})
    into[of][-1] += answer["took_s"]
    if of == "press":
        into["commit"][-1] += answer["commit_s"]


def rows(run: Run) -> list[Row]:
    """Paced and back to back against the disk; paced against the peer."""
    rng = random.Random(SEED)
    record = rating_record(1, *next(ratings(1)))
    paced: Samples = {"press": [], "commit": [], "bare": []}
    burst: Samples = {"press": [], "commit": [], "bare": []}
    theirs: list[list[float]] = []
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(scratch("press"))
        pad = stack.enter_context(press_pad(folder / "ours"))
        peer = stack.enter_context(thingsboard.store(folder / "store")) if run.peers else None
        ask(pad, {"of": "press", "count": 5, "pause_s": 0.01})  # what is lazy is now loaded
        for turn in range(run.rounds):
            run.say(f"press: round {turn + 1}/{run.rounds}")
            for kept in (*paced.values(), *burst.values(), theirs):
                kept.append([])
            for count in range(PACED):
                order = ("press", "bare") if count % 2 else ("bare", "press")
                for of in order:
                    measure(pad, of, 1, rng.uniform(*PAUSE_S), paced)
                if peer and count < PEER_PACED:
                    threading.Event().wait(rng.uniform(*PAUSE_S))
                    theirs[-1].append(peer.put(record).visible_s)
            for of in ("press", "bare") if turn % 2 else ("bare", "press"):
                measure(pad, of, BURST, 0, burst)
    found = [
        against_disk("press → durable → thanks, paced", paced, "press", Reach("≤", 1.5)),
        against_disk("of it, the ledger's commit", paced, "commit"),
        against_disk("press → durable → thanks, back to back", burst, "press", Reach("≤", 1.5)),
        against_disk("of it, the ledger's commit", burst, "commit"),
    ]
    if run.peers:
        found.append(against_peer(paced["press"], theirs))
    return found


def _flat(samples: list[list[float]]) -> list[float]:
    return [value for part in samples for value in part]


def against_disk(what: str, samples: Samples, part: str, reach: Reach | None = None) -> Row:
    """p50 by the median of the rounds' ratios; p99 of all."""
    ours, bare = samples[part], samples["bare"]
    ratios = [median(mine) / median(limit) for mine, limit in zip(ours, bare, strict=True)]
    late, late_bare = (percentile(_flat(part), 99) for part in (ours, bare))
    return Row(
        what,
        f"p50 {seconds(median(_flat(ours)))}, p99 {seconds(late)}",
        "append + fdatasync of the same bytes",
        f"p50 {seconds(median(_flat(bare)))}, p99 {seconds(late_bare)}",
        median(ratios),
        f"at p50, {number(late / late_bare)}× at p99",
        reach,
        _LIMIT,
    )


def against_peer(ours: list[list[float]], theirs: list[list[float]]) -> Row:
    """p50 by the median of the rounds' ratios."""
    ratios = [median(peer) / median(mine) for mine, peer in zip(ours, theirs, strict=True)]
    late = percentile(_flat(theirs), 99)
    return Row(
        "press → durable → thanks, paced",
        f"p50 {seconds(median(_flat(ours)))}, p99 {seconds(percentile(_flat(ours), 99))}",
        "thingsboard-gateway, put → committed",
        f"p50 {seconds(median(_flat(theirs)))}, p99 {seconds(late)}",
        median(ratios),
        "faster",
        Reach("≥", 100),
        _PEER,
    )
