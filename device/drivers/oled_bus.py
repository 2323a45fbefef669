"""The one door to luma: what each OLED chip wants to be told, and the buses that carry it.

luma knows each chip's settings and speaks over I²C and SPI. An I²C adapter without plain transfers,
as there are some on USB, gets SMBus blocks of 32 bytes. Over SPI luma drives the data/command and
the reset line, which `rpi_pins.py` holds for it. `spidev` and RPi.GPIO are imported only when a bus
on SPI is opened.
"""

import contextlib
from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

import luma.core.error
import smbus2
from luma.core.const import common
from luma.core.interface.serial import i2c, spi
from luma.oled.device import sh1106, ssd1306

from device.board.driver_options import OledOptions
from device.board.profile import DisplayProfile
from device.errors import DriverError, PadCode

GONE = (OSError, luma.core.error.Error, DriverError, ImportError, RuntimeError)
"""luma's errors are no OSErrors. A pin that is taken is a DriverError, a missing `spidev` an
ImportError, and no Raspberry Pi a RuntimeError."""

SPI_HZ = 4_000_000
"""The SH1106 takes 4 MHz (datasheet, 250 ns a bit), the SSD1306 10; a picture is there in 2 ms."""

RESET_S = 0.001
"""Both chips ask for 3 µs of reset (SSD1306 datasheet 8.9); a cable may need more."""


DATA = 0x40
"""The control byte before data (SSD1306 datasheet 8.1.5.2)."""


class Bus(Protocol):
    """What carries commands and data to one chip. Any method may raise what `GONE` lists.

    `run_cost` bytes go over the wire besides the data of one run: three of command, and over I²C
    the address and a control byte before these and before the data.
    """

    run_cost: int

    def command(self, *said: int) -> None:
        """Send one message of commands."""

    def data(self, data: Sequence[int]) -> None:
        """Send data to where the chip's pointers stand."""

    def close(self) -> None:
        """Let the bus go."""


class I2cBus:
    """An I²C bus, by its number, and the address of the display on it."""

    run_cost = 7

    def __init__(self, port: int, address: int) -> None:
        self._line = smbus2.SMBus(port)
        self._plain = bool(self._line.funcs & smbus2.I2cFunc.I2C)
        self._address = address
        self._chip = i2c(bus=self._line, address=address)

    def command(self, *said: int) -> None:
        """Send one message of commands, at most 31 bytes."""
        self._chip.command(*said)

    def data(self, data: Sequence[int]) -> None:
        """Send data as one message; through luma in blocks of 32, where the adapter needs that."""
        if self._plain:
            self._line.i2c_rdwr(smbus2.i2c_msg.write(self._address, [DATA, *data]))
        else:
            self._chip.data(data)

    def close(self) -> None:
        """Close the bus."""
        self._line.close()


class _Lines:
    """What luma asks of RPi.GPIO, from pins that nobody else can let go.

    luma would clean up after itself, but who lets the last pin go closes them all.
    """

    OUT, LOW, HIGH = "out", False, True

    def __init__(self) -> None:
        from device.drivers.rpi_pins import Pins

        self._pins = Pins("display", PadCode.DISPLAY_GONE)
        self.close = self._pins.release_all
        self.output = self._pins.write

    def setup(self, line: int, _: str) -> None:
        """Take a line; low is where a display waits in reset."""
        self._pins.claim_output(line, high=False)


class SpiBus:
    """A bus and chip select of SPI; the display is reset when it is opened.

    SPI has no acknowledgement: a display that is not there is not noticed.
    """

    run_cost = 3

    def __init__(self, port: int, select: int, dc_line: int, reset_line: int | None) -> None:
        self._lines = _Lines()
        with contextlib.ExitStack() as stack:
            stack.callback(self._lines.close)
            self._chip = spi(
                gpio=self._lines,
                port=port,
                device=select,
                bus_speed_hz=SPI_HZ,
                gpio_DC=dc_line,
                gpio_RST=reset_line,
                reset_hold_time=RESET_S,
                reset_release_time=RESET_S,
            )
            stack.pop_all()

    def command(self, *said: int) -> None:
        """Send commands, the data/command line low."""
        self._chip.command(*said)

    def data(self, data: Sequence[int]) -> None:
        """Send data, the data/command line high."""
        self._chip.data(list(data))

    def close(self) -> None:
        """Close the bus and give its two lines back."""
        try:
            self._chip.cleanup()
        finally:
            self._lines.close()


class Wiring(NamedTuple):
    """Where the display hangs: the board's own wiring, or what the pad's file says of it."""

    bus: str
    address: int
    dc_line: int | None
    reset_line: int | None

    @property
    def tells(self) -> bool:
        """Whether the bus can tell that the display is gone."""
        return self.bus.startswith("i2c")

    @property
    def only_reset_helps(self) -> bool:
        """Whether a display may have come back unseen, in a state that only a reset ends."""
        return not self.tells and self.reset_line is not None

    def __str__(self) -> str:
        return f"at 0x{self.address:02x} on {self.bus}" if self.tells else f"on {self.bus}"

    def open(self) -> Bus:
        """The bus, opened. Raises what `GONE` lists."""
        kind, _, number = self.bus.partition("-")
        if kind == "i2c":
            return I2cBus(int(number), self.address)
        if self.dc_line is None:
            raise DriverError(f"{self.bus}: no dc_line is given", PadCode.DISPLAY_GONE)
        port, select = map(int, number.split("."))
        return SpiBus(port, select, self.dc_line, self.reset_line)


def wiring(profile: DisplayProfile, options: OledOptions) -> Wiring:
    """The wiring of the profile where it fixes it, of the pad's own file where not."""
    fixed = profile if profile.bus is not None else options
    return Wiring(fixed.bus or "i2c-1", options.address, fixed.dc_line, fixed.reset_line)


DARK, LIGHT, CONTRAST = common.DISPLAYOFF, common.DISPLAYON, common.SETCONTRAST
"""The orders to go dark and to light up, and the one that an argument of 0 to 255 follows."""


class Chip(NamedTuple):
    """A controller: luma's driver of it, where the glass begins in its memory, what it is told
    besides luma's settings, and its contrast at full brightness."""

    driver: Any
    first_column: int
    also: tuple[int, ...]


CHIPS = {
    # Page addressing (SSD1306 datasheet 10.1.3), the only kind that the SH1106 has: three bytes
    # say where a run goes, where a window of luma's takes six.
    "ssd1306": Chip(ssd1306, 0, (0x20, 0x02)),
    # Memory for 132 columns; a glass of 128 stands in their middle.
    "sh1106": Chip(sh1106, 2, ()),
}


class OledBusSettings(NamedTuple):
    """What a chip is told before it shows anything, and its contrast (0 to 255) when bright."""

    messages: list[tuple[int, ...]]
    contrast: int


class _Beginning:
    """Stands in for the bus while luma's driver begins, and keeps the settings that it sends."""

    def __init__(self) -> None:
        self.said: list[tuple[int, ...]] = []

    def command(self, *said: int) -> None:
        self.said.append(said)

    def data(self, _: Sequence[int]) -> None:
        self.said.pop()  # it said where its blank picture goes, which is none of the settings

    def cleanup(self) -> None:
        """luma cleans up once more when the process ends; nothing is held here."""


def settings(chip: Chip, size: DisplayProfile) -> OledBusSettings:
    """What luma's driver says first, without the orders to go dark and to light up.

    Raises DriverError for a size that the chip does not have.
    """
    beginning = _Beginning()
    try:
        chip.driver(serial_interface=beginning, width=size.width, height=size.height)
    except luma.core.error.DeviceDisplayModeError as error:
        raise DriverError(f"the display: {error}", PadCode.DISPLAY_GONE) from error
    (dark, *first), *more, contrast, light = beginning.said
    known = dark == DARK and light == (LIGHT,)
    if not known or contrast[0] != CONTRAST:
        raise DriverError("this luma begins in a way that is not known", PadCode.DISPLAY_GONE)
    messages = [tuple(first), *more, *([chip.also] if chip.also else [])]
    return OledBusSettings(messages, contrast[1])
