"""SSD1306 and SH1106 OLEDs on I²C or SPI: what has changed is sent, and a dark chip is lit again.

A full picture takes 25 ms on I²C at 400 kHz and 100 ms at 100 kHz; this driver sends the runs that
have changed (`drivers/changes.py`).

A chip that lost its power for a moment is dark and has forgotten its settings and its picture.
On I²C it then answers as if nothing had been; a display that does not answer is let go and begun
anew (D01). On SPI nothing ever answers: a pulled cable is not noticed. So a picture that is shown
again (`drivers/panel.py` does so every few seconds) goes with the settings, which lights such a
display, and with one page in turn as a whole, which mends its memory. What only a reset helps, a
chip on SPI that came back while its reset line was high, gets one from time to time.
"""

import contextlib
import logging
from typing import TYPE_CHECKING

from PIL.Image import Transpose

from device.board.driver_options import OledOptions
from device.board.profile import DisplayProfile
from device.drivers.frame_diff import ChangedRun, changes
from device.drivers.oled_bus import (
    CHIPS,
    CONTRAST,
    DARK,
    GONE,
    LIGHT,
    Bus,
    settings,
    wiring,
)
from device.errors import DriverError, PadCode

if TYPE_CHECKING:
    from PIL.Image import Image

log = logging.getLogger(__name__)

ROWS_A_PAGE = 8

SETTLED_FOR = 8
"""So many new pictures in a row may go without the settings."""

RESET_EVERY = 60
"""Of the pictures shown again, on SPI: five to six minutes, as the panel does it. A reset is seen
as a blink of a tenth of a second, which is why it does not come oftener."""


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
        self._since = self._turn = self._again = 0

    def contrast(self, share: float) -> None:
        """How bright the next picture is, from 0 (dark) to 1."""
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
        except GONE as error:
            self._let_go()
            raise DriverError(
                f"{self._options.chip} {self._wiring}: {error}", PadCode.DISPLAY_GONE
            ) from error
        self._shown, self._lit = pages, self._share

    def stop(self) -> None:
        """Switch the display off and let the bus go; safe to call twice."""
        if self._bus is not None:
            try:
                self._bus.command(DARK)
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
        if self._shown == pages:
            self._again += 1
            if self._again % RESET_EVERY == 0 and self._wiring.only_reset_helps:
                self._let_go()
        bus, runs = self._bus, self._runs(pages)
        settle = bus is None or self._shown == pages or self._since >= SETTLED_FOR
        if bus is None:
            bus = self._bus = self._wiring.open()
            bus.command(DARK)
        self._since = 0 if settle else self._since + 1
        for message in self._settings.messages if settle else ():
            bus.command(*message)
        if settle or self._share != self._lit:
            bus.command(CONTRAST, max(1, round(self._share * self._settings.contrast)))
        for page, column, data in runs:
            place = column + self._chip.first_column
            bus.command(0xB0 | page, place & 0x0F, 0x10 | place >> 4)
            bus.data(data)
        if settle or self._share != self._lit:
            bus.command(LIGHT if self._share else DARK)

    def _runs(self, pages: list[bytes]) -> list[ChangedRun]:
        """What has changed; of a picture shown again one page in turn, of the first all."""
        if self._bus is None or self._shown is None:
            return [ChangedRun(page, 0, data) for page, data in enumerate(pages)]
        runs = changes(self._shown, pages, self._bus.run_cost)
        if not runs:
            self._turn = (self._turn + 1) % len(pages)
            runs = [ChangedRun(self._turn, 0, pages[self._turn])]
        return runs

    def _let_go(self) -> None:
        bus, self._bus, self._shown = self._bus, None, None
        if bus is not None:
            with contextlib.suppress(*GONE):
                bus.close()


def build(size: DisplayProfile, options: OledOptions) -> Oled:
    """The display of a profile. Raises DriverError for a size that its chip does not have."""
    return Oled(size, options)
