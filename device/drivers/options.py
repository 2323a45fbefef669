"""What `[board.keys]`, `[board.display]` and `[board.voice]` may say to the real drivers.

Imports nothing that the drivers need, so that a configuration can be checked on any machine.
"""

from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from device.board.keypad import LineUrl, WindowAddress, find_keypad
from device.board.pins import Line
from device.board.profile import DisplayBus, check_bus
from device.config_errors import ConfigErrors


class SerialOptions(msgspec.Struct, frozen=True, kw_only=True):
    """A serial key pad: the line that it is on, its model, and its window's address on the line."""

    port: LineUrl
    model: Annotated[str, Meta(description="the name of a key map in hw/keypads")]
    address: WindowAddress

    @staticmethod
    def check(values: dict[str, Any], problems: ConfigErrors) -> None:
        """The model must have a key map, and a right one."""
        if "model" in values:
            find_keypad(values["model"], problems.at("model"), "68")


DeviceName = Annotated[
    str, Meta(min_length=1, max_length=255, description="a text of 1 to 255 characters")
]


class InputOptions(msgspec.Struct, frozen=True, kw_only=True):
    """A Linux input device: the name or the physical path that it is found by, and its model.

    Both may be patterns with `*`, `?` and `[...]`; upper and lower case count.
    """

    name: DeviceName | None = None
    phys: DeviceName | None = None
    model: Annotated[str, Meta(description="the name of a key map in hw/keypads")]

    @staticmethod
    def check(values: dict[str, Any], problems: ConfigErrors) -> None:
        """One way to find it, and a key map of input devices."""
        given = [key for key in ("name", "phys") if values.get(key) is not None]
        if len(given) != 1:
            problems.add("", "exactly one of name and phys must be given")
        if "model" in values:
            find_keypad(values["model"], problems.at("model"), "input")


class OledOptions(msgspec.Struct, frozen=True, kw_only=True):
    """An OLED: its controller, what it hangs on where the board leaves that open, its way up.

    `address` is of I²C; `dc_line` and `reset_line` are the lines that a display on SPI has besides.
    """

    chip: Annotated[Literal["ssd1306", "sh1106"], Meta(description='"ssd1306" or "sh1106"')] = (
        "ssd1306"
    )
    bus: DisplayBus | None = None
    address: Annotated[
        int, Meta(ge=0x08, le=0x77, description="an I2C address from 0x08 to 0x77")
    ] = 0x3C
    dc_line: Line | None = None
    reset_line: Line | None = None
    upside_down: bool = False

    @staticmethod
    def check(values: dict[str, Any], problems: ConfigErrors) -> None:
        """SPI needs the data/command line."""
        check_bus(values, problems)


class VoiceOptions(msgspec.Struct, frozen=True, kw_only=True):
    """Where the recordings are, and the ALSA device that plays them."""

    folder: Annotated[Path, Meta(description="the path of a folder")] = Path(
        "/var/lib/ratingpad/voice"
    )
    device: Annotated[
        str,
        Meta(
            pattern=r"^[A-Za-z][\x21-\x7e]{0,99}\Z",
            description='an ALSA device like "default" or "plughw:CARD=Device"',
        ),
    ] = "default"
