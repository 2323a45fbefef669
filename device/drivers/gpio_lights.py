"""Lights at the keys, each on a pin.

The pins are taken with the first picture of lights and let go at the end, as inputs: a light hangs
on a transistor whose base has a resistor to the dark side, so a pin that nobody drives is dark.
What an agent that was killed left lit goes dark when the next one takes the pins.
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
        """Light exactly these. After a failure everything is taken anew. Raises DriverError."""
        try:
            for name, line in self._lines.items():
                high = (name in lit) is not self._active_low
                if self._held:
                    self._pins.write(line, high)
                else:
                    self._pins.claim_output(line, high=high)
        except DriverError:
            self._let_go()
            raise
        self._held = True

    def stop(self) -> None:
        """All dark, and let go; safe to call twice."""
        if self._held:
            with contextlib.suppress(DriverError):  # they are let go all the same
                self.show(frozenset())
        self._let_go()

    def _let_go(self) -> None:
        self._held = False
        self._pins.release_all()


def build(profile: LightsProfile) -> GpioLights:
    """The lights of `profile`; nothing is opened yet."""
    return GpioLights(profile)
