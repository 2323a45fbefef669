"""Catching up over a slow link that is cut every few seconds, beside the same link uncut.

Pad and receiver are the shipped ones, on a real broker; the link is a proxy that lets through so
many bytes a second and resets every connection. What waits at a cut is lost with it.
"""

import contextlib
import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from threading import Event, Thread

from benchmarks.backlog_drain import receiving
from benchmarks.json_lines import ask
from benchmarks.pads.backlog import fill
from benchmarks.result_table import Reach, Row, median, number
from benchmarks.rounds import interleaved
from benchmarks.run import Run
from benchmarks.sample_ratings import bodies
from benchmarks.scratch import BenchError, running, scratch
from benchmarks.servers import mosquitto
from tests.rigs.broker.proxy_thread import ProxyThread, proxy_to

ENTRIES = 3_000
RATE_BYTES_S = 4 * 1024
CUT_EVERY_S = 3.0
LIMIT_S = 300.0

_NOTE = (
    f"{ENTRIES:,} entries over {RATE_BYTES_S // 1024} KiB/s in each direction, from the pad's first"
    f" connection to its receipt for the newest entry. Every {CUT_EVERY_S:.0f} s all connections"
    " are reset. Peer: the same link without cuts, in the same round."
)


@contextlib.contextmanager
def cutting(cable: ProxyThread, every_s: float) -> Iterator[None]:
    """Cut the cable at this interval for the time of the block; 0 never does."""
    over = Event()

    def cut() -> None:
        while not over.wait(every_s):
            cable.cut()
            cable.mend()

    thread = Thread(target=cut, daemon=True)
    if every_s:
        thread.start()
    try:
        yield
    finally:
        over.set()


def catch_up_s(place: Path, saved: Path, every_s: float) -> float:
    """One drain over the link; seconds."""
    place.mkdir(parents=True)
    ledger, log = place / "ledger.db", place / "log"
    shutil.copy(saved, ledger)
    with mosquitto(place) as broker, proxy_to(broker.port) as cable:
        cable.limit(RATE_BYTES_S)
        command = [sys.executable, "-m", "benchmarks.pads.drain_pad", str(ledger)]
        with (
            receiving(f"sqlite:///{place}/province.db", broker, log),
            cutting(cable, every_s),
            running(
                [*command, str(cable.address.port), str(LIMIT_S)], cwd=Path.cwd(), log=log
            ) as pad,
        ):
            connected_s = ask(pad, None, LIMIT_S)["connected_s"]
            answer = ask(pad, None, LIMIT_S)
            if "failed" in answer:
                raise BenchError(f"the drain was refused: {json.dumps(answer)}")
            pad.wait(20)
            return float(answer["receipted_s"] - connected_s)


def rows(run: Run) -> list[Row]:
    """The cut link beside the uncut one."""
    with scratch("link") as place:
        saved = place / "saved.db"
        fill(saved, bodies(ENTRIES))
        samples = interleaved(
            {
                "uncut": lambda turn: catch_up_s(place / f"uncut{turn}", saved, 0),
                "cut": lambda turn: catch_up_s(place / f"cut{turn}", saved, CUT_EVERY_S),
            },
            min(run.rounds, 3),
            lambda what: run.say(f"link, {what}"),
        )
    ratio = median(
        [cut / uncut for cut, uncut in zip(samples["cut"], samples["uncut"], strict=True)]
    )
    return [
        Row(
            f"catching up over a link cut every {CUT_EVERY_S:.0f} s",
            f"{number(median(samples['cut']))} s",
            "the same link uncut",
            f"{number(median(samples['uncut']))} s",
            ratio,
            "times as long",
            Reach("≤", 2),
            _NOTE,
        )
    ]
