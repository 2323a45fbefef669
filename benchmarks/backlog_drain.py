"""A backlog after an outage: how fast it is delivered, and what "delivered" means for each program.

Ours is delivered when the pad has the province's receipt for the last entry, given after the
commit. The peers' is delivered when the last record has left the broker at the centre, which is
when the edge gets its PUBACK: it is not stored anywhere. The entries carry the same facts.
"""

import contextlib
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from subprocess import Popen

from benchmarks.json_lines import ask
from benchmarks.mqtt_sink import sink
from benchmarks.pads.backlog import fill
from benchmarks.peers import bridge, thingsboard
from benchmarks.peers.reader import Reader, reading
from benchmarks.result_table import Reach, Row, median, number, rate
from benchmarks.rounds import interleaved
from benchmarks.run import Run
from benchmarks.sample_ratings import bodies, entry_record
from benchmarks.scratch import BenchError, running, scratch
from benchmarks.servers import mosquitto, postgres
from sync.entries import write_body
from tests.rigs.broker.mosquitto import Broker
from tests.rigs.province.postgres import PostgresCluster
from tests.rigs.time.wait import until

ENTRIES = 100_000
LIMIT_S = 60.0

_OURS = (
    "From the pad's connection to its receipt for the newest entry, birth included, with the pad's"
    " process and the receiver's process as shipped on one broker. The receipt follows the commit."
)
_PUBACK = (
    "From the first record's arrival to the last one's at a bare socket that only counts; nothing"
    " is stored, nothing is read, so this is the fastest that the peer can be."
)
_READ = (
    "The same peer, but at the centre an ordinary subscriber in Python (paho, QoS 1) reads each"
    " record, as our receiver must. It still stores nothing."
)


@dataclass(frozen=True)
class Drained:
    """One round: records that arrived, how long, and how many of them came more than once."""

    records: int
    took_s: float
    repeated: int = 0

    @property
    def per_s(self) -> float:
        """Different records a second."""
        return self.records / self.took_s


Contestant = Callable[[int], Drained]


def receive_command(store: str, port: int) -> list[str]:
    """The command line of our receiver."""
    command = [sys.executable, "-m", "province.cli", "receive", "--store", store]
    return [*command, "--broker", f"mqtt://127.0.0.1:{port}"]


@contextlib.contextmanager
def receiving(store: str, broker: Broker, log: Path) -> Iterator["Popen[str]"]:
    """Our receiver as shipped, subscribed when the block begins."""
    command = receive_command(store, broker.port)
    with running(command, cwd=Path.cwd(), log=log) as process:
        until(lambda: "$share" in broker.log(), 20, "the receiver's subscription")
        yield process


class Ours:
    """The pad and a receiver on a store that is new in each round."""

    def __init__(
        self, place: Path, saved: Path, head: int, new_store: Callable[[int], str]
    ) -> None:
        self._place, self._saved, self._head = place, saved, head
        self._new_store = new_store

    def __call__(self, turn: int) -> Drained:
        """Run one drain."""
        place = self._place / f"{turn}"
        place.mkdir(parents=True)
        ledger = place / "ledger.db"
        shutil.copy(self._saved, ledger)
        log = place / "log"
        with mosquitto(place) as broker:
            drain = [sys.executable, "-m", "benchmarks.pads.drain_pad", str(ledger)]
            command = [*drain, str(broker.port)]
            with (
                receiving(self._new_store(turn), broker, log),
                running(command, cwd=Path.cwd(), log=log) as pad,
            ):
                connected_s = ask(pad, None, LIMIT_S)["connected_s"]
                answer = ask(pad, None, LIMIT_S)
                if "failed" in answer:
                    raise BenchError(f"our drain was refused: {answer['failed']}")
                pad.wait(20)
        return Drained(self._head, answer["receipted_s"] - connected_s)


def thingsboard_drain(place: Path, saved: Path, wanted: int, *, read: bool) -> Contestant:
    """The gateway with its store full; `read` puts a reading subscriber at the centre."""

    def run(turn: int) -> Drained:
        with contextlib.ExitStack() as stack:
            broker = stack.enter_context(mosquitto(place))
            stack.enter_context(thingsboard.server(broker.port))
            home = place / f"{turn}"
            thingsboard.restore(saved, home)
            if read:
                reader = stack.enter_context(reading(broker.port, thingsboard.TELEMETRY))
                stack.enter_context(thingsboard.gateway(home, broker.port))
                return finished(reader, wanted)
            counter = stack.enter_context(sink(broker.port, thingsboard.TELEMETRY))
            stack.enter_context(thingsboard.gateway(home, broker.port))
            seen: set[int] = set()
            parsed = total = 0

            def all_there() -> bool:
                nonlocal parsed, total
                arrivals = counter.arrivals
                if sum(a.payload.count(b'"seq":') for a in arrivals[:]) < wanted:
                    return False  # counting is cheap; parsing would slow the peer down
                for arrival in arrivals[parsed : (parsed := len(arrivals))]:
                    numbers = thingsboard.sequence_numbers(arrival.payload)
                    total += len(numbers)
                    seen.update(numbers)
                return len(seen) >= wanted

            until(all_there, LIMIT_S, "thingsboard-gateway's drain", every_s=0.1)
            took_s = counter.arrivals[parsed - 1].at_s - counter.arrivals[0].at_s
            return Drained(len(seen), took_s, total - len(seen))

    return run


def bridge_drain(place: Path, saved: Path, wanted: int, *, read: bool) -> Contestant:
    """mosquitto's bridge with its queue full."""

    def run(turn: int) -> Drained:
        with contextlib.ExitStack() as stack:
            broker = stack.enter_context(mosquitto(place))
            home = place / f"{turn}"
            bridge.restore(saved, home)
            if read:
                reader = stack.enter_context(reading(broker.port, bridge.TOPIC))
                stack.enter_context(bridge.edge(home, broker.port))
                return finished(reader, wanted)
            counter = stack.enter_context(sink(broker.port, bridge.TOPIC))
            stack.enter_context(bridge.edge(home, broker.port))
            until(lambda: len(counter.arrivals) >= wanted, LIMIT_S, "the bridge's drain", 0.05)
            took_s = counter.arrivals[-1].at_s - counter.arrivals[0].at_s
            return Drained(wanted, took_s, len(counter.arrivals) - wanted)

    return run


def finished(reader: Reader, wanted: int) -> Drained:
    """Wait until a reading subscriber has seen `wanted` different records."""
    until(lambda: reader.different >= wanted, LIMIT_S, "the drain with a reader", every_s=0.05)
    return Drained(wanted, reader.last_s - reader.first_s, reader.records - reader.different)


@contextlib.contextmanager
def contestants(run: Run, place: Path) -> Iterator[dict[str, Contestant]]:
    """Everybody, their backlogs filled once."""
    with contextlib.ExitStack() as stack:
        found: dict[str, Contestant] = {}
        saved = place / "saved.db"
        run.say(f"drain: filling backlogs of {ENTRIES:,}")
        head = fill(saved, bodies(ENTRIES))
        with contextlib.suppress(BenchError):
            cluster: PostgresCluster = stack.enter_context(postgres())
            found["ours, PostgreSQL"] = Ours(
                place / "postgres", saved, head, lambda turn: cluster.create(f"drain{turn}")
            )
        found["ours, SQLite"] = Ours(
            place / "sqlite", saved, head, lambda turn: f"sqlite:///{place}/province{turn}.db"
        )
        if run.peers:
            now_ms = time.time_ns() // 1_000_000
            records = map(entry_record, count(1), bodies(ENTRIES))
            store = thingsboard.fill(place / "store", records, now_ms)
            queue = bridge.fill(place / "queue", map(write_body, bodies(ENTRIES)))
            for name, read in (("", False), (", read", True)):
                home = place / f"tb{read}"
                found[f"thingsboard-gateway{name}"] = thingsboard_drain(
                    home, store, ENTRIES, read=read
                )
                found[f"mosquitto bridge{name}"] = bridge_drain(
                    place / f"bridge{read}", queue, ENTRIES, read=read
                )
                home.mkdir()
                (place / f"bridge{read}").mkdir()
        yield found


def rows(run: Run) -> list[Row]:
    """Ours on both stores, beside the peers."""
    with scratch("drain") as place, contestants(run, place) as everybody:
        samples = interleaved(everybody, run.rounds, lambda what: run.say(f"drain, {what}"))
    rates = {name: [drained.per_s for drained in drains] for name, drains in samples.items()}
    repeats = {
        name: median([drained.repeated for drained in drains]) for name, drains in samples.items()
    }
    ours = {name: per_s for name, per_s in rates.items() if name.startswith("ours")}
    theirs = {name: per_s for name, per_s in rates.items() if name not in ours}
    if not theirs:
        return [
            Row(
                f"drain of {ENTRIES:,} entries, {name}",
                rate(median(per_s), "entries"),
                "",
                "",
                note=_OURS,
            )
            for name, per_s in ours.items()
        ]
    return [
        compare(mine, ours[mine], peer, theirs[peer], repeats[peer])
        for peer in theirs
        for mine in ours
    ]


def compare(mine: str, ours: list[float], peer: str, theirs: list[float], repeats: float) -> Row:
    """One of ours against one peer, by the median of the rounds' ratios."""
    plain = peer.removesuffix(", read")
    reach = Reach("≥", 8 if plain.startswith("thingsboard") else 4)
    again = f", {number(100 * repeats / ENTRIES)} % twice" if repeats else ""
    return Row(
        f"{ENTRIES:,} entries drained, {mine.removeprefix('ours, ')}",
        rate(median(ours), "entries"),
        f"{plain}, {'read at the centre' if plain != peer else 'drained to PUBACK'}",
        rate(median(theirs), "records") + again,
        median([mine_per_s / other for mine_per_s, other in zip(ours, theirs, strict=True)]),
        "faster",
        reach if plain == peer and "PostgreSQL" in mine else None,
        _OURS + " Peer: " + (_READ if plain != peer else _PUBACK),
    )
