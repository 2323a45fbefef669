"""The rating session: from an invitation to thanks, or to a lapse. Pure.

Called by the pad on its loop; has no clock, no file and no screen. It never makes a level that
nobody pressed, and never thanks before the entry is durable.

Theory of operation
-------------------
Everything that can happen is an event, everything that follows is a list of effects in order:
entries first, then what is shown. `transitions.py` has a row for each (state, event), legal or
not; `context.py` holds the variables, `guards.py` decides whether a row applies, `actions.py` is
what a row does.

*Durability.* The pad answers every `Record` with one `Stored`, in the order of the Records, as soon
as the entry is durable; it keeps trying while the card refuses, and says `Blocked` meanwhile. So
the session holds a queue of bodies that wait, and each `Stored` is for the oldest. Several may wait
at once (invited and rated, on a slow card); thanks comes when the last *rating* among them is
durable. An entry that becomes durable while a fault is shown still counts: the standing turns to
rated, the fault stays on the screen. Past `CLOGGED_AT` waiting entries, requests are refused with
`fault` and strays are only counted, so that the pad's own queue never has to drop an entry of the
session.

*Time.* Deadlines are kept here in monotonic ms of `At`, and a press is judged by its own edge, not
by when it was reported. Debouncing takes its time, so the timer is armed `report_delay_ms` later
than the deadline: a press made in time is always reported before the lapse, and one made late never
counts. A tick that comes early (timers round) is armed again for the rest.

*Grace.* It runs from the edge of the first press (law 4). The first further press of one level key
inside it is recorded as `rated` with `again`; thanks is shown anew once that too is durable. Any
further press is a stray.

*Final.* Once a rating is durable and its grace time is over, or a fault has ended it early, the
session reports it with its level, once: the level that a correction left. It is the only effect
with a level in it besides the entry itself, and the pad keeps it from every desk but one (law 7).

*Pause* during an open invitation withdraws it (`paused`), then closes. Once a citizen has pressed,
the pause is recorded at once and the window closes when thanks has been shown.

*The clerk's key* is no press: it has no level to give. At rest it invites, or closes and opens the
window; while a citizen is served, or a fault stands, it is a stray and nothing else.

*Plausibility.* Strays are counted by key, and so is every press of a clerk's key; the regularity of
a level key is judged by all its presses, those that rated included. A key that
repeats (`repeating_keys.py` says when) is a fault, K06, until it has been quiet for a while, and
each of its presses is a stray. So an invitation that nobody but this key has answered lapses:
unrated, and the clerk may ask again. The other keys work. Of its strays only the first of each
invitation is written, so that it does not fill the card. A rating that comes sooner than anybody
reads stays a rating; `sync.entries.Rated.is_hasty` tells it.

*Fault* during an open invitation withdraws it at once with the reason `fault`: the entry goes into
the same queue as all others, so with a failing card it becomes durable when the card does, and in
order. In a fault, `Blocked` with the same code does nothing at all, so a stray that cannot be
written does not cause another. A press whose entry waits while a fault comes up is not lost and
not thanked: it stays in the queue, and its invitation is `open` until it is durable.
"""

from device.events import ClerkKey, Effect, Event, Invitation, Press, Show, Standing
from device.session.actions import SCENE_AT_REST, lapse_stray, stray
from device.session.context import CLOGGED_AT, SessionContext, Timing
from device.session.states import SessionState
from device.session.transitions import ROWS, TABLE, Transition
from sync.entries import At, Level

READY = (SessionState.IDLE, SessionState.DETAILS, SessionState.THANKS)
"""States in which the window takes an invitation."""

__all__ = ["CLOGGED_AT", "TABLE", "Session", "SessionState", "Timing", "Transition"]


class Session:
    """One window's session.

    `bound`: the pad has a window. `paused`: it was paused when the power went. `details`: reasons
    are asked for after thanks.
    """

    def __init__(
        self,
        window: str,
        timing: Timing,
        *,
        details: bool = False,
        bound: bool = True,
        paused: bool = False,
    ) -> None:
        self._context = SessionContext(window, timing, details=details, bound=bound, paused=paused)

    def configure(self, window: str, timing: Timing) -> None:
        """Change the settings; they are read at the next invitation or deadline."""
        self._context.window = window
        self._context.timing = timing

    # --- events -----------------------------------------------------------------------------

    def start(self) -> list[Effect]:
        """What the pad shows before anything has happened."""
        return [Show(SCENE_AT_REST[self._context.state])]

    def step(self, event: Event, at: At) -> list[Effect]:
        """Answer `event` with effects, in the order in which they must be carried out.

        `at` is now; for a Press it is the time of its edge. Never raises, whatever the state.
        """
        context = self._context
        context.effects = []
        row = self.row(event, at)
        row.action(context, event, at)
        # A clerk's key is pressed some times a minute, never asked for.
        if isinstance(event, ClerkKey):
            context.note_clerk_key(event.key, at)
        elif isinstance(event, Press):
            context.note_press(event.key, at, asked=row.action not in (stray, lapse_stray))
        context.report_final()
        return context.effects

    def row(self, event: Event, at: At) -> Transition:
        """The row of the table that `event` would meet; changes nothing."""
        context = self._context
        rows = ROWS[context.state, type(event)]
        return next(row for row in rows if row.guard is None or row.guard(context, event, at))

    def remember(self, invitation: str, standing: Standing) -> None:
        """Take over what the ledger says of an invitation; called when the agent starts."""
        self._context.remember(invitation, standing)

    # --- questions --------------------------------------------------------------------------

    @property
    def state(self) -> SessionState:
        """Where the session stands."""
        return self._context.state

    @property
    def window(self) -> str:
        """The window that the next invitation names."""
        return self._context.window

    @property
    def timing(self) -> Timing:
        """The durations in force."""
        return self._context.timing

    @property
    def invitation(self) -> Invitation | None:
        """The invitation that is being answered."""
        return self._context.invitation

    @property
    def strays_dropped(self) -> int:
        """How many strays were only counted because the card took nothing."""
        return self._context.strays_dropped

    def standing(self, invitation: str) -> Standing | None:
        """All that a clerk may know of an invitation; None for one that is not remembered."""
        return self._context.standings.get(invitation)

    @property
    def clerk_state(self) -> str:
        """ready, busy, paused, fault or unbound: what a desk may be told of the window."""
        if self.state in (SessionState.FAULT, SessionState.UNBOUND):
            return str(self.state.value)
        if self._context.paused:
            return "paused"
        return "ready" if self.state in READY else "busy"

    @property
    def asks(self) -> bool:
        """Whether a press of a level key would be a rating, or correct one, as far as the state
        tells. The press is judged by its own time (`step`).
        """
        if self.state is SessionState.GRACE:
            return not self._context.corrected
        return self.state is SessionState.INVITED

    @property
    def asks_reasons(self) -> bool:
        """Whether reasons are asked for now."""
        return self.state is SessionState.DETAILS

    @property
    def chosen(self) -> Level | None:
        """The level that was pressed, while it may be corrected, and no longer. For the eye of the
        citizen who pressed it only (law 7).
        """
        return self._context.level if self.state is SessionState.GRACE else None

    def grace_left_ms(self, mono_ms: int) -> int | None:
        """How long the rating may still be corrected; None when it may not."""
        until_ms = self._context.grace_until_ms
        if until_ms is None or not self.asks or self.state is not SessionState.GRACE:
            return None
        return max(0, until_ms - mono_ms)

    def open_left_ms(self, mono_ms: int) -> int:
        """How long the last invitation may still be answered."""
        return max(0, self._context.open_until_ms - mono_ms)

    def invitation_for_phone(self, mono_ms: int, late_ms: int) -> str | None:
        """The invitation that a citizen may rate by phone now: the open one until a key is pressed,
        then none; for `late_ms` the one that lapsed, until another invitation.
        """
        last = self._context.last_invitation
        if last is None:
            return None
        if self.state is SessionState.INVITED:
            return last.id
        lapsed = self.state is SessionState.IDLE and self.standing(last.id) == "unrated"
        return last.id if lapsed and mono_ms < self._context.lapsed_ms + late_ms else None
