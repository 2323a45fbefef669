"""The files that a pad installs into the operating system: service, user, folders, devices; and for
people the manual pages and the shell's completion of our commands.

They are kept in hw/. When they are written into a system's /etc, the program that writes them is
named in them as what the service starts.
"""

import importlib.resources
from collections.abc import Iterator
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import NamedTuple

PROGRAM = "/opt/ratingpad/bin/ratingpad"
"""The program that is named in hw/; replaced when the files are written."""

NEXT_COMMANDS = (
    "systemd-sysusers",
    "systemd-tmpfiles --create ratingpad.conf",
    "udevadm control --reload && udevadm trigger",
    "systemctl daemon-reload",
    "systemctl enable --now ratingpad",
)
"""The commands by which the system reads the files, in order. `daemon-reload` also starts the
board's watchdog.
"""


KIOSKS = ("cog", "chromium")
"""The browsers for which there is a kiosk unit."""


_KIOSK_SERVICE = Path("etc/systemd/system/ratingpad-kiosk.service")
_CHROMIUM = "chromium.conf"
"""What changes the service for Chromium, in the service's folder of drop-ins."""


class SystemFile(NamedTuple):
    """One file: its path from the root of the system, and its text."""

    path: Path
    text: str


def system_files(program: Path, kiosk: str | None = None) -> list[SystemFile]:
    """Every file, with `program` as what the service starts; with a `kiosk`, its files too."""
    return [
        SystemFile(path, source.read_text("utf-8").replace(PROGRAM, str(program)))
        for path, source in (*_sources(), *_kiosk_sources(kiosk), *_manual_sources())
    ]


def next_commands(kiosk: str | None = None) -> tuple[str, ...]:
    """The commands to type next. With a kiosk: its folder before the agent, its browser after."""
    if kiosk is None:
        return NEXT_COMMANDS
    users, folders, *rest = NEXT_COMMANDS
    return (
        users,
        f"{folders} ratingpad-kiosk.conf",
        *rest,
        "systemctl enable --now seatd ratingpad-kiosk ratingpad-kiosk-again.path",
    )


def write(out: Path, program: Path, kiosk: str | None = None) -> list[Path]:
    """Write the files below `out`; returns their paths. Files that only the other kiosk browser has
    are deleted, or the units of both browsers would apply to one service. Raises OSError.
    """
    if kiosk is not None:
        ours = {path for path, _ in _kiosk_sources(kiosk)}
        for path in {path for other in KIOSKS for path, _ in _kiosk_sources(other)} - ours:
            (out / path).unlink(missing_ok=True)
    written = []
    for file in system_files(program, kiosk):
        path = out / file.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(file.text, "utf-8")
        written.append(path)
    return written


def installed_kiosk(out: Path) -> str | None:
    """The kiosk's browser whose files are below `out`; None without a kiosk."""
    service = out / _KIOSK_SERVICE
    if not service.exists():
        return None
    return "chromium" if (service.with_suffix(".service.d") / _CHROMIUM).exists() else "cog"


def _sources() -> Iterator[tuple[Path, Traversable]]:
    etc, hw = Path("etc"), importlib.resources.files("hw")
    systemd = hw / "systemd"
    watchdog = "ratingpad-watchdog.conf"
    yield etc / "systemd/system/ratingpad.service", systemd / "ratingpad.service"
    yield etc / "systemd/system.conf.d" / watchdog, systemd / "system.conf.d" / watchdog
    yield etc / "sysusers.d/ratingpad.conf", systemd / "sysusers.conf"
    yield etc / "tmpfiles.d/ratingpad.conf", systemd / "tmpfiles.conf"
    if (hw / "udev").is_dir():
        for rules in sorted((hw / "udev").iterdir(), key=lambda rules: rules.name):
            if rules.name.endswith(".rules"):
                yield etc / "udev/rules.d" / rules.name, rules


def _manual_sources() -> Iterator[tuple[Path, Traversable]]:
    """Manual pages in both languages, and bash's completion, of both programs."""
    share, hw = Path("usr/share"), importlib.resources.files("hw")
    for folder, target in (
        ("man/man1", share / "man/man1"),
        ("man/zh_CN/man1", share / "man/zh_CN/man1"),
        ("completions", share / "bash-completion/completions"),
    ):
        for source in sorted((hw / folder).iterdir(), key=lambda file: file.name):
            yield target / source.name, source


def _kiosk_sources(kiosk: str | None) -> Iterator[tuple[Path, Traversable]]:
    if kiosk is None:
        return
    etc, systemd = Path("etc"), importlib.resources.files("hw") / "systemd"
    service = _KIOSK_SERVICE
    yield service, systemd / service.name
    for again in ("ratingpad-kiosk-again.path", "ratingpad-kiosk-again.service"):
        yield service.with_name(again), systemd / again
    if kiosk == "chromium":
        yield service.with_suffix(".service.d") / _CHROMIUM, systemd / "kiosk-chromium.conf"
        yield (
            etc / "chromium/policies/managed/ratingpad.json",
            systemd / "kiosk-chromium-policy.json",
        )
    yield etc / "sysusers.d/ratingpad-kiosk.conf", systemd / "kiosk-sysusers.conf"
    yield etc / "tmpfiles.d/ratingpad-kiosk.conf", systemd / "kiosk-tmpfiles.conf"
