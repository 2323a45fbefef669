"""What a rating costs on the wire, counted at a TCP proxy between the edge and its broker.

A rating of ours is two entries, `invited` and `rated`, with ids, clock and digests; a peer's is
one flat record with the same case, matter, step, clerk, level and time. All bytes count: topics,
headers, handshakes, PUBACKs, receipts, repeats. Only TCP/IP's own headers do not.
"""

import contextlib
import shutil
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from benchmarks.backlog_drain import LIMIT_S, receiving
from benchmarks.json_lines import ask
from benchmarks.mqtt_sink import sink
from benchmarks.pads.backlog import fill
from benchmarks.peers import thingsboard
from benchmarks.result_table import Reach, Row, median, number
from benchmarks.rounds import interleaved
from benchmarks.run import Run
from benchmarks.sample_ratings import bodies, rating_record, ratings
from benchmarks.scratch import running, scratch
from benchmarks.servers import mosquitto
from tests.rigs.broker.proxy_thread import ProxyThread, proxy_to
from tests.rigs.time.wait import until

RATINGS = 5_000

_NOTE = (
    f"A backlog of {RATINGS:,} ratings through a counting TCP proxy: everything sent and received,"
    " receipts, PUBACKs, headers and repeats. Ours are two entries a rating (invited, rated), the"
    " peer's one flat record with the same facts."
)


@dataclass(frozen=True)
class Sent:
    """Bytes a rating each way."""

    up: float
    down: float

    @classmethod
    def of(cls, proxy: ProxyThread) -> "Sent":
        """What has crossed a proxy, shared among all ratings."""
        return cls(proxy.up_bytes / RATINGS, proxy.down_bytes / RATINGS)

    @property
    def both(self) -> float:
        """Up and down."""
        return self.up + self.down


def ours(place: Path, saved: Path) -> Callable[[int], Sent]:
    """Our pad behind the proxy; the receiver on SQLite, not behind it."""

    def run(turn: int) -> Sent:
        home = place / f"{turn}"
        home.mkdir(parents=True)
        ledger = home / "ledger.db"
        shutil.copy(saved, ledger)
        with contextlib.ExitStack() as stack:
            broker = stack.enter_context(mosquitto(home))
            stack.enter_context(receiving(f"sqlite:///{home}/province.db", broker, home / "log"))
            proxy = stack.enter_context(proxy_to(broker.port))
            drain = [sys.executable, "-m", "benchmarks.pads.drain_pad", str(ledger)]
            command = [*drain, str(proxy.address.port)]
            pad = stack.enter_context(running(command, cwd=Path.cwd(), log=home / "log"))
            ask(pad, None, LIMIT_S)
            ask(pad, None, LIMIT_S)
            return Sent.of(proxy)

    return run


def theirs(place: Path, saved: Path) -> Callable[[int], Sent]:
    """The gateway behind the proxy."""

    def run(turn: int) -> Sent:
        home = place / f"{turn}"
        with contextlib.ExitStack() as stack:
            broker = stack.enter_context(mosquitto(place))
            stack.enter_context(thingsboard.server(broker.port))
            counter = stack.enter_context(sink(broker.port, thingsboard.TELEMETRY))
            proxy = stack.enter_context(proxy_to(broker.port))
            thingsboard.restore(saved, home)
            stack.enter_context(thingsboard.gateway(home, proxy.address.port))

            def different() -> int:
                payloads = [arrival.payload for arrival in counter.arrivals[:]]
                return len(
                    {n for payload in payloads for n in thingsboard.sequence_numbers(payload)}
                )

            until(lambda: different() >= RATINGS, LIMIT_S, "the peer's backlog", every_s=0.2)
            return Sent.of(proxy)

    return run


def rows(run: Run) -> list[Row]:
    """Ours against the peer's."""
    with scratch("wire") as place:
        saved = place / "saved.db"
        fill(saved, bodies(2 * RATINGS))
        everybody = {"ours": ours(place / "ours", saved)}
        if run.peers:
            home = place / "peer"
            home.mkdir()
            records = (rating_record(seq, *pair) for seq, pair in zip(count(1), ratings(RATINGS)))
            store = thingsboard.fill(place / "store", records, time.time_ns() // 1_000_000)
            everybody["thingsboard-gateway"] = theirs(home, store)
        samples = interleaved(everybody, run.rounds, lambda what: run.say(f"wire, {what}"))
    mine = samples["ours"]
    what = "bytes on the wire per rating, backlog"
    if not run.peers:
        return [Row(what, describe(mine), "", "", note=_NOTE)]
    peer = samples["thingsboard-gateway"]
    ratios = [sent.both / other.both for sent, other in zip(mine, peer, strict=True)]
    return [
        Row(what, describe(mine), "thingsboard-gateway", describe(peer), median(ratios),
            "of theirs", Reach("≤", 0.25), _NOTE)
    ]  # fmt: skip


def describe(samples: list[Sent]) -> str:
    """Up and down."""
    up, down = (median([getattr(sent, way) for sent in samples]) for way in ("up", "down"))
    return f"{number(up)} B up, {number(down)} B down"
