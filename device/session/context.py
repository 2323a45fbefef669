"""Where a session stands: what waits for the card, the deadlines, the guards. Pure.

The middle of `session.py`, where the theory is written; nothing else uses it.
"""

from collections import deque
from collections.abc import Callable
from typing import Any, NamedTuple

from device.errors import PadCode
from device.events import (
    Arm,
    Disarm,
    Effect,
    Event,
    Invitation,
    Record,
    Scene,
    Settled,
    Show,
    Standing,
)
from device.session.transitions import Guard, SessionState
from sync.entries import At, Body, Detailed, Level, Rated

STANDINGS_KEPT = 256
CLOGGED_AT = 128
"""Half of what the pad's queue holds, so that faults and clock entries always find room."""


class Timing(NamedTuple):
    """Durations in ms (design §5: 30 s with keys, 60 s with a touchscreen, 3 s, 4 s, +60 s).

    `saving_ms`: the SAVING scene is shown when a commit takes longer. `settle_ms`: how much later
    than its edge a press may be heard of; more than any profile's debounce time.
    """

    invitation_ms: int = 30_000
    grace_ms: int = 3_000
    thanks_ms: int = 4_000
    saving_ms: int = 2_000
    details_ms: int = 60_000
    lapsed_ms: int = 2_000
    settle_ms: int = 100


class SessionContext:
    """The variables of a session, and the small moves that its acts are made of."""

    def __init__(
        self, window: str, timing: Timing, *, details: bool, bound: bool, paused: bool
    ) -> None:
        self.window = window
        self.timing = timing
        self.details = details
        self.invitation: Invitation | None = None
        self.strays_dropped = 0
        """Strays that were only counted because the card took nothing."""
        self._bound = bound
        self._paused = paused
        self._fault: PadCode | None = None
        self._waiting: deque[Body] = deque()
        self._standings: dict[str, Standing] = {}
        self._effects: list[Effect] = []
        self._deadline_ms: int | None = None
        self._invited_ms = 0
        self._open_until_ms = 0
        self._lapsed_ms = 0
        self._grace_until_ms: int | None = None
        self._thanks_until_ms = 0
        self._corrected = False
        self._level: Level | None = None
        """Of the invitation's last press, until the session ends."""
        self._asked: Invitation | None = None
        """The last invitation, also when it has ended."""
        self._rated: Rated | None = None
        """The last durable rating that has not been said to be settled."""
        self.state = self._resting()

    def standing(self, invitation: str) -> Standing | None:
        """All that a clerk may know of an invitation; None for one that is not remembered."""
        return self._standings.get(invitation)

    def remember(self, invitation: str, standing: Standing) -> None:
        """Note a standing; at boot, take it over from the ledger. The last 256 are kept."""
        self._standings[invitation] = standing
        while len(self._standings) > STANDINGS_KEPT:
            del self._standings[next(iter(self._standings))]

    @property
    def asks(self) -> bool:
        """Whether a press of a level key would be a rating, or correct one, so far as the state
        tells; its own moment has the last word.
        """
        return self.state is SessionState.INVITED or (
            self.state is SessionState.GRACE and not self._corrected
        )

    def phone_may_rate(self, mono_ms: int, late_ms: int) -> str | None:
        """The invitation that a citizen may rate by phone now: the open one until a key is pressed,
        then none; for `late_ms` the one that lapsed, until another is asked for.
        """
        one = self._asked
        if one is None:
            return None
        if self.state is SessionState.INVITED:
            return one.id
        lapsed = self.state is SessionState.IDLE and self.standing(one.id) == "unrated"
        return one.id if lapsed and mono_ms < self._lapsed_ms + late_ms else None

    @property
    def reasons_for(self) -> Level | None:
        """The level that reasons are asked for now. For the citizen's eye only (law 7)."""
        return self._level if self.state is SessionState.DETAILS else None

    @property
    def clogged(self) -> bool:
        """The card takes nothing and too many entries wait for it."""
        return len(self._waiting) >= CLOGGED_AT

    def holds(self, when: Guard, event: Event, at: At) -> bool:
        """Whether a guard of the table holds for this event."""
        return _GUARDS[when](self, event, at)

    def _in_grace(self, at: At) -> bool:
        return self._grace_until_ms is not None and at.mono <= self._grace_until_ms

    def _last_waiting(self, kind: type[Body]) -> bool:
        """The entry that has become durable is of this kind, and none of it waits behind."""
        first, *rest = self._waiting or (None,)
        return isinstance(first, kind) and not any(isinstance(body, kind) for body in rest)

    def _record(self, body: Body) -> None:
        self._waiting.append(body)
        self._effects.append(Record(body))

    def _move(self, state: SessionState, scene: Scene) -> None:
        self.state = state
        self._effects.append(Show(scene))

    def _arm(self, deadline_ms: int, at: At) -> None:
        self._deadline_ms = deadline_ms
        self._effects.append(Arm(max(0, deadline_ms - at.mono)))

    def _disarm(self) -> None:
        if self._deadline_ms is not None:
            self._deadline_ms = None
            self._effects.append(Disarm())

    def _say_settled(self) -> None:
        """Say, once, that a rating is durable and can change no more.

        While its grace time runs or an entry of it waits for the card it may still change. A rating
        that becomes durable only after the next citizen was invited is not said at all: whoever
        hears of it would take it for that citizen's.
        """
        waits = any(isinstance(body, Rated) for body in self._waiting)
        if self._rated is None or waits or self._grace_until_ms is not None:
            return
        rated, self._rated = self._rated, None
        if self._asked is not None and self._asked.id == rated.invitation:
            self._effects.append(Settled(self._asked, rated.level))

    def _end(self) -> None:
        self.invitation = None
        self._level = None
        self._grace_until_ms = None

    def _resting(self) -> SessionState:
        if not self._bound:
            return SessionState.UNBOUND
        return SessionState.PAUSED if self._paused else SessionState.IDLE


_GUARDS: dict[Guard, Callable[[SessionContext, Any, At], bool]] = {
    Guard.CLOGGED: lambda course, _, __: course.clogged,
    Guard.SOONER: lambda course, _, at: at.mono < course._invited_ms,
    Guard.LATER: lambda course, _, at: at.mono > course._open_until_ms,
    Guard.LEVEL: lambda _, press, __: press.level is not None,
    Guard.INVITES: lambda _, pressed, __: pressed.does == "invite",
    Guard.PAUSES: lambda _, pressed, __: pressed.does == "pause",
    Guard.CORRECTS: lambda course, press, at: (
        press.level is not None and not course._corrected and course._in_grace(at)
    ),
    Guard.EARLY: lambda course, _, at: (
        course._deadline_ms is not None and at.mono < course._deadline_ms
    ),
    Guard.DUE: lambda course, _, __: course._deadline_ms is not None,
    Guard.ITS_OWN: lambda course, wish, _: (
        course.invitation is not None and course.invitation.id == wish.invitation
    ),
    Guard.PAUSE_WAITS: lambda course, _, __: course._paused,
    Guard.RATING_IN: lambda course, _, __: course._last_waiting(Rated),
    Guard.DETAIL_IN: lambda course, _, __: course._last_waiting(Detailed),
    Guard.GIVEN: lambda _, detail, __: bool(detail.options or detail.text),
    Guard.SAME: lambda course, blocked, _: blocked.code is course._fault,
    Guard.ON: lambda _, selftest, __: selftest.on,
}
