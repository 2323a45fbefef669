"""The transition table of the rating session, as data. Pure.

Rows are read from the top: the first whose state, event and guard fit is carried out, so the
last row of every (state, event) pair has no guard. What is illegal in a state is a row like any
other: ignored, strayed or refused. `docs/session.md` is drawn from here
(`python -m device.session.diagram > docs/session.md`).
"""

from typing import NamedTuple

from device.events import (
    Blocked,
    Bound,
    ClerkKey,
    Detail,
    Event,
    Invite,
    KeyCheck,
    Pause,
    Press,
    ReasonTouched,
    Resume,
    Selftest,
    Stored,
    Tick,
    Unblocked,
    Withdraw,
)
from device.session import actions, guards
from device.session.actions import Action
from device.session.guards import Guard
from device.session.states import SessionState


class Transition(NamedTuple):
    """In `state`, on `event`, if `guard` holds (always, if None): do `action`, then be in one of
    `to`.
    """

    state: SessionState
    event: type[Event]
    guard: Guard | None
    action: Action
    to: tuple[SessionState, ...]


UNBOUND, IDLE, INVITED, SAVING, GRACE = list(SessionState)[:5]
DETAILS, THANKS, PAUSED, FAULT, SELFTEST = list(SessionState)[5:]
AT_REST = (UNBOUND, IDLE, PAUSED)


def _stay(
    event: type[Event], action: Action, *states: SessionState, guard: Guard | None = None
) -> list[Transition]:
    return [Transition(state, event, guard, action, (state,)) for state in states]


TABLE: tuple[Transition, ...] = (
    # --- Press: only three rows record a level, and no other does (law 1) -----------------------
    Transition(INVITED, Press, guards.sooner, actions.stray, (INVITED,)),
    Transition(INVITED, Press, guards.later, actions.lapse_stray, (IDLE,)),
    *_stay(Press, actions.stray, INVITED, SAVING, GRACE, guard=guards.repeating),
    Transition(INVITED, Press, guards.level_key, actions.rate, (SAVING,)),
    Transition(SAVING, Press, guards.corrects, actions.correct, (SAVING,)),
    Transition(GRACE, Press, guards.corrects, actions.correct, (SAVING,)),
    *_stay(Press, actions.stray, *SessionState),
    # --- ClerkKey: at rest it invites, or closes and opens the window; it never makes a level -----
    *_stay(ClerkKey, actions.stray, *SessionState, guard=guards.clogged),
    *_stay(ClerkKey, actions.stray, IDLE, PAUSED, guard=guards.repeating),
    Transition(IDLE, ClerkKey, guards.key_to_invite, actions.invite, (INVITED,)),
    Transition(IDLE, ClerkKey, None, actions.pause, (PAUSED,)),
    Transition(PAUSED, ClerkKey, guards.key_to_pause, actions.resume, (IDLE,)),
    *_stay(ClerkKey, actions.stray, *(state for state in SessionState if state is not IDLE)),
    # --- Invite ---------------------------------------------------------------------------------
    *_stay(Invite, actions.refuse_fault, *SessionState, guard=guards.clogged),
    Transition(THANKS, Invite, guards.pause_is_set, actions.refuse_paused, (THANKS,)),
    Transition(IDLE, Invite, None, actions.invite, (INVITED,)),
    Transition(THANKS, Invite, None, actions.invite, (INVITED,)),
    *_stay(
        Invite, actions.refuse_paused, SAVING, GRACE, DETAILS, SELFTEST, guard=guards.pause_is_set
    ),
    Transition(DETAILS, Invite, None, actions.invite, (INVITED,)),
    *_stay(Invite, actions.refuse_busy, INVITED, SAVING, GRACE, SELFTEST),
    *_stay(Invite, actions.refuse_paused, PAUSED),
    *_stay(Invite, actions.refuse_fault, FAULT),
    *_stay(Invite, actions.refuse_unbound, UNBOUND),
    # --- Withdraw: only what nobody has answered can be taken back ------------------------------
    Transition(INVITED, Withdraw, guards.this_invitation, actions.withdraw, (IDLE,)),
    *_stay(Withdraw, actions.refuse_ended, *SessionState),
    # --- Pause, Resume: a citizen who has pressed is served to the end --------------------------
    *_stay(Pause, actions.refuse_fault, *SessionState, guard=guards.clogged),
    Transition(IDLE, Pause, None, actions.pause, (PAUSED,)),
    Transition(INVITED, Pause, None, actions.pause_open, (PAUSED,)),
    *_stay(
        Pause,
        actions.ignore,
        SAVING,
        GRACE,
        DETAILS,
        THANKS,
        FAULT,
        SELFTEST,
        guard=guards.pause_is_set,
    ),
    *_stay(Pause, actions.refuse_unbound, UNBOUND),
    *_stay(Pause, actions.pause_later, SAVING, GRACE, DETAILS, THANKS, FAULT, SELFTEST),
    *_stay(Pause, actions.ignore, PAUSED),
    *_stay(Resume, actions.refuse_fault, *SessionState, guard=guards.clogged),
    Transition(PAUSED, Resume, None, actions.resume, (IDLE,)),
    *_stay(
        Resume,
        actions.resume_later,
        *(SAVING, GRACE, DETAILS, THANKS, FAULT, SELFTEST),
        guard=guards.pause_is_set,
    ),
    *_stay(Resume, actions.refuse_unbound, UNBOUND),
    *_stay(Resume, actions.ignore, IDLE, INVITED, SAVING, GRACE, DETAILS, THANKS, FAULT, SELFTEST),
    # --- Tick: a timer may fire a little early, never a deadline --------------------------------
    *_stay(Tick, actions.rearm, *SessionState, guard=guards.early),
    Transition(IDLE, Tick, guards.due, actions.rest, (IDLE,)),
    Transition(INVITED, Tick, guards.due, actions.lapse, (IDLE,)),
    Transition(SAVING, Tick, guards.due, actions.show_saving, (SAVING,)),
    Transition(GRACE, Tick, guards.due, actions.grace_over, (DETAILS, THANKS)),
    Transition(DETAILS, Tick, guards.due, actions.rest, (IDLE, PAUSED)),
    Transition(THANKS, Tick, guards.due, actions.rest, (IDLE, PAUSED)),
    *_stay(Tick, actions.ignore, *SessionState),
    *_stay(KeyCheck, actions.check_keys, *SessionState),
    # --- Stored: the only way to thanks (law 2) -------------------------------------------------
    Transition(SAVING, Stored, guards.last_rating_durable, actions.thank, (GRACE,)),
    Transition(SAVING, Stored, guards.details_durable, actions.thank_again, (THANKS,)),
    *_stay(Stored, actions.count_durable, *SessionState),
    # --- Blocked, Unblocked: a fault is visible from everywhere (law 8) -------------------------
    Transition(INVITED, Blocked, None, actions.block_open, (FAULT,)),
    Transition(FAULT, Blocked, guards.same_fault, actions.ignore, (FAULT,)),
    *(
        Transition(state, Blocked, None, actions.block, (FAULT,))
        for state in SessionState
        if state is not INVITED
    ),
    Transition(FAULT, Unblocked, None, actions.rest, AT_REST),
    *_stay(Unblocked, actions.ignore, *(state for state in SessionState if state is not FAULT)),
    # --- Detail: given freely, skipped freely; nobody waits for it, and it waits for nobody -----
    *_stay(ReasonTouched, actions.wait_for_reasons, DETAILS),
    *_stay(ReasonTouched, actions.ignore, *(one for one in SessionState if one is not DETAILS)),
    Transition(DETAILS, Detail, guards.given, actions.record_details, (SAVING,)),
    Transition(DETAILS, Detail, None, actions.skip, (THANKS,)),
    *_stay(Detail, actions.ignore, *(state for state in SessionState if state is not DETAILS)),
    # --- Bound, Selftest ------------------------------------------------------------------------
    Transition(UNBOUND, Bound, None, actions.bind, (IDLE,)),
    *_stay(Bound, actions.bind_later, FAULT, SELFTEST),
    *_stay(Bound, actions.ignore, IDLE, INVITED, SAVING, GRACE, DETAILS, THANKS, PAUSED),
    *(
        Transition(state, Selftest, guards.on, actions.show_selftest, (SELFTEST,))
        for state in AT_REST
    ),
    *_stay(Selftest, actions.refuse_fault, FAULT, guard=guards.on),
    *_stay(Selftest, actions.refuse_busy, INVITED, SAVING, GRACE, DETAILS, THANKS, guard=guards.on),
    *_stay(Selftest, actions.ignore, SELFTEST, guard=guards.on),
    Transition(SELFTEST, Selftest, None, actions.rest, AT_REST),
    *_stay(Selftest, actions.ignore, *(state for state in SessionState if state is not SELFTEST)),
)
"""Every state and every event. The order inside a (state, event) pair matters, and only there."""


def rows_of(state: SessionState, event: type[Event]) -> tuple[Transition, ...]:
    """The rows of one pair, in the order in which they are tried."""
    return tuple(row for row in TABLE if row.state is state and row.event is event)


ROWS: dict[tuple[SessionState, type[Event]], tuple[Transition, ...]] = {
    (state, event): rows_of(state, event) for state in SessionState for event in Event.__args__
}
