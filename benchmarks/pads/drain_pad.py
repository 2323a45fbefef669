"""The pad's end of a drain: its writer and its uplink on a ledger with a backlog, no keys.

Arguments: the ledger's file, the broker's port. Prints {"connected_s"} and, when the receipt for
the newest entry is in, {"receipted_s"}, both on perf_counter's scale, which all processes share.
"""

import asyncio
import json
import sys
import time
from pathlib import Path

from ulid import ULID

from benchmarks.pads.backlog import PAD, now
from device.ledger.ledger import Ledger
from device.ledger.writer import Writer
from sync.messages import Command, CommandResult, Desired, Problem
from sync.obstacles import Obstacle
from sync.uplink import BrokerAddress, Uplink


class Witness:
    """Listens to the uplink, takes the receipts, prints the times."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self.done = asyncio.Event()
        self._heard = False

    def receipted(self, seq: int) -> None:
        """The mark moved."""
        self._writer.mark_receipted(seq)
        if seq == self._writer.head_seq and not self.done.is_set():
            print(json.dumps({"receipted_s": time.perf_counter()}), flush=True)
            self.done.set()

    def refused(self, problem: Problem, detail: str) -> None:
        """Nothing may be refused here."""
        print(json.dumps({"failed": f"{problem.value}: {detail}"}), flush=True)
        self.done.set()

    def diverged(self, detail: str) -> None:
        """Nor diverge."""
        print(json.dumps({"failed": detail}), flush=True)
        self.done.set()

    def connected(self, up: bool) -> None:
        """The clock starts here."""
        if up and not self._heard:
            self._heard = True
            print(json.dumps({"connected_s": time.perf_counter()}), flush=True)

    def unreachable(self, reason: str) -> None:
        """The connection is made again."""

    def obstructed(self, obstacle: Obstacle, detail: str) -> None:
        """Nor be in the way."""
        print(json.dumps({"failed": f"{obstacle.value}: {detail}"}), flush=True)
        self.done.set()

    def unobstructed(self, obstacle: Obstacle) -> None:
        """It was counted already."""

    def desired(self, desired: Desired) -> None:
        """No desired configuration here."""

    async def command(self, command: Command) -> CommandResult:
        """No commands here."""
        return CommandResult(v=command.v, done=False)


async def main() -> None:
    """Drain, report, stop."""
    path, port = Path(sys.argv[1]), int(sys.argv[2])
    limit_s = float(sys.argv[3]) if len(sys.argv) > 3 else 90
    writer = Writer(lambda: Ledger.open(path, PAD, at=now, new_id=lambda: str(ULID())))
    await writer.start()
    witness = Witness(writer)
    uplink = Uplink(BrokerAddress("127.0.0.1", port), PAD, writer, witness, boots=1)
    await uplink.start()
    try:
        await asyncio.wait_for(witness.done.wait(), limit_s)
    finally:
        await uplink.stop()
        await writer.stop()


if __name__ == "__main__":
    asyncio.run(main())
