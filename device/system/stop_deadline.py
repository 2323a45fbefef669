"""The agent ends within a deadline after it was told to, whatever hangs.

Each part bounds its own stop. This is for what no code of ours can bound: several parts that hang
at the same time, a library's thread that Python waits for when a process ends, a callback that
blocks the event loop. Nothing is lost by it: what is durable stays durable, and nobody was thanked
for what is not.
"""

import faulthandler
import logging
import os
import threading

log = logging.getLogger(__name__)

STOP_S = 8.0
"""The deadline. systemd kills the service later (`TimeoutStopSec` of its unit)."""


class StopDeadline:
    """Ends this process `after_s` after `begin`, with the exit code 0 when it was told to stop and
    1 when it failed. Every method may be called from any thread, more than once.
    """

    def __init__(self, after_s: float = STOP_S) -> None:
        self._after_s = after_s
        self._ended = threading.Event()
        self._begun = threading.Lock()
        self._code = 0

    def begin(self, *, failed: bool = False) -> None:
        """Count from now."""
        self._code = self._code or int(failed)
        if self._begun.acquire(blocking=False):
            threading.Thread(target=self._wait, name="stop-deadline", daemon=True).start()

    def end(self) -> None:
        """The agent has ended in time: do nothing more."""
        self._ended.set()

    def _wait(self) -> None:
        if self._ended.wait(self._after_s):
            return
        log.error("a part did not stop within %.0f s; what hangs:", self._after_s)
        faulthandler.dump_traceback(all_threads=True)
        os._exit(self._code)
