"""The types of the desk's HTTP API: request bodies, answers and events. Pure.

Every field of a request is optional, none may be unknown, and no value is converted to another
type.
"""

from typing import Any, Literal

import msgspec

from device.events import Standing
from device.ports import DayStatus, WindowStatus
from sync.beijing_time import beijing_timestamp
from sync.desk_fields import Case, Clerk, Matter, Reason, Step, Window
from sync.identity_text import make_canonical


class RequestBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The base of every request body: unknown fields are refused, and of every text that serves as
    identity the canonical form is taken.
    """

    def __post_init__(self) -> None:
        """Take the canonical forms; msgspec answers one that has none as any wrong value."""
        make_canonical(self)


class InvitationRequest(RequestBody, frozen=True, kw_only=True):
    """The service to be rated. `again`: invite although it has been rated; the ledger shows it.
    `window`: the one whose pad the caller means to call; a pad of another window refuses.
    `channel`: "hall_terminal" from a self-service terminal.
    """

    case: Case | None = None
    matter: Matter | None = None
    step: Step | None = None
    clerk: Clerk | None = None
    again: bool = False
    window: Window | None = None
    channel: Literal["hall_pad", "hall_terminal"] = "hall_pad"


class WithdrawalRequest(RequestBody, frozen=True, kw_only=True):
    """Why the invitation is withdrawn; kept in the entry."""

    reason: Reason = ""


class WindowRequest(RequestBody, frozen=True, kw_only=True):
    """Who closes or opens the window, and which window is meant."""

    by: Clerk | None = None
    window: Window | None = None


class InvitationState(msgspec.Struct, frozen=True, kw_only=True):
    """All that a clerk may know about an invitation (law 7)."""

    invitation: str
    standing: Standing


class InvitationMade(InvitationState, frozen=True, kw_only=True, omit_defaults=True):
    """An invitation that was granted. `case`: the canonical form of the case number that was sent,
    as the pad keeps it.
    """

    case: str | None = None


class OpenService(msgspec.Struct, frozen=True, kw_only=True):
    """What the open invitation was made for, in the words of the desk that made it. `since`: in
    Beijing's time; null while the pad does not know the time. `left_s`: until it ends unrated.
    """

    case: str | None
    matter: str | None
    step: str | None
    clerk: str | None
    since: str | None
    left_s: int


class WindowState(msgspec.Struct, frozen=True, kw_only=True):
    """The window at this moment. `invitation`: the one on the screen. `fault`: the code on it.
    `open`: what waits for its rating; null once the citizen has answered.
    """

    window: str
    state: Literal["ready", "busy", "paused", "fault", "unbound"]
    invitation: str | None = None
    fault: str | None = None
    open: OpenService | None = None


class ListedCase(InvitationState, frozen=True, kw_only=True):
    """An invitation among the newest ones. `since`: when it was made, in Beijing's time."""

    case: str | None
    matter: str | None
    step: str | None
    clerk: str | None
    since: str | None


class LongGap(msgspec.Struct, frozen=True, kw_only=True):
    """Nobody has been invited for so many minutes, at an open window; and how many are usual
    today.
    """

    minutes: int
    usual_minutes: int


class Today(msgspec.Struct, frozen=True, kw_only=True):
    """How many were invited on this day of Beijing's time, and what became of them; never a level.
    No `date` and no counts while the pad does not know the time. `complete`: false when the ledger
    may lack a part of the day. `gap`: when it is much longer than usual. `cases`: the newest ones,
    of whatever day, the newest first.
    """

    date: str | None
    invited: int | None
    rated: int | None
    unrated: int | None
    withdrawn: int | None
    complete: bool
    gap: LongGap | None
    cases: tuple[ListedCase, ...]


class TicketIssued(msgspec.Struct, frozen=True, kw_only=True):
    """A ticket for one connection to /v1/events, to be used within `good_for_s` seconds."""

    ticket: str
    good_for_s: int


class WindowEvent(WindowState, frozen=True, kw_only=True, tag_field="event", tag="window"):
    """The window has changed; also sent first, and when nothing has changed for 15 s."""


class StandingEvent(InvitationState, frozen=True, kw_only=True, tag_field="event", tag="standing"):
    """An invitation has been opened, or has ended."""


class TodayEvent(Today, frozen=True, kw_only=True, tag_field="event", tag="today"):
    """The counts of the day, or the newest cases, have changed; also sent at the beginning."""


def window_state(now: WindowStatus) -> WindowState:
    """The window as the API answers it."""
    return msgspec.convert(_window(now), WindowState)


def window_event(now: WindowStatus) -> WindowEvent:
    """The same, as an event."""
    return msgspec.convert({"event": "window", **_window(now)}, WindowEvent)


def today(now: DayStatus) -> Today:
    """The day as the API answers it."""
    return msgspec.convert(_day(now), Today)


def today_event(now: DayStatus) -> TodayEvent:
    """The same, as an event."""
    return msgspec.convert({"event": "today", **_day(now)}, TodayEvent)


def _window(now: WindowStatus) -> dict[str, Any]:
    return {**now._asdict(), "open": now.open and _with_since(now.open._asdict())}


def _day(now: DayStatus) -> dict[str, Any]:
    told = now._asdict()
    return {
        **told,
        "complete": told.pop("is_complete"),
        "gap": now.gap and now.gap._asdict(),
        "cases": [_with_since(case._asdict()) for case in now.cases],
    }


def _with_since(told: dict[str, Any]) -> dict[str, Any]:
    invited_ms = told.pop("invited_ms")
    return {**told, "since": invited_ms and beijing_timestamp(invited_ms)}
