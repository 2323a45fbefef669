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


class State(enum.Enum):
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


class When(enum.Enum):
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


class Act(enum.Enum):
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


class Row(NamedTuple):
    """In `state`, on `event`, if `when` (always, if None): do `act`, and stand in one of `to`."""

    state: State
    event: type[Event]
    when: When | None
    act: Act
    to: tuple[State, ...]


UNBOUND, IDLE, INVITED, SAVING, GRACE = list(State)[:5]
DETAILS, THANKS, PAUSED, FAULT, SELFTEST = list(State)[5:]
AT_REST = (UNBOUND, IDLE, PAUSED)


def _stay(event: type[Event], act: Act, *states: State, when: When | None = None) -> list[Row]:
    return [Row(state, event, when, act, (state,)) for state in states]


TABLE: tuple[Row, ...] = (
    # --- Press: a level is born in three rows, and nowhere else (law 1) -------------------------
    Row(INVITED, Press, When.SOONER, Act.STRAY, (INVITED,)),
    Row(INVITED, Press, When.LATER, Act.LAPSE_STRAY, (IDLE,)),
    Row(INVITED, Press, When.LEVEL, Act.RATE, (SAVING,)),
    Row(SAVING, Press, When.CORRECTS, Act.CORRECT, (SAVING,)),
    Row(GRACE, Press, When.CORRECTS, Act.CORRECT, (SAVING,)),
    *_stay(Press, Act.STRAY, *State),
    # --- ClerkKey: at rest it invites, or closes and opens the window; it never makes a level -----
    *_stay(ClerkKey, Act.STRAY, *State, when=When.CLOGGED),
    Row(IDLE, ClerkKey, When.INVITES, Act.INVITE, (INVITED,)),
    Row(IDLE, ClerkKey, None, Act.PAUSE, (PAUSED,)),
    Row(PAUSED, ClerkKey, When.PAUSES, Act.RESUME, (IDLE,)),
    *_stay(ClerkKey, Act.STRAY, *(state for state in State if state is not IDLE)),
    # --- Invite ---------------------------------------------------------------------------------
    *_stay(Invite, Act.REFUSE_FAULT, *State, when=When.CLOGGED),
    Row(THANKS, Invite, When.PAUSE_WAITS, Act.REFUSE_PAUSED, (THANKS,)),
    Row(IDLE, Invite, None, Act.INVITE, (INVITED,)),
    Row(THANKS, Invite, None, Act.INVITE, (INVITED,)),
    *_stay(Invite, Act.REFUSE_PAUSED, SAVING, GRACE, DETAILS, SELFTEST, when=When.PAUSE_WAITS),
    *_stay(Invite, Act.REFUSE_BUSY, INVITED, SAVING, GRACE, DETAILS, SELFTEST),
    *_stay(Invite, Act.REFUSE_PAUSED, PAUSED),
    *_stay(Invite, Act.REFUSE_FAULT, FAULT),
    *_stay(Invite, Act.REFUSE_UNBOUND, UNBOUND),
    # --- Withdraw: only what nobody has answered can be taken back ------------------------------
    Row(INVITED, Withdraw, When.ITS_OWN, Act.WITHDRAW, (IDLE,)),
    *_stay(Withdraw, Act.REFUSE_ENDED, *State),
    # --- Pause, Resume: a citizen who has pressed is served to the end --------------------------
    *_stay(Pause, Act.REFUSE_FAULT, *State, when=When.CLOGGED),
    Row(IDLE, Pause, None, Act.PAUSE, (PAUSED,)),
    Row(INVITED, Pause, None, Act.PAUSE_OPEN, (PAUSED,)),
    *_stay(
        Pause, Act.IGNORE, SAVING, GRACE, DETAILS, THANKS, FAULT, SELFTEST, when=When.PAUSE_WAITS
    ),
    *_stay(Pause, Act.REFUSE_UNBOUND, UNBOUND),
    *_stay(Pause, Act.PAUSE_LATER, SAVING, GRACE, DETAILS, THANKS, FAULT, SELFTEST),
    *_stay(Pause, Act.IGNORE, PAUSED),
    *_stay(Resume, Act.REFUSE_FAULT, *State, when=When.CLOGGED),
    Row(PAUSED, Resume, None, Act.RESUME, (IDLE,)),
    *_stay(
        Resume,
        Act.RESUME_LATER,
        *(SAVING, GRACE, DETAILS, THANKS, FAULT, SELFTEST),
        when=When.PAUSE_WAITS,
    ),
    *_stay(Resume, Act.REFUSE_UNBOUND, UNBOUND),
    *_stay(Resume, Act.IGNORE, IDLE, INVITED, SAVING, GRACE, DETAILS, THANKS, FAULT, SELFTEST),
    # --- Tick: a timer may fire a little early, never a deadline --------------------------------
    *_stay(Tick, Act.REARM, *State, when=When.EARLY),
    Row(IDLE, Tick, When.DUE, Act.REST, (IDLE,)),
    Row(INVITED, Tick, When.DUE, Act.LAPSE, (IDLE,)),
    Row(SAVING, Tick, When.DUE, Act.SHOW_SAVING, (SAVING,)),
    Row(GRACE, Tick, When.DUE, Act.GRACE_OVER, (DETAILS, THANKS)),
    Row(DETAILS, Tick, When.DUE, Act.REST, (IDLE, PAUSED)),
    Row(THANKS, Tick, When.DUE, Act.REST, (IDLE, PAUSED)),
    *_stay(Tick, Act.IGNORE, *State),
    # --- Stored: the only way to thanks (law 2) -------------------------------------------------
    Row(SAVING, Stored, When.RATING_IN, Act.THANK, (GRACE,)),
    Row(SAVING, Stored, When.DETAIL_IN, Act.THANK_AGAIN, (THANKS,)),
    *_stay(Stored, Act.SETTLE, *State),
    # --- Blocked, Unblocked: a fault is visible from everywhere (law 8) -------------------------
    Row(INVITED, Blocked, None, Act.BLOCK_OPEN, (FAULT,)),
    Row(FAULT, Blocked, When.SAME, Act.IGNORE, (FAULT,)),
    *(Row(state, Blocked, None, Act.BLOCK, (FAULT,)) for state in State if state is not INVITED),
    Row(FAULT, Unblocked, None, Act.REST, AT_REST),
    *_stay(Unblocked, Act.IGNORE, *(state for state in State if state is not FAULT)),
    # --- Detail: given freely, skipped freely ---------------------------------------------------
    Row(DETAILS, Detail, When.GIVEN, Act.DETAIL, (SAVING,)),
    Row(DETAILS, Detail, None, Act.SKIP, (THANKS,)),
    *_stay(Detail, Act.IGNORE, *(state for state in State if state is not DETAILS)),
    # --- Bound, Selftest ------------------------------------------------------------------------
    Row(UNBOUND, Bound, None, Act.BIND, (IDLE,)),
    *_stay(Bound, Act.BIND_LATER, FAULT, SELFTEST),
    *_stay(Bound, Act.IGNORE, IDLE, INVITED, SAVING, GRACE, DETAILS, THANKS, PAUSED),
    *(Row(state, Selftest, When.ON, Act.TEST, (SELFTEST,)) for state in AT_REST),
    *_stay(Selftest, Act.REFUSE_FAULT, FAULT, when=When.ON),
    *_stay(Selftest, Act.REFUSE_BUSY, INVITED, SAVING, GRACE, DETAILS, THANKS, when=When.ON),
    *_stay(Selftest, Act.IGNORE, SELFTEST, when=When.ON),
    Row(SELFTEST, Selftest, None, Act.REST, AT_REST),
    *_stay(Selftest, Act.IGNORE, *(state for state in State if state is not SELFTEST)),
)
"""Every state and every event. The order inside a (state, event) pair matters, and only there."""


def rows_of(state: State, event: type[Event]) -> tuple[Row, ...]:
    """The rows of one pair, in the order in which they are tried."""
    return tuple(row for row in TABLE if row.state is state and row.event is event)


ROWS: dict[tuple[State, type[Event]], tuple[Row, ...]] = {
    (state, event): rows_of(state, event) for state in State for event in Event.__args__
}
