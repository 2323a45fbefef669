"""What one rating asks of the card: syncs, writes and bytes, counted by strace."""

import json
import subprocess
import sys
from pathlib import Path

from benchmarks.peers import thingsboard
from benchmarks.result_table import Reach, Row, number
from benchmarks.run import Run
from benchmarks.sample_ratings import rating_record, ratings
from benchmarks.scratch import scratch
from benchmarks.syscalls import Call, Cost, cost, marked, read_trace, traced

PRESSES = 200
PEER_PUTS = 60
PACE_S = 0.25
"""Slower than the peer's thread gathers: one commit for each put, as at a window."""

_NOTE = (
    f"{PRESSES} presses through session and writer under strace, calls on the ledger's files only,"
    " from the invitation's commit to thanks. A whole rating is two entries: `invited`, when the"
    " clerk asks, and `rated`, at the press. Peer: `put` every 0.25 s, one record a rating; its"
    " syncs come at checkpoints only, which is why a power cut takes everything since."
)


def recorded(command: list[str | Path], place: Path, folder: Path) -> list[Call]:
    """Run `command` under strace on an empty folder."""
    folder.mkdir()
    prefix = place / "trace"
    subprocess.run(
        traced(command, prefix), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        timeout=180, check=False,
    )  # fmt: skip
    return read_trace(prefix)


def mean(costs: list[Cost]) -> tuple[float, float, float]:
    """Syncs, writes and bytes of one of them."""
    count = len(costs)
    return (
        sum(press.syncs for press in costs) / count,
        sum(press.writes for press in costs) / count,
        sum(press.written_bytes for press in costs) / count,
    )


def rows(run: Run) -> list[Row]:
    """Syncs and bytes, ours and a peer's."""
    with scratch("cost") as place:
        run.say("cost: our presses under strace")
        folder = place / "pad"
        request = json.dumps({"of": "press", "count": PRESSES, "pause_s": 0, "say": True})
        pad: list[str | Path] = [sys.executable, "-m", "benchmarks.pads.press_pad", folder, request]
        calls = recorded(pad, place, folder)
    asked, thanked = marked(calls, "invited"), marked(calls, "accepted")
    presses = [cost(calls[start:end], folder) for start, end in zip(asked, thanked, strict=True)]
    syncs, writes, written = mean(presses)
    ratings_ = cost(calls[thanked[0] : thanked[-1]], folder)
    count = len(thanked) - 1
    found = [
        Row("syncs per press", number(syncs), "one", "1", syncs, "", Reach("≤", 1.0), _NOTE),
        Row("bytes written per press", f"{written:,.0f} B in {number(writes)} writes",
            "4.5 KB", "4,500 B", written / 4500, "", Reach("≤", 1.0), _NOTE),
    ]  # fmt: skip
    whole = f"{number(ratings_.syncs / count)} syncs, {ratings_.written_bytes / count:,.0f} B"
    if not run.peers:
        return [*found, Row("a whole rating (invited + rated)", whole, "", "", note=_NOTE)]
    with scratch("cost") as place:
        run.say("cost: the peer's puts under strace")
        folder = place / "store"
        script = Path(thingsboard.__file__).with_name("thingsboard_put.py")
        record = thingsboard.message(rating_record(1, *next(ratings(1))))
        request = thingsboard.flood_request(record, PEER_PUTS, PACE_S)
        calls = recorded([thingsboard.installed(), script, folder, request], place, folder)
    acks = marked(calls, "accepted")
    theirs, puts = cost(calls[acks[0] : acks[-1]], folder), len(acks) - 1
    peer = f"{number(theirs.syncs / puts)} syncs, {theirs.written_bytes / puts:,.0f} B"
    return [
        *found,
        Row(
            "a whole rating (invited + rated)", whole, "thingsboard-gateway, put", peer, note=_NOTE
        ),
    ]
