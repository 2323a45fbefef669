"""Pins of a Raspberry Pi's header by their BCM numbers. The only module that imports RPi.GPIO.

Two packages offer this API: RPi.GPIO, which writes the chip's registers (kernels before 6.6), and
rpi-lgpio, which goes through the kernel. In both, the numbering and the open chip belong to the
whole process. Keys, lights, beeper and display use it here; each holds its pins through a `Pins` of
its own and cannot change another's. The chip is closed with the last pin, so that the next attempt
after a failure opens it anew.

Importing this module where there is no Raspberry Pi raises RuntimeError.
"""

import contextlib
import os
import tempfile
import threading
from collections.abc import Iterator

from device.errors import DriverError, PadCode


@contextlib.contextmanager
def _temporary_folder() -> Iterator[None]:
    """A temporary working folder for the import.

    When rpi-lgpio is imported it makes a named pipe in the working folder, which fails where it may
    not write. If LG_WD names a folder, it changes to that one and does not change back.
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


with _temporary_folder():
    from RPi import GPIO

FAILURES: tuple[type[Exception], ...] = (OSError, RuntimeError, ValueError)
"""What the library raises. lgpio's own error, added below, derives from Exception only."""
if hasattr(GPIO, "lgpio"):
    FAILURES = (*FAILURES, GPIO.lgpio.error)

_lock = threading.RLock()
_owners: dict[int, str] = {}


def _failure(action: str, line: int, error: Exception, code: PadCode) -> DriverError:
    return DriverError(f"GPIO {line}: cannot {action}: {error}", code)


class Pins:
    """The pins that one user holds.

    `owner` is named in the error when somebody else claims one of these pins; `code` is that of
    every DriverError. Any thread may call.
    """

    def __init__(self, owner: str, code: PadCode) -> None:
        self._owner = owner
        self._code = code
        self._mine: set[int] = set()

    def claim_input(self, line: int, *, pull_up: bool) -> None:
        """Claim a pin as an input. An open line reads high with `pull_up`, low without.

        Raises DriverError when the pin is taken or cannot be claimed.
        """
        with _lock, self._claiming(line):
            GPIO.setup(line, GPIO.IN, pull_up_down=GPIO.PUD_UP if pull_up else GPIO.PUD_DOWN)

    def claim_output(self, line: int, *, high: bool) -> None:
        """Claim a pin as an output, driven to this level at once. Raises DriverError."""
        with _lock, self._claiming(line):
            GPIO.setup(line, GPIO.OUT, initial=high)

    def read(self, line: int) -> bool:
        """Whether the pin is high. Raises DriverError; ValueError if it was not claimed."""
        self._held(line)
        try:  # without a context manager: this is called a thousand times a second
            return bool(GPIO.input(line))
        except FAILURES as error:
            raise _failure("be read", line, error, self._code) from error

    def write(self, line: int, high: bool) -> None:
        """Drive the pin high or low. Raises DriverError; ValueError if it was not claimed."""
        self._held(line)
        try:
            GPIO.output(line, high)
        except FAILURES as error:
            raise _failure("be driven", line, error, self._code) from error

    def release(self, line: int) -> None:
        """Release a pin, as an input without a pull, if it is held. Never raises."""
        with _lock:
            if line in self._mine:
                self._mine.remove(line)
                del _owners[line]
                with contextlib.suppress(*FAILURES):
                    GPIO.cleanup(line)
                _close_unused()

    def release_all(self) -> None:
        """Release every pin of this user. Never raises."""
        with _lock:
            for line in sorted(self._mine):
                self.release(line)

    @contextlib.contextmanager
    def _claiming(self, line: int) -> Iterator[None]:
        if line in _owners:
            raise DriverError(f"GPIO {line}: already taken by the {_owners[line]}", self._code)
        try:
            # Its warning that a pin is in use also comes for pins that a killed agent left driven;
            # a pin that is really in use is an error of the kernel.
            GPIO.setwarnings(False)
            GPIO.setmode(GPIO.BCM)
            yield
        except FAILURES as error:
            _close_unused()
            raise _failure("be claimed", line, error, self._code) from error
        _owners[line] = self._owner
        self._mine.add(line)

    def _held(self, line: int) -> None:
        if line not in self._mine:
            raise ValueError(f"GPIO {line} is not held by the {self._owner}")


def _close_unused() -> None:
    """Close the chip when no pin of it is held any more."""
    if not _owners:
        with contextlib.suppress(*FAILURES):
            GPIO.cleanup()
