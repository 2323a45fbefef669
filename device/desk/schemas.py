"""The types of the desk's HTTP API: request bodies, answers and events. Pure.

Every field of a request is optional, none may be unknown, and no value is converted to another
type.
"""

from typing import Literal

import msgspec

from device.events import Standing
from device.ports import WindowStatus
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


class WindowState(msgspec.Struct, frozen=True, kw_only=True):
    """The window at this moment. `invitation`: the one on the screen. `fault`: the code on it."""

    window: str
    state: Literal["ready", "busy", "paused", "fault", "unbound"]
    invitation: str | None = None
    fault: str | None = None


class TicketIssued(msgspec.Struct, frozen=True, kw_only=True):
    """A ticket for one connection to /v1/events, to be used within `good_for_s` seconds."""

    ticket: str
    good_for_s: int


class WindowEvent(WindowState, frozen=True, kw_only=True, tag_field="event", tag="window"):
    """The window has changed; also sent first, and when nothing has changed for 15 s."""


class StandingEvent(InvitationState, frozen=True, kw_only=True, tag_field="event", tag="standing"):
    """An invitation has been opened, or has ended."""


def window_state(now: WindowStatus) -> WindowState:
    """The window as the API answers it."""
    return msgspec.convert(now._asdict(), WindowState)


def window_event(now: WindowStatus) -> WindowEvent:
    """The same, as an event."""
    return msgspec.convert({"event": "window", **now._asdict()}, WindowEvent)
