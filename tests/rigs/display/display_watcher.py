"""Watches a simulated pad's display: every picture that was shown, in order."""

import contextlib
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from demo.scene_reader import DisplayReading, read
from device.drivers.sim.client import SimClient
from device.events import Scene
from tests.rigs.time.wait import until


class DisplayWatcher:
    """Watches on a thread of its own until the pad's process ends.

    `windows`: the names that the window may have; names may be added at any time.
    """

    def __init__(self, control: Path, windows: Sequence[str], hall: str) -> None:
        self._client = SimClient(control, timeout_s=None)
        self._windows = windows
        self._hall = hall
        self.seen: list[DisplayReading | None] = []
        """None is a dark display."""
        self._unknown = 0
        self._thread = threading.Thread(target=self._watch, name="display watcher", daemon=True)
        self._thread.start()

    def _watch(self) -> None:
        for picture in self._client.watch():
            self._look(picture.pixels)

    def _look(self, pixels: bytes) -> None:
        for window in self._windows:
            with contextlib.suppress(LookupError):
                self.seen.append(read(pixels, window, self._hall))
                return
        self._unknown += 1

    @property
    def now(self) -> DisplayReading | None:
        """What is shown now; None for a dark display."""
        return self.seen[-1] if self.seen else None

    def until(self, scene: Scene, timeout_s: float = 10.0, *, after: int = 0) -> None:
        """Wait until the scene has been shown since the picture number `after`."""
        until(lambda: self.saw(scene, after=after), timeout_s, f"the display shows {scene.value}")

    def saw(self, scene: Scene, *, after: int = 0) -> bool:
        """Whether it has been shown since the picture number `after`."""
        return any(reading is not None and reading.scene is scene for reading in self.seen[after:])

    def until_now(
        self, holds: Callable[[DisplayReading], bool], what: str, timeout_s: float = 10.0
    ) -> DisplayReading:
        """Wait until `holds` is true of what is shown now; that."""
        return until(
            lambda: self.now if self.now is not None and holds(self.now) else None, timeout_s, what
        )

    def finish(self) -> None:
        """After the process has ended: read what it still sent, then close."""
        self._thread.join(10)
        if self._thread.is_alive():
            raise AssertionError("the display's socket is still open")
        self._client.close()
        if self._unknown:
            raise AssertionError(f"{self._unknown} pictures that no scene draws")
