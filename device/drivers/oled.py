"""SSD1306 and SH1106 OLEDs on I²C; the one door to luma.

luma knows what each chip wants to be told before it shows anything, and carries bytes over the
bus. What it sends is the whole picture each time, 25 ms at 400 kHz and 100 ms at 100 kHz; this
driver sends the runs that have changed.

A chip that lost its power for a moment is dark, has forgotten its settings and its picture, and
yet answers as if nothing had been. So every picture goes with the settings again, which lights
such a display, and a picture that is shown again (`drivers/panel.py` does so every few seconds)
goes with one page in turn as a whole, which mends its memory. A display that does not answer is
let go and begun anew (D01).
"""

import contextlib
import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import luma.core.error
from luma.core.const import common
from luma.core.interface.serial import i2c
from luma.oled.device import sh1106, ssd1306
from PIL.Image import Transpose

from device.drivers.changes import Run, changes
from device.drivers.options import OledOptions
from device.errors import Code, DriverError
from device.profile import DisplayProfile

if TYPE_CHECKING:
    from PIL.Image import Image

log = logging.getLogger(__name__)

GONE = (OSError, luma.core.error.Error)
"""luma's errors are no OSErrors, and data that cannot be written raises a bare OSError."""

ROWS_A_PAGE = 8


class _Chip(NamedTuple):
    """A controller: luma's driver of it, where the glass begins in its memory, and what it is
    told besides luma's settings."""

    driver: Any
    first_column: int
    also: tuple[int, ...]


CHIPS = {
    # Page addressing (SSD1306 datasheet 10.1.3), the only kind that the SH1106 has: three bytes
    # say where a run goes, where a window of luma's takes six.
    "ssd1306": _Chip(ssd1306, 0, (0x20, 0x02)),
    # Memory for 132 columns; a glass of 128 stands in their middle.
    "sh1106": _Chip(sh1106, 2, ()),
}

OVERHEAD_BYTES = 7
"""Of each run: address, control byte and three of command, then address and control byte."""


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


class Oled:
    """One display. Nothing is opened before the first `show`."""

    def __init__(self, size: DisplayProfile, options: OledOptions) -> None:
        self.width = size.width
        self.height = size.height
        self._options = options
        self._chip = CHIPS[options.chip]
        self._settings = _settings(self._chip, size)
        self._bus: i2c | None = None
        self._shown: list[bytes] | None = None
        self._turn = 0

    def show(self, image: "Image") -> None:
        """Show a 1-bit picture; raises DriverError (D01) when the display does not answer."""
        if image.mode != "1" or image.size != (self.width, self.height):
            raise ValueError(
                f"a {image.mode} picture of {image.size} for {self.width}x{self.height}"
            )
        pages = self._paged(image)
        try:
            self._send(pages)
        except GONE as error:
            self._let_go()
            where = f"{self._options.chip} at 0x{self._options.address:02x}"
            raise DriverError(
                f"{where} on I2C bus {self._options.bus}: {error}", Code.DISPLAY_GONE
            ) from error
        self._shown = pages

    def stop(self) -> None:
        """Switch the display off and let the bus go; safe to call twice."""
        if self._bus is not None:
            try:
                self._bus.command(common.DISPLAYOFF)
            except GONE as error:
                log.warning("the display could not be switched off: %s", error)
        self._let_go()

    def _paged(self, image: "Image") -> list[bytes]:
        """The picture as the chip keeps it. Turned over, each row is one column of all pages."""
        if self._options.upside_down:
            image = image.transpose(Transpose.ROTATE_180)
        columns = image.transpose(Transpose.TRANSPOSE).tobytes("raw", "1;R")
        count = self.height // ROWS_A_PAGE
        return [columns[page::count] for page in range(count)]

    def _send(self, pages: list[bytes]) -> None:
        bus = self._bus
        if bus is None or self._shown is None:
            bus = self._bus = i2c(port=self._options.bus, address=self._options.address)
            bus.command(common.DISPLAYOFF)
            runs = [Run(page, 0, data) for page, data in enumerate(pages)]
        else:
            runs = changes(self._shown, pages, OVERHEAD_BYTES)
            if not runs:
                self._turn = (self._turn + 1) % len(pages)
                runs = [Run(self._turn, 0, pages[self._turn])]
        for settings in self._settings:
            bus.command(*settings)
        for page, column, data in runs:
            place = column + self._chip.first_column
            bus.command(0xB0 | page, place & 0x0F, 0x10 | place >> 4)
            bus.data(data)
        bus.command(common.DISPLAYON)

    def _let_go(self) -> None:
        bus, self._bus, self._shown = self._bus, None, None
        if bus is not None:
            with contextlib.suppress(OSError):
                bus.cleanup()


def _settings(chip: _Chip, size: DisplayProfile) -> list[tuple[int, ...]]:
    """What luma's driver says first, without the orders to go dark and to light up."""
    beginning = _Beginning()
    try:
        chip.driver(serial_interface=beginning, width=size.width, height=size.height)
    except luma.core.error.DeviceDisplayModeError as error:
        raise DriverError(f"the display: {error}", Code.DISPLAY_GONE) from error
    (dark, *first), *more, light = beginning.said
    if dark != common.DISPLAYOFF or light != (common.DISPLAYON,):
        raise DriverError("this luma begins in a way that is not known", Code.DISPLAY_GONE)
    return [tuple(first), *more, *([chip.also] if chip.also else [])]


def build(size: DisplayProfile, options: OledOptions) -> Oled:
    """The display of a profile. Raises DriverError for a size that its chip does not have."""
    return Oled(size, options)
