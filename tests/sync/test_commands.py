"""Commands: each once, in time, and answered to the sender."""

import asyncio
from typing import cast

import pytest

from sync.commands import ANSWERS_KEPT, BUSY, RUNNING_MAX, Commands
from sync.desk_fields import InviteFields
from sync.messages import (
    VERSION,
    Command,
    CommandResult,
    Order,
    Topic,
    read_message,
    write_message,
)
from sync.mqtt import Incoming, Outgoing
from sync.uplink_ports import UplinkObserver
from tests.rigs.time.virtual_time import run

INVITE = Command(v=VERSION, order=Order.INVITE, by="queue", ask=InviteFields(sent=1, case="DH-1"))
IDENTIFY = Command(v=VERSION, order=Order.IDENTIFY, by="officer")


class Bench:
    """Commands, an observer that carries them out, and the answers."""

    def __init__(self) -> None:
        self.done: list[Command] = []
        self.answers: list[Outgoing] = []
        self.now_s = 100.0
        self.offline = False
        self.commands = Commands(
            cast("UplinkObserver", self), self._answer, now_s=lambda: self.now_s
        )

    async def command(self, command: Command) -> CommandResult:
        self.done.append(command)
        await asyncio.sleep(0)
        return CommandResult(v=VERSION, done=True, invitation=f"I{len(self.done)}")

    def _answer(self, message: Outgoing) -> None:
        if self.offline:
            raise ConnectionError("no connection")
        self.answers.append(message)

    async def receive(
        self,
        command: Command | bytes,
        *,
        correlation: bytes | None = b"c1",
        response_topic: str | None = "hall/answers",
        retained: bool = False,
        good_until_s: float | None = None,
    ) -> None:
        payload = command if isinstance(command, bytes) else write_message(command)
        topic = Topic.COMMAND.of("pad-1")
        self.commands.receive(
            Incoming(topic, payload, 1, retained, False, response_topic, correlation, good_until_s)
        )

    async def settle(self) -> None:
        for _ in range(10):
            await asyncio.sleep(0)

    def invitations(self) -> list[str | None]:
        return [read_message(CommandResult, answer.payload).invitation for answer in self.answers]


def test_a_command_that_comes_again_is_answered_again_and_not_carried_out_again() -> None:
    async def story() -> None:
        bench = Bench()
        await bench.receive(INVITE)
        await bench.receive(INVITE)  # while the first is still being carried out
        await bench.settle()
        await bench.receive(INVITE)
        await bench.settle()
        assert bench.done == [INVITE]
        assert bench.invitations() == ["I1", "I1", "I1"]
        assert {answer.correlation for answer in bench.answers} == {b"c1"}

    run(story())


def test_control_the_same_bytes_with_other_correlation_data_are_another_command() -> None:
    async def story() -> None:
        bench = Bench()
        await bench.receive(INVITE)
        await bench.receive(INVITE, correlation=b"c2")
        await bench.settle()
        assert len(bench.done) == 2

    run(story())


def test_commands_that_may_be_repeated_are_carried_out_each_time() -> None:
    async def story() -> None:
        bench = Bench()
        for _ in range(3):
            await bench.receive(IDENTIFY)
        await bench.settle()
        assert bench.done == [IDENTIFY] * 3

    run(story())


def test_a_flood_of_commands_is_refused_and_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    async def story() -> None:
        bench = Bench()
        for _ in range(RUNNING_MAX + 50):
            await bench.receive(IDENTIFY)
        refusals = [read_message(CommandResult, answer.payload) for answer in bench.answers]
        assert {(refusal.done, refusal.code) for refusal in refusals} == {(False, BUSY)}
        assert len(refusals) == 50
        await bench.settle()
        assert len(bench.done) == RUNNING_MAX
        assert len(caplog.records) == 1
        await bench.receive(IDENTIFY)
        await bench.settle()
        assert len(bench.done) == RUNNING_MAX + 1

    run(story())


def test_only_the_last_answers_are_remembered() -> None:
    async def story() -> None:
        bench = Bench()
        for number in range(ANSWERS_KEPT + 1):
            await bench.receive(INVITE, correlation=str(number).encode())
        await bench.settle()
        await bench.receive(INVITE, correlation=str(ANSWERS_KEPT).encode())
        assert len(bench.done) == ANSWERS_KEPT + 1
        await bench.receive(INVITE, correlation=b"0")
        await bench.settle()
        assert len(bench.done) == ANSWERS_KEPT + 2

    run(story())


@pytest.mark.parametrize(
    ("good_until_s", "carried_out"), [(99.9, 0), (100.0, 0), (100.1, 1), (2.0**32, 1), (None, 1)]
)
def test_a_command_after_its_expiry_is_ignored_and_one_without_or_with_a_long_one_is_not(
    good_until_s: float | None, carried_out: int
) -> None:
    async def story() -> None:
        bench = Bench()
        await bench.receive(INVITE, good_until_s=good_until_s)
        await bench.settle()
        assert (len(bench.done), len(bench.answers)) == (carried_out, carried_out)

    run(story())


def test_a_retained_command_is_ignored() -> None:
    async def story() -> None:
        bench = Bench()
        await bench.receive(INVITE, retained=True)
        await bench.settle()
        assert (bench.done, bench.answers) == ([], [])

    run(story())


@pytest.mark.parametrize(
    "nonsense",
    [
        b"",
        b'{"v":1,"order":"explode","by":"x"}',
        b'{"v":1,"order":"invite","by":"a\\nb"}',
        b'{"v":1,"order":"invite","by":"x","ask":{"case":"DH-1"}}',
        b'{"v":1,"order":"invite","by":"x","ask":{"sent":1,"case":""}}',
        b'{"v":1,"order":"invite","by":"x","ask":{"sent":1,"case":"' + b"9" * 51 + b'"}}',
        b'{"v":1,"order":"invite","by":"x","ask":{"sent":1,"step":"a\\u2028b"}}',
        b'{"v":1,"order":"withdraw","by":"x","invitation":"","reason":"r"}',
    ],
)
def test_a_payload_that_is_no_command_is_answered_as_malformed(nonsense: bytes) -> None:
    async def story() -> None:
        bench = Bench()
        await bench.receive(nonsense)
        await bench.settle()
        assert bench.done == []
        (answer,) = bench.answers
        result = read_message(CommandResult, answer.payload)
        assert (result.done, result.code) == (False, "malformed")

    run(story())


def test_without_a_response_topic_no_answer_is_sent_and_a_lost_connection_raises_nothing() -> None:
    async def story() -> None:
        bench = Bench()
        await bench.receive(INVITE, response_topic=None)
        await bench.settle()
        bench.offline = True
        await bench.receive(INVITE, correlation=b"c2")
        await bench.settle()
        assert (len(bench.done), bench.answers) == (2, [])

    run(story())


@pytest.mark.parametrize(
    "topic", ["$SYS/x", "pad/v1/other/up/state", "pad/v1/pad-1/up/entries", "hall/#", "a\0b"]
)
def test_a_topic_that_is_not_for_answers_is_not_used_and_that_is_logged_once(
    topic: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def story() -> None:
        bench = Bench()
        for number in range(3):
            await bench.receive(INVITE, response_topic=topic, correlation=bytes([number]))
        await bench.receive(b"{", response_topic=topic)
        await bench.settle()
        assert (len(bench.done), bench.answers) == (3, []), "carried out, as without a topic"
        await bench.receive(INVITE, response_topic="pad/v1/pad-1/answer/Hall-1")
        await bench.settle()
        assert len(bench.answers) == 1

    run(story())
    assert len([line for line in caplog.messages if "not answered" in line]) == 1


def test_a_command_that_repeats_a_key_is_refused_and_not_carried_out() -> None:
    async def story() -> None:
        bench = Bench()
        raw = b'{"v":1,"order":"invite","by":"q","ask":{"sent":1,"case":"T-1","case":"T-2"}}'
        await bench.receive(raw)
        await bench.settle()
        assert bench.done == []
        (answer,) = bench.answers
        assert read_message(CommandResult, answer.payload).code == "malformed"

    run(story())
