"""The queueing system's commands over MQTT: what is granted, answered, and refused as late."""

import msgspec
import pytest

from device.events import Refusal, Scene
from device.link.mqtt_commands import MAX_AGE_MS, MAX_BY_CHARS, MqttCommands, source_of
from sync.desk_fields import InviteFields
from sync.entries import At, Invited, Level, Rated, Trust, Withdrawn
from sync.messages import VERSION, Command, CommandResult, Order, write_message
from tests.rigs.pad.virtual_pad import UTC_MS, VirtualPad
from tests.rigs.time.virtual_time import now_ms, pass_s, run


class QueueBench(VirtualPad):
    """A pad and a queueing system beside it, whose clock is `ahead_ms` of the pad's."""

    def __init__(self) -> None:
        super().__init__()
        self.ahead_ms = 0
        self.time_known = True
        self.pad.start()
        self.restart()

    def restart(self) -> None:
        """Forgets which commands were carried out; the pad still remembers its cases."""
        self.commands = MqttCommands(self.pad, self._now)

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
        return await self.commands.carry_out(command)


def refused(code: str) -> tuple[bool, str, None, None]:
    return (False, code, None, None)


def fields_of(result: CommandResult) -> tuple[bool, str | None, str | None, str | None]:
    return (result.done, result.code, result.invitation, result.standing)


def test_a_command_invites_and_its_answer_names_the_invitation_and_its_standing() -> None:
    async def story() -> None:
        queue = QueueBench()
        made = await queue.invite()
        assert fields_of(made) == (True, None, "01INVITATION0001", "open")
        assert queue.scene is Scene.INVITATION
        (invited,) = queue.recorded(Invited)
        assert (invited.source, invited.clerk) == ("mqtt:hall-1", "C003")
        assert (invited.service.case, invited.service.step) == ("DH-1", "办结")
        queue.press()
        await queue.settle()
        assert fields_of(await queue.give(Order.STANDING, made.invitation)) == (
            True,
            None,
            made.invitation,
            "rated",
        )

    run(story())


def test_a_case_and_a_window_are_the_same_in_every_spelling() -> None:
    async def story() -> None:
        queue = QueueBench()
        first = await queue.invite("T-1")
        for case in ("T-1 ", "\u200bT-1", "T\u20111", "Ｔ－１"):
            again = await queue.invite(case, step="办结\u3000", window="３")
            assert (again.done, again.invitation) == (True, first.invitation)
        assert [body.service.case for body in queue.recorded(Invited)] == ["T-1"]

    run(story())


def test_the_same_case_and_step_is_the_same_invitation_until_it_is_rated() -> None:
    async def story() -> None:
        queue = QueueBench()
        first = await queue.invite()
        await pass_s(1)
        assert (await queue.invite()).invitation == first.invitation
        assert fields_of(await queue.invite(step="受理")) == refused("busy")
        queue.press()
        await pass_s(20)
        assert fields_of(await queue.invite()) == refused("already-rated")
        again = await queue.invite(again=True)
        assert (again.done, again.invitation == first.invitation) == (True, False)
        assert [body.rated_before for body in queue.recorded(Invited)] == [None, first.invitation]

    run(story())


@pytest.mark.parametrize("age_ms", [-MAX_AGE_MS, 0, MAX_AGE_MS])
def test_a_current_invitation_is_shown(age_ms: int) -> None:
    async def story() -> None:
        queue = QueueBench()
        await pass_s(60)
        assert (await queue.invite(age_ms=age_ms)).done

    run(story())


@pytest.mark.parametrize("age_ms", [MAX_AGE_MS + 1, 3_600_000, -MAX_AGE_MS - 1, -(2**50)])
def test_an_invitation_that_is_not_current_is_not_shown_whichever_clock_is_wrong(
    age_ms: int,
) -> None:
    async def story() -> None:
        queue = QueueBench()
        answer = await queue.invite(age_ms=age_ms)
        assert fields_of(answer) == refused("late")
        assert answer.detail is not None
        assert answer.detail.endswith("the pad's time; at most 10 s")
        assert queue.recorded(Invited) == []
        assert queue.scene is Scene.STANDBY

    run(story())


def test_a_pad_that_does_not_know_the_time_shows_no_invitation() -> None:
    async def story() -> None:
        queue = QueueBench()
        queue.time_known = False
        assert fields_of(await queue.invite()) == refused("clock-unknown")
        assert queue.recorded(Invited) == []

    run(story())


def test_a_command_for_another_window_is_refused() -> None:
    async def story() -> None:
        queue = QueueBench()
        assert fields_of(await queue.invite(window="4")) == refused("unknown-window")
        assert (await queue.invite(window="3")).done

    run(story())


def test_an_open_invitation_is_withdrawn_and_for_an_ended_one_its_standing_is_answered() -> None:
    async def story() -> None:
        queue = QueueBench()
        invitation = (await queue.invite()).invitation
        answer = await queue.give(Order.WITHDRAW, invitation, reason="the citizen has left")
        assert fields_of(answer) == (True, None, invitation, "withdrawn")
        (withdrawn,) = queue.recorded(Withdrawn)
        assert withdrawn.reason == "mqtt:hall-1: the citizen has left"
        second = (await queue.invite()).invitation
        queue.press()
        await queue.settle()
        answer = await queue.give(Order.WITHDRAW, second)
        assert fields_of(answer) == (False, Refusal.ENDED.value, second, "rated")

    run(story())


@pytest.mark.parametrize("order", [Order.WITHDRAW, Order.STANDING])
def test_an_unknown_invitation_is_answered_as_unknown_and_a_missing_one_as_malformed(
    order: Order,
) -> None:
    async def story() -> None:
        queue = QueueBench()
        assert fields_of(await queue.give(order, "never")) == refused("unknown-invitation")
        assert fields_of(await queue.give(order)) == refused("malformed")
        assert fields_of(await queue.give(Order.INVITE)) == refused("malformed")

    run(story())


async def rated(queue: QueueBench, case: str | None, *, again: bool = False) -> None:
    """A visit from its invitation to a level."""
    await queue.invite(case, again=again)
    queue.press()
    await pass_s(5)


@pytest.mark.parametrize(("case", "again"), [(None, False), ("DH-1", True)])
def test_a_command_that_comes_again_after_a_restart_makes_no_second_invitation(
    case: str | None, again: bool
) -> None:
    async def story() -> None:
        queue = QueueBench()
        await pass_s(60)
        await rated(queue, case, again=again)
        queue.restart()
        await pass_s(1)
        answer = await queue.invite(case, again=again, age_ms=6_000)
        assert fields_of(answer) == refused("late")
        assert answer.detail is not None
        assert "before the pad was started" in answer.detail
        assert len(queue.recorded(Invited)) == 1
        assert (await queue.invite(case, again=again)).done  # the control: a new command

    run(story())


def test_control_without_a_restart_such_a_command_makes_a_second_invitation() -> None:
    async def story() -> None:
        queue = QueueBench()
        await pass_s(60)
        await rated(queue, None)
        await pass_s(1)
        assert (await queue.invite(None, age_ms=6_000)).done
        assert len(queue.recorded(Invited)) == 2

    run(story())


def test_a_withdrawal_that_comes_again_after_a_restart_changes_nothing() -> None:
    async def story() -> None:
        queue = QueueBench()
        invitation = (await queue.invite()).invitation
        assert (await queue.give(Order.WITHDRAW, invitation)).done
        queue.restart()
        answer = await queue.give(Order.WITHDRAW, invitation)
        assert fields_of(answer) == (False, Refusal.ENDED.value, invitation, "withdrawn")
        assert len(queue.recorded(Withdrawn)) == 1

    run(story())


async def answers_of_a_visit(level: Level) -> list[bytes]:
    """Every answer of a visit that ends with this level."""
    queue = QueueBench()
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


def test_no_answer_contains_a_level_or_differs_between_levels() -> None:
    visits = [run(answers_of_a_visit(level)) for level in Level]
    assert all(answers == visits[0] for answers in visits)
    assert not any(level.value.encode() in b"".join(visits[0]) for level in Level)


def test_one_sender_is_one_name_however_it_is_written() -> None:
    assert source_of(" ＱＵＥＵＥ\u20111 ") == source_of("QUEUE-1") == "mqtt:QUEUE-1"


def test_a_very_long_name_is_cut() -> None:
    assert source_of("x" * 20_000) == "mqtt:" + "x" * MAX_BY_CHARS
