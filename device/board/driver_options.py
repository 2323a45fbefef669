"""The options of the drivers: what `[board]` and its tables may contain in a pad's file.

`driver_names.py` says which driver takes which of these types. No vendor library is imported here,
so that a configuration can be checked on any machine.
"""

from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from device.board.glass import WIDTH_MM
from device.board.keypad import LineUrl, WindowAddress, find_keypad
from device.board.pins import Line
from device.config_errors import ConfigErrors, bounds
from sync.sentence import Sentence


class SerialOptions(msgspec.Struct, frozen=True, kw_only=True):
    """A serial key pad: its line, its model, and its window's address on the line."""

    port: LineUrl
    model: Annotated[str, Meta(description="the name of a key map in hw/keypads")]
    address: WindowAddress

    @staticmethod
    def check(values: dict[str, Any], problems: ConfigErrors) -> None:
        """The model must have a key map without errors."""
        if "model" in values:
            find_keypad(values["model"], problems.at("model"), "68")


DeviceName = Annotated[
    str, Meta(min_length=1, max_length=255, description="a text of 1 to 255 characters")
]


class InputOptions(msgspec.Struct, frozen=True, kw_only=True):
    """A Linux input device: its name or its physical path, by which it is found, and its model.

    Both may be patterns with `*`, `?` and `[...]`; upper and lower case count.
    """

    name: DeviceName | None = None
    phys: DeviceName | None = None
    model: Annotated[str, Meta(description="the name of a key map in hw/keypads")]

    @staticmethod
    def check(values: dict[str, Any], problems: ConfigErrors) -> None:
        """Either a name or a path must be given, and a key map of input devices."""
        given = [key for key in ("name", "phys") if values.get(key) is not None]
        if len(given) != 1:
            problems.add("", "exactly one of name and phys must be given")
        if "model" in values:
            find_keypad(values["model"], problems.at("model"), "input")


DisplayBus = Annotated[
    str,
    Meta(
        pattern=r"^(i2c-\d{1,3}|spi-\d{1,2}\.\d)\Z", description='a bus like "i2c-1" or "spi-0.0"'
    ),
]


def check_bus(values: dict[str, Any], problems: ConfigErrors) -> None:
    """A display on SPI has a data/command line, and only such a display has one."""
    bus = values.get("bus") or ""
    if bus.startswith("spi") and values.get("dc_line") is None:
        problems.add("dc_line", "missing; a display on SPI has a data/command line")
    for key in ("dc_line", "reset_line"):
        if values.get(key) is not None and not bus.startswith("spi"):
            problems.wrong(key, values[key], "only a display on SPI has this line")


WidthMm = Annotated[float, bounds(10, 300, "a number of millimetres")]


class OledOptions(msgspec.Struct, frozen=True, kw_only=True):
    """An OLED: its controller, its bus where the board's profile names none, and its orientation.

    `width_mm`: of its lit area, where the profile has none and it is not the usual one of its
    controller.
    `address` is for I²C; `dc_line` and `reset_line` are two lines that a display on SPI has besides
    its bus.
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
    width_mm: WidthMm | None = None

    @property
    def glass_mm(self) -> float:
        """The width of the lit area, in millimetres."""
        return self.width_mm or WIDTH_MM[self.chip]

    @staticmethod
    def check(values: dict[str, Any], problems: ConfigErrors) -> None:
        """SPI needs the data/command line."""
        check_bus(values, problems)


class VoiceOptions(msgspec.Struct, frozen=True, kw_only=True):
    """The folder of the recordings, and the ALSA device that plays them."""

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


SOCKET_PATH_BYTES = 107


class SimOptions(msgspec.Struct, frozen=True, kw_only=True):
    """The options of the simulated board.

    `control`: the path of its control socket; without one no key can be pressed.
    `wall`: `system` takes this machine's clock, `1970` boots without knowing the time.
    `film`: a file to which a line `picture <hex>` is written before each picture is shown, for
    tests of the order of pictures and writes.
    `seed`: of the random bounce of its contacts; `bounce_ms`: how long they bounce at most.
    """

    control: Annotated[Path, Meta(description="the path of a Unix socket")] | None = None
    film: Annotated[Path, Meta(description="the path of a file")] | None = None
    wall: Annotated[Literal["system", "1970"], Meta(description='"system" or "1970"')] = "system"
    seed: Annotated[int, Meta(ge=0, description="a whole number from 0")] = 1
    bounce_ms: Annotated[float, bounds(0, 50, "milliseconds")] = 10.0

    @staticmethod
    def check(values: dict[str, Any], problems: ConfigErrors) -> None:
        """The path of a Unix socket has a bound (unix(7), `sun_path`)."""
        control: Path | None = values.get("control")
        if control is not None and (length := len(bytes(control))) > SOCKET_PATH_BYTES:
            problems.wrong(
                "control",
                str(control),
                Sentence(
                    "{length} bytes; the path of a socket may have {most}",
                    length=length,
                    most=SOCKET_PATH_BYTES,
                ),
            )
