"""The settings of each OLED chip, and the buses to send them on. The only module that imports luma.

luma has the settings of each chip, and transfers over I²C and SPI. An I²C adapter without plain
transfers, such as some on USB, is used with SMBus blocks of 32 bytes. Over SPI luma also drives the
data/command and the reset line, which are claimed through `rpi_pins.py`. `spidev` and RPi.GPIO are
imported only when a bus on SPI is opened.
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

BUS_ERRORS = (OSError, luma.core.error.Error, DriverError, ImportError, RuntimeError)
"""What opening or using a bus may raise. luma's errors are no OSErrors. A pin that is taken is a
DriverError, a missing `spidev` an ImportError, and a machine without such pins a RuntimeError."""

SPI_HZ = 4_000_000
"""The SH1106 allows 4 MHz (datasheet, 250 ns a bit), the SSD1306 10; a full picture takes 2 ms."""

RESET_S = 0.001
"""Both chips need a reset of 3 µs (SSD1306 datasheet 8.9); a long cable may need more."""


DATA = 0x40
"""The control byte before data (SSD1306 datasheet 8.1.5.2)."""


class Bus(Protocol):
    """A bus with one chip on it. Any method may raise one of `BUS_ERRORS`.

    `run_cost`: the bytes on the wire for one run besides its data. These are three bytes of
    command, and on I²C also the address and a control byte, once for the command and once for the
    data.
    """

    run_cost: int

    def command(self, *values: int) -> None:
        """Send one message of commands."""

    def data(self, data: Sequence[int]) -> None:
        """Send data to the page and column that were last set."""

    def close(self) -> None:
        """Close the bus."""


class I2cBus:
    """The I²C bus number `port`, and the address of the display on it."""

    run_cost = 7

    def __init__(self, port: int, address: int) -> None:
        self._line = smbus2.SMBus(port)
        self._plain = bool(self._line.funcs & smbus2.I2cFunc.I2C)
        self._address = address
        self._chip = i2c(bus=self._line, address=address)

    def command(self, *values: int) -> None:
        """Send one message of commands, at most 31 bytes."""
        self._chip.command(*values)

    def data(self, data: Sequence[int]) -> None:
        """Send data as one message, or in blocks of 32 bytes where the adapter needs that."""
        if self._plain:
            self._line.i2c_rdwr(smbus2.i2c_msg.write(self._address, [DATA, *data]))
        else:
            self._chip.data(data)

    def close(self) -> None:
        """Close the bus."""
        self._line.close()


class _Lines:
    """The part of RPi.GPIO's interface that luma uses, on pins claimed through `rpi_pins.py`.

    With RPi.GPIO itself, luma's own clean-up could close the chip while keys and lights use it.
    """

    OUT, LOW, HIGH = "out", False, True

    def __init__(self) -> None:
        from device.drivers.rpi_pins import Pins

        self._pins = Pins("display", PadCode.DISPLAY_GONE)
        self.close = self._pins.release_all
        self.output = self._pins.write

    def setup(self, line: int, _: str) -> None:
        """Claim a line and drive it low: the display stays in reset until luma begins."""
        self._pins.claim_output(line, high=False)


class SpiBus:
    """An SPI bus and chip select. Opening it resets the display.

    SPI has no acknowledgement: a missing display is not noticed.
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

    def command(self, *values: int) -> None:
        """Send commands, with the data/command line low."""
        self._chip.command(*values)

    def data(self, data: Sequence[int]) -> None:
        """Send data, with the data/command line high."""
        self._chip.data(list(data))

    def close(self) -> None:
        """Close the bus and release its two lines."""
        try:
            self._chip.cleanup()
        finally:
            self._lines.close()


class Wiring(NamedTuple):
    """How the display is connected, by the board's profile or the pad's own file."""

    bus: str
    address: int
    dc_line: int | None
    reset_line: int | None

    @property
    def acknowledges(self) -> bool:
        """Whether the bus has an acknowledgement, so that a missing display is noticed."""
        return self.bus.startswith("i2c")

    @property
    def may_need_reset(self) -> bool:
        """Whether a display may have come back unnoticed, in a state that only a reset ends."""
        return not self.acknowledges and self.reset_line is not None

    def __str__(self) -> str:
        return f"at 0x{self.address:02x} on {self.bus}" if self.acknowledges else f"on {self.bus}"

    def open(self) -> Bus:
        """Open the bus. Raises one of `BUS_ERRORS`."""
        kind, _, number = self.bus.partition("-")
        if kind == "i2c":
            return I2cBus(int(number), self.address)
        if self.dc_line is None:
            raise DriverError(f"{self.bus}: no dc_line is given", PadCode.DISPLAY_GONE)
        port, select = map(int, number.split("."))
        return SpiBus(port, select, self.dc_line, self.reset_line)


def wiring(profile: DisplayProfile, options: OledOptions) -> Wiring:
    """The wiring, from the profile if it names a bus, otherwise from the pad's own file."""
    fixed = profile if profile.bus is not None else options
    return Wiring(fixed.bus or "i2c-1", options.address, fixed.dc_line, fixed.reset_line)


DISPLAY_OFF, DISPLAY_ON, CONTRAST = common.DISPLAYOFF, common.DISPLAYON, common.SETCONTRAST
"""Three commands; an argument of 0 to 255 follows the last one."""


class Chip(NamedTuple):
    """A controller: luma's driver of it, the memory column of the display's first column, and a
    command that is sent besides luma's settings."""

    driver: Any
    first_column: int
    extra_command: tuple[int, ...]


CHIPS = {
    # Page addressing (SSD1306 datasheet 10.1.3), the only mode that the SH1106 has: three bytes set
    # the position of a run, instead of luma's six for a rectangle.
    "ssd1306": Chip(ssd1306, 0, (0x20, 0x02)),
    # It has memory for 132 columns; a display of 128 uses those in the middle.
    "sh1106": Chip(sh1106, 2, ()),
}


class OledBusSettings(NamedTuple):
    """The messages that set a chip up, and its contrast (0 to 255) at full brightness."""

    messages: list[tuple[int, ...]]
    contrast: int


class _RecordingBus:
    """Records the commands by which luma's driver initialises a chip; takes the place of a bus."""

    def __init__(self) -> None:
        self.commands: list[tuple[int, ...]] = []

    def command(self, *values: int) -> None:
        self.commands.append(values)

    def data(self, _: Sequence[int]) -> None:
        self.commands.pop()  # it was the position of a blank picture, which is no setting

    def cleanup(self) -> None:
        """luma calls this when the process ends; nothing is held here."""


def settings(chip: Chip, size: DisplayProfile) -> OledBusSettings:
    """The commands by which luma's driver initialises a chip, without switching it off and on.

    Raises DriverError for a size that the chip does not have.
    """
    recorder = _RecordingBus()
    try:
        chip.driver(serial_interface=recorder, width=size.width, height=size.height)
    except luma.core.error.DeviceDisplayModeError as error:
        raise DriverError(f"the display: {error}", PadCode.DISPLAY_GONE) from error
    # luma sends DISPLAYOFF with the first settings, then the others, the contrast, and DISPLAYON.
    (off, *first), *more, contrast, last = recorder.commands
    known = off == DISPLAY_OFF and last == (DISPLAY_ON,)
    if not known or contrast[0] != CONTRAST:
        raise DriverError(
            "this version of luma initialises the chip in an unknown way", PadCode.DISPLAY_GONE
        )
    messages = [tuple(first), *more, *([chip.extra_command] if chip.extra_command else [])]
    return OledBusSettings(messages, contrast[1])
