"""The display's thread: it sends the latest picture, and tries again when the display fails.

The agent's loop hands over pictures and never waits. A picture that has been replaced before it was
sent is dropped. The latest one is sent again every `refresh_s`: this finds a cable that was pulled,
and restores the picture on a display that lost its memory.
"""

import logging
import threading
from typing import TYPE_CHECKING

from device.errors import DriverError, PadCode
from device.loop_bridge import join_thread
from device.ports import Display, FaultReport, OnFault

if TYPE_CHECKING:
    from PIL.Image import Image

log = logging.getLogger(__name__)


class DisplayWorker:
    """One display and its thread. `on_fault` is called from that thread, once for each change.

    `retry_s`: between two attempts while the display fails.
    """

    def __init__(
        self, display: Display, on_fault: OnFault, *, refresh_s: float = 5.0, retry_s: float = 2.0
    ) -> None:
        self.size = (display.width, display.height)
        self._display = display
        self._on_fault = on_fault
        self._refresh_s = refresh_s
        self._retry_s = retry_s
        self._changed = threading.Condition()
        self._latest: tuple[Image, float] | None = None
        self._unseen = False
        self._running = False
        self._gone = False
        self._thread: threading.Thread | None = None

    @property
    def died(self) -> bool:
        """Whether the thread has ended without `stop`."""
        return self._thread is not None and not self._thread.is_alive()

    def start(self) -> None:
        """Start the thread."""
        self._running = True
        self._thread = threading.Thread(target=self._run, name="display", daemon=True)
        self._thread.start()

    def show(self, image: "Image", brightness: float = 1.0) -> None:
        """Show this picture soon, at this brightness (0 to 1); from any thread, never blocks."""
        with self._changed:
            self._latest, self._unseen = (image, brightness), True
            self._changed.notify_all()

    def stop(self) -> None:
        """End the thread after the present picture and stop the display; safe to call twice."""
        with self._changed:
            self._running = False
            self._changed.notify_all()
        if self._thread is not None:
            ended, self._thread = join_thread(self._thread), None
            if ended:  # a display that hangs in one call would hang in the next
                self._display.stop()

    def _run(self) -> None:
        try:
            while self._wait():
                self._send()
        except Exception as error:
            log.exception("the display's thread ended")
            self._on_fault(FaultReport(PadCode.DISPLAY_GONE, True, f"its thread ended: {error}"))

    def _wait(self) -> bool:
        """Sleep until there is something to send; False after `stop`."""
        with self._changed:
            if self._running and (self._gone or not self._unseen):
                # While the display fails, a new picture does not shorten the wait: a display that
                # does not answer is tried every `retry_s`, however often the scene changes.
                wait_s = self._retry_s if self._gone else self._refresh_s
                self._changed.wait_for(
                    lambda: not self._running or (self._unseen and not self._gone),
                    wait_s if self._latest is not None else None,
                )
            return self._running

    def _send(self) -> None:
        with self._changed:
            latest, self._unseen = self._latest, False
        if latest is None:
            return
        image, brightness = latest
        try:
            self._display.contrast(brightness)
            self._display.show(image)
        except DriverError as error:
            self._report(gone=True, detail=error.detail)
        else:
            self._report(gone=False, detail="")

    def _report(self, *, gone: bool, detail: str) -> None:
        """Report only a change: the display was lost, or is back."""
        if gone != self._gone:
            self._gone = gone
            self._on_fault(FaultReport(PadCode.DISPLAY_GONE, gone, detail))
