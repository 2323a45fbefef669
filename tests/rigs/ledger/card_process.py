"""A writer and its queue without a pad, commanded on stdin; it says on stdout what a citizen sees.

    python -m tests.rigs.ledger.card_process FOLDER

`press`: commit a rating; `thanks LEDGER SEQ DIGEST` once it is durable. `stuck CODE` and `free
CODE` are the window's faults. `stop`: end in order.
"""

import asyncio
import sys
from pathlib import Path

from device.ledger.commit_queue import CommitQueue
from device.ledger.writer import Writer
from sync.entries import Entry
from tests.rigs.ledger.ledger_process import open_in, rated, say


async def main(folder: Path) -> None:
    writer = Writer(lambda: open_in(folder))
    await writer.start()
    why = writer.opened_because
    say(f"opened {writer.ledger_id} {writer.opened_code.code if why else 'intact'} {why}")
    commits = CommitQueue(
        writer.append,
        on_stuck=lambda code, _: say(f"stuck {code.code}"),
        on_free=lambda code: say(f"free {code.code}"),
        retry_s=0.02,
        slow_s=0.3,
    )

    def thank(commit: "asyncio.Future[Entry]") -> None:
        if not commit.cancelled():
            entry = commit.result()
            say(f"thanks {writer.ledger_id} {entry.seq} {entry.digest.hex()}")

    orders = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(orders), sys.stdin
    )
    n = 0
    while (order := (await orders.readline()).strip()) == b"press":
        n += 1
        commits.put(rated(n), from_session=True).add_done_callback(thank)
    if order == b"stop":
        await commits.stop()
        await writer.stop()
        say("stopped")


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
