"""Whether anybody can see the page: a browser may run and show nothing. Pure.

A page that is on a screen reports so every ten seconds, from within a frame that the browser draws;
one that hangs or has crashed draws none. An invitation on a screen that shows nothing would lapse,
and the citizen would be counted as content after seven days. So the pad has a fault instead, and
the browser is restarted, at growing intervals if that does not help.
"""

from typing import NamedTuple

FIRST_AFTER = 2
"""The browser is restarted when the page was not seen for twice as long as makes a fault."""

LONGEST_MS = 3_600_000
"""From then on it is restarted each time after twice as long as before, an hour at most: a browser
that starts slowly is not stopped again before it is ready."""


class LivenessCheck(NamedTuple):
    """What a check found. `lost`: no screen shows the page. `restart`: restart the browser now."""

    lost: bool
    restart: bool = False


class PageLiveness:
    """The page of one pad, from `now_ms` on the boot clock; not seen for `lost_ms`, it is lost."""

    def __init__(self, lost_ms: int, now_ms: int) -> None:
        self._lost_ms = lost_ms
        self.shown(now_ms)

    def shown(self, now_ms: int) -> None:
        """The page was on a screen at this time."""
        self._last_ms = now_ms
        self._interval_ms = self._lost_ms * FIRST_AFTER
        self._restart_ms = now_ms + self._interval_ms

    def check(self, now_ms: int) -> LivenessCheck:
        """The state at this time; `restart` is returned once for each time that it is due."""
        restart = now_ms >= self._restart_ms
        if restart:
            self._interval_ms = min(self._interval_ms * 2, LONGEST_MS)
            self._restart_ms = now_ms + self._interval_ms
        return LivenessCheck(now_ms - self._last_ms >= self._lost_ms, restart)
