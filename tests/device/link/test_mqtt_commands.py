"""The queueing system's desk over MQTT: what it is granted and told, and what comes too late."""

import msgspec
import pytest

from device.events import Refusal, Scene
from device.link.mqtt_commands import GOOD_MS, MAX_BY_CHARS, MqttCommands, source_of
from sync.desk_fields import InviteFields
from sync.entries import At, Invited, Level, Rated, Trust, Withdrawn
from sync.messages import VERSION, Command, CommandResult, Order, write_message
from tests.rigs.pad.virtual_pad import UTC_MS, VirtualPad
from tests.rigs.time.virtual_time import now_ms, pass_s, run


class Queue(VirtualPad):
    """A pad and a queueing system beside it, whose clock is `ahead_ms` of the pad's."""

    def __init__(self) -> None:
        super().__init__()
        self.ahead_ms = 0
        self.time_known = True
        self.pad.start()
        self.restart()

    def restart(self) -> None:
        """What remembered orders that come again is gone; the pad remembers its cases."""
        self.orders = MqttCommands(self.pad, self._now)

    def _now(self) -> At:
        at = self.pad.clock.at()
        return at if self.time_known else msgspec.structs.replace(at, utc=None, trust=Trust.NONE)

    async def invite(
        self,
        case: str | None = "DH-1",
        *,
        age_ms: int = 0,
        again: bool = False,
        step: str = "办结",
        window: str | None = None,
    ) -> CommandResult:
        sent = UTC_MS + now_ms() + self.ahead_ms - age_ms
        ask = InviteFields(
            sent=sent, case=case, step=step, clerk="C003", again=again, window=window
        )
        return await self.give(Order.INVITE, ask=ask)

    async def give(
        self,
        order: Order,
        invitation: str | None = None,
        ask: InviteFields | None = None,
        reason: str = "",
    ) -> CommandResult:
        command = Command(
            v=VERSION, order=order, by="hall-1", ask=ask, invitation=invitation, reason=reason
        )
        return await self.orders.carry_out(command)


def refused(code: str) -> tuple[bool, str, None, None]:
    return (False, code, None, None)


def told(result: CommandResult) -> tuple[bool, str | None, str | None, str | None]:
    return (result.done, result.code, result.invitation, result.standing)


def test_an_order_invites_and_the_answer_names_the_invitation_and_its_standing() -> None:
    async def story() -> None:
        queue = Queue()
        made = await queue.invite()
        assert told(made) == (True, None, "01INVITATION0001", "open")
        assert queue.scene is Scene.INVITATION
        (invited,) = queue.recorded(Invited)
        assert (invited.source, invited.clerk) == ("mqtt:hall-1", "C003")
        assert (invited.service.case, invited.service.step) == ("DH-1", "办结")
        queue.press()
        await queue.settle()
        assert told(await queue.give(Order.STANDING, made.invitation)) == (
            True,
            None,
            made.invitation,
            "rated",
        )

    run(story())


def test_the_same_case_and_step_is_the_same_invitation_until_it_is_rated() -> None:
    async def story() -> None:
        queue = Queue()
        one = await queue.invite()
        await pass_s(1)
        assert (await queue.invite()).invitation == one.invitation
        assert told(await queue.invite(step="受理")) == refused("busy")
        queue.press()
        await pass_s(20)
        assert told(await queue.invite()) == refused("already-rated")
        again = await queue.invite(again=True)
        assert (again.done, again.invitation == one.invitation) == (True, False)
        assert [body.rated_before for body in queue.recorded(Invited)] == [None, one.invitation]

    run(story())


@pytest.mark.parametrize("age_ms", [-GOOD_MS, 0, GOOD_MS])
def test_an_invitation_of_now_is_shown(age_ms: int) -> None:
    async def story() -> None:
        queue = Queue()
        await pass_s(60)
        assert (await queue.invite(age_ms=age_ms)).done

    run(story())


@pytest.mark.parametrize("age_ms", [GOOD_MS + 1, 3_600_000, -GOOD_MS - 1, -(2**50)])
def test_one_that_is_not_of_now_is_not_shown_whoevers_clock_is_wrong(age_ms: int) -> None:
    async def story() -> None:
        queue = Queue()
        answer = await queue.invite(age_ms=age_ms)
        assert told(answer) == refused("late")
        assert answer.detail is not None
        assert answer.detail.endswith("the pad's time; at most 10 s")
        assert queue.recorded(Invited) == []
        assert queue.scene is Scene.STANDBY

    run(story())


def test_a_pad_without_the_time_shows_none() -> None:
    async def story() -> None:
        queue = Queue()
        queue.time_known = False
        assert told(await queue.invite()) == refused("clock-unknown")
        assert queue.recorded(Invited) == []

    run(story())


def test_an_order_for_another_window_is_refused() -> None:
    async def story() -> None:
        queue = Queue()
        assert told(await queue.invite(window="4")) == refused("unknown-window")
        assert (await queue.invite(window="3")).done

    run(story())


def test_an_open_invitation_is_taken_back_and_an_ended_one_is_told_as_it_is() -> None:
    async def story() -> None:
        queue = Queue()
        one = (await queue.invite()).invitation
        answer = await queue.give(Order.WITHDRAW, one, reason="the citizen has left")
        assert told(answer) == (True, None, one, "withdrawn")
        (withdrawn,) = queue.recorded(Withdrawn)
        assert withdrawn.reason == "mqtt:hall-1: the citizen has left"
        two = (await queue.invite()).invitation
        queue.press()
        await queue.settle()
        answer = await queue.give(Order.WITHDRAW, two)
        assert told(answer) == (False, Refusal.ENDED.value, two, "rated")

    run(story())


@pytest.mark.parametrize("order", [Order.WITHDRAW, Order.STANDING])
def test_an_invitation_that_nobody_knows_is_unknown_and_one_not_named_is_malformed(
    order: Order,
) -> None:
    async def story() -> None:
        queue = Queue()
        assert told(await queue.give(order, "never")) == refused("unknown-invitation")
        assert told(await queue.give(order)) == refused("malformed")
        assert told(await queue.give(Order.INVITE)) == refused("malformed")

    run(story())


async def rated(queue: Queue, case: str | None, *, again: bool = False) -> None:
    """A visit from its order to a level."""
    await queue.invite(case, again=again)
    queue.press()
    await pass_s(5)


@pytest.mark.parametrize(("case", "again"), [(None, False), ("DH-1", True)])
def test_an_order_that_comes_again_after_a_restart_asks_nobody_a_second_time(
    case: str | None, again: bool
) -> None:
    async def story() -> None:
        queue = Queue()
        await pass_s(60)
        await rated(queue, case, again=again)
        queue.restart()
        await pass_s(1)
        answer = await queue.invite(case, again=again, age_ms=6_000)
        assert told(answer) == refused("late")
        assert answer.detail is not None
        assert "before the pad was started" in answer.detail
        assert len(queue.recorded(Invited)) == 1
        assert (await queue.invite(case, again=again)).done  # the control: a new one

    run(story())


def test_control_without_the_start_such_an_order_would_ask_again() -> None:
    async def story() -> None:
        queue = Queue()
        await pass_s(60)
        await rated(queue, None)
        await pass_s(1)
        assert (await queue.invite(None, age_ms=6_000)).done
        assert len(queue.recorded(Invited)) == 2

    run(story())


def test_a_withdrawal_that_comes_again_after_a_restart_changes_nothing() -> None:
    async def story() -> None:
        queue = Queue()
        one = (await queue.invite()).invitation
        assert (await queue.give(Order.WITHDRAW, one)).done
        queue.restart()
        answer = await queue.give(Order.WITHDRAW, one)
        assert told(answer) == (False, Refusal.ENDED.value, one, "withdrawn")
        assert len(queue.recorded(Withdrawn)) == 1

    run(story())


async def course(level: Level) -> list[bytes]:
    """Every answer of a visit that ends with this level."""
    queue = Queue()
    answers = [made := await queue.invite()]
    queue.press(level)
    answers.append(await queue.give(Order.STANDING, made.invitation))
    await queue.settle()
    answers.append(await queue.give(Order.STANDING, made.invitation))
    answers.append(await queue.give(Order.WITHDRAW, made.invitation))
    answers.append(await queue.invite("DH-2"))
    await pass_s(20)
    answers.append(await queue.invite())
    assert [rated.level for rated in queue.recorded(Rated)] == [level]
    return [write_message(answer) for answer in answers]


def test_no_answer_tells_a_level_nor_differs_by_one() -> None:
    courses = [run(course(level)) for level in Level]
    assert all(one == courses[0] for one in courses)
    assert not any(level.value.encode() in b"".join(courses[0]) for level in Level)


def test_a_very_long_name_is_cut() -> None:
    assert source_of("x" * 20_000) == "mqtt:" + "x" * MAX_BY_CHARS
