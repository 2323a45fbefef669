"""A beeper on a pin, switched on and off by a thread that sleeps in between.

The beeper has an oscillator of its own, so a switch that comes some milliseconds late only makes a
tone some milliseconds longer. The pin is claimed by the first beep and released by `stop`, as an
input; then the beeper is silent, because its transistor has a resistor from base to emitter.
"""

import contextlib
import logging
import threading
from functools import partial

from device.board.profile import BeeperProfile
from device.drivers.rpi_pins import Pins
from device.errors import DriverError, PadCode
from device.loop_bridge import join_thread

log = logging.getLogger(__name__)


class GpioBeeper:
    """The beeper of one profile. Nothing is opened before `beep`."""

    def __init__(self, profile: BeeperProfile) -> None:
        self._line = profile.line
        self._active_low = profile.active_low
        self._pins = Pins("beeper", PadCode.SIGNAL_GONE)
        self._changed = threading.Condition()
        self._pattern: tuple[int, ...] = ()
        self._beep_number = 0
        self._held = False
        self._running = False
        self._thread: threading.Thread | None = None

    def beep(self, on_off_ms: tuple[int, ...]) -> None:
        """Begin the first tone before returning; the thread does the rest. Raises DriverError."""
        with self._changed:
            self._drive(bool(on_off_ms))
            self._pattern, self._beep_number = on_off_ms, self._beep_number + 1
            if self._thread is None:
                self._running = True
                thread = threading.Thread(target=self._run, name="beeps", daemon=True)
                thread.start()
                # Only now: where Ctrl-C interrupts the start, `stop` has nothing to join.
                self._thread = thread
            self._changed.notify_all()

    def stop(self) -> None:
        """Silence the beeper and release the pin; safe to call twice."""
        with self._changed:
            self._running = False
            self._changed.notify_all()
        if self._thread is not None:
            join_thread(self._thread)
            self._thread = None
        with self._changed:
            self._release()

    def _run(self) -> None:
        with self._changed:
            while self._running:
                number = self._beep_number
                self._play(number)
                self._changed.wait_for(partial(self._is_over, number))

    def _play(self, number: int) -> None:
        """Play the pattern of beep `number` to its end, or until another beep or `stop` ends it."""
        try:
            for place, ms in enumerate(self._pattern):
                if place > 0:  # `beep` has begun the first tone
                    self._drive(place % 2 == 0)
                if self._changed.wait_for(partial(self._is_over, number), ms / 1000):
                    return
            self._drive(False)
        except DriverError as error:
            # The pin is released, so the beeper is silent; the next beep claims it again.
            log.warning("a beep was cut short: %s", error.detail)

    def _is_over(self, number: int) -> bool:
        return self._beep_number != number or not self._running

    def _drive(self, on: bool) -> None:
        """Switch the tone. After a failure the pin is claimed anew. Raises DriverError."""
        high = on is not self._active_low
        try:
            if self._held:
                self._pins.write(self._line, high)
            else:
                self._pins.claim_output(self._line, high=high)
        except DriverError:
            self._release()
            raise
        self._held = True

    def _release(self) -> None:
        if self._held:
            with contextlib.suppress(DriverError):
                self._pins.write(self._line, self._active_low)
        self._held = False
        self._pins.release_all()


def build(profile: BeeperProfile) -> GpioBeeper:
    """The beeper of `profile`; nothing is opened yet."""
    return GpioBeeper(profile)
