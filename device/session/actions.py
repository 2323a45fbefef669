"""What the rows of the session's table do. Pure.

The inside of `session.py`, where the theory is written; nothing else uses it. Each act takes the
event that its rows name.
"""

from collections.abc import Callable
from typing import Any

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
from device.session.transitions import Action, SessionState
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
"""However late the commit came, thanks stands at least so long before another page opens."""

SCENE_AT_REST = {
    SessionState.UNBOUND: Scene.UNBOUND,
    SessionState.IDLE: Scene.STANDBY,
    SessionState.PAUSED: Scene.PAUSED,
}


class Acts(SessionContext):
    """A session's moves, one method for each act of the table."""

    def _ignore(self, _: Event, _at: At) -> None:
        pass

    def _stray(self, press: Press | ClerkKey, at: At) -> None:
        if self.clogged:
            self.strays_dropped += 1
            return
        self._record(Strayed(at=at, key=press.key, state=self.state.value, source=press.source))

    def _refuse_ended(self, wish: Withdraw, _: At) -> None:
        known = self.standing(wish.invitation) is not None
        self._effects.append(Refuse(Refusal.ENDED if known else Refusal.UNKNOWN))

    def _invite(self, wish: Invite | ClerkKey, at: At) -> None:
        one = self.invitation = self._asked = wish.invitation
        self._corrected, self._level, self._grace_until_ms = False, None, None
        self._invited_ms = at.mono
        self._open_until_ms = at.mono + self.timing.invitation_ms
        self.remember(one.id, "open")
        self._record(
            Invited(
                at=at,
                invitation=one.id,
                window=self.window,
                source=one.source,
                service=one.service,
                clerk=one.clerk,
                rated_before=one.rated_before,
                channel=one.channel,
            )
        )
        self._move(SessionState.INVITED, Scene.INVITATION)
        self._effects.append(Say(Scene.INVITATION))
        self._arm(self._open_until_ms + self.timing.settle_ms, at)

    def _rate(self, press: Press, at: At) -> None:
        self._grace_until_ms = at.mono + self.timing.grace_ms
        self._record_level(press, at, again=False)

    def _correct(self, press: Press, at: At) -> None:
        self._corrected = True
        self._record_level(press, at, again=True)

    def _record_level(self, press: Press, at: At, *, again: bool) -> None:
        """The one place where a level enters an entry: the level of the key that was pressed."""
        if press.level is None or self.invitation is None:
            return  # unreachable by the table; a level is never made up (law 1)
        self._record(
            Rated(
                at=at,
                invitation=self.invitation.id,
                level=press.level,
                source=press.source,
                elapsed_ms=at.mono - self._invited_ms,
                again=again,
            )
        )
        self._level = press.level
        self.state = SessionState.SAVING
        self._effects.append(Say(Scene.SAVING))
        self._arm(at.mono + self.timing.saving_ms, at)

    def _lapse(self, _: Event, at: At) -> None:
        self._unrated(at)
        self._show_lapsed(at)

    def _lapse_stray(self, press: Press, at: At) -> None:
        self._unrated(at)
        self._stray(press, at)
        self._show_lapsed(at)

    def _unrated(self, at: At) -> None:
        if self.invitation is not None:
            self.remember(self.invitation.id, "unrated")
            self._record(Lapsed(at=at, invitation=self.invitation.id))

    def _show_lapsed(self, at: At) -> None:
        self._end()
        self._lapsed_ms = at.mono
        self._move(SessionState.IDLE, Scene.LAPSED)
        self._arm(at.mono + self.timing.lapsed_ms, at)

    def _withdraw(self, wish: Withdraw, at: At) -> None:
        self._take_back(wish.reason, at)
        self._rest(wish, at)

    def _take_back(self, reason: str, at: At) -> None:
        if self.invitation is not None:
            self.remember(self.invitation.id, "withdrawn")
            self._record(Withdrawn(at=at, invitation=self.invitation.id, reason=reason))

    def _settle(self, _: Event, _at: At) -> None:
        body = self._waiting.popleft() if self._waiting else None
        if isinstance(body, Rated):
            self.remember(body.invitation, "rated")
            self._rated = body

    def _thank(self, stored: Event, at: At) -> None:
        self._settle(stored, at)
        self._thanks_until_ms = at.mono + self.timing.thanks_ms
        self._move(SessionState.GRACE, Scene.THANKS)
        self._effects.append(Say(Scene.THANKS))
        grace_end_ms = (self._grace_until_ms or at.mono) + self.timing.settle_ms
        self._arm(max(grace_end_ms, at.mono + THANKS_SEEN_MS), at)

    def _thank_again(self, stored: Event, at: At) -> None:
        self._settle(stored, at)
        self._skip(stored, at)

    def _skip(self, _: Event, at: At) -> None:
        self._move(SessionState.THANKS, Scene.THANKS)
        self._arm(at.mono + self.timing.thanks_ms, at)

    def _grace_over(self, _: Event, at: At) -> None:
        self._grace_until_ms = None
        if self.details:
            self._move(SessionState.DETAILS, Scene.DETAILS)
            self._arm(at.mono + self.timing.details_ms, at)
            return
        self.state = SessionState.THANKS
        self._arm(self._thanks_until_ms, at)

    def _show_saving(self, _: Event, _at: At) -> None:
        self._disarm()
        self._effects.append(Show(Scene.SAVING))

    def _detail(self, given: Detail, at: At) -> None:
        if self.invitation is not None:
            one = self.invitation.id
            self._record(Detailed(at=at, invitation=one, options=given.options, text=given.text))
        self.state = SessionState.SAVING
        self._arm(at.mono + self.timing.saving_ms, at)

    def _rearm(self, _: Event, at: At) -> None:
        if self._deadline_ms is not None:
            self._arm(self._deadline_ms, at)

    def _rest(self, _: Event, _at: At) -> None:
        self._end()
        self._fault = None
        self._disarm()
        state = self._resting()
        self._move(state, SCENE_AT_REST[state])

    def _pause(self, wish: Pause | ClerkKey, at: At) -> None:
        self._pause_later(wish, at)
        self._rest(wish, at)

    def _pause_open(self, wish: Pause, at: At) -> None:
        self._take_back("paused", at)
        self._pause(wish, at)

    def _pause_later(self, wish: Pause | ClerkKey, at: At) -> None:
        self._paused = True
        self._record(Paused(at=at, by=wish.by))

    def _resume(self, wish: Resume | ClerkKey, at: At) -> None:
        self._resume_later(wish, at)
        self._rest(wish, at)

    def _resume_later(self, wish: Resume | ClerkKey, at: At) -> None:
        self._paused = False
        self._record(Resumed(at=at, by=wish.by))

    def _block(self, blocked: Blocked, _at: At) -> None:
        self._end()
        self._disarm()
        self._fault = blocked.code
        self.state = SessionState.FAULT
        self._effects.append(Show(Scene.FAULT, blocked.code))

    def _block_open(self, blocked: Blocked, at: At) -> None:
        self._take_back("fault", at)
        self._block(blocked, at)

    def _bind(self, bound: Event, at: At) -> None:
        self._bind_later(bound, at)
        self._rest(bound, at)

    def _bind_later(self, _: Event, _at: At) -> None:
        self._bound = True

    def _test(self, _: Event, _at: At) -> None:
        self._disarm()
        self._move(SessionState.SELFTEST, Scene.SELFTEST)


def _refuse(refusal: Refusal) -> Callable[[Acts, Event, At], None]:
    return lambda acts, _, __: acts._effects.append(Refuse(refusal))


ACTS: dict[Action, Callable[[Acts, Any, At], None]] = {
    Action.REFUSE_BUSY: _refuse(Refusal.BUSY),
    Action.REFUSE_PAUSED: _refuse(Refusal.PAUSED),
    Action.REFUSE_FAULT: _refuse(Refusal.FAULT),
    Action.REFUSE_UNBOUND: _refuse(Refusal.UNBOUND),
    Action.IGNORE: Acts._ignore,
    Action.STRAY: Acts._stray,
    Action.REFUSE_ENDED: Acts._refuse_ended,
    Action.INVITE: Acts._invite,
    Action.RATE: Acts._rate,
    Action.CORRECT: Acts._correct,
    Action.LAPSE: Acts._lapse,
    Action.LAPSE_STRAY: Acts._lapse_stray,
    Action.WITHDRAW: Acts._withdraw,
    Action.SETTLE: Acts._settle,
    Action.THANK: Acts._thank,
    Action.THANK_AGAIN: Acts._thank_again,
    Action.SHOW_SAVING: Acts._show_saving,
    Action.GRACE_OVER: Acts._grace_over,
    Action.DETAIL: Acts._detail,
    Action.SKIP: Acts._skip,
    Action.REARM: Acts._rearm,
    Action.REST: Acts._rest,
    Action.PAUSE: Acts._pause,
    Action.PAUSE_OPEN: Acts._pause_open,
    Action.PAUSE_LATER: Acts._pause_later,
    Action.RESUME: Acts._resume,
    Action.RESUME_LATER: Acts._resume_later,
    Action.BLOCK: Acts._block,
    Action.BLOCK_OPEN: Acts._block_open,
    Action.BIND: Acts._bind,
    Action.BIND_LATER: Acts._bind_later,
    Action.TEST: Acts._test,
}
