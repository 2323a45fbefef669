"""What has changed at the window since the last call: its state and its standings. Pure.

It reads the desk's port only, so it cannot tell what a clerk may not know (law 7). An invitation is
followed from when it is first seen until it has ended. Several are followed while a slow card takes
their entries.
"""

from device.desk.schemas import StandingEvent, WindowEvent, window_event
from device.events import Standing
from device.ports import Desk, WindowStatus

WindowChange = WindowEvent | StandingEvent


class WindowDiff:
    """The changes at one window from now on."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._window: WindowStatus | None = None
        self._newest: str | None = None
        self._followed: dict[str, Standing | None] = {}

    def changes(self) -> list[WindowChange]:
        """What is new since the last call, standings first. The first call gives the window as it
        is, and the standing of an open invitation.
        """
        now = self._desk.window()
        if now.invitation is not None and now.invitation != self._newest:
            self._newest = now.invitation
            self._followed[now.invitation] = None
        found: list[WindowChange] = []
        for invitation, before in list(self._followed.items()):
            standing = self._desk.standing(invitation)
            if standing is not None and standing != before:
                found.append(StandingEvent(invitation=invitation, standing=standing))
                self._followed[invitation] = standing
            if standing != "open":
                del self._followed[invitation]
        if now != self._window:
            self._window = now
            found.append(window_event(now))
        return found
