"""What the operating system is told of a pad: its service, its user, its folder, its devices.

The files lie in hw/; written into a system's /etc they name the program that wrote them.
"""

import importlib.resources
from collections.abc import Iterator
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import NamedTuple

PROGRAM = "/opt/ratingpad/bin/ratingpad"
"""The program that the service in hw/ starts."""

NEXT = (
    "systemd-sysusers",
    "systemd-tmpfiles --create ratingpad.conf",
    "udevadm control --reload && udevadm trigger",
    "systemctl daemon-reload",
    "systemctl enable --now ratingpad",
)
"""What makes a system take notice, in order. `daemon-reload` begins the board's watchdog, too."""


class Unit(NamedTuple):
    """One file: where it goes, from the root of the system, and what stands in it."""

    path: Path
    text: str


def units(program: Path) -> list[Unit]:
    """Every file, with `program` as what the service starts."""
    return [
        Unit(path, source.read_text("utf-8").replace(PROGRAM, str(program)))
        for path, source in _sources()
    ]


def write(out: Path, program: Path) -> list[Path]:
    """Write them below `out`; the paths. Raises OSError."""
    written = []
    for unit in units(program):
        path = out / unit.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(unit.text, "utf-8")
        written.append(path)
    return written


def _sources() -> Iterator[tuple[Path, Traversable]]:
    etc, hw = Path("etc"), importlib.resources.files("hw")
    systemd = hw / "systemd"
    watchdog = "ratingpad-watchdog.conf"
    yield etc / "systemd/system/ratingpad.service", systemd / "ratingpad.service"
    yield etc / "systemd/system.conf.d" / watchdog, systemd / "system.conf.d" / watchdog
    yield etc / "sysusers.d/ratingpad.conf", systemd / "sysusers.conf"
    yield etc / "tmpfiles.d/ratingpad.conf", systemd / "tmpfiles.conf"
    if (hw / "udev").is_dir():
        for rules in sorted((hw / "udev").iterdir(), key=lambda one: one.name):
            if rules.name.endswith(".rules"):
                yield etc / "udev/rules.d" / rules.name, rules
