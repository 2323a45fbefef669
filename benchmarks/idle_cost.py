"""A pad that nobody presses: its memory, its CPU time, and how soon after exec it takes a key."""

import contextlib
import sqlite3
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from subprocess import Popen
from threading import Event

from benchmarks.backlog_drain import receiving
from benchmarks.pads.config import Files, write_config
from benchmarks.peers import thingsboard
from benchmarks.procfs import cpu_ns, memory
from benchmarks.result_table import Reach, Row, median, number, seconds
from benchmarks.run import Run
from benchmarks.scratch import BenchError, running, scratch
from benchmarks.servers import mosquitto
from device.drivers.sim.client import SimClient
from tests.rigs.time.wait import until

SETTLE_S = 3.0
WINDOW_S = 4.0

_MEMORY = (
    "Connected and idle for 3 s, each with its own broker session; sums over all processes. RSS"
    " counts what is mapped in full, PSS shares it with the other Pythons of the run; the ratio is"
    " RSS's. Ours has ledger, keys, display, fonts and uplink loaded."
)
_CPU = "Time on a CPU in the 4 s after that, from the kernel's `schedstat`, as part of one core."
_START = (
    "Ours: exec of `ratingpad run` with a new ledger until the first press that the board takes is"
    " in the ledger for another process to see, about 35 ms of contact bounce and debounce"
    " included. Peer: exec until it asks its server for limits over MQTT; it takes no readings"
    " earlier."
)


@dataclass(frozen=True)
class Idle:
    """One round of one contestant."""

    started_s: float
    rss_mib: float
    pss_mib: float
    cpu_share: float


def rows(run: Run) -> list[Row]:
    """Memory, CPU, start."""
    ours: list[Idle] = []
    theirs: list[Idle] = []
    for turn in range(run.rounds):
        run.say(f"idle: round {turn + 1}/{run.rounds}")
        with scratch("idle") as place:
            mine, peer = one_round(place, run.peers)
        ours.append(mine)
        if peer is not None:
            theirs.append(peer)
    return [
        compare("idle memory of the five-key agent", ours, theirs, "rss_mib", Reach("≤", 0.5)),
        compare("idle CPU", ours, theirs, "cpu_share", Reach("≤", 1 / 50)),
        compare("exec → first key in the ledger", ours, theirs, "started_s", Reach("≤", 1)),
    ]


def one_round(place: Path, peers: bool) -> tuple[Idle, Idle | None]:
    """Start both, let them settle, look at both over the same seconds."""
    with contextlib.ExitStack() as stack:
        broker = stack.enter_context(mosquitto(place))
        stack.enter_context(receiving(f"sqlite:///{place}/province.db", broker, place / "log"))
        files = write_config(place / "pad", broker.port)
        start = time.perf_counter()
        pad = stack.enter_context(pad_running(files))
        took = [first_key(files) - start]
        processes = [pad]
        if peers:
            asked = stack.enter_context(thingsboard.server(broker.port))
            start = time.perf_counter()
            processes.append(stack.enter_context(thingsboard.gateway(place / "gw", broker.port)))
            if not asked.wait(30):
                raise BenchError("thingsboard-gateway did not connect")
            took.append(time.perf_counter() - start)
        Event().wait(SETTLE_S)
        before, since = [cpu_ns(process.pid) for process in processes], time.perf_counter()
        Event().wait(WINDOW_S)
        after, window_s = (
            [cpu_ns(process.pid) for process in processes],
            time.perf_counter() - since,
        )
        found = []
        for index, process in enumerate(processes):
            used = memory(process.pid)
            share = (after[index] - before[index]) / 1e9 / window_s
            found.append(Idle(took[index], used.rss_kib / 1024, used.pss_kib / 1024, share))
    return found[0], found[1] if peers else None


def pad_running(files: Files) -> "contextlib.AbstractContextManager[Popen[str]]":
    """`ratingpad run`, by the console script."""
    program = str(Path(sys.executable).with_name("ratingpad"))
    command = [program, "run", "--config", str(files.config)]
    return running(command, cwd=files.config.parent, log=files.config.with_name("log"))


def first_key(files: Files) -> float:
    """Press as soon as the agent has booted; when (perf_counter) the press is in the ledger."""
    with contextlib.closing(until(lambda: booted(files.ledger), 20, "the agent", 0.001)) as ledger:
        for _ in range(20):  # a press in the instant before the keys are taken is not heard
            with SimClient(files.control) as client:
                client.press("satisfied", hold_ms=60)
            with contextlib.suppress(AssertionError):
                until(lambda: has(ledger, "strayed"), 0.2, "the press", every_s=0.001)
                return time.perf_counter()
    raise BenchError("the pad takes no key")


def booted(path: Path) -> sqlite3.Connection | None:
    """A connection that only reads, once the agent has booted on this ledger."""
    with contextlib.suppress(sqlite3.OperationalError):
        ledger = open_to_look(path)
        if has(ledger, "booted"):
            return ledger
        ledger.close()
    return None


def has(ledger: sqlite3.Connection, kind: str) -> bool:
    """Whether there is an entry of this kind."""
    row = ledger.execute("SELECT 1 FROM entry WHERE kind = ? LIMIT 1", (kind,)).fetchone()
    return row is not None


def open_to_look(ledger: Path) -> sqlite3.Connection:
    """A connection that only reads."""
    return sqlite3.connect(f"file:{ledger}?mode=ro", uri=True, isolation_level=None)


def compare(what: str, ours: list[Idle], theirs: list[Idle], field: str, reach: Reach) -> Row:
    """One field of both sides."""
    note = {"rss_mib": _MEMORY, "cpu_share": _CPU, "started_s": _START}[field]
    mine = [getattr(idle, field) for idle in ours]
    if not theirs:
        return Row(what, shown(ours, field), "", "", note=note)
    other = [getattr(idle, field) for idle in theirs]
    ratio = median([value / peer for value, peer in zip(mine, other, strict=True)])
    return Row(what, shown(ours, field), "thingsboard-gateway", shown(theirs, field), ratio,
               "of theirs", reach, note)  # fmt: skip


def shown(samples: list[Idle], field: str) -> str:
    """The median in words."""
    value = median([getattr(idle, field) for idle in samples])
    if field == "rss_mib":
        pss = median([idle.pss_mib for idle in samples])
        return f"{number(value)} MiB RSS, {number(pss)} MiB PSS"
    return f"{number(100 * value)} % of a core" if field == "cpu_share" else seconds(value)
