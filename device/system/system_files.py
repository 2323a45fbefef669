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


KIOSKS = ("cog", "chromium")
"""The browsers that there is a kiosk's unit for."""


class Unit(NamedTuple):
    """One file: where it goes, from the root of the system, and what stands in it."""

    path: Path
    text: str


def units(program: Path, kiosk: str | None = None) -> list[Unit]:
    """Every file, with `program` as what the service starts; with those of a `kiosk`, if any."""
    return [
        Unit(path, source.read_text("utf-8").replace(PROGRAM, str(program)))
        for path, source in (*_sources(), *_kiosk_sources(kiosk))
    ]


def following(kiosk: str | None = None) -> tuple[str, ...]:
    """What to type next; with a kiosk, its folder before the agent and its browser after."""
    if kiosk is None:
        return NEXT
    users, folders, *rest = NEXT
    return (
        users,
        f"{folders} ratingpad-kiosk.conf",
        *rest,
        "systemctl enable --now seatd ratingpad-kiosk ratingpad-kiosk-again.path",
    )


def write(out: Path, program: Path, kiosk: str | None = None) -> list[Path]:
    """Write them below `out`; the paths. What only another kiosk's browser has is taken away, or
    both would be told of one service. Raises OSError.
    """
    if kiosk is not None:
        ours = {path for path, _ in _kiosk_sources(kiosk)}
        for path in {path for one in KIOSKS for path, _ in _kiosk_sources(one)} - ours:
            (out / path).unlink(missing_ok=True)
    written = []
    for unit in units(program, kiosk):
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


def _kiosk_sources(kiosk: str | None) -> Iterator[tuple[Path, Traversable]]:
    if kiosk is None:
        return
    etc, systemd = Path("etc"), importlib.resources.files("hw") / "systemd"
    service = etc / "systemd/system/ratingpad-kiosk.service"
    yield service, systemd / service.name
    for again in ("ratingpad-kiosk-again.path", "ratingpad-kiosk-again.service"):
        yield service.with_name(again), systemd / again
    if kiosk == "chromium":
        yield service.with_suffix(".service.d") / "chromium.conf", systemd / "kiosk-chromium.conf"
    yield etc / "sysusers.d/ratingpad-kiosk.conf", systemd / "kiosk-sysusers.conf"
    yield etc / "tmpfiles.d/ratingpad-kiosk.conf", systemd / "kiosk-tmpfiles.conf"
