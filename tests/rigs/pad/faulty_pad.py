"""`ratingpad` with one fault built in: a part of it is replaced, the rest is the shipped program.

    python -m tests.rigs.pad.faulty_pad KIND run --config FILE

KINDS lists the faults. Two of them are controls: they break a promise (law 2, the sync of each
commit), so that a test can show that it would notice. `collection-size` and
`progress-each-time` break nothing: the first reports, the second shows progress however fast it is.
"""

import asyncio
import contextlib
import enum
import gc
import itertools
import signal
import socket
import sqlite3
import sys
import threading
from collections.abc import Callable
from typing import Any, NamedTuple
from unittest import mock

from device import cli
from device.drivers.debounce import Debounce
from device.drivers.key_events import KeyEvent
from device.drivers.sim.display import SimDisplay
from device.events import Press
from device.ledger import file as ledger_file
from device.ledger.ledger import Ledger
from device.ledger.writer import Writer
from device.output.opening_progress import OpeningProgress
from device.pad import Pad
from device.system.systemd import Watchdog
from sync import uplink
from sync.entries import GENESIS, Body, Entry, Strayed, write_body

COLLECTION_SIZE = "a collection looks at"

_presses = itertools.count(1)
_press = Pad.press
_feed = Debounce.feed
_append = Ledger.append
_tell = OpeningProgress.tell
_append_in_writer = Writer.append
_set_pragmas = ledger_file._set_pragmas
_late_commits: set[asyncio.Task[None]] = set()


def third_press_raises(pad: Pad, press: Press) -> None:
    """An exception that no code expects."""
    if next(_presses) == 3:
        raise ZeroDivisionError("a part of the agent failed")
    _press(pad, press)


def third_press_blocks(pad: Pad, press: Press) -> None:
    """The event loop stands still while all threads run on."""
    if next(_presses) == 3:
        threading.Event().wait()
    _press(pad, press)


def key_thread_dies(debounce: Debounce, mono_ms: int, mask: int) -> list[KeyEvent]:
    """The thread that scans the keys ends as soon as a key is down."""
    if mask:
        raise ZeroDivisionError("a part of the driver failed")
    return _feed(debounce, mono_ms, mask)


def commit_blocks(ledger: Ledger, body: Body) -> Entry:
    """A card that hangs: the commit of a stray press never returns."""
    if isinstance(body, Strayed):
        threading.Event().wait()
    return _append(ledger, body)


def hang(*_: object, **__: object) -> Any:
    """A call that a device, a card or a name server never answers."""
    threading.Event().wait()


def key_scan_hangs(debounce: Debounce, mono_ms: int, mask: int) -> list[KeyEvent]:
    """The thread that scans the keys hangs in the driver as soon as a key is down."""
    return hang() if mask else _feed(debounce, mono_ms, mask)


def start_raises(pad: Pad) -> None:
    """An exception at every start, as soon as the window would open."""
    raise ZeroDivisionError(f"a part of the agent failed at window {pad.session.window}")


def loop_hangs_at_stop(watchdog: Watchdog) -> None:
    """The event loop stands still as soon as the agent begins to stop."""
    hang(watchdog)


def not_synced(connection: sqlite3.Connection) -> None:
    """Commits are written, but not synced."""
    _set_pragmas(connection)
    connection.execute("PRAGMA synchronous=NORMAL")


def committed_after(delay_s: float) -> Callable[[Writer, Body], Any]:
    """An entry is reported as durable at once and committed `delay_s` later."""

    async def append(writer: Writer, body: Body) -> Entry:
        async def commit() -> None:
            await asyncio.sleep(delay_s)
            await _append_in_writer(writer, body)

        task = asyncio.get_running_loop().create_task(commit())
        _late_commits.add(task)
        task.add_done_callback(_late_commits.discard)
        return Entry(0, write_body(body), GENESIS)

    return append


def report_collection_size(*_: object) -> None:
    """Print how many objects a garbage collection scans, and how many are frozen out of it."""
    print(f"{COLLECTION_SIZE} {len(gc.get_objects())} of {gc.get_freeze_count()}", file=sys.stderr)


def progress_shown_each_time(self: OpeningProgress, step: enum.Enum, share: float) -> None:
    self._next_s = 0.0
    _tell(self, step, share)


class Kind(NamedTuple):
    """`owner`'s attribute `name` is replaced by `replacement` while the program runs."""

    owner: object
    name: str
    replacement: Any


KINDS: dict[str, Kind | None] = {
    "press-raises": Kind(Pad, "press", third_press_raises),
    "loop-hangs": Kind(Pad, "press", third_press_blocks),
    "key-thread-dies": Kind(Debounce, "feed", key_thread_dies),
    "commit-hangs": Kind(Ledger, "append", commit_blocks),
    "display-hangs": Kind(SimDisplay, "show", hang),
    "key-scan-hangs": Kind(Debounce, "feed", key_scan_hangs),
    "name-lookup-hangs": Kind(socket, "getaddrinfo", hang),
    "library-load-hangs": Kind(uplink, "load", hang),
    "ledger-close-hangs": Kind(Ledger, "close", hang),
    "opening-hangs": Kind(Ledger, "open", hang),
    "start-raises": Kind(Pad, "start", start_raises),
    "loop-hangs-at-stop": Kind(Watchdog, "stopping", loop_hangs_at_stop),
    "progress-each-time": Kind(OpeningProgress, "tell", progress_shown_each_time),
    "no-sync": Kind(ledger_file, "_set_pragmas", not_synced),
    "commit-after-thanks": Kind(Writer, "append", committed_after(0.0)),
    "commit-long-after-thanks": Kind(Writer, "append", committed_after(0.5)),
    "collection-size": None,
}
"""The faults by name; `collection-size` replaces nothing and reports on SIGUSR1."""


def launcher(kind: str) -> tuple[str, ...]:
    """What stands in the place of `ratingpad` on a command line."""
    assert KINDS.keys() >= {kind}, f"no such kind of fault: {kind}"
    return sys.executable, "-m", __name__, kind


def main(kind: str, arguments: list[str]) -> int:
    """Run `ratingpad` with a fault; its exit code."""
    with contextlib.ExitStack() as stack:
        if fault := KINDS[kind]:
            stack.enter_context(mock.patch.object(*fault))
        else:
            signal.signal(signal.SIGUSR1, report_collection_size)
        return cli.main(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
