"""What has changed at the window since the last look: its state and its standings. Pure.

It asks the desk's port, so it cannot tell what a clerk may not know (law 7). An invitation is
followed from its first sight until it has ended; several may be on their way to a slow card.
"""

from device.desk.schemas import StandingEvent, WindowEvent, window_event
from device.events import Standing
from device.ports import Desk, WindowStatus

WindowChange = WindowEvent | StandingEvent


class WindowDiff:
    """One follower of one window, from now on."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._window: WindowStatus | None = None
        self._newest: str | None = None
        self._followed: dict[str, Standing | None] = {}

    def look(self) -> list[WindowChange]:
        """What is new, standings first; at the first look the window, and what is open there."""
        now = self._desk.window()
        if now.invitation is not None and now.invitation != self._newest:
            self._newest = now.invitation
            self._followed[now.invitation] = None
        found: list[WindowChange] = []
        for one, before in list(self._followed.items()):
            standing = self._desk.standing(one)
            if standing is not None and standing != before:
                found.append(StandingEvent(invitation=one, standing=standing))
                self._followed[one] = standing
            if standing != "open":
                del self._followed[one]
        if now != self._window:
            self._window = now
            found.append(window_event(now))
        return found
