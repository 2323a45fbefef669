"""The actions of the session's transitions: what a row does. Pure.

An action takes the context, the event that its rows name, and now; it changes the context and
appends effects. The first line of its docstring is how `docs/session.md` words it. To add an
action, write its function here and name it in a row of `transitions.py`.
"""

from typing import Any, Protocol

from device.events import (
    Blocked,
    ClerkKey,
    Detail,
    Event,
    Invite,
    Pause,
    Press,
    Refusal,
    Refuse,
    Resume,
    Say,
    Scene,
    Show,
    Withdraw,
)
from device.session.context import SessionContext
from device.session.states import SessionState
from sync.entries import (
    At,
    Detailed,
    Invited,
    Lapsed,
    Paused,
    Rated,
    Resumed,
    Strayed,
    Withdrawn,
)

THANKS_SEEN_MS = 1_000
"""However late the commit came, thanks is shown at least so long before another page opens."""

SCENE_AT_REST = {
    SessionState.UNBOUND: Scene.UNBOUND,
    SessionState.IDLE: Scene.STANDBY,
    SessionState.PAUSED: Scene.PAUSED,
}


class Action(Protocol):
    """A function of the context, the event of its rows, and now."""

    __name__: str

    def __call__(self, context: SessionContext, event: Any, at: At, /) -> None:
        """Carry it out."""


# --- nothing, strays, refusals ------------------------------------------------------------------


def ignore(_context: SessionContext, _event: Event, _at: At) -> None:
    """Ignored."""


def stray(context: SessionContext, press: Press | ClerkKey, at: At) -> None:
    """Strayed."""
    if context.drops_stray(press.key, at):
        context.strays_dropped += 1
        return
    if context.keys.repeats(press.key, at.mono):
        context.strayed_keys.add(press.key)
    state = context.state.value
    context.record(Strayed(at=at, key=press.key, state=state, source=press.source))


def refuse_busy(context: SessionContext, _event: Event, _at: At) -> None:
    """Refused: busy."""
    context.effects.append(Refuse(Refusal.BUSY))


def refuse_paused(context: SessionContext, _event: Event, _at: At) -> None:
    """Refused: paused."""
    context.effects.append(Refuse(Refusal.PAUSED))


def refuse_fault(context: SessionContext, _event: Event, _at: At) -> None:
    """Refused: fault."""
    context.effects.append(Refuse(Refusal.FAULT))


def refuse_unbound(context: SessionContext, _event: Event, _at: At) -> None:
    """Refused: unbound."""
    context.effects.append(Refuse(Refusal.UNBOUND))


def refuse_ended(context: SessionContext, withdraw: Withdraw, _at: At) -> None:
    """Refused: ended or unknown."""
    known = withdraw.invitation in context.standings
    context.effects.append(Refuse(Refusal.ENDED if known else Refusal.UNKNOWN))


# --- invitation and rating ----------------------------------------------------------------------


def invite(context: SessionContext, event: Invite | ClerkKey, at: At) -> None:
    """Record invited, show the invitation."""
    invitation = context.invitation = context.last_invitation = event.invitation
    context.corrected, context.level, context.grace_until_ms = False, None, None
    context.invitations += 1
    context.strayed_keys.clear()
    context.invited_ms = at.mono
    context.open_until_ms = at.mono + context.timing.invitation_ms
    context.remember(invitation.id, "open")
    context.record(
        Invited(
            at=at,
            invitation=invitation.id,
            window=context.window,
            source=invitation.source,
            service=invitation.service,
            clerk=invitation.clerk,
            rated_before=invitation.rated_before,
            channel=invitation.channel,
        )
    )
    context.move(SessionState.INVITED, Scene.INVITATION)
    context.effects.append(Say(Scene.INVITATION))
    context.arm(context.open_until_ms + context.timing.report_delay_ms, at)


def rate(context: SessionContext, press: Press, at: At) -> None:
    """Record rated."""
    context.grace_until_ms = at.mono + context.timing.grace_ms
    _record_level(context, press, at, again=False)


def correct(context: SessionContext, press: Press, at: At) -> None:
    """Record rated again."""
    context.corrected = True
    _record_level(context, press, at, again=True)


def _record_level(context: SessionContext, press: Press, at: At, *, again: bool) -> None:
    """The one place where a level enters an entry: the level of the key that was pressed."""
    if press.level is None or context.invitation is None:
        return  # unreachable by the table; a level is never made up (law 1)
    context.record(
        Rated(
            at=at,
            invitation=context.invitation.id,
            level=press.level,
            source=press.source,
            elapsed_ms=at.mono - context.invited_ms,
            again=again,
        )
    )
    context.level = press.level
    context.state = SessionState.SAVING
    context.effects.append(Say(Scene.SAVING))
    context.arm(at.mono + context.timing.saving_ms, at)


def lapse(context: SessionContext, _event: Event, at: At) -> None:
    """Record lapsed."""
    _record_lapsed(context, at)
    _show_lapsed(context, at)


def lapse_stray(context: SessionContext, press: Press, at: At) -> None:
    """Record lapsed, then strayed."""
    _record_lapsed(context, at)
    stray(context, press, at)
    _show_lapsed(context, at)


def _record_lapsed(context: SessionContext, at: At) -> None:
    if context.invitation is not None:
        context.remember(context.invitation.id, "unrated")
        context.record(Lapsed(at=at, invitation=context.invitation.id))


def _show_lapsed(context: SessionContext, at: At) -> None:
    context.end()
    context.lapsed_ms = at.mono
    context.move(SessionState.IDLE, Scene.LAPSED)
    context.arm(at.mono + context.timing.lapsed_ms, at)


def withdraw(context: SessionContext, event: Withdraw, at: At) -> None:
    """Record withdrawn."""
    _record_withdrawn(context, event.reason, at)
    rest(context, event, at)


def _record_withdrawn(context: SessionContext, reason: str, at: At) -> None:
    if context.invitation is not None:
        context.remember(context.invitation.id, "withdrawn")
        context.record(Withdrawn(at=at, invitation=context.invitation.id, reason=reason))


# --- durability and thanks ----------------------------------------------------------------------


def count_durable(context: SessionContext, _stored: Event, _at: At) -> None:
    """Count the entry as durable."""
    body = context.waiting.popleft() if context.waiting else None
    if isinstance(body, Rated):
        context.remember(body.invitation, "rated")
        context.unreported = body


def thank(context: SessionContext, stored: Event, at: At) -> None:
    """Show thanks."""
    count_durable(context, stored, at)
    context.thanks_until_ms = at.mono + context.timing.thanks_ms
    context.move(SessionState.GRACE, Scene.THANKS)
    context.effects.append(Say(Scene.THANKS))
    grace_end_ms = (context.grace_until_ms or at.mono) + context.timing.report_delay_ms
    context.arm(max(grace_end_ms, at.mono + THANKS_SEEN_MS), at)


def thank_again(context: SessionContext, stored: Event, at: At) -> None:
    """Show thanks once more."""
    count_durable(context, stored, at)
    skip(context, stored, at)


def skip(context: SessionContext, _event: Event, at: At) -> None:
    """Skipped, show thanks."""
    context.move(SessionState.THANKS, Scene.THANKS)
    context.arm(at.mono + context.timing.thanks_ms, at)


def grace_over(context: SessionContext, _tick: Event, at: At) -> None:
    """No more corrections."""
    context.grace_until_ms = None
    if context.details:
        context.move(SessionState.DETAILS, Scene.DETAILS)
        wait_for_reasons(context, _tick, at)
        return
    context.state = SessionState.THANKS
    context.arm(context.thanks_until_ms, at)


def wait_for_reasons(context: SessionContext, _event: Event, at: At) -> None:
    """Wait for reasons."""
    context.arm(at.mono + context.timing.details_ms, at)


def show_saving(context: SessionContext, _tick: Event, _at: At) -> None:
    """Show saving."""
    context.disarm()
    context.effects.append(Show(Scene.SAVING))


def record_details(context: SessionContext, detail: Detail, at: At) -> None:
    """Record detailed."""
    if context.invitation is not None:
        invitation = context.invitation.id
        context.record(
            Detailed(at=at, invitation=invitation, options=detail.options, text=detail.text)
        )
    context.state = SessionState.SAVING
    context.arm(at.mono + context.timing.saving_ms, at)


def check_keys(context: SessionContext, _check: Event, at: At) -> None:
    """Use the quiet keys again."""
    context.check_keys(at)


def rearm(context: SessionContext, _tick: Event, at: At) -> None:
    """Arm what is left."""
    if context.deadline_ms is not None:
        context.arm(context.deadline_ms, at)


# --- rest, pause, fault, binding ----------------------------------------------------------------


def rest(context: SessionContext, _event: Event, _at: At) -> None:
    """Show what stands."""
    context.end()
    context.fault = None
    context.disarm()
    state = context.resting_state()
    context.move(state, SCENE_AT_REST[state])


def pause(context: SessionContext, event: Pause | ClerkKey, at: At) -> None:
    """Record paused."""
    pause_later(context, event, at)
    rest(context, event, at)


def pause_open(context: SessionContext, event: Pause, at: At) -> None:
    """Record withdrawn, then paused."""
    _record_withdrawn(context, "paused", at)
    pause(context, event, at)


def pause_later(context: SessionContext, event: Pause | ClerkKey, at: At) -> None:
    """Record paused, close afterwards."""
    context.paused = True
    context.record(Paused(at=at, by=event.by))


def resume(context: SessionContext, event: Resume | ClerkKey, at: At) -> None:
    """Record resumed."""
    resume_later(context, event, at)
    rest(context, event, at)


def resume_later(context: SessionContext, event: Resume | ClerkKey, at: At) -> None:
    """Record resumed, open afterwards."""
    context.paused = False
    context.record(Resumed(at=at, by=event.by))


def block(context: SessionContext, blocked: Blocked, _at: At) -> None:
    """Show the fault."""
    context.end()
    context.disarm()
    context.fault = blocked.code
    context.state = SessionState.FAULT
    context.effects.append(Show(Scene.FAULT, blocked.code))


def block_open(context: SessionContext, blocked: Blocked, at: At) -> None:
    """Record withdrawn, show the fault."""
    _record_withdrawn(context, "fault", at)
    block(context, blocked, at)


def bind(context: SessionContext, bound: Event, at: At) -> None:
    """Show standby."""
    bind_later(context, bound, at)
    rest(context, bound, at)


def bind_later(context: SessionContext, _bound: Event, _at: At) -> None:
    """Bound afterwards."""
    context.bound = True


def show_selftest(context: SessionContext, _selftest: Event, _at: At) -> None:
    """Show the self-test."""
    context.disarm()
    context.move(SessionState.SELFTEST, Scene.SELFTEST)
