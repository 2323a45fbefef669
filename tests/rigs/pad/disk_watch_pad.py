"""`ratingpad` that names the files which its main thread opens, renames or removes.

python -m tests.rigs.pad.disk_watch_pad run --config FILE

On SIGUSR1 it begins, on SIGUSR2 it prints what there was, a line for each. The main thread runs the
agent's asyncio loop. /proc, /sys and /dev are memory and not a disk; a read from or a write to a
file that is open already is not seen (Python has no audit event for it).
"""

import os
import signal
import sys
import threading
from pathlib import Path

from device import cli

WATCHES = "watching the disk"
SEEN = "on the loop: "
EVENTS = (
    "open",
    "os.rename",
    "os.remove",
    "os.mkdir",
    "os.listdir",
    "os.scandir",
    "sqlite3.connect",
)
MEMORY = ("/proc/", "/sys/", "/dev/")

_seen: set[str] = set()
_watches = False


def audit(event: str, arguments: tuple[object, ...]) -> None:
    """An audit hook (PEP 578): called before each such event, on the thread that causes it."""
    if not _watches or event not in EVENTS:
        return
    if threading.get_ident() != threading.main_thread().ident:
        return
    named = arguments[0] if arguments else ""
    path = os.fsdecode(named) if isinstance(named, str | bytes) else ""
    if path and not path.startswith(MEMORY):
        _seen.add(f"{event} {path}")


def begin(*_: object) -> None:
    """Watch from now on."""
    global _watches  # noqa: PLW0603 -- one process, one watch
    _watches = True
    print(WATCHES, file=sys.stderr, flush=True)


def tell(*_: object) -> None:
    """Open this file, as the control, and print what there was."""
    Path(__file__).open("rb").close()
    global _watches  # noqa: PLW0603 -- one process, one watch
    _watches = False
    print(*(f"{SEEN}{line}" for line in sorted(_seen)), f"{SEEN}end", sep="\n", file=sys.stderr)


if __name__ == "__main__":
    signal.signal(signal.SIGUSR1, begin)
    signal.signal(signal.SIGUSR2, tell)
    sys.addaudithook(audit)
    sys.exit(cli.main())
