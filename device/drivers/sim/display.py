"""A simulated display whose picture can be read and whose cable can be pulled."""

import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from device.errors import DriverError, PadCode

if TYPE_CHECKING:
    from PIL.Image import Image


class Picture(NamedTuple):
    """What the display shows: rows from the top, 8 pixels a byte, the leftmost in the highest bit.

    A bit of 1 is a lit pixel. `shown` counts the pictures since the start.
    """

    pixels: bytes
    width: int
    height: int
    shown: int


class SimDisplay:
    """The display of the simulated board. One thread calls `show`; any thread may read.

    `brightness`: of the present picture, from 0 (dark) to 1. `film`: see `SimOptions`.
    """

    def __init__(self, width: int, height: int, film: Path | None = None) -> None:
        self.width = width
        self.height = height
        self.brightness = 1.0
        self._share = 1.0
        self._dark = bytes((width + 7) // 8 * height)
        self._pixels = self._dark
        self._shown = 0
        self._plugged = True
        self._lock = threading.Lock()
        self._film = film
        self._film_fd: int | None = None
        self._watchers: list[Callable[[Picture], None]] = []

    def show(self, image: "Image") -> None:
        """Show a 1-bit picture; raises DriverError (D01) while unplugged."""
        if image.mode != "1" or image.size != (self.width, self.height):
            raise ValueError(
                f"a {image.mode} picture of {image.size} for {self.width}x{self.height}"
            )
        with self._lock:
            if not self._plugged:
                raise DriverError("the simulated display is unplugged", PadCode.DISPLAY_GONE)
            self.brightness = self._share
            before = self._pixels
            self._pixels = image.tobytes() if self.brightness else self._dark
            self._write_film(self._pixels)
            self._shown += 1
            changed = before != self._pixels
        if changed:
            self._notify()

    def contrast(self, share: float) -> None:
        """Set the brightness of the next picture, from 0 (dark) to 1."""
        self._share = share

    def stop(self) -> None:
        """Go dark, and close the film."""
        self._darken()
        with self._lock:
            fd, self._film_fd = self._film_fd, None
        if fd is not None:
            os.close(fd)

    def plug(self, on: bool) -> None:
        """Plug the cable in or pull it: the display is dark until the next `show`."""
        with self._lock:
            self._plugged = on
        self._darken()

    @property
    def picture(self) -> Picture:
        """The present picture."""
        with self._lock:
            return Picture(self._pixels, self.width, self.height, self._shown)

    def watch(self, watcher: Callable[[Picture], None]) -> None:
        """Call `watcher` after each change, from the thread that made it."""
        self._watchers.append(watcher)

    def _darken(self) -> None:
        with self._lock:
            changed = self._pixels != self._dark
            self._pixels = self._dark
        if changed:
            self._notify()

    def _write_film(self, pixels: bytes) -> None:
        """One write(2) for each picture, so that a trace of the process shows when it was shown."""
        if self._film is None:
            return
        if self._film_fd is None:
            flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
            self._film_fd = os.open(self._film, flags, 0o600)
        os.write(self._film_fd, b"picture %s\n" % pixels.hex().encode())

    def _notify(self) -> None:
        picture = self.picture
        for watcher in self._watchers:
            watcher(picture)
