"""Whether anybody can see the page: a browser may run, and show white. Pure.

A page that is on a screen says so every ten seconds, out of a frame that the browser draws; one
that hangs or has crashed draws none. An invitation on a screen that shows nothing would lapse, and
the citizen be counted as content after seven days; so the pad has a fault instead, and the browser
is started again, later and later if that does not help.
"""

from typing import NamedTuple

FIRST_AFTER = 2
"""The browser is started again when the page was unseen for twice as long as makes a fault."""

LONGEST_MS = 3_600_000
"""And from then on each time after twice as long as before, an hour at most: a browser that is slow
to start is not stopped again and again."""


class LivenessCheck(NamedTuple):
    """What a look found. `again`: it is time to start the browser again."""

    lost: bool
    again: bool = False


class PageLiveness:
    """The page of one pad, from `now_ms` on the boot clock; unseen for `lost_ms` is lost."""

    def __init__(self, lost_ms: int, now_ms: int) -> None:
        self._lost_ms = lost_ms
        self.shown(now_ms)

    def shown(self, now_ms: int) -> None:
        """A page is on a screen."""
        self._last_ms = now_ms
        self._wait_ms = self._lost_ms * FIRST_AFTER
        self._next_ms = now_ms + self._wait_ms

    def look(self, now_ms: int) -> LivenessCheck:
        """How things stand; says once for each time that the browser is to be started again."""
        again = now_ms >= self._next_ms
        if again:
            self._wait_ms = min(self._wait_ms * 2, LONGEST_MS)
            self._next_ms = now_ms + self._wait_ms
        return LivenessCheck(now_ms - self._last_ms >= self._lost_ms, again)
