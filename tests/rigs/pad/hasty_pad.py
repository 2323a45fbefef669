"""`ratingpad` with law 2 broken: it says that an entry is durable before it is. A control.

    python -m tests.rigs.pad.hasty_pad LATE_S run --config FILE

The commit follows `LATE_S` seconds after the thanks.
"""

import asyncio
import sys
from unittest import mock

from device import cli
from device.ledger.writer import Writer
from sync.entries import GENESIS, Body, Entry, write_body

_append = Writer.append
_later: set[asyncio.Task[None]] = set()


async def hasty(writer: Writer, body: Body) -> Entry:
    """Answer at once, commit later."""

    async def commit() -> None:
        await asyncio.sleep(float(sys.argv[1]))
        await _append(writer, body)

    task = asyncio.get_running_loop().create_task(commit())
    _later.add(task)
    task.add_done_callback(_later.discard)
    return Entry(0, write_body(body), GENESIS)


if __name__ == "__main__":
    with mock.patch.object(Writer, "append", hasty):
        sys.exit(cli.main(sys.argv[2:]))
