"""The running pad in virtual time: what it shows and stores, and in which order."""

import asyncio
import logging

import pytest

from device.errors import PadCode
from device.events import Press, Refusal, Scene
from device.ledger.commit_queue import MAX_HELD
from device.pad import COMMIT_WAIT_S, IDENTIFY_S
from device.ports import FaultReport, Granted
from sync.entries import (
    Cleared,
    Fault,
    Invited,
    Level,
    Paused,
    Rated,
    Service,
    Strayed,
    Withdrawn,
    write_body,
)
from tests.rigs.pad.virtual_pad import VirtualPad
from tests.rigs.time.virtual_time import now_ms, pass_s, run

CASE = Service(case="c-1", step="办结")


async def invited(bench: VirtualPad, service: Service = CASE) -> str:
    granted = await bench.pad.invite(service, "c7", "http")
    assert isinstance(granted, Granted)
    return granted.invitation


def test_thanks_is_shown_when_the_rating_is_durable_and_not_before() -> None:
    async def story() -> None:
        bench = VirtualPad()
        bench.pad.start()
        invitation = await invited(bench)
        bench.card.hangs = True
        bench.press()
        await pass_s(1)
        waiting = bench.scene
        assert waiting is Scene.INVITATION
        not_yet = bench.pad.standing(invitation)
        assert not_yet == "open"
        bench.card.let_go()
        await bench.settle()
        assert bench.scene is Scene.THANKS
        assert bench.pad.standing(invitation) == "rated"
        (rated,) = bench.recorded(Rated)
        assert (rated.invitation, rated.level) == (invitation, Level.SATISFIED)
        assert bench.commits_observed == 2
        await pass_s(10)
        assert [scene for scene, _ in bench.shown] == [
            Scene.STANDBY,
            Scene.INVITATION,
            Scene.THANKS,
            Scene.STANDBY,
        ]

    run(story())


def test_a_card_that_hangs_shows_saving_then_the_fault_and_never_thanks() -> None:
    async def story() -> None:
        bench = VirtualPad()
        invitation = await invited(bench)
        bench.card.hangs = True
        bench.press()
        await pass_s(60)
        scenes = [scene for scene, _ in bench.shown]
        assert scenes[1] is Scene.SAVING
        assert bench.shown[-1] == (Scene.FAULT, PadCode.LEDGER_WRITE)
        assert Scene.THANKS not in scenes
        bench.card.let_go()
        await pass_s(1)
        assert bench.pad.standing(invitation) == "rated"
        assert bench.scene is Scene.STANDBY
        assert len(bench.recorded(Rated)) == 1

    run(story())


def test_a_full_card_closes_the_window_keeps_the_rating_and_the_window_opens_again() -> None:
    async def story() -> None:
        bench = VirtualPad()
        invitation = await invited(bench)
        bench.card.refuses = PadCode.LEDGER_FULL
        bench.press(Level.DISSATISFIED)
        await pass_s(30)
        assert bench.shown[-1] == (Scene.FAULT, PadCode.LEDGER_FULL)
        assert await bench.pad.invite(Service(case="c-2"), None, "http") is Refusal.FAULT
        assert bench.pad.window().fault == "L02"
        bench.card.refuses = None
        await pass_s(5)
        assert bench.scene is Scene.STANDBY
        assert bench.pad.window() == ("3", "ready", None, None, None)
        assert bench.pad.standing(invitation) == "rated"
        kinds = [type(body) for body in bench.card.bodies]
        assert kinds == [Invited, Rated, Fault, Cleared]

    run(story())


def test_a_desk_is_told_what_is_open_until_the_citizen_has_answered() -> None:
    async def story() -> None:
        bench = VirtualPad()
        bench.pad.start()
        await invited(bench)
        asked_ms = bench.card.bodies[-1].at.utc
        await pass_s(4)
        now = bench.pad.window()
        assert now.open is not None
        assert tuple(now.open) == ("c-1", None, "办结", "c7", asked_ms, 26)
        later = now.open._replace(left_s=9)
        assert not now.differs(now._replace(open=later))
        bench.press()
        await bench.settle()
        assert (bench.pad.window().state, bench.pad.window().open) == ("busy", None)

    run(story())


def test_the_day_counts_every_way_to_invite_and_every_end() -> None:
    async def story() -> None:
        bench = VirtualPad(clerk_keys={"ask": "invite"})
        bench.pad.start()
        await invited(bench)
        bench.press()
        await pass_s(10)
        await invited(bench, Service(case="c-2"))
        await pass_s(40)
        await invited(bench, Service(case="c-3"))
        await bench.pad.pause("desk")
        await bench.pad.resume("desk")
        bench.pad.press(Press("ask", None, "keys", now_ms()))
        today = bench.pad.day()
        assert (today.invited, today.rated, today.unrated, today.withdrawn) == (4, 1, 1, 1)
        assert [(one.case, one.standing) for one in today.cases] == [
            (None, "open"),
            ("c-3", "withdrawn"),
            ("c-2", "unrated"),
            ("c-1", "rated"),
        ]

    run(story())


def test_the_same_case_at_the_same_step_is_the_same_invitation_while_it_is_open() -> None:
    async def story() -> None:
        bench = VirtualPad()
        invitation = await invited(bench)
        assert await bench.pad.invite(CASE, "c7", "http") == Granted(invitation, created=False)
        assert await bench.pad.invite(Service(case="c-1"), "c7", "http") is Refusal.BUSY
        await pass_s(60)
        assert await invited(bench) != invitation  # control: once it has lapsed, it is another
        assert len(bench.recorded(Invited)) == 2

    run(story())


def test_a_desk_waits_for_a_slow_card_with_a_timeout_and_the_entry_is_still_committed() -> None:
    async def story() -> None:
        bench = VirtualPad()
        bench.card.hangs = True
        loop = asyncio.get_running_loop()
        began_s = loop.time()
        assert await bench.pad.pause("desk") is Refusal.FAULT
        assert loop.time() - began_s == COMMIT_WAIT_S
        bench.card.let_go()
        await bench.settle()
        assert len(bench.recorded(Paused)) == 1

    run(story())


def test_identify_is_shown_for_five_seconds_and_then_the_scene_that_came_meanwhile() -> None:
    async def story() -> None:
        bench = VirtualPad()
        bench.pad.start()
        bench.pad.identify()
        at_first = bench.scene
        assert at_first is Scene.IDENTIFY
        await pass_s(IDENTIFY_S - 1)
        bench.pad.identify()  # starts the five seconds again
        await invited(bench)
        await pass_s(IDENTIFY_S - 0.1)
        identified = bench.scene
        assert identified is Scene.IDENTIFY
        await pass_s(0.2)
        asked = bench.scene
        assert asked is Scene.INVITATION
        bench.press()
        await bench.settle()
        assert bench.scene is Scene.THANKS

    run(story())


def test_a_fault_is_recorded_once_and_closes_the_window_only_if_it_blocks() -> None:
    async def story() -> None:
        bench = VirtualPad()
        bench.pad.start()
        for _ in range(3):
            bench.pad.driver_fault(FaultReport(PadCode.DISPLAY_GONE, True, "no answer"))
        await bench.settle()
        assert bench.scene is Scene.STANDBY
        bench.pad.driver_fault(FaultReport(PadCode.KEYS_GONE, True, "no answer"))
        bench.pad.raise_fault(PadCode.LEDGER_WRITE, "slow")
        assert bench.shown[-1] == (Scene.FAULT, PadCode.LEDGER_WRITE)
        bench.pad.driver_fault(FaultReport(PadCode.KEYS_GONE, False, "no answer"))
        assert bench.shown[-1] == (Scene.FAULT, PadCode.LEDGER_WRITE)
        bench.pad.clear_fault(PadCode.LEDGER_WRITE)
        assert bench.scene is Scene.STANDBY
        bench.pad.clear_fault(PadCode.LEDGER_WRITE)
        await bench.settle()
        assert [fault.code for fault in bench.recorded(Fault)] == ["D01", "K03", "L01"]
        assert [fault.code for fault in bench.recorded(Cleared)] == ["K03", "L01"]
        assert [fault.code for fault in bench.pad.faults.now] == ["D01"]

    run(story())


def test_a_fault_is_in_the_log_once_and_the_log_names_no_key(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def story() -> None:
        bench = VirtualPad()
        with caplog.at_level(logging.INFO, "device.pad"):
            for _ in range(2):
                bench.pad.raise_fault(PadCode.KEY_CHATTER, "very_dissatisfied")
            bench.pad.clear_fault(PadCode.KEY_CHATTER)
        await bench.settle()
        assert caplog.messages == [f"K02 {PadCode.KEY_CHATTER.says}", "K02 is over"]
        assert bench.recorded(Fault)[0].detail == "very_dissatisfied", "the ledger has the key"

    run(story())


def test_a_fault_withdraws_an_open_invitation_with_the_reason() -> None:
    async def story() -> None:
        bench = VirtualPad()
        invitation = await invited(bench)
        bench.pad.raise_fault(PadCode.KEYS_GONE)
        bench.press()
        await bench.settle()
        assert bench.pad.standing(invitation) == "withdrawn"
        (withdrawn,) = bench.recorded(Withdrawn)
        assert (withdrawn.invitation, withdrawn.reason) == (invitation, "fault")
        assert bench.recorded(Rated) == []
        assert len(bench.recorded(Strayed)) == 1

    run(story())


def test_a_pad_that_was_paused_starts_paused_and_one_without_a_window_says_so() -> None:
    async def story() -> None:
        paused, unbound, open_ = VirtualPad(paused=True), VirtualPad(window=""), VirtualPad()
        for bench in (paused, unbound, open_):
            bench.pad.start()
        assert (paused.scene, unbound.scene) == (Scene.PAUSED, Scene.UNBOUND)
        assert open_.scene is Scene.STANDBY
        assert await paused.pad.invite(CASE, None, "http") is Refusal.PAUSED
        assert await unbound.pad.invite(CASE, None, "http") is Refusal.UNBOUND
        assert await paused.pad.resume("desk") is None
        assert paused.scene is Scene.STANDBY
        await invited(paused)

    run(story())


def test_a_withdrawal_is_granted_once_and_only_for_what_is_open() -> None:
    async def story() -> None:
        bench = VirtualPad()
        invitation = await invited(bench)
        assert await bench.pad.withdraw("01NOBODY", "desk") is Refusal.UNKNOWN
        assert await bench.pad.withdraw(invitation, "desk") is None
        assert await bench.pad.withdraw(invitation, "desk") is Refusal.ENDED
        assert bench.pad.standing(invitation) == "withdrawn"
        assert len(bench.recorded(Withdrawn)) == 1

    run(story())


def test_stop_waits_for_the_commit_queue_and_returns_false_if_the_card_refuses() -> None:
    async def story() -> None:
        bench = VirtualPad()
        bench.pad.identify()
        bench.pad.raise_fault(PadCode.DISPLAY_GONE)
        assert await bench.pad.stop()
        assert len(bench.recorded(Fault)) == 1
        stuck = VirtualPad()
        stuck.card.refuses = PadCode.LEDGER_FULL
        stuck.pad.raise_fault(PadCode.DISPLAY_GONE)
        assert not await stuck.pad.stop()

    run(story())


def test_repeated_faults_on_a_broken_card_do_not_take_the_sessions_place_in_the_queue() -> None:
    async def story() -> None:
        bench = VirtualPad()
        bench.pad.start()
        bench.card.refuses = PadCode.LEDGER_FULL
        for _ in range(MAX_HELD):
            bench.pad.raise_fault(PadCode.KEY_CHATTER, "satisfied")
            bench.pad.clear_fault(PadCode.KEY_CHATTER, "satisfied")
        assert bench.pad.commits.refused > 0
        bench.press()
        bench.card.refuses = None
        await pass_s(5)
        assert len(bench.recorded(Strayed)) == 1
        invitation = await invited(bench)
        bench.press()
        await pass_s(1)
        assert bench.scene is Scene.THANKS, "the count of waiting entries is wrong"
        assert bench.pad.standing(invitation) == "rated"

    run(story())


def test_a_fault_with_a_very_long_detail_is_still_an_entry() -> None:
    async def story() -> None:
        bench = VirtualPad()
        bench.pad.raise_fault(PadCode.LEDGER_DAMAGED, "missing 1, " * 2000)
        bench.pad.clear_fault(PadCode.LEDGER_DAMAGED, "missing 1, " * 2000)
        await bench.settle()
        (fault,) = bench.recorded(Fault)
        assert len(write_body(fault)) < 8000
        assert bench.pad.faults.now == ()

    run(story())


def test_the_same_invitation_asked_for_again_is_not_granted_before_it_is_durable() -> None:
    async def story() -> None:
        bench = VirtualPad()
        bench.card.hangs = True
        first = asyncio.ensure_future(bench.pad.invite(CASE, "c7", "http"))
        await pass_s(1)
        again = asyncio.ensure_future(bench.pad.invite(CASE, "c7", "http"))
        await pass_s(1)
        assert not again.done()
        bench.card.let_go()
        granted, same = await asyncio.gather(first, again)
        assert isinstance(granted, Granted)
        assert same == Granted(granted.invitation, created=False)

    run(story())


# --- levels, for one desk only ------------------------------------------------------------------


def test_a_level_is_reported_to_one_source_once_and_only_when_it_is_final() -> None:
    async def story() -> None:
        bench, levels = VirtualPad(), list[Level]()
        bench.pad.tell_levels("bus68", levels.append)
        assert isinstance(await bench.pad.invite(Service(), None, "bus68"), Granted)
        bench.card.hangs = True
        bench.press(Level.SATISFIED)
        await pass_s(4)
        assert levels == []  # the grace time is over, but the card has not answered
        bench.card.let_go()
        await bench.settle()
        await pass_s(2)
        assert levels == [Level.SATISFIED]
        await pass_s(60)
        assert isinstance(await bench.pad.invite(Service(), None, "bus68"), Granted)
        bench.press(Level.SATISFIED)
        await pass_s(1)
        bench.press(Level.VERY_DISSATISFIED)
        await pass_s(1.5)
        assert levels == [Level.SATISFIED]
        await pass_s(10)
        assert levels == [Level.SATISFIED, Level.VERY_DISSATISFIED]

    run(story())


def test_no_level_of_another_desks_invitation_is_reported() -> None:
    async def story() -> None:
        bench, levels = VirtualPad(), list[Level]()
        bench.pad.tell_levels("bus68", levels.append)
        await invited(bench)
        bench.press()
        await pass_s(30)
        assert len(bench.recorded(Rated)) == 1
        assert levels == []
        with pytest.raises(ValueError, match="told to bus68 already"):
            bench.pad.tell_levels("http", levels.append)

    run(story())


def test_a_rated_case_is_invited_again_only_on_explicit_request_and_recorded() -> None:
    async def story() -> None:
        bench = VirtualPad()
        first = await invited(bench)
        bench.press()
        await pass_s(1)
        assert await bench.pad.invite(CASE, "c7", "http") is Refusal.RATED  # not even `busy`
        await pass_s(10)
        assert await bench.pad.invite(CASE, "c7", "http") is Refusal.RATED
        assert isinstance(
            await bench.pad.invite(Service(case="c-1", step="受理"), "c7", "http"), Granted
        )
        await pass_s(60)  # the other step lapses
        second = await bench.pad.invite(CASE, "c7", "http", again=True)
        assert isinstance(second, Granted)
        await pass_s(60)  # and so does this one: the first rating is still valid
        assert bench.pad.standing(second.invitation) == "unrated"
        assert await bench.pad.invite(CASE, "c7", "http") is Refusal.RATED
        assert [body.rated_before for body in bench.recorded(Invited)] == [None, None, first]

    run(story())


def test_a_case_that_lapsed_may_be_invited_again() -> None:
    async def story() -> None:
        bench = VirtualPad()
        await invited(bench)
        await pass_s(60)
        await invited(bench)
        assert [body.rated_before for body in bench.recorded(Invited)] == [None, None]

    run(story())
