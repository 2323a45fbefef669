"""Pins of a Raspberry Pi's header by their BCM numbers; the one door to RPi.GPIO.

Two packages offer this API: RPi.GPIO, which writes the chip's registers (kernels before 6.6), and
rpi-lgpio, which asks the kernel. Either is process-wide: one numbering, one open chip. Keys, lights
and beeper are its users here; each holds its pins through a `Pins` of its own and cannot touch
another's. The chip is let go with the last pin, so that whoever tries again opens it anew.

Importing this module where there is no Raspberry Pi raises RuntimeError.
"""

import contextlib
import os
import tempfile
import threading
from collections.abc import Iterator

from device.errors import DriverError, PadCode


@contextlib.contextmanager
def _aside() -> Iterator[None]:
    """A working folder for the import alone.

    rpi-lgpio opens a named pipe in the working folder when it is imported, fails where it may not
    write, and goes to the folder that LG_WD names without coming back.
    """
    before = os.environ.get("LG_WD")
    with tempfile.TemporaryDirectory(prefix="pins-") as folder, contextlib.chdir(folder):
        os.environ["LG_WD"] = folder
        try:
            yield
        finally:
            del os.environ["LG_WD"]
            if before is not None:
                os.environ["LG_WD"] = before


with _aside():
    from RPi import GPIO

FAILURES: tuple[type[Exception], ...] = (OSError, RuntimeError, ValueError)
"""What the library raises. lgpio's own error is a bare Exception, known by its name only."""
if hasattr(GPIO, "lgpio"):
    FAILURES = (*FAILURES, GPIO.lgpio.error)

_lock = threading.RLock()
_owners: dict[int, str] = {}


def _told(what: str, line: int, error: Exception, code: PadCode) -> DriverError:
    return DriverError(f"GPIO {line}: cannot {what}: {error}", code)


class Pins:
    """The pins that one user holds.

    `owner` is told to who wants a pin that is taken; `code` goes with every DriverError. Any thread
    may call.
    """

    def __init__(self, owner: str, code: PadCode) -> None:
        self._owner = owner
        self._code = code
        self._mine: set[int] = set()

    def claim_input(self, line: int, *, pull_up: bool) -> None:
        """Take a pin to read it. Left alone it reads high with `pull_up`, low without.

        Raises DriverError when it cannot be had.
        """
        with _lock, self._claiming(line):
            GPIO.setup(line, GPIO.IN, pull_up_down=GPIO.PUD_UP if pull_up else GPIO.PUD_DOWN)

    def claim_output(self, line: int, *, high: bool) -> None:
        """Take a pin to drive it, from now on at this level. Raises DriverError."""
        with _lock, self._claiming(line):
            GPIO.setup(line, GPIO.OUT, initial=high)

    def read(self, line: int) -> bool:
        """Whether the pin is high. Raises DriverError; ValueError if it is not held."""
        self._held(line)
        try:  # and no `with`: this is called a thousand times a second
            return bool(GPIO.input(line))
        except FAILURES as error:
            raise _told("be read", line, error, self._code) from error

    def write(self, line: int, high: bool) -> None:
        """Drive the pin high or low. Raises DriverError; ValueError if it is not held."""
        self._held(line)
        try:
            GPIO.output(line, high)
        except FAILURES as error:
            raise _told("be driven", line, error, self._code) from error

    def release(self, line: int) -> None:
        """Let a pin go, as an input without a pull; nothing if it is not held. Never raises."""
        with _lock:
            if line in self._mine:
                self._mine.remove(line)
                del _owners[line]
                with contextlib.suppress(*FAILURES):
                    GPIO.cleanup(line)
                _close_unused()

    def release_all(self) -> None:
        """Let every pin of this user go."""
        with _lock:
            for line in sorted(self._mine):
                self.release(line)

    @contextlib.contextmanager
    def _claiming(self, line: int) -> Iterator[None]:
        if line in _owners:
            raise DriverError(f"GPIO {line}: already taken by the {_owners[line]}", self._code)
        try:
            # What a killed agent left behind is no news; a pin in use is told by the kernel.
            GPIO.setwarnings(False)
            GPIO.setmode(GPIO.BCM)
            yield
        except FAILURES as error:
            _close_unused()
            raise _told("be claimed", line, error, self._code) from error
        _owners[line] = self._owner
        self._mine.add(line)

    def _held(self, line: int) -> None:
        if line not in self._mine:
            raise ValueError(f"GPIO {line} is not held by the {self._owner}")


def _close_unused() -> None:
    """Let the chip go when nobody holds a pin of it any more."""
    if not _owners:
        with contextlib.suppress(*FAILURES):
            GPIO.cleanup()
