"""What a kiosk's browser may do: tries each thing once and prints what came of it, as JSON.

    python -m tests.rigs.vm.kiosk_probe
    {"read the ledger": "ENOENT", "read the entry": "done", ...}

Needs the standard library alone, and runs with the system's own Python: the browser's service sees
nothing of the pad's.
"""

import json
import os
import socket
import sys
from collections.abc import Callable
from pathlib import Path

from tests.rigs.vm.sandbox_probe import ELSEWHERE, tried

PROGRAM = (
    "Environment=PYTHONPATH=/opt/checkout\nExecStart=/usr/bin/python3 -m tests.rigs.vm.kiosk_probe"
)
"""As a unit starts it."""


def _read(path: str) -> Callable[[], object]:
    return lambda: Path(path).read_bytes()


def _open(path: str) -> Callable[[], None]:
    return lambda: os.close(os.open(path, os.O_RDONLY))


def _connect(address: str, port: int) -> Callable[[], None]:
    return lambda: socket.create_connection((address, port), 5).close()


def _send(address: str) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.sendto(b"x", (address, 9))


def _write(path: str) -> Callable[[], None]:
    def write() -> None:
        file = Path(path)
        file.write_text("probe")
        file.unlink()

    return write


FORBIDDEN: dict[str, Callable[[], object]] = {
    "read the ledger": _read("/var/lib/ratingpad/ledger.db"),
    "look into the pad's folder": lambda: sorted(Path("/var/lib/ratingpad").iterdir()),
    "read the configuration": _read("/etc/ratingpad/pad.toml"),
    "read the desk's token": _read("/etc/ratingpad/desk-token"),
    "speak to another address": lambda: _send(ELSEWHERE),
    "change the entry": _write("/var/lib/ratingpad/kiosk/probe"),
    "change the entry where it sees it": lambda: os.close(os.open(_entry(), os.O_RDWR)),
    "write /etc": _write("/etc/probe"),
    "read a touch past the compositor": _open("/dev/input/event0"),
    "read the kernel's log": _open("/dev/kmsg"),
}
"""A browser needs nothing of this."""

NEEDED: dict[str, Callable[[], object]] = {
    "read the entry": lambda: Path(_entry()).read_text("utf-8"),
    "speak to the page": _connect("127.0.0.1", 8610),
    "write its profile": _write("/run/ratingpad-kiosk/profile-probe"),
    "write its run-time folder": _write("/run/ratingpad-kiosk/probe"),
}
"""The page needs all of this."""


def _entry() -> str:
    """Where it lies in the service, or outside of it."""
    inside = Path("/run/ratingpad-entry/entry.html")
    return str(inside if inside.exists() else "/var/lib/ratingpad/kiosk/entry.html")


if __name__ == "__main__":
    wanted = FORBIDDEN if os.geteuid() == 0 else NEEDED | FORBIDDEN
    json.dump(tried(wanted), sys.stdout, indent=1)
