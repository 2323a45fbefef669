"""What has changed at the window since the last call: its state, its standings, its day. Pure.

It reads the desk's port only, so it cannot tell what a clerk may not know (law 7). An invitation is
followed from when it is first seen until it has ended. Several are followed while a slow card takes
their entries.
"""

from device.desk.schemas import StandingEvent, TodayEvent, WindowEvent, today_event, window_event
from device.events import Standing
from device.ports import DayStatus, Desk, WindowStatus

WindowChange = WindowEvent | StandingEvent | TodayEvent


class WindowDiff:
    """The changes at one window from now on."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._window: WindowStatus | None = None
        self._day: DayStatus | None = None
        self._newest: str | None = None
        self._followed: dict[str, Standing | None] = {}

    def changes(self) -> list[WindowChange]:
        """What is new since the last call, standings first, the day last. The first call gives the
        window and the day as they are, and the standing of an open invitation.
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
        if now.differs(self._window):
            self._window = now
            found.append(window_event(now))
        day = self._desk.day()
        if day != self._day:
            self._day = day
            found.append(today_event(day))
        return found
