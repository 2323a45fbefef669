"""The stage with its real programs: the page shows what they have done."""

import asyncio
import os
import signal
import sqlite3
from contextlib import closing

import msgspec
import pytest

from demo.desk_client import DeskRefusalError
from demo.processes import StageError
from demo.stage import Stage
from demo.staged_pad import DARK, READY_S, Timings
from demo.view_model import ViewModel
from sync.entries import Level

BRISK = Timings(grace_s=1, thanks_s=1, reconnect_max_s=0.5, probe_s=0.5)


def played(scene):
    """Run `scene(stage, pad)` on a stage of one pad."""

    async def play():
        async with Stage(1, BRISK) as stage, asyncio.timeout(60):
            await scene(stage, stage.pads["pad-01"])

    asyncio.run(play())


async def until(fact):
    """Wait for `fact()`; the stage's own time limit ends it."""
    pause = asyncio.Event()
    while not fact():
        try:
            await asyncio.wait_for(pause.wait(), 0.02)
        except TimeoutError:
            continue


async def at_rest(pad):
    """Wait until it takes an invitation: what the desk said last may be older than the display."""
    await until(lambda: pad.scene == "standby" and pad.window_state == "ready")


async def rate(pad, case, level):
    await at_rest(pad)
    visit = await pad.invite(case)
    await until(lambda: pad.scene == "invitation")
    await pad.press(level)
    await until(lambda: visit.id in pad.thanked_by_screen)
    return visit


def test_a_rating_is_thanked_on_the_display_and_counted_at_the_province():
    async def scene(stage, pad):
        visit = await rate(pad, "A-1", "satisfied")
        await until(lambda: stage.delivery_count().settled)
        (row,) = stage.province.ratings
        assert (row.invitation, row.level, row.dated_by) == (visit.id, "satisfied", "ntp")
        assert [verdict.ok for verdict in await stage.verify()] == [True, True]

    played(scene)


def test_a_thanks_that_nothing_stands_behind_is_counted_as_lost():
    """The control: the count is made from the display and the files, not from reports."""

    async def scene(stage, pad):
        await rate(pad, "A-1", "satisfied")
        await until(lambda: stage.delivery_count().settled)
        pad.thanked_by_screen.add("never-written")
        assert stage.delivery_count().lost == 1
        assert not stage.delivery_count().settled

    played(scene)


def test_a_ledger_that_was_changed_from_outside_fails_its_verification():
    """The other control: the verify button can fail."""

    async def scene(stage, pad):
        await rate(pad, "A-1", "very_dissatisfied")
        await until(lambda: stage.delivery_count().settled)
        await pad.power_off()
        with closing(sqlite3.connect(pad.ledger_path)) as ledger:
            triggers = "SELECT name FROM sqlite_schema WHERE type = 'trigger'"
            for (name,) in ledger.execute(triggers).fetchall():
                ledger.execute(f"DROP TRIGGER {name}")
            ledger.execute(
                "UPDATE entry SET body = CAST(replace(CAST(body AS TEXT), 'dissatisfied',"
                " 'satisfied') AS BLOB) WHERE body LIKE '%rated%'"
            )
            ledger.commit()
        mine, theirs = await stage.verify()
        assert (mine.ok, theirs.ok) == (False, True)
        assert "entry" in mine.says

    played(scene)


def test_the_power_switch_is_a_kill_and_the_display_goes_dark():
    async def scene(stage, pad):
        first = pad.program.pid
        pad.cable.pull()
        await rate(pad, "A-1", "satisfied")
        await pad.power_off()
        assert pad.picture == DARK
        assert not pad.program.alive
        await stage.refresh()
        assert stage.delivery_count_of(pad).waiting == 1
        await pad.power_on()
        assert pad.program.pid not in (None, first)
        assert pad.scene == "standby"
        pad.cable.plug()
        await until(lambda: stage.delivery_count().settled)

    played(scene)


def test_a_pad_that_dies_by_itself_is_shown_dark_and_can_be_switched_on_again():
    async def scene(stage, pad):
        os.killpg(pad.program.pid, signal.SIGKILL)
        await until(lambda: not pad.power)
        await until(lambda: pad.picture == DARK)  # what it still sent is seen out first
        await pad.power_on()
        await rate(pad, "A-1", "satisfied")

    played(scene)


def test_a_card_that_cannot_be_written_gives_no_thanks_until_it_can():
    async def scene(stage, pad):
        await at_rest(pad)
        visit = await pad.invite("A-1")
        await until(lambda: pad.scene == "invitation")
        await pad.set_card(False)
        await pad.press("satisfied")
        await until(lambda: pad.scene == "fault")
        show = ViewModel()
        show.stage = stage
        assert show.state()["hint"].id == "mend-card"
        assert visit.id not in pad.thanked
        assert stage.delivery_count().pressed == 0
        await pad.set_card(True)
        await until(lambda: visit.standing == "rated")
        await until(lambda: stage.delivery_count().settled)
        assert visit.id in pad.thanked_by_clerk
        assert [verdict.ok for verdict in await stage.verify()] == [True, True]

    played(scene)


def test_a_verdict_is_of_the_entries_that_were_there_and_tells_what_came_since():
    async def scene(stage, pad):
        show = ViewModel()
        show.stage = stage
        assert show.state()["verify"]["verdicts"] == []
        await until(lambda: stage.province.entries == (pad.page and pad.page.seq) != 0)
        checked = pad.page.seq
        await show.verify()
        shown = show.state()["verify"]["verdicts"]
        assert [(one["who"], one["entries"], one["since"]) for one in shown] == [
            ("pad-01", checked, 0),
            ("province", checked, 0),
        ]
        await rate(pad, "A-1", "satisfied")
        await until(lambda: stage.delivery_count().settled)
        shown = show.state()["verify"]["verdicts"]
        assert [one["entries"] for one in shown] == [checked, checked]
        assert [one["since"] >= 2 for one in shown] == [True, True]

    played(scene)


def test_the_clerk_sees_how_it_stands_and_never_a_level():
    async def scene(stage, pad):
        show = ViewModel()
        show.stage = stage
        visit = await rate(pad, "A-1", "very_dissatisfied")
        await until(lambda: visit.standing == "rated")
        (told,) = show.state()["pads"][0]["visits"]
        assert told == {"case": "A-1", "standing": "rated"}
        window = msgspec.json.encode(await pad.desk.window()).decode()
        assert not [level for level in Level if level.value in window]

    played(scene)


def test_an_invitation_from_the_clerks_own_page_is_a_visit_too():
    async def scene(stage, pad):
        earlier = await rate(pad, "A-1", "satisfied")
        await at_rest(pad)
        name = await pad.desk.invite("B-1", "11220000MB0001", "办结")  # as any window system would
        await until(lambda: pad.scene == "invitation")
        await pad.press("dissatisfied")
        await until(lambda: name in pad.thanked_by_screen)
        await until(lambda: stage.delivery_count().settled)
        assert [(visit.id, visit.case) for visit in pad.visits] == [
            (earlier.id, "A-1"),
            (name, "B-1"),
        ]
        assert stage.delivery_count().stored == 2

    played(scene)


def test_a_paused_window_refuses_its_clerk_in_words_and_opens_again():
    async def scene(stage, pad):
        await pad.pause(True)
        assert pad.window_state == "paused"
        with pytest.raises(DeskRefusalError) as refused:
            await pad.invite("A-1")
        assert refused.value.code == "paused"
        await pad.pause(False)
        await rate(pad, "A-2", "satisfied")

    played(scene)


def test_a_pad_without_power_keeps_its_switch_off_when_the_time_is_lost():
    async def scene(stage, pad):
        await pad.power_off()
        await pad.lose_time()
        assert not pad.power
        await pad.power_on()
        await rate(pad, "A-1", "satisfied")
        await until(lambda: stage.delivery_count().settled)
        assert stage.province.ratings[0].dated_by == "unknown"
        await pad.find_time()
        await until(lambda: stage.province.ratings[0].dated_by == "anchor")

    played(scene)


def test_a_pad_that_cannot_start_says_why_and_starts_once_it_can():
    async def scene(stage, pad):
        await pad.power_off()
        socket = pad.home / "board.sock"
        socket.unlink()
        socket.mkdir()  # the board cannot make its control socket there
        async with asyncio.timeout(READY_S / 2):
            with pytest.raises(StageError, match="control socket"):
                await pad.power_on()
        assert not pad.power
        socket.rmdir()
        await pad.power_on()
        await rate(pad, "A-1", "satisfied")

    played(scene)
