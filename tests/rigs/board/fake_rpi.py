"""A Raspberry Pi's pins as the module `RPi.GPIO` gives them, with what a header does to one.

A contact bounces by a seeded waveform, a pin without a pull floats, a pin may belong to another
process, and the bus behind all of them may fail. Wrong use is answered as rpi-lgpio answers it,
its own error included, which is no OSError and no RuntimeError.
"""

import contextlib
import random
import sys
import threading
import time
import types
from collections.abc import Callable, Iterator

from device.drivers.sim.contact import Contact
from tests.rigs.time.wait import until

BOUNCE_MS = 10.0
PATIENCE_S = 20.0


class error(Exception):  # noqa: N801, N818 -- lgpio calls it so
    """lgpio's only error."""


def boot_ms() -> float:
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME) / 1e6


class FakePi(types.ModuleType):
    """The module, and what a test does to its pins (`wire`, `press`, `stick` and so on)."""

    BCM, BOARD, IN, OUT = 11, 10, 1, 0
    PUD_OFF, PUD_DOWN, PUD_UP = 20, 21, 22

    def __init__(self, seed: int = 1, now_ms: Callable[[], float] = boot_ms) -> None:
        super().__init__("RPi.GPIO")
        self.lgpio = types.SimpleNamespace(error=error)
        self._rng = random.Random(seed)
        self._now_ms = now_ms
        self._lock = threading.RLock()
        self._mode: int | None = None
        self._contacts: dict[int, tuple[Contact, bool]] = {}
        self.pulls: dict[int, int] = {}
        """The inputs that are set up, and their pulls."""
        self.driven: dict[int, bool] = {}
        """The outputs that are set up, and their levels."""
        self.written: list[tuple[float, int, bool]] = []
        """Every level that a pin was driven to: time in ms, pin, whether high."""
        self.elsewhere: set[int] = set()
        """Pins that another process holds."""
        self.dead: set[int] = set()
        """Pins that cannot be read or driven any more."""
        self.gone = False
        """The whole chip does not answer."""
        self.reads = 0
        self.opened = 0

    # --- the bench --------------------------------------------------------------------------

    def wire(self, line: int, *, to_ground: bool = True, bounce_ms: float = BOUNCE_MS) -> None:
        """A key between this pin and ground, or the supply."""
        self._contacts[line] = (Contact(self._rng, bounce_ms), to_ground)

    def press(self, *lines: int, hold_ms: float = 80.0) -> None:
        with self._lock:
            for line in lines:
                self._contacts[line][0].press(self._now_ms(), hold_ms)

    def stick(self, line: int, on: bool) -> None:
        with self._lock:
            contact = self._contacts[line][0]
            (contact.hold if on else contact.release)(self._now_ms())

    def press_until(self, felt: Callable[[], bool], *lines: int) -> None:
        """Hold the contacts until `felt`: a busy machine reads the pins rarely."""
        for line in lines:
            self.stick(line, True)
        until(felt, PATIENCE_S, "the press is seen", every_s=0.002)
        for line in lines:
            self.stick(line, False)

    def chatter(self, line: int, for_ms: float) -> None:
        with self._lock:
            self._contacts[line][0].chatter(self._now_ms(), for_ms)

    def at_rest(self) -> bool:
        with self._lock:
            now_ms = self._now_ms()
            return all(
                contact.next_edge_ms(now_ms) is None and not contact.down(now_ms)
                for contact, _ in self._contacts.values()
            )

    # --- the module -------------------------------------------------------------------------

    def setwarnings(self, _: bool) -> None:
        pass

    def setmode(self, mode: int) -> None:
        if self._mode not in (None, mode):
            raise ValueError("A different mode has already been set!")
        if self.gone:
            raise error("can not open gpiochip")
        if self._mode is None:
            self.opened += 1
        self._mode = mode

    def setup(
        self, line: int, direction: int, pull_up_down: int = PUD_OFF, initial: bool | None = None
    ) -> None:
        with self._lock:
            self._check(line)
            if line in self.elsewhere:
                raise error("GPIO busy")
            self.driven.pop(line, None)
            self.pulls.pop(line, None)
            if direction == self.OUT:
                if pull_up_down != self.PUD_OFF:
                    raise ValueError("pull_up_down parameter is not valid for outputs")
                self._drive(line, bool(initial))
            else:
                if initial is not None:
                    raise ValueError("initial parameter is not valid for inputs")
                self.pulls[line] = pull_up_down

    def input(self, line: int) -> int:
        with self._lock:
            self._check(line)
            if line in self.driven:
                return int(self.driven[line])
            if line not in self.pulls:
                raise RuntimeError("You must setup() the GPIO channel first")
            self._alive(line)
            self.reads += 1
            contact, to_ground = self._contacts.get(line, (None, True))
            if contact is not None and contact.down(self._now_ms()):
                return int(not to_ground)
            if self.pulls[line] == self.PUD_OFF:
                return self._rng.randrange(2)  # it floats
            return int(self.pulls[line] == self.PUD_UP)

    def output(self, line: int, level: bool) -> None:
        with self._lock:
            self._check(line)
            if line not in self.driven:
                raise RuntimeError("The GPIO channel has not been set up as an OUTPUT")
            self._alive(line)
            self._drive(line, bool(level))

    def cleanup(self, line: int | None = None) -> None:
        """Of all pins, whoever in this process holds them: the library does not know."""
        with self._lock:
            if self._mode is None:
                return
            for pin in [*self.pulls, *self.driven] if line is None else [line]:
                self.pulls.pop(pin, None)
                self.driven.pop(pin, None)
            if line is None:
                self._mode = None

    def _check(self, line: int) -> None:
        if self._mode is None:
            raise RuntimeError("Please set pin numbering mode using GPIO.setmode(GPIO.BCM)")
        if not 0 <= line < 54:
            raise ValueError("The channel sent is invalid on a Raspberry Pi")
        if self.gone:
            raise error("bad GPIO chip")

    def _alive(self, line: int) -> None:
        if line in self.dead:
            raise error("GPIO read/write failed")

    def _drive(self, line: int, high: bool) -> None:
        self.driven[line] = high
        self.written.append((self._now_ms(), line, high))


def is_on_pins(module: str) -> bool:
    """Whether a module keeps `RPi.GPIO`: the one that imports it, and the drivers for pins."""
    room, _, name = module.rpartition(".")
    return room == "device.drivers" and (name == "rpi_pins" or name.startswith("gpio_"))


@contextlib.contextmanager
def installed(pi: FakePi | None = None) -> Iterator[FakePi]:
    """This machine is a Raspberry Pi for the drivers that are imported inside.

    Import them inside, by name; what was imported before is put back afterwards.
    """
    pi = pi or FakePi()
    held = {name for name in sys.modules if is_on_pins(name)} | {"RPi", "RPi.GPIO"}
    before = {name: sys.modules.pop(name) for name in held if name in sys.modules}
    package = types.ModuleType("RPi")
    vars(package)["GPIO"] = pi
    sys.modules |= {"RPi": package, "RPi.GPIO": pi}
    try:
        yield pi
    finally:
        for name in [name for name in sys.modules if is_on_pins(name)]:
            del sys.modules[name]
        del sys.modules["RPi"], sys.modules["RPi.GPIO"]
        sys.modules |= before
