"""The variables of a rating session, and the small moves that its actions are made of. Pure.

`session.py` has the theory of operation. Only it, actions and guards use `SessionContext`; the
agent uses `TOUCH_REPORT_DELAY_MS`.
"""

from collections import deque
from typing import NamedTuple

from device.errors import PadCode
from device.events import (
    Arm,
    ArmKeyCheck,
    Disarm,
    Effect,
    Invitation,
    KeyRepeats,
    RatingFinal,
    Record,
    Scene,
    Show,
    Standing,
)
from device.session.repeating_keys import RepeatingKeys
from device.session.states import SessionState
from sync.entries import At, Body, Level, Rated

STANDINGS_KEPT = 256
CLOGGED_AT = 128
"""Half of what the pad's queue holds, so that faults and clock entries always find room."""


TOUCH_REPORT_DELAY_MS = 400
"""`Timing.report_delay_ms` of a pad with a touchscreen: a touch is reported when it ends. A touch
lasts about 0.1 s, an old person's about 0.3 s."""


class Timing(NamedTuple):
    """Durations in ms. The defaults are those of a pad with keys; with a touchscreen an invitation
    stands for 60 s.

    `saving_ms`: the SAVING scene is shown when a commit takes longer. `details_ms`: reasons are
    asked for so long after the last touch. `report_delay_ms`: the longest time between a press and
    its report to the session; more than any profile's debounce time.
    """

    invitation_ms: int = 30_000
    grace_ms: int = 3_000
    thanks_ms: int = 4_000
    saving_ms: int = 2_000
    details_ms: int = 15_000
    lapsed_ms: int = 2_000
    report_delay_ms: int = 100


class SessionContext:
    """The variables of one session. Actions change them and append to `effects`."""

    def __init__(
        self, window: str, timing: Timing, *, details: bool, bound: bool, paused: bool
    ) -> None:
        self.window = window
        self.timing = timing
        self.details = details
        """Whether reasons are asked for after thanks."""
        self.bound = bound
        self.paused = paused
        self.state = SessionState.UNBOUND
        self.state = self.resting_state()
        self.effects: list[Effect] = []
        """What follows from the event that is being answered, in order."""
        self.waiting: deque[Body] = deque()
        """Entries that are recorded and not yet durable, oldest first."""
        self.standings: dict[str, Standing] = {}
        self.fault: PadCode | None = None
        """The fault that is shown."""
        self.strays_dropped = 0
        self.keys = RepeatingKeys()
        self.invitations = 0
        """How many have begun since the agent started."""
        self.strayed_keys: set[str] = set()
        """Repeating keys of which this invitation has a stray."""

        self.invitation: Invitation | None = None
        """The invitation that is being answered."""
        self.last_invitation: Invitation | None = None
        """The newest invitation, also when it has ended."""
        self.level: Level | None = None
        """The level of the last press for `invitation`, until the session ends."""
        self.corrected = False
        self.unreported: Rated | None = None
        """The last durable rating that no `RatingFinal` has reported yet."""

        # In ms of `At.mono`.
        self.deadline_ms: int | None = None
        self.invited_ms = 0
        self.open_until_ms = 0
        self.lapsed_ms = 0
        self.grace_until_ms: int | None = None
        self.thanks_until_ms = 0

    # --- questions --------------------------------------------------------------------------

    @property
    def clogged(self) -> bool:
        """Whether the card takes nothing and too many entries wait for it."""
        return len(self.waiting) >= CLOGGED_AT

    def drops_stray(self, key: str, at: At) -> bool:
        """Whether a stray is only counted: the card takes nothing, or the key repeats. Of such a
        key one stray is written in each invitation; it could fill the card otherwise.
        """
        if self.clogged:
            return True
        if not self.keys.repeats(key, at.mono):
            return False
        return self.invitation is None or key in self.strayed_keys

    def in_grace(self, at: At) -> bool:
        """Whether `at` is inside the grace time of the last rating."""
        return self.grace_until_ms is not None and at.mono <= self.grace_until_ms

    def is_last_waiting(self, kind: type[Body]) -> bool:
        """Whether the entry that has become durable is a `kind`, and no other `kind` waits."""
        first, *rest = self.waiting or (None,)
        return isinstance(first, kind) and not any(isinstance(body, kind) for body in rest)

    def resting_state(self) -> SessionState:
        """The state in which nobody is being served."""
        if not self.bound:
            return SessionState.UNBOUND
        return SessionState.PAUSED if self.paused else SessionState.IDLE

    # --- moves ------------------------------------------------------------------------------

    def remember(self, invitation: str, standing: Standing) -> None:
        """Note the standing of an invitation; the newest `STANDINGS_KEPT` are kept."""
        self.standings[invitation] = standing
        while len(self.standings) > STANDINGS_KEPT:
            del self.standings[next(iter(self.standings))]

    def record(self, body: Body) -> None:
        """Have an entry committed."""
        self.waiting.append(body)
        self.effects.append(Record(body))

    def move(self, state: SessionState, scene: Scene) -> None:
        """Enter a state and show its scene."""
        self.state = state
        self.effects.append(Show(scene))

    def arm(self, deadline_ms: int, at: At) -> None:
        """Set the deadline, in ms of `At.mono`."""
        self.deadline_ms = deadline_ms
        self.effects.append(Arm(max(0, deadline_ms - at.mono)))

    def disarm(self) -> None:
        """Have no deadline."""
        if self.deadline_ms is not None:
            self.deadline_ms = None
            self.effects.append(Disarm())

    def note_press(self, key: str, at: At, *, asked: bool) -> None:
        """Each key of a citizen's press; one that repeats from now on is reported."""
        self._report_repeating(
            [
                name
                for name in key.split("+")
                if self.keys.note(name, at.mono, asked=asked, invitations=self.invitations)
            ],
            at,
        )

    def note_clerk_key(self, key: str, at: At) -> None:
        """The same for a press of a clerk's key, which nobody asks for."""
        self._report_repeating(
            [name for name in key.split("+") if self.keys.note(name, at.mono)], at
        )

    def _report_repeating(self, repeat: list[str], at: At) -> None:
        self.effects += [KeyRepeats(name, on=True) for name in repeat]
        if repeat:
            self._arm_key_check(at)

    def check_keys(self, at: At) -> None:
        """Report the keys that have been quiet long enough."""
        self.effects += [KeyRepeats(name, on=False) for name in self.keys.take_quiet(at.mono)]
        self._arm_key_check(at)

    def _arm_key_check(self, at: At) -> None:
        due_ms = self.keys.due_ms
        if due_ms is not None:
            self.effects.append(ArmKeyCheck(max(1, due_ms - at.mono)))

    def end(self) -> None:
        """Forget the invitation that was being answered."""
        self.invitation = None
        self.level = None
        self.grace_until_ms = None

    def report_final(self) -> None:
        """Report, once, that a rating is durable and can change no more.

        While its grace time runs or an entry of it waits for the card it may still change. A rating
        that becomes durable only after the next citizen was invited is not reported at all: whoever
        receives it would take it for that citizen's.
        """
        waits = any(isinstance(body, Rated) for body in self.waiting)
        if self.unreported is None or waits or self.grace_until_ms is not None:
            return
        rated, self.unreported = self.unreported, None
        last = self.last_invitation
        if last is not None and last.id == rated.invitation:
            self.effects.append(RatingFinal(last, rated.level))
