"""The guards of the session's transitions: whether a row fits an event. Pure.

The first line of a guard's docstring is how `docs/session.md` words it.
"""

from typing import Any, Protocol

from device.events import Blocked, ClerkKey, Detail, Event, Press, Selftest, Withdraw
from device.session.context import SessionContext
from sync.entries import At, Detailed, Rated


class Guard(Protocol):
    """A guard: a function of the context, the event of its rows, and now. Changes nothing."""

    __name__: str

    def __call__(self, context: SessionContext, event: Any, at: At, /) -> bool:
        """Whether the row fits."""


def clogged(context: SessionContext, _event: Event, _at: At) -> bool:
    """Too many entries wait for the card."""
    return context.clogged


def sooner(context: SessionContext, _press: Press, at: At) -> bool:
    """Edge before the invitation."""
    return at.mono < context.invited_ms


def later(context: SessionContext, _press: Press, at: At) -> bool:
    """Edge after the deadline."""
    return at.mono > context.open_until_ms


def level_key(_context: SessionContext, press: Press, _at: At) -> bool:
    """One level key."""
    return press.level is not None


def repeating(context: SessionContext, press: Press | ClerkKey, at: At) -> bool:
    """A key that repeats."""
    return context.keys.repeats(press.key, at.mono)


def key_to_invite(_context: SessionContext, key: ClerkKey, _at: At) -> bool:
    """The key to invite."""
    return key.does == "invite"


def key_to_pause(_context: SessionContext, key: ClerkKey, _at: At) -> bool:
    """The key to pause."""
    return key.does == "pause"


def corrects(context: SessionContext, press: Press, at: At) -> bool:
    """One level key, in the grace time, the first correction."""
    return press.level is not None and not context.corrected and context.in_grace(at)


def early(context: SessionContext, _tick: Event, at: At) -> bool:
    """Before the deadline."""
    return context.deadline_ms is not None and at.mono < context.deadline_ms


def due(context: SessionContext, _tick: Event, _at: At) -> bool:
    """At the deadline."""
    return context.deadline_ms is not None


def this_invitation(context: SessionContext, withdraw: Withdraw, _at: At) -> bool:
    """This invitation."""
    return context.invitation is not None and context.invitation.id == withdraw.invitation


def pause_is_set(context: SessionContext, _event: Event, _at: At) -> bool:
    """A pause is set."""
    return context.paused


def last_rating_durable(context: SessionContext, _stored: Event, _at: At) -> bool:
    """Last rating durable."""
    return context.is_last_waiting(Rated)


def details_durable(context: SessionContext, _stored: Event, _at: At) -> bool:
    """Details durable."""
    return context.is_last_waiting(Detailed)


def given(_context: SessionContext, detail: Detail, _at: At) -> bool:
    """Something given."""
    return bool(detail.options or detail.text)


def same_fault(context: SessionContext, blocked: Blocked, _at: At) -> bool:
    """The fault already shown."""
    return blocked.code is context.fault


def on(_context: SessionContext, selftest: Selftest, _at: At) -> bool:
    """On."""
    return selftest.on
