"""SSD1306 and SH1106 OLEDs on I²C or SPI: sends changes only, and restores a chip that was reset.

A full picture takes 25 ms on I²C at 400 kHz and 100 ms at 100 kHz; this driver sends only the runs
that have changed (`frame_diff.py`).

A chip that lost its power for a moment is dark and has lost its settings and its picture, but on
I²C it acknowledges as before. A display that does not acknowledge is closed and opened again (D01).
On SPI there is no acknowledgement: a pulled cable is not noticed.

So the driver does not rely on errors. When the same picture is shown again (`display_worker.py`
does so every few seconds), it sends the settings, which switches such a display on, and one whole
page, the next one each time, which restores its memory. A chip on SPI that got its power back while
its reset line was high may need a reset; it gets one every `RESET_EVERY` repeated pictures.
"""

import contextlib
import logging
from typing import TYPE_CHECKING

from PIL.Image import Transpose

from device.board.driver_options import OledOptions
from device.board.profile import DisplayProfile
from device.drivers.frame_diff import ChangedRun, changes
from device.drivers.oled_bus import (
    BUS_ERRORS,
    CHIPS,
    CONTRAST,
    DISPLAY_OFF,
    DISPLAY_ON,
    Bus,
    settings,
    wiring,
)
from device.errors import DriverError, PadCode

if TYPE_CHECKING:
    from PIL.Image import Image

log = logging.getLogger(__name__)

ROWS_A_PAGE = 8

SETTINGS_EVERY = 8
"""At most so many new pictures in a row are sent without the settings."""

RESET_EVERY = 60
"""Repeated pictures from one reset to the next, on SPI: five to six minutes at the 5 s of
`DisplayWorker`. A reset is visible as a blink of a tenth of a second; hence not more often."""


class Oled:
    """One display. Nothing is opened before the first `show`."""

    def __init__(self, size: DisplayProfile, options: OledOptions) -> None:
        self.width = size.width
        self.height = size.height
        self._options = options
        self._wiring = wiring(size, options)
        self._chip = CHIPS[options.chip]
        self._settings = settings(self._chip, size)
        self._bus: Bus | None = None
        self._shown: list[bytes] | None = None
        self._share = self._lit = 1.0
        self._since_settings = 0
        """New pictures since the settings were last sent."""
        self._repeats = 0
        """Pictures that were shown again."""
        self._page = 0
        """The page that was last sent whole with a repeated picture."""

    def contrast(self, share: float) -> None:
        """Set the brightness of the next picture, from 0 (dark) to 1."""
        self._share = share

    def show(self, image: "Image") -> None:
        """Show a 1-bit picture; raises DriverError (D01) when the display does not answer."""
        if image.mode != "1" or image.size != (self.width, self.height):
            raise ValueError(
                f"a {image.mode} picture of {image.size} for {self.width}x{self.height}"
            )
        pages = self._paged(image)
        try:
            self._send(pages)
        except BUS_ERRORS as error:
            self._close()
            raise DriverError(
                f"{self._options.chip} {self._wiring}: {error}", PadCode.DISPLAY_GONE
            ) from error
        self._shown, self._lit = pages, self._share

    def stop(self) -> None:
        """Switch the display off and close the bus; safe to call twice."""
        if self._bus is not None:
            try:
                self._bus.command(DISPLAY_OFF)
            except BUS_ERRORS as error:
                log.warning("the display could not be switched off: %s", error)
        self._close()

    def _paged(self, image: "Image") -> list[bytes]:
        """The pages as the chip stores them.

        The transposed picture has one row for each column of the display; its byte n is the 8
        pixels of page n, the lowest bit on top.
        """
        if self._options.upside_down:
            image = image.transpose(Transpose.ROTATE_180)
        columns = image.transpose(Transpose.TRANSPOSE).tobytes("raw", "1;R")
        count = self.height // ROWS_A_PAGE
        return [columns[page::count] for page in range(count)]

    def _send(self, pages: list[bytes]) -> None:
        if self._shown == pages:
            self._repeats += 1
            if self._repeats % RESET_EVERY == 0 and self._wiring.may_need_reset:
                self._close()  # opening the bus below resets the display
        bus, runs = self._bus, self._runs(pages)
        with_settings = (
            bus is None or self._shown == pages or self._since_settings >= SETTINGS_EVERY
        )
        if bus is None:
            bus = self._bus = self._wiring.open()
            bus.command(DISPLAY_OFF)
        self._since_settings = 0 if with_settings else self._since_settings + 1
        for message in self._settings.messages if with_settings else ():
            bus.command(*message)
        if with_settings or self._share != self._lit:
            bus.command(CONTRAST, max(1, round(self._share * self._settings.contrast)))
        for page, column, data in runs:
            # Page addressing (SSD1306 datasheet 10.1.13, 10.1.1, 10.1.2): the page, then the lower
            # and the higher four bits of the column.
            address = column + self._chip.first_column
            bus.command(0xB0 | page, address & 0x0F, 0x10 | address >> 4)
            bus.data(data)
        if with_settings or self._share != self._lit:
            bus.command(DISPLAY_ON if self._share else DISPLAY_OFF)

    def _runs(self, pages: list[bytes]) -> list[ChangedRun]:
        """The runs to send: at first all pages, then the changes; one page if nothing changed."""
        if self._bus is None or self._shown is None:
            return [ChangedRun(page, 0, data) for page, data in enumerate(pages)]
        runs = changes(self._shown, pages, self._bus.run_cost)
        if not runs:
            self._page = (self._page + 1) % len(pages)
            runs = [ChangedRun(self._page, 0, pages[self._page])]
        return runs

    def _close(self) -> None:
        bus, self._bus, self._shown = self._bus, None, None
        if bus is not None:
            with contextlib.suppress(*BUS_ERRORS):
                bus.close()


def build(size: DisplayProfile, options: OledOptions) -> Oled:
    """The display of a profile. Raises DriverError for a size that its chip does not have."""
    return Oled(size, options)
