"""What a client logs about its connections: whom, since when, why not, and each reason once.

A broker that is away for a weekend is one line and a reminder now and then, not one line for each
attempt; a reason that changes is a line at once, because the first failure is often not the cause.
"""

import logging
import time
from collections.abc import Callable

REMIND_S = 600.0
"""The same line is written again after so long."""
LINES_KEPT = 32
"""Different lines that are remembered; a broker may give ever another reason."""


class ConnectionLog:
    """Logs for one client. `who` begins each line; `address`: the broker's. One thread at a time.

    `reason` is the last reason why there was no connection, "" while there is one.
    """

    def __init__(
        self,
        log: logging.Logger,
        who: str,
        address: str,
        *,
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._log = log
        self._who = who
        self._address = address
        self._now_s = now_s
        self._written: dict[str, tuple[float, int]] = {}
        self.reason = ""

    def connecting(self) -> None:
        """A connection is being made."""
        if not self.reason:
            self._once(logging.INFO, f"connecting to {self._address}")

    def connected(self, detail: str = "") -> None:
        """The broker accepted the connection."""
        self.reason = ""
        self._once(logging.INFO, f"connected to {self._address}{detail}")

    def lost(self, reason: str, wait_ms: int) -> bool:
        """There is no connection; another try follows. True for a reason that has changed."""
        changed = reason != self.reason
        self.reason = reason
        self._once(
            logging.INFO,
            f"no connection to {self._address}: {reason}; trying again by itself",
            f" (next in {wait_ms / 1000:.1f} s)",
        )
        return changed

    def warn(self, problem: str) -> None:
        """Something that is not the connection's end went wrong on it."""
        self._once(logging.WARNING, problem)

    def _once(self, level: int, line: str, ending: str = "") -> None:
        now_s = self._now_s()
        written_s, more = self._written.pop(line, (now_s - REMIND_S, 0))
        if now_s - written_s < REMIND_S:
            self._written[line] = (written_s, more + 1)
            self._log.debug("%s: %s%s", self._who, line, ending)
            return
        self._written[line] = (now_s, 0)
        while len(self._written) > LINES_KEPT:
            del self._written[next(iter(self._written))]
        often = f" ({more} times more since)" if more else ""
        self._log.log(level, "%s: %s%s%s", self._who, line, ending, often)
