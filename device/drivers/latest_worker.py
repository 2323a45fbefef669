"""One output part (lights, beeper, voice) and its thread: the latest request replaces earlier ones.

The agent's loop hands over a request and continues, so a slow sound card delays nothing but itself.
A request for a state (which lights are lit) is tried again until it succeeds. A request for one
moment (a beep) is dropped when it fails: later it would mean something else.
"""

import logging
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from device.errors import DriverError

T = TypeVar("T")

log = logging.getLogger(__name__)

STOP_S = 2.0
"""How long `stop` waits for a part that hangs. Its thread then ends with the process."""

OnChange = Callable[[str | None], None]
"""Called with the reason when the part fails, and with None when it works again."""


class LatestWorker(Generic[T]):
    """One part. `carry_out` is called with a request and raises DriverError when it fails;
    `on_change` is called once for each change. Both are called from the worker's thread.
    `retry_s`: the time from a failure to the next attempt; None: a failed request is dropped.
    """

    def __init__(
        self,
        part: str,
        carry_out: Callable[[T], None],
        on_change: OnChange,
        *,
        retry_s: float | None = None,
    ) -> None:
        self._part = part
        self._carry_out = carry_out
        self._on_change = on_change
        self._retry_s = retry_s
        self._changed = threading.Condition()
        self._requests: list[T] = []
        self._running = False
        self._busy = False
        self._gone = False
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Start the thread."""
        self._running = True
        self._thread = threading.Thread(target=self._run, name=self._part, daemon=True)
        self._thread.start()

    def request(self, value: T) -> None:
        """Replace what was requested before by `value`; from any thread, never blocks."""
        with self._changed:
            self._requests = [value]
            self._changed.notify_all()

    @property
    def at_rest(self) -> bool:
        """Every request was carried out, or has failed and is not tried again."""
        with self._changed:
            return not self._requests and not self._busy

    def stop(self) -> None:
        """End the thread after the request it is carrying out; safe to call twice."""
        with self._changed:
            self._running = False
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join(STOP_S)
            if self._thread.is_alive():
                log.error("the %s did not answer when the pad stopped", self._part)
            self._thread = None

    def _run(self) -> None:
        try:
            while (found := self._next()) is not None:
                self._attempt(found[0])
        except Exception as error:
            log.exception("the thread of the %s ended", self._part)
            self._on_change(f"its thread ended: {error}")

    def _next(self) -> tuple[T] | None:
        """Sleep until there is a request; None after `stop`."""
        with self._changed:
            self._busy = False
            self._changed.wait_for(lambda: self._requests or not self._running)
            self._busy = self._running
            return (self._requests.pop(),) if self._running else None

    def _attempt(self, value: T) -> None:
        try:
            self._carry_out(value)
        except DriverError as error:
            self._report(error.detail)
            if self._retry_s is not None:
                self._retry(value, self._retry_s)
        else:
            self._report(None)

    def _retry(self, value: T, after_s: float) -> None:
        """Request the same again after `after_s`, unless there is a newer request by then."""
        with self._changed:
            self._changed.wait_for(lambda: not self._running, after_s)
            self._requests = self._requests or [value]

    def _report(self, detail: str | None) -> None:
        """Report only a change: the part has failed, or works again."""
        if (detail is not None) != self._gone:
            self._gone = detail is not None
            self._on_change(detail)
