"""The transition table of the rating session, as data. Pure.

Rows are read from the top: the first whose state, event and guard fit is the one that acts, so the
last row of every (state, event) pair has no guard. What is illegal in a state is a row like any
other: ignored, strayed or refused. `session.py` gives the guards and acts their meaning;
`docs/session.md` is drawn from here (`python -m device.session.diagram > docs/session.md`).
"""

import enum
from typing import NamedTuple

from device.events import (
    Blocked,
    Bound,
    ClerkKey,
    Detail,
    Event,
    Invite,
    Pause,
    Press,
    Resume,
    Selftest,
    Stored,
    Tick,
    Unblocked,
    Withdraw,
)


class SessionState(enum.Enum):
    """Where a session stands; the values are what `strayed` entries carry."""

    UNBOUND = "unbound"
    IDLE = "idle"
    INVITED = "invited"
    SAVING = "saving"
    """Pressed, the commit is not back yet (law 2)."""
    GRACE = "grace"
    """Thanked, and one more press still corrects the first (law 4)."""
    DETAILS = "details"
    THANKS = "thanks"
    PAUSED = "paused"
    FAULT = "fault"
    SELFTEST = "selftest"


class Guard(enum.Enum):
    """Guards; the value is how the diagram words them."""

    CLOGGED = "too many entries wait for the card"
    SOONER = "edge before the invitation"
    LATER = "edge after the deadline"
    LEVEL = "one level key"
    INVITES = "the key to invite"
    PAUSES = "the key to pause"
    CORRECTS = "one level key, in the grace time, the first correction"
    EARLY = "before the deadline"
    DUE = "at the deadline"
    ITS_OWN = "this invitation"
    PAUSE_WAITS = "a pause is set"
    RATING_IN = "last rating durable"
    DETAIL_IN = "details durable"
    GIVEN = "something given"
    SAME = "the fault already shown"
    ON = "on"


class Action(enum.Enum):
    """What a row does; the value is how the diagram words it."""

    IGNORE = "ignored"
    STRAY = "strayed"
    REFUSE_BUSY = "refused: busy"
    REFUSE_PAUSED = "refused: paused"
    REFUSE_FAULT = "refused: fault"
    REFUSE_UNBOUND = "refused: unbound"
    REFUSE_ENDED = "refused: ended or unknown"
    INVITE = "record invited, show the invitation"
    RATE = "record rated"
    CORRECT = "record rated again"
    LAPSE = "record lapsed"
    LAPSE_STRAY = "record lapsed, then strayed"
    WITHDRAW = "record withdrawn"
    SETTLE = "count the entry as durable"
    THANK = "show thanks"
    SHOW_SAVING = "show saving"
    GRACE_OVER = "no more corrections"
    DETAIL = "record detailed"
    THANK_AGAIN = "show thanks once more"
    SKIP = "skipped, show thanks"
    REARM = "arm what is left"
    REST = "show what stands"
    PAUSE = "record paused"
    PAUSE_OPEN = "record withdrawn, then paused"
    PAUSE_LATER = "record paused, close afterwards"
    RESUME = "record resumed"
    RESUME_LATER = "record resumed, open afterwards"
    BLOCK = "show the fault"
    BLOCK_OPEN = "record withdrawn, show the fault"
    BIND = "show standby"
    BIND_LATER = "bound afterwards"
    TEST = "show the self-test"


class Transition(NamedTuple):
    """In `state`, on `event`, if `when` (always, if None): do `act`, and stand in one of `to`."""

    state: SessionState
    event: type[Event]
    when: Guard | None
    act: Action
    to: tuple[SessionState, ...]


UNBOUND, IDLE, INVITED, SAVING, GRACE = list(SessionState)[:5]
DETAILS, THANKS, PAUSED, FAULT, SELFTEST = list(SessionState)[5:]
AT_REST = (UNBOUND, IDLE, PAUSED)


def _stay(
    event: type[Event], act: Action, *states: SessionState, when: Guard | None = None
) -> list[Transition]:
    return [Transition(state, event, when, act, (state,)) for state in states]


TABLE: tuple[Transition, ...] = (
    # --- Press: a level is born in three rows, and nowhere else (law 1) -------------------------
    Transition(INVITED, Press, Guard.SOONER, Action.STRAY, (INVITED,)),
    Transition(INVITED, Press, Guard.LATER, Action.LAPSE_STRAY, (IDLE,)),
    Transition(INVITED, Press, Guard.LEVEL, Action.RATE, (SAVING,)),
    Transition(SAVING, Press, Guard.CORRECTS, Action.CORRECT, (SAVING,)),
    Transition(GRACE, Press, Guard.CORRECTS, Action.CORRECT, (SAVING,)),
    *_stay(Press, Action.STRAY, *SessionState),
    # --- ClerkKey: at rest it invites, or closes and opens the window; it never makes a level -----
    *_stay(ClerkKey, Action.STRAY, *SessionState, when=Guard.CLOGGED),
    Transition(IDLE, ClerkKey, Guard.INVITES, Action.INVITE, (INVITED,)),
    Transition(IDLE, ClerkKey, None, Action.PAUSE, (PAUSED,)),
    Transition(PAUSED, ClerkKey, Guard.PAUSES, Action.RESUME, (IDLE,)),
    *_stay(ClerkKey, Action.STRAY, *(state for state in SessionState if state is not IDLE)),
    # --- Invite ---------------------------------------------------------------------------------
    *_stay(Invite, Action.REFUSE_FAULT, *SessionState, when=Guard.CLOGGED),
    Transition(THANKS, Invite, Guard.PAUSE_WAITS, Action.REFUSE_PAUSED, (THANKS,)),
    Transition(IDLE, Invite, None, Action.INVITE, (INVITED,)),
    Transition(THANKS, Invite, None, Action.INVITE, (INVITED,)),
    *_stay(Invite, Action.REFUSE_PAUSED, SAVING, GRACE, DETAILS, SELFTEST, when=Guard.PAUSE_WAITS),
    *_stay(Invite, Action.REFUSE_BUSY, INVITED, SAVING, GRACE, DETAILS, SELFTEST),
    *_stay(Invite, Action.REFUSE_PAUSED, PAUSED),
    *_stay(Invite, Action.REFUSE_FAULT, FAULT),
    *_stay(Invite, Action.REFUSE_UNBOUND, UNBOUND),
    # --- Withdraw: only what nobody has answered can be taken back ------------------------------
    Transition(INVITED, Withdraw, Guard.ITS_OWN, Action.WITHDRAW, (IDLE,)),
    *_stay(Withdraw, Action.REFUSE_ENDED, *SessionState),
    # --- Pause, Resume: a citizen who has pressed is served to the end --------------------------
    *_stay(Pause, Action.REFUSE_FAULT, *SessionState, when=Guard.CLOGGED),
    Transition(IDLE, Pause, None, Action.PAUSE, (PAUSED,)),
    Transition(INVITED, Pause, None, Action.PAUSE_OPEN, (PAUSED,)),
    *_stay(
        Pause,
        Action.IGNORE,
        SAVING,
        GRACE,
        DETAILS,
        THANKS,
        FAULT,
        SELFTEST,
        when=Guard.PAUSE_WAITS,
    ),
    *_stay(Pause, Action.REFUSE_UNBOUND, UNBOUND),
    *_stay(Pause, Action.PAUSE_LATER, SAVING, GRACE, DETAILS, THANKS, FAULT, SELFTEST),
    *_stay(Pause, Action.IGNORE, PAUSED),
    *_stay(Resume, Action.REFUSE_FAULT, *SessionState, when=Guard.CLOGGED),
    Transition(PAUSED, Resume, None, Action.RESUME, (IDLE,)),
    *_stay(
        Resume,
        Action.RESUME_LATER,
        *(SAVING, GRACE, DETAILS, THANKS, FAULT, SELFTEST),
        when=Guard.PAUSE_WAITS,
    ),
    *_stay(Resume, Action.REFUSE_UNBOUND, UNBOUND),
    *_stay(Resume, Action.IGNORE, IDLE, INVITED, SAVING, GRACE, DETAILS, THANKS, FAULT, SELFTEST),
    # --- Tick: a timer may fire a little early, never a deadline --------------------------------
    *_stay(Tick, Action.REARM, *SessionState, when=Guard.EARLY),
    Transition(IDLE, Tick, Guard.DUE, Action.REST, (IDLE,)),
    Transition(INVITED, Tick, Guard.DUE, Action.LAPSE, (IDLE,)),
    Transition(SAVING, Tick, Guard.DUE, Action.SHOW_SAVING, (SAVING,)),
    Transition(GRACE, Tick, Guard.DUE, Action.GRACE_OVER, (DETAILS, THANKS)),
    Transition(DETAILS, Tick, Guard.DUE, Action.REST, (IDLE, PAUSED)),
    Transition(THANKS, Tick, Guard.DUE, Action.REST, (IDLE, PAUSED)),
    *_stay(Tick, Action.IGNORE, *SessionState),
    # --- Stored: the only way to thanks (law 2) -------------------------------------------------
    Transition(SAVING, Stored, Guard.RATING_IN, Action.THANK, (GRACE,)),
    Transition(SAVING, Stored, Guard.DETAIL_IN, Action.THANK_AGAIN, (THANKS,)),
    *_stay(Stored, Action.SETTLE, *SessionState),
    # --- Blocked, Unblocked: a fault is visible from everywhere (law 8) -------------------------
    Transition(INVITED, Blocked, None, Action.BLOCK_OPEN, (FAULT,)),
    Transition(FAULT, Blocked, Guard.SAME, Action.IGNORE, (FAULT,)),
    *(
        Transition(state, Blocked, None, Action.BLOCK, (FAULT,))
        for state in SessionState
        if state is not INVITED
    ),
    Transition(FAULT, Unblocked, None, Action.REST, AT_REST),
    *_stay(Unblocked, Action.IGNORE, *(state for state in SessionState if state is not FAULT)),
    # --- Detail: given freely, skipped freely ---------------------------------------------------
    Transition(DETAILS, Detail, Guard.GIVEN, Action.DETAIL, (SAVING,)),
    Transition(DETAILS, Detail, None, Action.SKIP, (THANKS,)),
    *_stay(Detail, Action.IGNORE, *(state for state in SessionState if state is not DETAILS)),
    # --- Bound, Selftest ------------------------------------------------------------------------
    Transition(UNBOUND, Bound, None, Action.BIND, (IDLE,)),
    *_stay(Bound, Action.BIND_LATER, FAULT, SELFTEST),
    *_stay(Bound, Action.IGNORE, IDLE, INVITED, SAVING, GRACE, DETAILS, THANKS, PAUSED),
    *(Transition(state, Selftest, Guard.ON, Action.TEST, (SELFTEST,)) for state in AT_REST),
    *_stay(Selftest, Action.REFUSE_FAULT, FAULT, when=Guard.ON),
    *_stay(Selftest, Action.REFUSE_BUSY, INVITED, SAVING, GRACE, DETAILS, THANKS, when=Guard.ON),
    *_stay(Selftest, Action.IGNORE, SELFTEST, when=Guard.ON),
    Transition(SELFTEST, Selftest, None, Action.REST, AT_REST),
    *_stay(Selftest, Action.IGNORE, *(state for state in SessionState if state is not SELFTEST)),
)
"""Every state and every event. The order inside a (state, event) pair matters, and only there."""


def rows_of(state: SessionState, event: type[Event]) -> tuple[Transition, ...]:
    """The rows of one pair, in the order in which they are tried."""
    return tuple(row for row in TABLE if row.state is state and row.event is event)


ROWS: dict[tuple[SessionState, type[Event]], tuple[Transition, ...]] = {
    (state, event): rows_of(state, event) for state in SessionState for event in Event.__args__
}
