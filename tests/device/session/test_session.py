"""The rating session: every row of its table, the laws it keeps, random histories."""

import copy
import itertools
from collections import deque
from collections.abc import Iterable
from typing import TypeVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from device.board.profile import board_names, load_profile
from device.errors import PadCode
from device.events import (
    Arm,
    ArmKeyCheck,
    Blocked,
    Bound,
    ClerkKey,
    ClerkKeyAction,
    Detail,
    Disarm,
    Effect,
    Event,
    Invitation,
    Invite,
    KeyCheck,
    KeyRepeats,
    Pause,
    Press,
    RatingFinal,
    ReasonTouched,
    Record,
    Refusal,
    Refuse,
    Resume,
    Scene,
    Selftest,
    Show,
    Stored,
    Tick,
    Unblocked,
    Withdraw,
)
from device.session import actions, diagram
from device.session import session as session_module
from device.session.actions import Action
from device.session.context import SessionContext
from device.session.repeating_keys import MANY, NAMES_KEPT, QUIET_MS, SLOW_MS
from device.session.session import CLOGGED_AT, TABLE, Session, SessionState, Timing
from device.session.transitions import ROWS, Transition
from sync.entries import (
    At,
    Body,
    Detailed,
    Invited,
    Lapsed,
    Level,
    Paused,
    Rated,
    Resumed,
    Service,
    Strayed,
    Trust,
    Withdrawn,
)
from tests.rigs.source import source_tree

TIMING = Timing()
ONE = Invitation("01J0000000000000000000000A", "http", Service(case="DH-1", step="1"), "c7")
TWO = Invitation("01J0000000000000000000000B", "http", Service(case="DH-2"))


def at(mono: int) -> At:
    return At(utc=1_790_000_000_000 + mono, mono=mono, boot="b", trust=Trust.NTP)


def key(level: Level | None = Level.SATISFIED, mono: int = 0) -> Press:
    return Press("k2" if level else "k1+k2", level, "sim", mono)


def clerk_key(does: ClerkKeyAction, invitation: Invitation = TWO) -> ClerkKey:
    return ClerkKey("clerk", does, "sim", invitation, "key")


B = TypeVar("B", bound=Body)


class Bench:
    """A session, a clock that is moved by hand, and all entries and scenes that it gave."""

    def __init__(self, **kwargs: bool) -> None:
        self.session = Session("3", TIMING, **kwargs)
        self.now = 1_000
        self.bodies: list[Body] = []
        self.shown: list[Scene] = []

    def do(self, event: Event, after_ms: int = 0) -> list[Effect]:
        self.now += after_ms
        effects = self.session.step(event, at(self.now))
        self.bodies += [effect.body for effect in effects if isinstance(effect, Record)]
        self.shown += [effect.scene for effect in effects if isinstance(effect, Show)]
        return effects

    def stored(self, times: int = 1) -> list[Effect]:
        return list(itertools.chain.from_iterable(self.do(Stored()) for _ in range(times)))

    @property
    def kinds(self) -> list[type[Body]]:
        return [type(body) for body in self.bodies]

    def last(self, kind: type[B]) -> B:
        body = self.bodies[-1]
        assert isinstance(body, kind)
        return body


def reach(state: SessionState, *, details: bool = False) -> Bench:
    """A session in `state`, brought there by the events that bring a pad there."""
    bench = Bench(
        details=details or state is SessionState.DETAILS, bound=state is not SessionState.UNBOUND
    )
    match state:
        case (
            SessionState.INVITED
            | SessionState.SAVING
            | SessionState.GRACE
            | SessionState.DETAILS
            | SessionState.THANKS
        ):
            bench.do(Invite(ONE))
            bench.stored()
        case SessionState.PAUSED:
            bench.do(Pause("desk"))
            bench.stored()
        case SessionState.FAULT:
            bench.do(Blocked(PadCode.KEYS_GONE))
        case SessionState.SELFTEST:
            bench.do(Selftest(on=True))
    if state in (
        SessionState.SAVING,
        SessionState.GRACE,
        SessionState.DETAILS,
        SessionState.THANKS,
    ):
        bench.do(key(), 900)
    if state in (SessionState.GRACE, SessionState.DETAILS, SessionState.THANKS):
        bench.stored()
    if state in (SessionState.DETAILS, SessionState.THANKS):
        bench.do(Tick(), TIMING.grace_ms + TIMING.report_delay_ms)
    assert bench.session.state is state
    return bench


EVENTS: tuple[Event, ...] = (
    *(key(level) for level in (*Level, None)),
    clerk_key("invite"),
    clerk_key("pause"),
    Invite(TWO),
    Withdraw(ONE.id, "desk"),
    Withdraw(TWO.id, "desk"),
    Pause("desk"),
    Resume("desk"),
    Tick(),
    KeyCheck(),
    Stored(),
    Blocked(PadCode.LEDGER_FULL),
    Blocked(PadCode.KEYS_GONE),
    Unblocked(),
    Detail(),
    Detail(("407",), "好"),
    ReasonTouched(),
    Bound(),
    Selftest(on=True),
    Selftest(on=False),
)


# --- the table ----------------------------------------------------------------------------------


def test_every_state_answers_every_event_and_the_last_row_of_each_pair_has_no_guard() -> None:
    assert len(SessionState) == 10
    assert len(Event.__args__) == 15
    for state, event in itertools.product(SessionState, Event.__args__):
        rows = ROWS[state, event]
        assert rows, (state, event)
        assert rows[-1].guard is None, (state, event)
        assert all(row.guard is not None for row in rows[:-1]), (state, event)
        assert len({row.guard for row in rows}) == len(rows), (state, event)
    assert sum(map(len, ROWS.values())) == len(TABLE)


def test_no_two_actions_and_no_two_guards_share_their_words() -> None:
    for functions in ({row.action for row in TABLE}, {row.guard for row in TABLE if row.guard}):
        words = {diagram.words_of(function) for function in functions}
        assert "" not in words
        assert len(words) == len(functions)


def test_every_event_type_is_in_the_exhaustive_run() -> None:
    assert {type(event) for event in EVENTS} == set(Event.__args__)


@pytest.mark.parametrize("state", SessionState)
@pytest.mark.parametrize("after_ms", [0, 50, 4_000, 40_000, 100_000])
def test_no_two_events_in_any_state_raise_or_lead_to_a_state_outside_their_rows(
    state: SessionState, after_ms: int
) -> None:
    start = reach(state)
    for first, second in itertools.product(EVENTS, EVENTS):
        bench = copy.deepcopy(start)
        for event in (first, second):
            bench.now += after_ms
            row = bench.session.row(event, at(bench.now))
            before = bench.session.state
            effects = bench.do(event)
            assert (row.state, row.event) == (before, type(event))
            assert bench.session.state in row.to, (row, bench.session.state)
            quiet_row(row.action, effects)
            made_by_press(row.state, event, effects)
            entries_first(effects)


def quiet_row(action: Action, effects: list[Effect]) -> None:
    """An event that its state does not allow has its row's effects and no others."""
    if action in (actions.ignore, actions.bind_later):
        assert effects == []
    if action is actions.count_durable:
        assert {type(effect) for effect in effects} <= {RatingFinal}
    elif action is actions.stray:
        assert [type(effect.body) for effect in effects if isinstance(effect, Record)] == [Strayed]
        assert len(effects) == 1
    elif diagram.words_of(action).startswith("refused"):
        assert [type(effect) for effect in effects] == [Refuse]


def made_by_press(state: SessionState, event: Event, effects: list[Effect]) -> None:
    """Law 1. A clerk's key, like every other event, makes no level."""
    for effect in effects:
        if isinstance(effect, Record) and isinstance(effect.body, Rated):
            assert isinstance(event, Press)
            assert event.level is effect.body.level
            assert state in (SessionState.INVITED, SessionState.SAVING, SessionState.GRACE)


def entries_first(effects: list[Effect]) -> None:
    kinds = [isinstance(effect, Record) for effect in effects]
    assert kinds == sorted(kinds, reverse=True)


def test_the_rows_that_make_a_level_are_three_and_all_start_with_a_press() -> None:
    makers = [row for row in TABLE if row.action in (actions.rate, actions.correct)]
    assert [(row.state, row.event) for row in makers] == [
        (SessionState.INVITED, Press),
        (SessionState.SAVING, Press),
        (SessionState.GRACE, Press),
    ]


def test_every_row_of_the_table_is_taken_in_some_history() -> None:
    taken = set()
    for state, details in itertools.product(SessionState, (False, True)):
        for after_ms, path in itertools.product(
            (0, 3_500, 40_000), itertools.product(EVENTS, EVENTS)
        ):
            bench = copy.deepcopy(REACHED[state, details])
            for event in path:
                bench.now += after_ms
                taken.add(TABLE.index(bench.session.row(event, at(bench.now))))
                bench.do(event)
    requests: tuple[Event, ...] = (Invite(TWO), Pause("d"), Resume("d"), clerk_key("invite"))
    for state, request in itertools.product(SessionState, requests):
        taken.add(TABLE.index(clogged(state).session.row(request, at(2_000))))
    pressed: tuple[Event, ...] = (key(), clerk_key("invite"))
    for state, event in itertools.product(SessionState, pressed):
        taken.add(TABLE.index(repeating(reach(state)).session.row(event, at(10_000))))
    taken.add(TABLE.index(reach(SessionState.INVITED).session.row(key(), at(1))))
    lapsed = reach(SessionState.INVITED)
    lapsed.do(Tick(), 40_000)
    taken.add(TABLE.index(lapsed.session.row(Tick(), at(lapsed.now + 1))))
    never = {(row.state, row.event, row.action) for n, row in enumerate(TABLE) if n not in taken}
    # Some states never have a deadline and others always have one. The table has rows for them so
    # that no pair is without one, but no history can take these rows.
    at_rest = (SessionState.UNBOUND, SessionState.PAUSED, SessionState.FAULT, SessionState.SELFTEST)
    timed = (SessionState.INVITED, SessionState.GRACE, SessionState.DETAILS, SessionState.THANKS)
    assert never == {(state, Tick, actions.rearm) for state in at_rest} | {
        (state, Tick, actions.ignore) for state in timed
    }


def clogged(state: SessionState) -> Bench:
    bench = reach(state)
    bench.session._context.waiting = deque([Lapsed(at=at(0), invitation="x")] * CLOGGED_AT)
    return bench


def repeating(bench: Bench) -> Bench:
    """The keys that the events press have just been pressed unasked again and again."""
    for number in range(MANY):
        bench.session._context.note_clerk_key("k2+clerk", at(10_000 - MANY + number))
    return bench


REACHED = {
    (state, details): reach(state, details=details)
    for state, details in itertools.product(SessionState, (False, True))
    if not (state is SessionState.THANKS and details)
}
REACHED[SessionState.THANKS, True] = reach(SessionState.THANKS)


def test_the_document_is_drawn_from_the_table() -> None:
    document = source_tree.ROOT / "docs" / "session.md"
    drawn = diagram.document()
    assert document.read_text() == drawn, "run: python -m device.session.diagram > docs/session.md"
    for row in TABLE:
        assert diagram.words_of(row.action) in drawn


# --- invitation, press, thanks ------------------------------------------------------------------


def test_a_press_is_recorded_with_what_was_known_and_thanked_only_when_durable() -> None:
    bench = Bench()
    invited = bench.do(Invite(ONE))
    assert invited[0] == Record(
        Invited(
            at=at(1_000),
            invitation=ONE.id,
            window="3",
            source="http",
            service=ONE.service,
            clerk="c7",
        )
    )
    assert Arm(TIMING.invitation_ms + TIMING.report_delay_ms) in invited
    pressed = bench.do(key(Level.DISSATISFIED), 4_200)
    assert pressed[0] == Record(
        Rated(
            at=at(5_200),
            invitation=ONE.id,
            level=Level.DISSATISFIED,
            source="sim",
            elapsed_ms=4_200,
        )
    )
    assert Scene.THANKS not in bench.shown
    assert bench.stored() == []  # the commit of the invitation's entry
    assert Scene.THANKS not in bench.shown
    assert bench.session.standing(ONE.id) == "open"
    thanked = bench.stored()
    assert Show(Scene.THANKS) in thanked
    assert bench.session.standing(ONE.id) == "rated"


def test_thanks_is_shown_for_its_time_and_then_standby() -> None:
    bench = reach(SessionState.GRACE)
    bench.do(Tick(), TIMING.grace_ms + TIMING.report_delay_ms)
    assert bench.session.state is SessionState.THANKS
    bench.do(Tick(), TIMING.thanks_ms - TIMING.grace_ms - TIMING.report_delay_ms - 1)
    assert bench.session.state is SessionState.THANKS
    bench.do(Tick(), 1)
    assert (bench.session.state, bench.shown[-1]) == (SessionState.IDLE, Scene.STANDBY)


def test_a_second_press_inside_the_grace_time_supersedes_the_first() -> None:
    bench = reach(SessionState.GRACE)
    pressed_ms = bench.now
    bench.do(key(Level.VERY_DISSATISFIED), TIMING.grace_ms)
    first, second = [body for body in bench.bodies if isinstance(body, Rated)]
    assert (first.again, second.again) == (False, True)
    assert second.at.mono == pressed_ms + TIMING.grace_ms
    thanks = bench.shown.count(Scene.THANKS)
    bench.stored()
    assert bench.shown.count(Scene.THANKS) == thanks + 1


@pytest.mark.parametrize("late_ms", [1, 50, 100])
def test_a_press_after_the_grace_time_is_a_stray_even_if_the_timer_is_late(late_ms: int) -> None:
    bench = reach(SessionState.GRACE)
    bench.do(key(), TIMING.grace_ms + late_ms)
    assert bench.kinds == [Invited, Rated, Strayed]
    assert bench.last(Strayed).state == "grace"


def test_a_third_press_is_a_stray() -> None:
    bench = reach(SessionState.GRACE)
    bench.do(key(Level.SATISFIED), 100)
    bench.do(key(Level.DISSATISFIED), 100)
    assert bench.kinds == [Invited, Rated, Rated, Strayed]
    bench.stored(2)
    bench.do(key(Level.DISSATISFIED), 100)
    assert bench.kinds[-1] is Strayed


def test_after_two_presses_thanks_waits_until_both_are_durable() -> None:
    bench = reach(SessionState.SAVING)
    bench.do(key(Level.DISSATISFIED), 200)
    assert bench.kinds == [Invited, Rated, Rated]
    bench.stored()
    assert Scene.THANKS not in bench.shown
    bench.stored()
    assert bench.shown[-1] is Scene.THANKS


def test_a_rating_on_a_slow_card_is_shown_as_saving_and_thanked_later() -> None:
    bench = reach(SessionState.SAVING)
    assert bench.do(Tick(), TIMING.saving_ms) == [Disarm(), Show(Scene.SAVING)]
    bench.now += 60_000
    assert Show(Scene.THANKS) in bench.stored()
    bench.do(key(), 10)
    assert bench.kinds[-1] is Strayed  # its grace time is over


def test_two_keys_pressed_together_are_never_a_level() -> None:
    bench = reach(SessionState.INVITED)
    bench.do(key(None), 500)
    assert bench.kinds == [Invited, Strayed]
    assert bench.last(Strayed).key == "k1+k2"
    assert bench.session.state is SessionState.INVITED


def test_a_press_from_before_the_invitation_is_a_stray() -> None:
    bench = reach(SessionState.INVITED)
    bench.session.step(key(), at(bench.now - 1))
    assert bench.session.state is SessionState.INVITED
    assert bench.session.standing(ONE.id) == "open"


# --- lapse, withdrawal --------------------------------------------------------------------------


def test_a_timeout_is_unrated_and_never_a_level() -> None:
    bench = reach(SessionState.INVITED)
    bench.do(Tick(), TIMING.invitation_ms + TIMING.report_delay_ms)
    assert bench.kinds == [Invited, Lapsed]
    assert bench.session.standing(ONE.id) == "unrated"
    lapsed = bench.shown[-1]
    assert lapsed is Scene.LAPSED
    bench.do(Tick(), TIMING.lapsed_ms)
    assert bench.shown[-1] is Scene.STANDBY


def test_a_press_on_the_last_millisecond_counts_although_received_later() -> None:
    bench = reach(SessionState.INVITED)
    bench.do(key(), TIMING.invitation_ms)
    assert bench.kinds == [Invited, Rated]


def test_a_press_after_the_deadline_is_a_stray_after_a_lapse_even_before_the_timer() -> None:
    bench = reach(SessionState.INVITED)
    bench.do(key(), TIMING.invitation_ms + 1)
    assert bench.kinds == [Invited, Lapsed, Strayed]
    assert bench.session.standing(ONE.id) == "unrated"


def test_a_timer_that_fires_early_is_armed_again_for_the_rest() -> None:
    bench = reach(SessionState.INVITED)
    assert bench.do(Tick(), TIMING.invitation_ms) == [Arm(TIMING.report_delay_ms)]
    assert bench.kinds == [Invited]


def test_a_desk_can_withdraw_only_an_invitation_without_a_press() -> None:
    bench = reach(SessionState.INVITED)
    assert bench.do(Withdraw(TWO.id, "desk")) == [Refuse(Refusal.UNKNOWN)]
    bench.do(Withdraw(ONE.id, "desk: left"))
    assert bench.last(Withdrawn).reason == "desk: left"
    assert bench.session.standing(ONE.id) == "withdrawn"
    assert bench.do(Withdraw(ONE.id, "desk")) == [Refuse(Refusal.ENDED)]
    for state in (SessionState.SAVING, SessionState.GRACE, SessionState.THANKS):
        assert reach(state).do(Withdraw(ONE.id, "desk")) == [Refuse(Refusal.ENDED)]


def test_the_next_citizen_can_be_invited_while_thanks_is_shown_but_not_in_grace_time() -> None:
    assert reach(SessionState.GRACE).do(Invite(TWO)) == [Refuse(Refusal.BUSY)]
    bench = reach(SessionState.THANKS)
    bench.do(Invite(TWO))
    assert (bench.session.state, bench.session.invitation) == (SessionState.INVITED, TWO)
    bench.do(key(), 100)
    last = bench.last(Rated)
    assert last.invitation == TWO.id
    assert not last.again


# --- pause --------------------------------------------------------------------------------------


def test_a_pause_withdraws_an_open_invitation_and_then_closes() -> None:
    bench = reach(SessionState.INVITED)
    effects = bench.do(Pause("desk"))
    assert bench.kinds == [Invited, Withdrawn, Paused]
    withdrawn = bench.bodies[1]
    assert isinstance(withdrawn, Withdrawn)
    assert withdrawn.reason == "paused"
    assert effects[-2:] == [Disarm(), Show(Scene.PAUSED)]
    assert bench.do(Invite(TWO)) == [Refuse(Refusal.PAUSED)]
    bench.do(Resume("desk"))
    assert bench.shown[-1] is Scene.STANDBY


@pytest.mark.parametrize("state", [SessionState.SAVING, SessionState.GRACE, SessionState.THANKS])
def test_a_citizen_who_has_pressed_is_thanked_before_the_window_closes(state: SessionState) -> None:
    bench = reach(state)
    bench.do(Pause("desk"))
    assert (bench.session.state, bench.kinds[-1]) == (state, Paused)
    assert bench.session.clerk_state == "paused"
    assert bench.do(Invite(TWO)) == [Refuse(Refusal.PAUSED)]
    bench.stored(2)
    assert Scene.THANKS in bench.shown
    for _ in range(2):
        bench.do(Tick(), 10_000)
    assert (bench.session.state, bench.shown[-1]) == (SessionState.PAUSED, Scene.PAUSED)


def test_pausing_twice_is_recorded_once() -> None:
    bench = reach(SessionState.PAUSED)
    assert bench.do(Pause("desk")) == []
    assert bench.kinds == [Paused]


def test_a_pad_that_was_paused_when_the_power_failed_starts_paused() -> None:
    session = Session("3", TIMING, paused=True)
    assert session.start() == [Show(Scene.PAUSED)]
    assert session.step(Invite(ONE), at(1)) == [Refuse(Refusal.PAUSED)]


# --- fault --------------------------------------------------------------------------------------


def test_a_fault_withdraws_an_open_invitation_and_records_it() -> None:
    bench = reach(SessionState.INVITED)
    effects = bench.do(Blocked(PadCode.KEYS_GONE))
    assert bench.last(Withdrawn).reason == "fault"
    assert effects[-1] == Show(Scene.FAULT, PadCode.KEYS_GONE)
    assert bench.session.standing(ONE.id) == "withdrawn"


def test_a_rating_that_the_card_refuses_is_not_thanked_and_counts_once_it_is_stored() -> None:
    bench = reach(SessionState.SAVING)
    bench.do(Blocked(PadCode.LEDGER_FULL))
    assert bench.shown[-1] is Scene.FAULT
    assert bench.session.standing(ONE.id) == "open"
    bench.stored()
    assert bench.session.standing(ONE.id) == "rated"
    bench.do(Unblocked())
    assert bench.shown[-2:] == [Scene.FAULT, Scene.STANDBY]
    assert Scene.THANKS not in bench.shown
    assert bench.kinds == [Invited, Rated]


def test_a_stray_that_cannot_be_written_does_not_cause_another() -> None:
    bench = reach(SessionState.FAULT)
    for _ in range(5):
        bench.do(key())
        assert bench.do(Blocked(PadCode.KEYS_GONE)) == []
    assert bench.kinds == [Strayed] * 5
    assert bench.do(Blocked(PadCode.LEDGER_FULL)) == [Show(Scene.FAULT, PadCode.LEDGER_FULL)]
    assert bench.do(Blocked(PadCode.LEDGER_FULL)) == []


def test_while_the_card_fails_strays_are_counted_and_requests_refused() -> None:
    bench = reach(SessionState.FAULT)
    for number in range(CLOGGED_AT + 7):
        bench.do(Press(f"k{number}", None, "sim", 0))
    assert len(bench.bodies) == CLOGGED_AT
    assert bench.session.strays_dropped == 7
    assert bench.do(Pause("desk")) == [Refuse(Refusal.FAULT)]
    bench.stored(CLOGGED_AT)
    bench.do(key())
    assert len(bench.bodies) == CLOGGED_AT + 1


def test_a_window_that_was_paused_is_paused_again_after_a_fault() -> None:
    bench = reach(SessionState.PAUSED)
    bench.do(Blocked(PadCode.KEYS_GONE))
    bench.do(Unblocked())
    paused = bench.shown[-1]
    assert paused is Scene.PAUSED
    bench.do(Blocked(PadCode.KEYS_GONE))
    bench.do(Resume("desk"))
    broken = bench.shown[-1]
    assert broken is Scene.FAULT
    bench.do(Unblocked())
    assert bench.shown[-1] is Scene.STANDBY
    assert bench.kinds == [Paused, Resumed]


# --- final ratings --------------------------------------------------------------------------------


def final_levels(effects: list[Effect]) -> list[tuple[str, Level]]:
    return [
        (effect.invitation.id, effect.level)
        for effect in effects
        if isinstance(effect, RatingFinal)
    ]


def test_a_level_is_final_when_the_grace_time_is_over_and_as_the_correction_left_it() -> None:
    bench = reach(SessionState.SAVING)
    assert final_levels(bench.stored()) == []
    assert final_levels(bench.do(key(Level.DISSATISFIED, bench.now), 0)) == []
    assert final_levels(bench.stored()) == []
    assert final_levels(bench.do(Tick(), TIMING.grace_ms + TIMING.report_delay_ms)) == [
        (ONE.id, Level.DISSATISFIED)
    ]
    assert final_levels(bench.do(Tick(), TIMING.thanks_ms)) == []
    assert final_levels(bench.do(Invite(TWO))) == []


class _ReportsInGrace(SessionContext):
    """The control: a level is reported although a correction may come."""

    def report_final(self) -> None:
        self.grace_until_ms, grace = None, self.grace_until_ms
        super().report_final()
        if self.invitation is not None:
            self.grace_until_ms = grace


def test_control_a_session_that_reports_in_the_grace_time_reports_two_levels() -> None:
    bench = Bench()
    bench.session._context = _ReportsInGrace("3", TIMING, details=False, bound=True, paused=False)
    bench.do(Invite(ONE))
    bench.do(key(), 900)
    reported = final_levels(bench.stored(2))
    bench.do(key(Level.DISSATISFIED, bench.now), 0)
    reported += final_levels(bench.stored())
    assert reported == [(ONE.id, Level.SATISFIED), (ONE.id, Level.DISSATISFIED)]


def test_a_fault_makes_a_durable_level_final_now_and_a_waiting_one_when_it_is_durable() -> None:
    assert final_levels(reach(SessionState.GRACE).do(Blocked(PadCode.KEYS_GONE))) == [
        (ONE.id, Level.SATISFIED)
    ]
    bench = reach(SessionState.SAVING)
    assert final_levels(bench.do(Blocked(PadCode.LEDGER_FULL))) == []
    assert final_levels(bench.stored()) == [(ONE.id, Level.SATISFIED)]


def test_a_level_that_is_durable_only_after_the_next_invitation_is_not_reported() -> None:
    bench = reach(SessionState.SAVING)
    bench.do(Blocked(PadCode.LEDGER_FULL))
    bench.do(Unblocked())
    bench.do(Invite(TWO))
    assert final_levels(bench.stored(2)) == []
    assert bench.session.standing(ONE.id) == "rated"


def test_no_level_is_final_without_a_press() -> None:
    bench = reach(SessionState.INVITED)
    assert final_levels(bench.do(Tick(), TIMING.invitation_ms + TIMING.report_delay_ms)) == []
    assert final_levels(bench.stored()) == []
    assert final_levels(reach(SessionState.INVITED).do(Withdraw(ONE.id, "desk"))) == []


# --- the clerk's key ----------------------------------------------------------------------------

DOES: tuple[ClerkKeyAction, ...] = ("invite", "pause")


@pytest.mark.parametrize("does", DOES)
@pytest.mark.parametrize(
    "state", [state for state in SessionState if state is not SessionState.IDLE]
)
def test_a_clerks_key_is_a_stray_while_a_citizen_is_served_or_nobody_can_be(
    state: SessionState, does: ClerkKeyAction
) -> None:
    bench = reach(state)
    before, shown = copy.deepcopy(bench.bodies), list(bench.shown)
    if (state, does) == (SessionState.PAUSED, "pause"):
        bench.do(clerk_key(does))
        assert bench.bodies[len(before) :] == [Resumed(at=at(bench.now), by="key")]
        assert bench.shown[len(shown) :] == [Scene.STANDBY]
        return
    assert bench.do(clerk_key(does)) == [
        Record(Strayed(at=at(bench.now), key="clerk", state=state.value, source="sim"))
    ]
    assert (bench.session.state, bench.shown) == (state, shown)


def test_in_standby_the_key_to_invite_asks_for_a_rating_without_a_case() -> None:
    bench = reach(SessionState.IDLE)
    bench.do(clerk_key("invite", Invitation("K", "key")))
    (invited,) = bench.bodies
    assert invited == Invited(at=at(bench.now), invitation="K", window="3", source="key")
    assert bench.session.standing("K") == "open"
    bench.do(key(Level.DISSATISFIED), 900)
    assert isinstance(bench.bodies[-1], Rated)


def test_in_standby_the_key_to_pause_closes_the_window_and_opens_it_again() -> None:
    bench = reach(SessionState.IDLE)
    for _ in range(2):
        bench.do(clerk_key("pause"))
        assert bench.session.clerk_state == "paused"
        bench.do(clerk_key("pause"))
        assert bench.session.clerk_state == "ready"
    assert bench.kinds == [Paused, Resumed] * 2


def test_no_row_of_a_clerks_key_makes_a_level() -> None:
    found = {row.action for row in TABLE if row.event is ClerkKey}
    assert found == {actions.stray, actions.invite, actions.pause, actions.resume}


# --- a key that repeats -------------------------------------------------------------------------


def repeats(effects: list[Effect]) -> list[tuple[str, bool]]:
    return [(effect.key, effect.on) for effect in effects if isinstance(effect, KeyRepeats)]


def pressed_unasked(state: SessionState, times: int) -> Bench:
    bench = reach(state)
    for _ in range(times):
        bench.do(key(), 450)
    return bench


@pytest.mark.parametrize(
    "state", [SessionState.IDLE, SessionState.PAUSED, SessionState.UNBOUND, SessionState.FAULT]
)
def test_many_unasked_presses_of_a_key_are_a_fault_in_every_state_at_rest(
    state: SessionState,
) -> None:
    bench = pressed_unasked(state, MANY - 1)
    assert bench.kinds.count(Strayed) == MANY - 1
    effects = bench.do(key(), 450)
    assert repeats(effects) == [("k2", True)]
    assert effects[-1] == ArmKeyCheck(QUIET_MS)
    assert repeats(bench.do(key(), 450)) == []  # told once


def test_an_invitation_that_only_a_repeating_key_answers_lapses_unrated() -> None:
    bench = pressed_unasked(SessionState.IDLE, MANY)
    bench.do(Invite(ONE))
    for _ in range(TIMING.invitation_ms // 450):
        bench.do(key(), 450)
        assert bench.session.state is SessionState.INVITED
    bench.do(Tick(), 1_000)
    assert Rated not in bench.kinds
    assert bench.session.standing(ONE.id) == "unrated"
    # Of the strays of a repeating key one is written in each invitation; the others are counted.
    assert bench.kinds[MANY:] == [Invited, Strayed, Lapsed]
    assert bench.session.strays_dropped == TIMING.invitation_ms // 450 - 1
    bench.do(Invite(TWO))
    bench.do(key(), 450)
    assert bench.last(Strayed).state == "invited"


def test_another_key_rates_while_one_repeats_and_that_one_corrects_nothing() -> None:
    bench = pressed_unasked(SessionState.IDLE, MANY)
    bench.do(Invite(ONE))
    bench.do(Press("k5", Level.VERY_DISSATISFIED, "sim", 0), 2_000)
    bench.do(key(), 100)
    assert bench.session.state is SessionState.SAVING
    bench.stored(len(bench.bodies))
    bench.do(key(), 100)
    assert [body.level for body in bench.bodies if isinstance(body, Rated)] == [
        Level.VERY_DISSATISFIED
    ]
    bench.do(Press("k4", Level.DISSATISFIED, "sim", 0), 100)  # control: another key corrects
    assert bench.last(Rated).again


def test_a_key_that_has_been_quiet_rates_again() -> None:
    bench = pressed_unasked(SessionState.IDLE, MANY)
    assert repeats(bench.do(KeyCheck(), QUIET_MS - 1)) == []
    assert repeats(bench.do(KeyCheck(), 1)) == [("k2", False)]
    assert bench.do(KeyCheck(), 1) == []
    bench.do(Invite(ONE))
    bench.do(key(), 900)
    assert isinstance(bench.bodies[-1], Rated)


def test_a_check_that_comes_early_is_armed_again_for_the_rest() -> None:
    bench = pressed_unasked(SessionState.IDLE, MANY)
    bench.do(key(), 4_000)
    assert bench.do(KeyCheck(), QUIET_MS - 4_000) == [ArmKeyCheck(4_000)]


def test_an_impatient_press_and_a_busy_window_are_no_fault() -> None:
    bench = Bench()
    for number in range(60):  # three people a minute, each pressing five times too often
        for _ in range(3):
            assert repeats(bench.do(key(), 200)) == []
        bench.do(Invite(Invitation(f"i{number}", "http")), 2_000)
        for _ in range(4):  # rated, corrected, two strays
            assert repeats(bench.do(key(), 300)) == []
        bench.stored(len(bench.session._context.waiting))
        bench.do(Tick(), 6_200)
        bench.do(Tick(), 10_000)
    assert bench.now > SLOW_MS
    assert [body.again for body in bench.bodies if isinstance(body, Rated)] == [False, True] * 60


def test_ratings_by_one_key_are_never_a_fault_however_many_come() -> None:
    bench = Bench()
    for number in range(200):
        bench.do(Invite(Invitation(f"i{number}", "http")), 60)
        assert repeats(bench.do(key(), 10)) == []
        bench.stored(2)
        bench.do(Tick(), TIMING.grace_ms + TIMING.report_delay_ms)
    assert bench.kinds.count(Rated) == 200


@pytest.mark.parametrize("does", DOES)
def test_a_clerks_key_that_presses_by_itself_is_a_fault_and_does_nothing_more(
    does: ClerkKeyAction,
) -> None:
    bench, told = Bench(), 0
    for _ in range(MANY):
        told += len(repeats(bench.do(clerk_key(does), 450)))
        bench.stored(len(bench.session._context.waiting))
    assert told == 1
    before, state = len(bench.bodies), bench.session.state
    for _ in range(100):
        bench.do(clerk_key(does), 450)
        assert bench.session.state is state
    bench.do(Tick(), 450)
    for _ in range(100):
        bench.do(clerk_key(does), 450)
    assert {type(body) for body in bench.bodies[before:]} <= {Strayed, Lapsed}
    bench.do(KeyCheck(), QUIET_MS)
    bench.do(clerk_key(does))
    assert bench.kinds[-1] in (Invited, Paused, Resumed)


def test_a_short_between_two_keys_is_a_fault_of_both() -> None:
    bench = Bench()
    told = [one for _ in range(MANY) for one in repeats(bench.do(key(None), 450))]
    assert told == [("k1", True), ("k2", True)]


def test_the_names_of_keys_that_are_kept_are_bounded() -> None:
    bench = Bench()
    for number in range(10 * NAMES_KEPT):
        bench.do(Press(f"unknown_{number:02x}", None, "sim", 0), 1)
    assert len(bench.session._context.keys._keys) == NAMES_KEPT


# --- details, self-test, standings --------------------------------------------------------------


def test_reasons_are_thanked_once_durable_and_can_be_skipped() -> None:
    bench = reach(SessionState.DETAILS)
    bench.do(Detail(("407",), "快"))
    assert bench.bodies[-1] == Detailed(
        at=at(bench.now), invitation=ONE.id, options=("407",), text="快"
    )
    bench.do(key(), 10)
    assert bench.kinds[-1] is Strayed
    saving = bench.session.state
    assert saving is SessionState.SAVING
    assert Show(Scene.THANKS) in bench.stored()
    assert bench.session.state is SessionState.THANKS
    skipped = reach(SessionState.DETAILS)
    skipped.do(Detail())
    assert skipped.session.state is SessionState.THANKS
    left_alone = reach(SessionState.DETAILS)
    left_alone.do(Tick(), TIMING.details_ms)
    assert left_alone.session.state is SessionState.IDLE
    assert Detailed not in skipped.kinds + left_alone.kinds


def test_who_chooses_reasons_has_time_after_each_touch() -> None:
    bench = reach(SessionState.DETAILS)
    for _ in range(3):
        bench.do(Tick(), TIMING.details_ms - 1)
        bench.do(ReasonTouched())
    assert bench.session.asks_reasons
    bench.do(Tick(), TIMING.details_ms)
    assert bench.session.state is SessionState.IDLE


def test_the_next_invitation_ends_the_last_citizens_reasons() -> None:
    bench = reach(SessionState.DETAILS)
    assert bench.session.clerk_state == "ready"
    assert Show(Scene.INVITATION) in bench.do(Invite(TWO))
    assert bench.session.state is SessionState.INVITED
    assert bench.last(Invited).invitation == TWO.id
    bench.do(Detail(("407",)))
    assert Detailed not in bench.kinds, "what comes late is not the next citizen's"


def test_a_window_that_will_close_takes_no_invitation_while_reasons_are_asked_for() -> None:
    bench = reach(SessionState.DETAILS)
    bench.do(Pause("desk"))
    assert bench.do(Invite(TWO)) == [Refuse(Refusal.PAUSED)]
    assert bench.session.state is SessionState.DETAILS


def test_keys_in_the_self_test_are_strays() -> None:
    bench = reach(SessionState.SELFTEST)
    bench.do(key())
    assert bench.last(Strayed).state == "selftest"
    bench.do(Selftest(on=False))
    assert bench.session.state is SessionState.IDLE


# --- rating by phone -----------------------------------------------------------------------------


def test_an_invitation_may_be_rated_by_phone_until_a_key_is_pressed() -> None:
    bench = Bench()
    assert bench.session.invitation_for_phone(bench.now, 60_000) is None
    bench.do(Invite(ONE))
    assert bench.session.invitation_for_phone(bench.now, 0) == ONE.id
    bench.stored()
    bench.do(key(), 900)
    for event in (None, Stored(), Tick(), Tick()):
        if event is not None:
            bench.do(event, 5_000)
        assert bench.session.invitation_for_phone(bench.now, 600_000) is None


def test_after_a_lapse_a_phone_may_rate_for_a_while_but_not_after_the_next_invitation() -> None:
    bench = Bench()
    bench.do(Invite(ONE))
    bench.do(Tick(), TIMING.invitation_ms + TIMING.report_delay_ms)
    bench.stored(2)
    bench.do(Tick(), TIMING.lapsed_ms)
    rested_ms = TIMING.lapsed_ms
    assert bench.shown[-2:] == [Scene.LAPSED, Scene.STANDBY]
    for late_ms, wanted in ((0, None), (rested_ms, None), (rested_ms + 1, ONE.id)):
        assert bench.session.invitation_for_phone(bench.now, late_ms) == wanted
    bench.do(key())  # a stray belongs to no invitation
    assert bench.session.invitation_for_phone(bench.now, 60_000) == ONE.id
    bench.do(Pause("desk"))
    assert bench.session.invitation_for_phone(bench.now, 60_000) is None
    bench.do(Resume("desk"))
    bench.do(Invite(TWO))
    assert bench.session.invitation_for_phone(bench.now, 60_000) == TWO.id
    bench.do(Withdraw(TWO.id, "desk"))
    assert bench.session.invitation_for_phone(bench.now, 60_000) is None


def test_the_last_256_standings_are_kept() -> None:
    session = Session("3", TIMING)
    for number in range(300):
        session.remember(str(number), "withdrawn")
    assert session.standing("43") is None
    assert session.standing("44") == "withdrawn"


# --- random histories ---------------------------------------------------------------------------


class Histories(RuleBasedStateMachine):
    """A session with a slow or refusing card: the laws hold after every random event."""

    session_type = Session

    def __init__(self) -> None:
        super().__init__()
        self.session = self.session_type("3", TIMING, details=False)
        self.now = 0
        self.deadline: int | None = None
        self.queue: deque[Body] = deque()
        self.ledger: list[Body] = []
        self.invitations = 0
        self.thanked: list[str] = []
        self.final: dict[str, Level] = {}

    def do(self, event: Event, mono: int | None = None) -> None:
        before = self.session.state
        effects = self.session.step(event, at(self.now if mono is None else mono))
        made_by_press(before, event, effects)
        entries_first(effects)
        for effect in effects:
            match effect:
                case Record(body=body):
                    self.queue.append(body)
                case Arm(after_ms=after_ms):
                    assert after_ms >= 0
                    self.deadline = self.now + after_ms
                case Disarm():
                    self.deadline = None
                case Show(scene=Scene.THANKS):
                    self.thank()
                case RatingFinal(invitation=invitation, level=level):
                    self.report_final(invitation.id, level)

    def report_final(self, invitation: str, level: Level) -> None:
        """A level that is reported to a desk is durable, final, and reported once."""
        durable = self.ratings_in(self.ledger, invitation)
        assert [body.level for body in durable[-1:]] == [level]
        assert not self.ratings_in(self.queue, invitation)
        assert invitation not in self.final
        self.final[invitation] = level

    @staticmethod
    def ratings_in(bodies: Iterable[Body], invitation: str) -> list[Rated]:
        return [
            body for body in bodies if isinstance(body, Rated) and body.invitation == invitation
        ]

    def thank(self) -> None:
        """Law 2: when thanks is shown, every rating of the invitation is in the ledger."""
        assert self.session.invitation is not None
        invitation = self.session.invitation.id
        assert self.ratings_in(self.ledger, invitation)
        assert not self.ratings_in(self.queue, invitation)
        self.thanked.append(invitation)

    @rule()
    def invite(self) -> None:
        self.invitations += 1
        self.do(Invite(Invitation(f"i{self.invitations}", "http")))

    @rule(level=st.sampled_from([*Level, None]), received_after_ms=st.integers(0, 90))
    def press(self, level: Level | None, received_after_ms: int) -> None:
        self.do(key(level), max(0, self.now - received_after_ms))

    @rule(does=st.sampled_from(["invite", "pause"]))
    def clerk_key(self, does: ClerkKeyAction) -> None:
        self.invitations += 1
        self.do(clerk_key(does, Invitation(f"i{self.invitations}", "key")))

    @rule(number=st.integers(1, 9))
    def withdraw(self, number: int) -> None:
        self.do(Withdraw(f"i{number}", "desk"))

    @rule(event=st.sampled_from([Pause("desk"), Resume("desk"), Detail(), Bound()]))
    def request(self, event: Event) -> None:
        self.do(event)

    @rule(
        event=st.sampled_from(
            [Blocked(PadCode.LEDGER_FULL), Blocked(PadCode.KEYS_GONE), Unblocked()]
        )
    )
    def fault(self, event: Event) -> None:
        self.do(event)

    @rule(on=st.booleans())
    def selftest(self, on: bool) -> None:
        self.do(Selftest(on=on))

    @precondition(lambda self: self.queue)
    @rule()
    def commit(self) -> None:
        self.ledger.append(self.queue.popleft())
        self.do(Stored())

    @rule(passed_ms=st.one_of(st.integers(1, 150), st.integers(1, 5_000), st.just(31_000)))
    def wait(self, passed_ms: int) -> None:
        until = self.now + passed_ms
        while self.deadline is not None and self.deadline <= until:
            self.now, self.deadline = self.deadline, None
            self.do(Tick())
        self.now = until

    @invariant()
    def one_invitation_has_one_rating_and_at_most_one_correction(self) -> None:
        rated: dict[str, list[Rated]] = {}
        ended: set[str] = set()
        for body in (*self.ledger, *self.queue):
            if isinstance(body, Rated):
                rated.setdefault(body.invitation, []).append(body)
            if isinstance(body, Lapsed | Withdrawn):
                assert body.invitation not in ended
                ended.add(body.invitation)
        assert not ended & set(rated)
        for ratings in rated.values():
            assert [rating.again for rating in ratings] in ([False], [False, True])
            assert ratings[-1].at.mono - ratings[0].at.mono <= TIMING.grace_ms
            assert 0 <= ratings[0].elapsed_ms <= TIMING.invitation_ms

    @invariant()
    def a_final_level_changes_no_more(self) -> None:
        last = {
            body.invitation: body.level
            for body in (*self.ledger, *self.queue)
            if isinstance(body, Rated)
        }
        assert all(last[invitation] is level for invitation, level in self.final.items())

    @invariant()
    def a_standing_says_what_the_entries_say(self) -> None:
        durable = {body.invitation for body in self.ledger if isinstance(body, Rated)}
        waiting = {body.invitation for body in self.queue if isinstance(body, Rated)}
        for number in range(1, self.invitations + 1):
            standing = self.session.standing(f"i{number}")
            if standing == "rated":
                assert f"i{number}" in durable
            elif f"i{number}" in durable | waiting:
                assert standing == "open"
                assert f"i{number}" not in durable or f"i{number}" in waiting

    @invariant()
    def an_open_invitation_is_on_the_screen_or_waits_for_the_card(self) -> None:
        for number in range(1, self.invitations + 1):
            if self.session.standing(f"i{number}") == "open":
                shown = self.session.invitation
                assert (shown is not None and shown.id == f"i{number}") or any(
                    isinstance(body, Rated) and body.invitation == f"i{number}"
                    for body in self.queue
                )

    @invariant()
    def a_phone_may_rate_only_what_no_key_has_rated(self) -> None:
        offered = self.session.invitation_for_phone(self.now, 60_000)
        bodies = [*self.ledger, *self.queue]
        ended = [body for body in bodies if isinstance(body, Rated | Withdrawn)]
        assert offered not in {body.invitation for body in ended}

    @invariant()
    def a_screen_that_will_change_has_a_deadline(self) -> None:
        if self.session.state in (
            SessionState.INVITED,
            SessionState.GRACE,
            SessionState.THANKS,
            SessionState.DETAILS,
        ):
            assert self.deadline is not None
        if self.session.state is SessionState.SAVING:
            assert self.queue


TestHistories = Histories.TestCase
TestHistories.settings = settings(
    max_examples=400,
    stateful_step_count=40,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.filter_too_much],
)


class _ThanksTooSoon(Session):
    """The control: thanks as soon as a key is pressed."""

    def step(self, event: Event, at: At) -> list[Effect]:
        effects = super().step(event, at)
        if any(isinstance(e, Record) and isinstance(e.body, Rated) for e in effects):
            effects.append(Show(Scene.THANKS))
        return effects


class _TimeoutIsGood(Session):
    """The control: a timeout that becomes a level, as in badly made pads."""

    def step(self, event: Event, at: At) -> list[Effect]:
        effects = super().step(event, at)
        for effect in effects:
            if isinstance(effect, Record) and isinstance(effect.body, Lapsed):
                rated = Rated(
                    at=at,
                    invitation=effect.body.invitation,
                    level=Level.VERY_SATISFIED,
                    source="sim",
                    elapsed_ms=0,
                )
                return [Record(rated), *effects[1:]]
        return effects


def _every_press_corrects(context: SessionContext, press: Press, at: At) -> None:
    """The control: corrections without end."""
    actions.correct(context, press, at)
    context.corrected = False


def _forget_the_invitation(context: SessionContext, blocked: Blocked, at: At) -> None:
    """The control: a fault that drops the open invitation without an entry."""
    actions.block(context, blocked, at)


class _ClerkRates(Session):
    """The control: a clerk's key that is taken for the best level."""

    def step(self, event: Event, at: At) -> list[Effect]:
        if isinstance(event, ClerkKey) and self.state is SessionState.INVITED:
            best = Press(event.key, Level.VERY_SATISFIED, event.source, at.mono)
            return super().step(best, at)
        return super().step(event, at)


class _ReportsTooSoon(Session):
    """The control: a level is reported while it waits for the card."""

    def step(self, event: Event, at: At) -> list[Effect]:
        effects = super().step(event, at)
        for effect in effects:
            if isinstance(effect, Record) and isinstance(effect.body, Rated):
                assert self.invitation is not None
                return [*effects, RatingFinal(self.invitation, effect.body.level)]
        return effects


class _OffersThePhoneToo(Session):
    """The control: the code of an invitation stays when a key has been pressed."""

    def invitation_for_phone(self, *_: int) -> str | None:
        last = self._context.last_invitation
        return last.id if last is not None else None


def _fails(session: type[Session]) -> None:
    class Control(Histories):
        session_type = session

    Control.TestCase.settings = settings(
        max_examples=200, stateful_step_count=40, deadline=None, derandomize=True, database=None
    )
    with pytest.raises(AssertionError):
        Control.TestCase("runTest").runTest()


@pytest.mark.parametrize(
    "broken", [_ThanksTooSoon, _TimeoutIsGood, _ClerkRates, _ReportsTooSoon, _OffersThePhoneToo]
)
def test_the_random_histories_catch_a_session_that_breaks_a_law(broken: type[Session]) -> None:
    _fails(broken)


@pytest.mark.parametrize(
    ("action", "broken"),
    [
        (actions.correct, _every_press_corrects),
        (actions.block_open, _forget_the_invitation),
    ],
)
def test_the_random_histories_catch_an_action_that_breaks_a_law(
    action: Action, broken: Action, monkeypatch: pytest.MonkeyPatch
) -> None:
    def replaced(row: Transition) -> Transition:
        return row._replace(action=broken) if row.action is action else row

    rows = {pair: tuple(map(replaced, those)) for pair, those in ROWS.items()}
    monkeypatch.setattr(session_module, "ROWS", rows)
    _fails(Session)


def test_a_press_is_received_before_the_timer_of_its_deadline_on_every_board() -> None:
    boards = [load_profile(name) for name in board_names()]
    on_lines = [board for board in boards if not board.keys.coded]
    assert on_lines
    for board in on_lines:  # a press that comes as a code has the time of its arrival
        assert board.keys.debounce_ms + board.keys.scan_ms < TIMING.report_delay_ms, board.name
