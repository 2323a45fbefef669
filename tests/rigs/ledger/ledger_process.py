"""A writer and a ledger without a pad; what is thanked for is printed on stdout.

    python -m tests.rigs.ledger.ledger_process FOLDER SCENARIO [SYNCHRONOUS]

Each line is one `write` to stdout, made only after the commit returned.
"""

import asyncio
import itertools
import os
import sys
from pathlib import Path

from device.ledger import new_file, record_index, salvage
from device.ledger.ledger import Ledger
from device.ledger.writer import Writer
from sync.entries import At, HashName, Level, Rated, Trust

_count = itertools.count()


def at() -> At:
    """A clock that counts calls."""
    n = next(_count)
    return At(
        utc=1_790_000_000_000 + n, mono=n, boot="0d9f2a0e6f0a4a539c0c8d8f4f0a1b2c", trust=Trust.NTP
    )


def rated(n: int) -> Rated:
    """A rating of the usual size."""
    return Rated(
        at=at(),
        invitation=f"01J8ZQ4Y6W3V5T7R9P1N{n:06d}",
        level=Level.VERY_SATISFIED,
        source="keys",
        elapsed_ms=4321,
    )


def open_in(folder: Path, pad: str = "pad-1", hash_name: HashName = HashName.SHA256) -> Ledger:
    """The ledger in a folder, with counted ids."""
    return Ledger.open(
        folder / "ledger",
        pad,
        at=at,
        hash_name=hash_name,
        new_id=lambda: f"01LEDGER{next(_count):08d}",
    )


def say(line: str) -> None:
    """One line, one write: the thanks."""
    os.write(1, line.encode() + b"\n")


class Steps:
    """The steps of a scenario."""

    def __init__(self, folder: Path, synchronous: str) -> None:
        self.folder = folder
        self.synchronous = synchronous

    async def start(self) -> None:
        """Open the ledger."""
        self.writer = Writer(lambda: open_in(self.folder))
        await self.writer.start()
        await self.writer.run(
            lambda ledger: ledger._connection.execute(f"PRAGMA synchronous={self.synchronous}")
        )
        say(f"opened {self.writer.ledger_id}")

    async def press(self, times: int) -> None:
        """Commit ratings, thank for each."""
        for n in range(times):
            entry = await self.writer.append(rated(n))
            say(f"thanks {self.writer.ledger_id} {entry.seq} {entry.digest.hex()}")

    async def receipt(self, back: int = 0) -> None:
        """The province has all but the last `back` entries."""
        seq = self.writer.head_seq - back
        say(f"receipted {self.writer.ledger_id} {seq}")
        self.writer.mark_receipted(seq)

    async def checkpoint(self) -> None:
        """What the writer does when it is idle."""
        await self.writer.run(lambda ledger: ledger.checkpoint())
        say("checkpointed")

    async def prune(self, before: int) -> None:
        """Drop old receipted entries."""
        await self.writer.run(lambda ledger: ledger.prune(before))
        say(f"pruned {before}")

    async def roll_over(self) -> None:
        """The province holds another history."""
        await self.writer.roll_over("diverged")
        say(f"succeeded {self.writer.ledger_id}")

    async def stop(self) -> None:
        """Close."""
        await self.writer.stop()
        say("closed")


async def life(steps: Steps, presses: int) -> None:
    """Everything that ever writes to a ledger."""
    await steps.start()
    await steps.press(presses)
    await steps.checkpoint()
    await steps.press(presses)
    await steps.receipt(back=3)
    await steps.press(2)
    await steps.prune(presses)
    await steps.press(presses)
    await steps.stop()
    await steps.start()
    await steps.press(presses)
    await steps.roll_over()
    await steps.press(presses)
    await steps.checkpoint()
    await steps.press(presses)
    await steps.stop()


async def presses(steps: Steps, times: int) -> None:
    """Nothing but presses, with three checkpoints."""
    await steps.start()
    for _ in range(3):
        await steps.press(times)
        await steps.receipt()
        await steps.checkpoint()
    await steps.press(times)


async def rolled_over(steps: Steps, times: int) -> None:
    """Presses, of which the province has all but the last three, then a rollover."""
    await steps.start()
    await steps.press(times)
    await steps.receipt(back=3)
    await steps.checkpoint()
    await steps.press(2)
    await steps.roll_over()
    await steps.stop()


def take_small_steps() -> None:
    """A salvage commits so often that it can be cut and go on in a ledger of a few entries."""
    record_index.PAGES_A_STEP = 2
    salvage.ROWS_A_STEP = 5
    new_file.ENTRIES_A_BATCH = 4


async def small_steps(steps: Steps, times: int) -> None:
    """A start that salvages in small steps, then presses."""
    take_small_steps()
    await steps.start()
    await steps.press(times)


if __name__ == "__main__":
    scenario = {
        "life": life,
        "presses": presses,
        "rolled-over": rolled_over,
        "small-steps": small_steps,
    }[sys.argv[2]]
    mode = sys.argv[4] if len(sys.argv) > 4 else "FULL"
    asyncio.run(scenario(Steps(Path(sys.argv[1]), mode), int(sys.argv[3])))
