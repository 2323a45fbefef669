"""A beeper on a pin: on and off, by a thread that sleeps between its edges.

The beeper has an oscillator of its own, so an edge that comes some milliseconds late is a tone that
is some milliseconds longer. The pin is taken with the first beep and let go at the end, as an
input: the beeper hangs on a transistor whose base has a resistor to the silent side.
"""

import contextlib
import logging
import threading
from functools import partial

from device.board.profile import BeeperProfile
from device.drivers.rpi_pins import Pins
from device.errors import DriverError, PadCode

log = logging.getLogger(__name__)


class GpioBeeper:
    """The beeper of one profile. Nothing is opened before `beep`."""

    def __init__(self, profile: BeeperProfile) -> None:
        self._line = profile.line
        self._active_low = profile.active_low
        self._pins = Pins("beeper", PadCode.SIGNAL_GONE)
        self._news = threading.Condition()
        self._pattern: tuple[int, ...] = ()
        self._turn = 0
        self._held = False
        self._running = False
        self._thread: threading.Thread | None = None

    def beep(self, on_off_ms: tuple[int, ...]) -> None:
        """Begin with the first tone at once; the thread does the rest. Raises DriverError."""
        with self._news:
            self._drive(bool(on_off_ms))
            self._pattern, self._turn = on_off_ms, self._turn + 1
            if self._thread is None:
                self._running = True
                self._thread = threading.Thread(target=self._run, name="beeps", daemon=True)
                self._thread.start()
            self._news.notify_all()

    def stop(self) -> None:
        """Silent, and let go; safe to call twice."""
        with self._news:
            self._running = False
            self._news.notify_all()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        with self._news:
            self._let_go()

    def _run(self) -> None:
        with self._news:
            while self._running:
                turn = self._turn
                self._play(turn)
                self._news.wait_for(partial(self._is_over, turn))

    def _play(self, turn: int) -> None:
        """Sound the pattern of this turn to its end, or until it is over."""
        try:
            for place, ms in enumerate(self._pattern):
                if place > 0:  # the first tone has begun already
                    self._drive(place % 2 == 0)
                if self._news.wait_for(partial(self._is_over, turn), ms / 1000):
                    return
            self._drive(False)
        except DriverError as error:
            # The pin is let go, which is silence; the next beep takes it anew or says why not.
            log.warning("a beep was cut short: %s", error.detail)

    def _is_over(self, turn: int) -> bool:
        return self._turn != turn or not self._running

    def _drive(self, sounds: bool) -> None:
        """Sound or rest. After a failure the pin is taken anew. Raises DriverError."""
        high = sounds is not self._active_low
        try:
            if self._held:
                self._pins.write(self._line, high)
            else:
                self._pins.claim_output(self._line, high=high)
        except DriverError:
            self._let_go()
            raise
        self._held = True

    def _let_go(self) -> None:
        if self._held:
            with contextlib.suppress(DriverError):
                self._pins.write(self._line, self._active_low)
        self._held = False
        self._pins.release_all()


def build(profile: BeeperProfile) -> GpioBeeper:
    """The beeper of `profile`; nothing is opened yet."""
    return GpioBeeper(profile)
