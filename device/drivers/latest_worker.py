"""A part for the eye or the ear, and its thread: the newest wish wins, and nobody waits for it.

The agent's loop hands a wish over and goes on; a light or a sound card that takes its time delays
nothing but itself. What stands (a pattern of lights) is tried again until it does; what was for its
moment (a beep) is dropped when it cannot be had, because later it would mean something else.
"""

import logging
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from device.errors import DriverError

T = TypeVar("T")

log = logging.getLogger(__name__)

STOP_S = 2.0
"""A part that hangs is not waited for any longer; its thread ends with the process."""

Told = Callable[[str | None], None]
"""Hears what is wrong with the part, or None when nothing is any more."""


class LatestWorker(Generic[T]):
    """One part. `put` carries a wish out and raises DriverError when it cannot; `told` is called
    from the outlet's thread, once for each change. `retry_s`: so long after a failure it is tried
    again; None for wishes of the moment.
    """

    def __init__(
        self, part: str, put: Callable[[T], None], told: Told, *, retry_s: float | None = None
    ) -> None:
        self._part = part
        self._put = put
        self._told = told
        self._retry_s = retry_s
        self._news = threading.Condition()
        self._wishes: list[T] = []
        self._running = False
        self._busy = False
        self._gone = False
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Start the thread."""
        self._running = True
        self._thread = threading.Thread(target=self._run, name=self._part, daemon=True)
        self._thread.start()

    def want(self, wish: T) -> None:
        """Carry this out soon, and nothing that was wished for before; never blocks."""
        with self._news:
            self._wishes = [wish]
            self._news.notify_all()

    @property
    def at_rest(self) -> bool:
        """Every wish has been carried out, or has failed and is not tried again."""
        with self._news:
            return not self._wishes and not self._busy

    def stop(self) -> None:
        """End the thread after the wish under way; safe to call twice."""
        with self._news:
            self._running = False
            self._news.notify_all()
        if self._thread is not None:
            self._thread.join(STOP_S)
            if self._thread.is_alive():
                log.error("the %s did not answer when the pad stopped", self._part)
            self._thread = None

    def _run(self) -> None:
        try:
            while (wish := self._next()) is not None:
                self._carry_out(wish[0])
        except Exception as error:
            log.exception("the thread of the %s ended", self._part)
            self._told(f"its thread ended: {error}")

    def _next(self) -> tuple[T] | None:
        """Sleep until there is a wish; None at the end."""
        with self._news:
            self._busy = False
            self._news.wait_for(lambda: self._wishes or not self._running)
            self._busy = self._running
            return (self._wishes.pop(),) if self._running else None

    def _carry_out(self, wish: T) -> None:
        try:
            self._put(wish)
        except DriverError as error:
            self._report(error.detail)
            if self._retry_s is not None:
                self._again(wish, self._retry_s)
        else:
            self._report(None)

    def _again(self, wish: T, after_s: float) -> None:
        """Wish for the same once more, unless something else has been wished for by then."""
        with self._news:
            self._news.wait_for(lambda: not self._running, after_s)
            self._wishes = self._wishes or [wish]

    def _report(self, detail: str | None) -> None:
        if (detail is not None) != self._gone:
            self._gone = detail is not None
            self._told(detail)
