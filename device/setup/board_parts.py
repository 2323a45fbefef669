"""A board's parts, and what they need of a system: extras of ratingpad, Debian packages, buses.

The profile is read here without msgspec, which is not installed yet; `device/board/` checks it.
"""

import importlib.resources
import re
import tomllib
from typing import Any, NamedTuple

LGPIO_FROM = (6, 6)
"""Kernels from this version on need rpi-lgpio, older ones RPi.GPIO."""

CONFIG_LINES = {
    "i2c": "dtparam=i2c_arm=on,i2c_arm_baudrate=400000",
    "spi": "dtparam=spi=on",
}
"""By the kind of bus: the line of a Raspberry Pi's config.txt that switches it on."""

CHROMIUM_FROM_MIB = 900
"""With less memory Chromium shows no page (docs/touch.md)."""


class BoardParts(NamedTuple):
    """What a board has. `keys`, `display`: the drivers; `display_bus`: "i2c", "spi" or None;
    `names_bus`: whether the profile says which. `px_per_mm`: of its touchscreen, if the profile
    says it.
    """

    name: str
    title: str
    driver: str
    keys: str | None
    display: str | None
    display_bus: str | None
    names_bus: bool
    pins: bool
    touchscreen: bool
    px_per_mm: float | None

    @property
    def simulated(self) -> bool:
        """Whether it needs no hardware."""
        return self.driver == "simulated"


def board_names() -> list[str]:
    """Every board there is, sorted."""
    files = (importlib.resources.files("hw") / "boards").iterdir()
    return sorted(file.name[:-5] for file in files if file.name.endswith(".toml"))


def keypad_names(kind: str) -> list[str]:
    """The key maps of a kind of key pad, `68` or `input`, sorted."""
    files = (importlib.resources.files("hw") / "keypads").iterdir()
    return sorted(one.name[:-5] for one in files if one.name.startswith(f"{kind}-"))


def read_parts(name: str) -> BoardParts:
    """The parts of a board that there is."""
    text = (importlib.resources.files("hw") / "boards" / f"{name}.toml").read_text("utf-8")
    table: dict[str, Any] = tomllib.loads(text)
    keys, display = table.get("keys", {}), table.get("display", {})
    bus: str = display.get("bus", "")
    has_display = display.get("driver") == "oled"
    drivers = [table.get(part, {}).get("driver", "") for part in ("keys", "lights", "beeper")]
    return BoardParts(
        name=name,
        title=table["title"],
        driver=table["driver"],
        keys=keys.get("driver"),
        display=display.get("driver"),
        display_bus=(bus.partition("-")[0] or "i2c") if has_display else None,
        names_bus=bool(bus),
        pins=any(driver.startswith("gpio") for driver in drivers),
        touchscreen="touchscreen" in table,
        px_per_mm=table.get("touchscreen", {}).get("px_per_mm"),
    )


def extras(parts: BoardParts, kernel: str, *, is_pi_5: bool) -> tuple[str, ...]:
    """The extras of ratingpad for a board, on a kernel such as `6.12.25+rpt-rpi-v8`."""
    found = ["pad"]
    if parts.touchscreen:
        found.append("touch")
    if parts.display == "oled":
        found.append("oled")
    if parts.keys == "serial-68":
        found.append("serial")
    if parts.pins:
        found.append("lgpio" if is_pi_5 or _version(kernel) >= LGPIO_FROM else "gpio")
    return tuple(found)


def debian_packages(
    parts: BoardParts,
    chosen: tuple[str, ...],
    *,
    is_pi_os: bool,
    kiosk: str | None,
    voice: bool,
) -> tuple[str, ...]:
    """The packages of Debian for a board with these extras. evdev and spidev have no ready-made
    wheels for a Pi's processor, lgpio has none for Python 3.13, so they are Debian's.
    """
    found = ["python3-venv"]
    if parts.keys == "evdev-keys":
        found.append("python3-evdev")
    if parts.display_bus == "spi":
        found.append("python3-spidev")
    if parts.display_bus == "i2c":
        found.append("i2c-tools")
    if "lgpio" in chosen and is_pi_os:
        found.append("python3-lgpio")
    if "gpio" in chosen:
        found += ["gcc", "python3-dev"]
    if kiosk is not None:
        found += ["cage", "xwayland", "seatd", kiosk, "fonts-dejavu-core"]
    if voice:
        found += ["alsa-utils", "espeak-ng"]
    return tuple(found)


def kiosk_browser(memory_mib: int) -> str:
    """The browser for a touchscreen on a computer with so much memory."""
    return "chromium" if memory_mib >= CHROMIUM_FROM_MIB else "cog"


def _version(kernel: str) -> tuple[int, int]:
    found = re.match(r"(\d+)\.(\d+)", kernel)
    return (int(found[1]), int(found[2])) if found else (0, 0)
