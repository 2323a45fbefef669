"""Presses inside a machine, waits until each press is in the ledger, and prints the ledger.

python -m tests.rigs.vm.remote_presser CONTROL LEDGER TIMES
    {"first_ms": when the first press was in the ledger (CLOCK_MONOTONIC), "bodies": [...]}

May be started before the pad: it presses as soon as there is a board.
"""

import contextlib
import json
import sqlite3
import sys
import time
from pathlib import Path
from typing import Any

from device.drivers.sim.client import SimClient
from tests.rigs.time.wait import until

PATIENCE_S, RECORDED_S = 120.0, 20.0
HOLD_MS, SETTLE_MS = 400.0, 400.0


def bodies(ledger: Path) -> list[dict[str, Any]]:
    """Every entry, read beside the agent; none while there is no ledger yet."""
    with contextlib.suppress(sqlite3.OperationalError):
        db = sqlite3.connect(f"file:{ledger}?mode=ro", uri=True)
        with contextlib.closing(db):
            rows = db.execute("SELECT body FROM entry ORDER BY seq").fetchall()
        return [json.loads(bytes(row[0])) for row in rows]
    return []


def strays(ledger: Path) -> int:
    """How many presses are in the ledger."""
    return sum(body["kind"] == "strayed" for body in bodies(ledger))


def board(control: Path) -> SimClient | None:
    """A connection to the board, once there is one."""
    with contextlib.suppress(OSError):
        return SimClient(control)
    return None


def main(control: Path, ledger: Path, times: int) -> None:
    """Press `times` times, then print."""
    first_ms, settled_s = None, 0.0
    with contextlib.ExitStack() as hand:
        if times:
            presser = until(lambda: board(control), PATIENCE_S, "a board", 0.01)
            hand.enter_context(presser)
        for _ in range(times):
            before = strays(ledger)
            while strays(ledger) == before:  # a starved machine may sleep through a whole press
                until(
                    lambda at=settled_s: time.monotonic() > at,
                    PATIENCE_S,
                    "the last press has settled",
                    0.01,
                )
                presser.press("satisfied", hold_ms=HOLD_MS)
                settled_s = time.monotonic() + (HOLD_MS + SETTLE_MS) / 1000
                with contextlib.suppress(AssertionError):
                    until(
                        lambda before=before: strays(ledger) > before, RECORDED_S, "a press", 0.01
                    )
            first_ms = first_ms or time.clock_gettime_ns(time.CLOCK_MONOTONIC) / 1e6
    json.dump({"first_ms": first_ms, "bodies": bodies(ledger)}, sys.stdout)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))
