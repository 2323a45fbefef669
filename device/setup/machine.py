"""What can be found out about this computer, so that nobody is asked for it.

Everything is read below `root`, which is / on a pad. Nothing here fails: what cannot be read is not
known.
"""

import hashlib
import os
import re
import shlex
import time
from pathlib import Path
from typing import NamedTuple

from device.setup.screen_size import ScreenSize, read_edid

MODELS = {
    "Raspberry Pi Zero 2 W": "rpi-zero-2w",
    "Raspberry Pi 3 Model B Plus": "rpi-3b-plus",
    "Raspberry Pi 4 Model B": "rpi-4",
    "Raspberry Pi 5": "rpi-5",
}
"""The board by the beginning of what the device tree says of the computer."""

USUAL_NAMES = ("raspberrypi", "debian", "localhost", "ratingpad")
"""Names of hosts that say nothing about which pad it is."""

BOOT_CONFIGS = ("boot/firmware/config.txt", "boot/config.txt")


class Keyboard(NamedTuple):
    """An input device with keys on USB: its name, and the numbers of vendor and product."""

    name: str
    vendor: str
    product: str


class FoundMachine(NamedTuple):
    """This computer. `system`: such as "debian 13"; `like`: what it is derived from, too.
    `is_pi_os`: Raspberry Pi OS, whose archive has more than Debian's.
    `now_s`: what its clock says, since 1970. `free_mib`: of the file system of /opt.
    `boot_config`: a Raspberry Pi's config.txt.
    """

    system: str
    like: tuple[str, ...]
    version: int | None
    model: str
    kernel: str
    memory_mib: int
    free_mib: int
    host: str
    serial: str
    now_s: float
    has_systemd: bool
    is_pi_os: bool
    boot_config: Path | None
    dsi_screen: bool
    touchscreen: bool
    screen: ScreenSize | None
    keyboards: tuple[Keyboard, ...]
    serial_lines: tuple[str, ...]

    @property
    def is_pi_5(self) -> bool:
        """Whether its pins are those of a Pi 5."""
        return self.model.startswith("Raspberry Pi 5")

    @property
    def suggested_id(self) -> str:
        """An id for this pad that no other computer gives itself."""
        if self.host not in USUAL_NAMES and re.fullmatch(r"[a-z0-9-]{1,32}", self.host):
            return self.host
        return f"pad-{self.serial[-8:]}"

    @property
    def suggested_board(self) -> str | None:
        """The board that it seems to be; None when nothing says so."""
        if self.model.startswith("Raspberry Pi"):
            if self.dsi_screen and self.touchscreen:
                return "touch-7"
            for beginning, board in MODELS.items():
                if self.model.startswith(beginning):
                    return board
        return "linux-touch" if self.touchscreen else None


def find_machine(root: Path = Path("/")) -> FoundMachine:
    """Look at this computer."""
    release = _release(root)
    version = release.get("VERSION_ID", "")
    like = (release.get("ID", ""), *release.get("ID_LIKE", "").split())
    devices = _input_devices(root)
    model = _text(root / "proc/device-tree/model")
    free = os.statvfs(root)
    return FoundMachine(
        system=release.get("PRETTY_NAME") or "an unknown system",
        like=like,
        version=int(version) if version.isascii() and version.isdigit() else None,
        model=model,
        kernel=_text(root / "proc/sys/kernel/osrelease"),
        memory_mib=_memory_mib(root),
        free_mib=free.f_bavail * free.f_frsize // 1024 // 1024,
        host=_text(root / "proc/sys/kernel/hostname"),
        serial=_serial(root),
        now_s=time.time(),
        is_pi_os=(root / "etc/rpi-issue").is_file(),
        has_systemd=(root / "run/systemd/system").is_dir(),
        boot_config=next((path for name in BOOT_CONFIGS if (path := root / name).is_file()), None),
        dsi_screen=any(
            _text(path / "status") == "connected" for path in root.glob("sys/class/drm/*-DSI-*")
        ),
        touchscreen=any(device.touch for device in devices),
        screen=_screen(root),
        keyboards=tuple(device.keyboard for device in devices if device.keyboard is not None),
        serial_lines=_serial_lines(root),
    )


class _InputDevice(NamedTuple):
    touch: bool
    keyboard: Keyboard | None


ABS_MT_POSITION_X, KEY_1, KEY_KP1, BUS_USB = 0x35, 2, 79, "0003"
"""linux/input-event-codes.h and linux/input.h."""


def _input_devices(root: Path) -> list[_InputDevice]:
    """Those of /proc/bus/input/devices; its bitmaps are hexadecimal words, the last one first."""
    found = []
    for block in _text(root / "proc/bus/input/devices").split("\n\n"):
        line = dict(re.findall(r"(?m)^([A-Z]: ?(?:ABS|KEY|Name|Bus|Phys))=(.*)$", block))
        ids = re.search(r"(?m)^I: Bus=(\w+) Vendor=(\w+) Product=(\w+)", block)
        keys = line.get("B: KEY", "")
        keyboard = None
        if ids is not None and ids[1] == BUS_USB and (_bit(keys, KEY_1) or _bit(keys, KEY_KP1)):
            keyboard = Keyboard(line.get("N: Name", "").strip('"'), ids[2], ids[3])
        found.append(_InputDevice(_bit(line.get("B: ABS", ""), ABS_MT_POSITION_X), keyboard))
    return found


def _bit(bitmap: str, number: int) -> bool:
    words = bitmap.split()[::-1]
    word = number // 64
    return word < len(words) and bool(int(words[word], 16) >> number % 64 & 1)


def _screen(root: Path) -> ScreenSize | None:
    """The one screen that says its size; None with several, because any of them may be meant."""
    sizes = []
    for connector in sorted(root.glob("sys/class/drm/*/edid")):
        try:
            size = read_edid(connector.read_bytes())
        except OSError:
            continue
        if size is not None:
            sizes.append(size)
    return sizes[0] if len(sizes) == 1 else None


def _serial_lines(root: Path) -> tuple[str, ...]:
    """The serial adapters by names that stay."""
    for folder in ("dev/ratingpad", "dev/serial/by-id"):
        lines = sorted(str(path) for path in (root / folder).glob("*") if "keys" not in path.name)
        if lines:
            return tuple(f"/{Path(line).relative_to(root)}" for line in lines)
    return ()


def _serial(root: Path) -> str:
    """Of the computer, where it has one; else made of the system's own number, which it does not
    tell (machine-id(5)).
    """
    own = re.sub(r"[^0-9a-f]", "", _text(root / "proc/device-tree/serial-number").lower())
    if len(own) >= 8 and own.strip("0"):
        return own
    system = _text(root / "etc/machine-id")
    return hashlib.sha256(f"ratingpad {system}".encode()).hexdigest()[:8]


def _memory_mib(root: Path) -> int:
    found = re.search(r"MemTotal:\s+(\d+) kB", _text(root / "proc/meminfo"))
    return int(found[1]) // 1024 if found else 0


def _release(root: Path) -> dict[str, str]:
    """os-release(5)."""
    found = {}
    for line in _text(root / "etc/os-release").splitlines():
        name, equals, value = line.partition("=")
        if equals:
            try:
                found[name] = "".join(shlex.split(value))
            except ValueError:
                found[name] = value
    return found


def _text(path: Path) -> str:
    """What is in a file of /proc, /sys or /etc, without NULs and spaces at its end."""
    try:
        return path.read_text("utf-8", "replace").rstrip("\x00\n ")
    except OSError:
        return ""
