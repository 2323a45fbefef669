"""Lights at the keys, each on a pin.

The pins are claimed by the first `show` and released by `stop`, as inputs, which drive nothing: the
light is then dark, also behind a transistor, whose base has a resistor that keeps it off. Lights
that a killed agent left lit go dark when the next agent claims the pins.
"""

import contextlib

from device.board.profile import LightsProfile
from device.drivers.rpi_pins import Pins
from device.errors import DriverError, PadCode


class GpioLights:
    """The lights of one profile. Nothing is opened before `show`."""

    def __init__(self, profile: LightsProfile) -> None:
        self._lines = {light.name: light.line for light in profile.light}
        self._active_low = profile.active_low
        self._pins = Pins("lights", PadCode.SIGNAL_GONE)
        self._held = False

    def show(self, lit: frozenset[str]) -> None:
        """Light exactly these. After a failure all pins are claimed anew. Raises DriverError."""
        try:
            for name, line in self._lines.items():
                high = (name in lit) is not self._active_low
                if self._held:
                    self._pins.write(line, high)
                else:
                    self._pins.claim_output(line, high=high)
        except DriverError:
            self._release()
            raise
        self._held = True

    def stop(self) -> None:
        """Switch all off and release the pins; safe to call twice."""
        if self._held:
            with contextlib.suppress(DriverError):  # the pins are released in any case
                self.show(frozenset())
        self._release()

    def _release(self) -> None:
        self._held = False
        self._pins.release_all()


def build(profile: LightsProfile) -> GpioLights:
    """The lights of `profile`; nothing is opened yet."""
    return GpioLights(profile)
