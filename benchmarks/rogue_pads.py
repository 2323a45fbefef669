"""What rogue pads cost: how fast the receiver refuses their messages, and what good pads notice.

Three pads publish messages that are no batches. `refusals`: as fast as the broker takes them, until
the receiver has answered a birth that was published after the last one; the broker delivers them in
order. Beside it a subscriber that reads the same messages and does nothing: what paho and Python
allow. `good_pads`: the time from a press to its receipt at a good pad, with the three beside it, at
a rate each, and without.
"""

import contextlib
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.backlog_drain import receiving
from benchmarks.json_lines import ask
from benchmarks.peers.reader import reading
from benchmarks.result_table import Reach, Row, median, rate, seconds
from benchmarks.rounds import interleaved
from benchmarks.run import Run
from benchmarks.scratch import running, scratch
from benchmarks.servers import mosquitto, postgres
from sync.messages import VERSION, State, Status, Topic, write_message
from tests.rigs.broker.mosquitto import Broker
from tests.rigs.broker.mqtt_probe import mqtt_probe
from tests.rigs.sync.pad_uplink import UplinkPad
from tests.rigs.time.wait import until

ROGUES = ("rogue-1", "rogue-2", "rogue-3")
MESSAGES = 10_000
"""Of each rogue pad."""
PER_S = 1_000.0
"""Messages a second of each rogue pad, beside a good one."""
PRESSES = 150
LIMIT_S = 120.0
GOAL_PER_S = 5_000.0

_REFUSALS = (
    f"Three pads publish {MESSAGES:,} messages each that are no batches, as fast as mosquitto takes"
    " them; until a birth published after them is answered. The receiver as shipped on PostgreSQL:"
    " it reads and answers them, keeps a few as evidence and counts the others. Peer: a subscriber"
    " in Python (paho, QoS 1) that reads each message and stores nothing."
)
_GOOD = (
    f"A good pad's uplink and the receiver as shipped on PostgreSQL, a press after each receipt;"
    f" three rogue pads publish {PER_S:,.0f} messages a second each that are no batches."
)


@contextlib.contextmanager
def rogues(broker: Broker, per_s: float, count: int, log: Path) -> Iterator[list[float]]:
    """Three rogue pads at work; when they were started. Ended with the block."""
    with contextlib.ExitStack() as stack:
        command = [sys.executable, "-m", "benchmarks.pads.flooding_pad", str(broker.port)]
        children = [
            stack.enter_context(
                running([*command, name, str(per_s), str(count)], cwd=Path.cwd(), log=log)
            )
            for name in ROGUES
        ]
        started_s = [float(ask(child, None, LIMIT_S)["started_s"]) for child in children]
        if count:
            for child in children:
                ask(child, None, LIMIT_S)
        yield started_s


def refusals(place: Path, store: str) -> float:
    """Messages a second that the receiver refuses."""
    with (
        mosquitto(place) as broker,
        receiving(store, broker, place / "log"),
        mqtt_probe(broker.address, Topic.RECEIPT.of("last")) as probe,
        rogues(broker, 0, MESSAGES, place / "log") as started_s,
    ):
        birth = State(
            v=VERSION, pad="last", status=Status.ONLINE, boots=1, session=1, ledger="01LAST"
        )
        probe.publish(Topic.STATE.of("last"), write_message(birth))
        until(lambda: probe.messages, LIMIT_S, "the last birth's answer", every_s=0.01)
        return MESSAGES * len(ROGUES) / (time.perf_counter() - min(started_s))


def readings(place: Path) -> float:
    """Messages a second that a subscriber reads."""
    wanted = MESSAGES * len(ROGUES)
    with (
        mosquitto(place) as broker,
        reading(broker.port, Topic.ENTRIES.of("+")) as reader,
        rogues(broker, 0, MESSAGES, place / "log") as started_s,
    ):
        until(lambda: reader.records >= wanted, LIMIT_S, "all is read", every_s=0.01)
        return wanted / (reader.last_s - min(started_s))


def receipt_times(place: Path, store: str, per_s: float) -> Sequence[float]:
    """Seconds from each press to its receipt, at a good pad; `per_s` 0: without rogue pads."""
    with contextlib.ExitStack() as stack:
        broker = stack.enter_context(mosquitto(place))
        stack.enter_context(receiving(store, broker, place / "log"))
        pad = UplinkPad(broker.address, f"good-{time.time_ns()}").start()
        stack.callback(pad.close)
        until(lambda: pad.receipted_seq >= 1, LIMIT_S, "the pad is receipted")
        if per_s:
            stack.enter_context(rogues(broker, per_s, 0, place / "log"))
        times_s = []
        for _ in range(PRESSES):
            pad.rate()
            head, began_s = pad.ledger.head_seq, time.perf_counter()
            until(lambda head=head: pad.receipted_seq == head, LIMIT_S, "a receipt", every_s=0.0005)
            times_s.append(time.perf_counter() - began_s)
        return times_s


def rows(run: Run) -> list[Row]:
    """Refusals a second, and a good pad's time to the receipt."""
    with postgres() as cluster, scratch("rogues") as place:
        store = cluster.create("rogues")
        rates = interleaved(
            {"ours": lambda _: refusals(place, store), "paho": lambda _: readings(place)},
            run.rounds,
            lambda what: run.say(f"rogues, {what}"),
        )
        times = interleaved(
            {
                "flooded": lambda _: receipt_times(place, store, PER_S),
                "alone": lambda _: receipt_times(place, store, 0),
            },
            run.rounds,
            lambda what: run.say(f"rogues, {what}"),
        )
    ours, bare = median(rates["ours"]), median(rates["paho"])
    flooded, alone = (
        [value for sample in times[name] for value in sample] for name in ("flooded", "alone")
    )
    p50, p50_alone = median(flooded), median(alone)
    return [
        Row(
            "refusals at the receiver, three rogue pads",
            rate(ours, "messages"),
            "a bare paho subscriber",
            rate(bare, "messages"),
            ours / bare,
            "as fast",
            note=_REFUSALS,
        ),
        Row(
            "the same against its goal",
            rate(ours, "messages"),
            "the goal",
            rate(GOAL_PER_S, "messages"),
            ours / GOAL_PER_S,
            "of it",
            Reach("≥", 1.0),
            note=_REFUSALS,
        ),
        Row(
            "press → receipt at a good pad beside three rogue pads",
            f"p50 {seconds(p50)}, p95 {seconds(sorted(flooded)[len(flooded) * 95 // 100])}",
            "the same pad, left alone",
            f"p50 {seconds(p50_alone)}, p95 {seconds(sorted(alone)[len(alone) * 95 // 100])}",
            p50 / p50_alone,
            "at p50",
            Reach("≤", 2.0),
            note=_GOOD,
        ),
    ]
