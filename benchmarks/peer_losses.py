"""What the peers lose where we lose nothing: when the process is killed, when the power is cut.

"Accepted" is what the peer has confirmed: `put` returned True, a PUBACK came, `publish` was queued.
"""

import contextlib
import json
import random
import sqlite3
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from threading import Event

from benchmarks.json_lines import ask
from benchmarks.mqtt_sink import sink
from benchmarks.peers import bridge, thingsboard
from benchmarks.peers.paho_queue import TOPIC as QUEUE_TOPIC
from benchmarks.result_table import Row
from benchmarks.run import Run
from benchmarks.sample_ratings import SEED, bodies, rating_record, ratings
from benchmarks.scratch import BenchError, kill, running, scratch
from benchmarks.servers import mosquitto
from sync.entries import write_body
from tests.rigs.disk import crash_states
from tests.rigs.system.loopback import free_port

PUTS = 400
PACE_S = 0.005
QUEUED = 5_000
CUTS = 200
PRESSES = 60
QUIET_S = 1.5
ACK = b"accepted"
"""In the line that a contestant writes once it has confirmed a rating or a record."""

_KILL = (
    "SIGKILL of the process alone: what it had written to the operating system survives."
    " thingsboard-gateway: `put` every 5 ms, killed at a random one. Bridge: its default"
    " `autosave_interval`, the centre away, all PUBACKed, killed, both started again."
    " paho: queued without a broker, killed, started again with the same client id."
)
_CUT = (
    "LazyFS's model: of each file only what was synced survives (names too, once their folder is),"
    " rebuilt from strace at random moments after the first acknowledgement. Ours: presses through"
    " session and writer, acknowledged by thanks; peer: `put` every 5 ms, acknowledged by its"
    " return value."
)


@dataclass(frozen=True)
class Loss:
    """How many were accepted, and how many of these were lost."""

    accepted: int
    lost: int


def thingsboard_killed(place: Path, turn: int) -> Loss:
    """The gateway's store, killed in the middle of puts."""
    rng = random.Random(SEED + turn)
    record = rating_record(1, *next(ratings(1)))
    enough = rng.randrange(PUTS // 4, PUTS)
    with thingsboard.store(place / "store") as store:
        accepted = 0
        for accepted in store.flood(record, PUTS, PACE_S):
            if accepted >= enough:
                kill(store.process)
                break
    return Loss(accepted, accepted - store.held())


def bridge_killed(place: Path, _: int) -> Loss:
    """The edge broker, killed with a queue that it had acknowledged."""
    centre, home = free_port(), place / "edge"
    payloads = [write_body(body) for body in bodies(QUEUED)]
    with bridge.edge(home, centre) as edge:
        accepted = bridge.publish(edge.port, payloads)
        edge.kill()
    with (
        mosquitto(place, port=centre) as broker,
        sink(broker.port, bridge.TOPIC) as counter,
        bridge.edge(home, centre),
    ):
        return Loss(accepted, accepted - arrived(lambda: len(counter.arrivals)))


def paho_killed(place: Path, _: int) -> Loss:
    """A program with paho's queue, killed."""
    port = free_port()
    command = [sys.executable, "-m", "benchmarks.peers.paho_queue", str(port)]
    log = place / "log"
    with running([*command, str(QUEUED)], cwd=Path.cwd(), log=log) as program:
        accepted = int(ask(program, None, 30)["accepted"])
        kill(program)
    with (
        mosquitto(place, port=port) as broker,
        sink(broker.port, QUEUE_TOPIC) as counter,
        running([*command, "0"], cwd=Path.cwd(), log=log) as program,
    ):
        ask(program, None, 30)
        return Loss(accepted, accepted - arrived(lambda: len(counter.arrivals)))


def arrived(count: Callable[[], int]) -> int:
    """What has arrived once nothing more has come for a while."""
    before = -1
    while count() != before:
        before = count()
        Event().wait(QUIET_S)
    return before


def cut(
    command: list[str], place: Path, folder: Path, held: Callable[[Path], int], cuts: int = CUTS
) -> Loss:
    """Run `command` under strace, cut the power `cuts` times, ask `held` what is left.

    The rig is the tests' own; of its states only those are taken that lose all they can.
    """
    trace = crash_states.record(command, folder, cwd=Path.cwd())
    dropped = [
        state
        for state in crash_states.states(trace, seed=SEED, some=0, torn=0)
        if state.mode in ("drop", "keep") and any(ACK in line for line in state.acked)
    ]
    by_moment = {state.cut: state for state in reversed(dropped)}  # drop comes before keep
    if len(by_moment) < 2:
        raise BenchError(f"{command[0]} acknowledged nothing under strace")
    after = place / "after"
    after.mkdir()
    accepted = lost = 0
    for moment in random.Random(SEED).choices(sorted(by_moment), k=cuts):
        state = by_moment[moment]
        state.materialise(after)
        promised = sum(ACK in line for line in state.acked)
        accepted, lost = accepted + promised, lost + max(0, promised - held(after))
    return Loss(accepted, lost)


def our_cut(place: Path) -> Loss:
    """Our pad: pressed, thanked, cut."""
    folder = place / "pad"
    folder.mkdir()
    request = json.dumps({"of": "press", "count": PRESSES, "pause_s": 0, "say": True})
    command = [sys.executable, "-m", "benchmarks.pads.press_pad", str(folder), request]
    return cut(command, place, folder, ratings_held)


def ratings_held(after: Path) -> int:
    """The ratings in a ledger that is opened as the agent opens it."""
    from benchmarks.pads.backlog import PAD, now
    from device.ledger.ledger import Ledger

    ledger = Ledger.open(after / "ledger.db", PAD, at=now, new_id=lambda: "0" * 26)
    try:
        entries = ledger.read(0, 4 * PRESSES, 1 << 24).entries
        return sum(b'"kind":"rated"' in entry.body for entry in entries)
    finally:
        ledger.close()


def thingsboard_cut(place: Path) -> Loss:
    """The gateway's store: put, accepted, cut."""
    folder = place / "store"
    folder.mkdir()
    script = Path(thingsboard.__file__).with_name("thingsboard_put.py")
    record = thingsboard.message(rating_record(1, *next(ratings(1))))
    request = thingsboard.flood_request(record, PRESSES, PACE_S)
    command = [str(thingsboard.installed()), str(script), str(folder), request]
    return cut(command, place, folder, rows_held)


def rows_held(after: Path) -> int:
    """The rows in the peer's store; none when it has lost its table too."""
    try:
        with contextlib.closing(sqlite3.connect(after / "data.db")) as file:
            return int(file.execute("SELECT count(*) FROM messages").fetchone()[0])
    except sqlite3.DatabaseError:
        return 0


def rows(run: Run) -> list[Row]:
    """The kills of the peers, and the cuts of everybody."""
    run.say("losses: power cuts")
    with scratch("cuts") as place:
        ours = our_cut(place)
    found = []
    if run.peers:
        with scratch("cuts") as place:
            theirs = thingsboard_cut(place)
        what = f"accepted and lost, {CUTS} power cuts, all that is not synced gone"
        found.append(
            Row(
                what,
                summed([ours]),
                "thingsboard-gateway, put returned True",
                summed([theirs]),
                note=_CUT,
            )
        )
        killed = {
            "thingsboard-gateway, put returned True": thingsboard_killed,
            "mosquitto bridge, PUBACK": bridge_killed,
            "paho queue, publish accepted": paho_killed,
        }
        for name, once in killed.items():
            run.say(f"losses: SIGKILL of {name.partition(',')[0]}")
            losses = []
            for turn in range(run.rounds):
                with scratch("killed") as place:
                    losses.append(once(place, turn))
            what = f"accepted and lost, {run.rounds} SIGKILLs"
            found.append(Row(what, "see the kills above", name, summed(losses), note=_KILL))
    else:
        found.append(Row(f"thanked and lost, {CUTS} power cuts", summed([ours]), "", "", note=_CUT))
    return found


def summed(losses: list[Loss]) -> str:
    """The sums in words."""
    accepted, lost = sum(loss.accepted for loss in losses), sum(loss.lost for loss in losses)
    return f"{lost:,} of {accepted:,} lost"
