"""A power cut at every step between a press and its thanks, in the agent as a process.

The trace is of `ratingpad run` on the simulated board. A rating counts as thanked when its
picture was sent to the display: the board writes each picture to a file before it shows it.
"""

import itertools
import os
import shutil
import signal
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import pytest

from demo.scene_reader import scene_of
from device.errors import LedgerError
from device.events import Scene
from device.ledger.ledger import Ledger
from sync.entries import Rated, read_body
from sync.mqtt import BrokerAddress
from tests.rigs.disk.crash_states import CrashState, Trace, record, states
from tests.rigs.ledger.ledger_process import at
from tests.rigs.pad import faulty_pad
from tests.rigs.pad.pad_process import HALL, WINDOW, PadProcess
from tests.rigs.system.child_environment import BIN, environment
from tests.rigs.system.loopback import free_port
from tests.rigs.time.wait import until

pytestmark = pytest.mark.strace

STATES = int(os.environ.get("RATINGPAD_CRASH_STATES", "4000"))
"""At least so many different crash states are checked."""
RATINGS = 10 if STATES <= 5000 else 40
KEYS = ("very_satisfied", "satisfied", "basically_satisfied", "dissatisfied", "very_dissatisfied")


class TracedRun(NamedTuple):
    """A traced run of a pad: `rated` are its invitations in the order of their ratings."""

    trace: Trace
    rated: list[str]


@pytest.fixture
def ram() -> Iterator[Path]:
    """A folder in memory where there is one: the rig writes thousands of small files."""
    shm = Path("/dev/shm")
    base = shm if os.access(shm, os.W_OK) else None
    folder = Path(tempfile.mkdtemp(prefix="rp-agent-", dir=base))
    yield folder
    shutil.rmtree(folder)


def trace_run(ram: Path, launcher: Sequence[str]) -> TracedRun:
    """Start, take ratings and strays, stop; everything under strace."""
    card = ram / "card"
    card.mkdir()
    pad = PadProcess(
        ram / "pad",
        "pad-1",
        BrokerAddress("127.0.0.1", free_port()),  # no broker there
        ledger=card / "ledger.db",
        launcher=launcher,
        film=str(ram / "film"),
    )
    try:
        with ThreadPoolExecutor(1) as pool:
            running = pool.submit(
                record,
                [*launcher, "run", "--config", str(pad.config)],
                card,
                cwd=pad.folder,
                env=environment(),
                marker=b"picture ",
                timeout_s=300,
                stderr=pad.log,
            )
            try:
                until(lambda: running.done() or pad.is_ready(), 60, "the traced pad is ready")
                pad.be_ready()
                rated = [pad.rate(f"case-{n}", KEYS[n % 5]) for n in range(RATINGS)]
            finally:
                print(pad.last_words())
                if not running.done():
                    os.kill(pad.holder(), signal.SIGTERM)
            trace = running.result(60)
        pad.display.finish()
    finally:
        pad.remove()
    assert trace.exit_code == 0
    assert thanks(tuple(s.data for s in trace.steps if s.what == "ack")) == len(rated) == RATINGS
    return TracedRun(trace, rated)


def thanks(pictures: Sequence[bytes]) -> int:
    """How often the display changed to thanks."""
    shown = [_scene(picture) for picture in pictures]
    return sum(
        now is Scene.THANKS and before is not Scene.THANKS
        for before, now in itertools.pairwise([None, *shown])
    )


_scenes: dict[bytes, Scene | None] = {}


def _scene(line: bytes) -> Scene | None:
    """The scene, whatever time of day it shows: the run may be over for minutes."""
    if line not in _scenes:
        name = scene_of(bytes.fromhex(line.removeprefix(b"picture ").decode()), WINDOW, HALL)
        _scenes[line] = Scene(name) if name else None
    return _scenes[line]


def outcome(state: CrashState, run: TracedRun, folder: Path) -> str:
    """Open the files after the power cut as the next start does: `ok`, or what is wrong."""
    state.materialise(folder)
    number = itertools.count()
    try:
        ledger = Ledger.open(
            folder / "ledger.db", "pad-1", at=at, new_id=lambda: f"01LEDGER{next(number):08d}"
        )
    except LedgerError as error:
        return f"unreadable: {error.code.name}"
    try:
        if ledger.opened_because is not None:
            return "taken for damaged"
        bodies = [read_body(e.body) for e in ledger.read(0, 10_000, 1 << 24).entries]
    finally:
        ledger.close()
    rated = [body.invitation for body in bodies if isinstance(body, Rated)]
    if rated != run.rated[: len(rated)]:
        return "a rating that was not made, or another order"
    if len(rated) < thanks(state.acked):
        return "a thanked rating is missing"
    return "ok"


def check_all(run: TracedRun, folder: Path, *, wanted: int, start: int = 0) -> Counter[str]:
    """The outcomes of all different states; with more random ones until there are `wanted`."""
    folder.mkdir()
    outcomes: Counter[str] = Counter()
    seen: set[bytes] = set()
    for seed in itertools.count():
        before = len(seen)
        for state in states(run.trace, seed=seed, start=start, some=1, torn=2):
            if (fingerprint := state.fingerprint()) not in seen:
                seen.add(fingerprint)
                outcomes[outcome(state, run, folder)] += 1
        if len(seen) >= wanted or len(seen) == before:
            break
    return outcomes


@pytest.mark.timeout(7200)
def test_no_power_cut_between_press_and_thanks_loses_a_thanked_rating(ram: Path) -> None:
    run = trace_run(ram, [str(BIN / "ratingpad")])
    began_s = time.perf_counter()
    outcomes = check_all(run, ram / "after", wanted=STATES)
    took_s = time.perf_counter() - began_s
    total = outcomes.total()
    print(f"{total} different crash states of the agent, {total / took_s:.0f} checked a second")
    assert outcomes == {"ok": total}
    assert total >= STATES


def test_control_an_agent_whose_commits_are_not_synced_is_noticed(ram: Path) -> None:
    run = trace_run(ram, list(faulty_pad.launcher("no-sync")))
    steps = run.trace.steps
    first = next(n for n, s in enumerate(steps, 1) if s.what == "ack" and thanks([s.data]))
    outcomes = check_all(run, ram / "after", wanted=200, start=first)
    print(f"synchronous=NORMAL: {dict(outcomes)}")
    assert outcomes["a thanked rating is missing"] > 20
