"""A hall's queueing system that sends commands by MQTT, with a real broker and a real pad."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count

import pytest

from device.events import Scene
from device.link.mqtt_commands import MAX_AGE_MS
from sync.desk_fields import InviteFields
from sync.entries import Invited, Paused, Withdrawn
from sync.messages import (
    VERSION,
    Command,
    CommandResult,
    Order,
    Topic,
    read_message,
    write_message,
)
from tests.rigs.broker.mqtt_probe import MqttProbe, mqtt_probe
from tests.rigs.pad.pad_process import PadProcess
from tests.rigs.system.deployment import Deployment
from tests.rigs.time.wait import until

pytestmark = pytest.mark.broker
PAD = "pad-1"
ANSWERS = "hall/answers"


def now_ms() -> int:
    return time.time_ns() // 1_000_000


class Queueing:
    """A queueing system, as its manufacturer would write it."""

    def __init__(self, probe: MqttProbe) -> None:
        self._probe = probe
        self._numbers = count(1)

    def invite(self, case: str | None, *, age_ms: int = 0, again: bool = False) -> CommandResult:
        return self.ask(self.invitation(case, age_ms=age_ms, again=again))

    def invitation(self, case: str | None, *, age_ms: int = 0, again: bool = False) -> Command:
        ask = InviteFields(
            sent=now_ms() - age_ms, case=case, step="办结", clerk="C003", again=again
        )
        return Command(v=VERSION, order=Order.INVITE, by="hall-1", ask=ask)

    def about(self, order: Order, invitation: str | None, reason: str = "") -> CommandResult:
        return self.ask(
            Command(v=VERSION, order=order, by="hall-1", invitation=invitation, reason=reason)
        )

    def ask(self, command: Command, correlation: bytes | None = None) -> CommandResult:
        correlation = correlation or b"%d" % next(self._numbers)
        before = len(self._probe.messages)
        self.publish(command, correlation)

        def answer() -> CommandResult | None:
            for _, payload, _, properties in self._probe.messages[before:]:
                if properties.CorrelationData == correlation:
                    return read_message(CommandResult, payload)
            return None

        return until(answer, 10, f"an answer to {command.order.value}")

    def publish(self, command: Command, correlation: bytes) -> None:
        self._probe.publish(
            Topic.COMMAND.of(PAD),
            write_message(command),
            ResponseTopic=ANSWERS,
            CorrelationData=correlation,
            MessageExpiryInterval=10,
        )


@contextmanager
def queueing(deployment: Deployment) -> Iterator[tuple[PadProcess, Queueing]]:
    """A system and the pad of one window, both at the hall's broker."""
    deployment.receiver()
    pad = deployment.pad()
    with mqtt_probe(deployment.broker.address, ANSWERS) as probe:
        system = Queueing(probe)
        pad.rate("before")  # the pad is connected once this has arrived
        deployment.caught_up(pad)
        pad.free()
        yield pad, system


def invited(pad: PadProcess) -> list[Invited]:
    return [
        body for body in pad.bodies() if isinstance(body, Invited) and body.source == "mqtt:hall-1"
    ]


def test_it_invites_asks_for_the_standing_and_withdraws(deployment: Deployment) -> None:
    with queueing(deployment) as (pad, system):
        made = system.invite("DH-1")
        assert (made.done, made.standing) == (True, "open")
        assert system.invite("DH-1").invitation == made.invitation
        assert system.invite("DH-2").code == "busy"
        invitation = str(made.invitation)
        pad.press_until(lambda: pad.standing(invitation) == "rated", "dissatisfied", "rated")
        assert system.about(Order.STANDING, invitation).standing == "rated"
        ended = system.about(Order.WITHDRAW, invitation)
        assert (ended.done, ended.code, ended.standing) == (False, "already-ended", "rated")
        pad.free()
        assert system.invite("DH-1").code == "already-rated"
        second = system.invite("DH-1", again=True)
        withdrawal = system.about(Order.WITHDRAW, second.invitation, "the citizen has left")
        assert (withdrawal.done, withdrawal.standing) == (True, "withdrawn")
        assert [body.rated_before for body in invited(pad)] == [None, invitation]
        (withdrawn,) = [body for body in pad.bodies() if isinstance(body, Withdrawn)]
        assert withdrawn.reason == "mqtt:hall-1: the citizen has left"
        deployment.prove(pad)


def test_an_invitation_that_the_network_delayed_is_not_shown_to_the_next_citizen(
    deployment: Deployment,
) -> None:
    with queueing(deployment) as (pad, system):
        begun_ms = now_ms()
        until(
            lambda: now_ms() - begun_ms > MAX_AGE_MS,
            15,
            "MAX_AGE_MS have passed since the pad's start",
        )
        pad.cable.delay(2.0)
        refused = system.invite("DH-1", age_ms=MAX_AGE_MS - 1_000)  # it was valid when it was sent
        assert (refused.done, refused.code) == (False, "late")
        pad.cable.delay(0)
        assert invited(pad) == []
        pad.display.until(Scene.STANDBY)
        assert system.invite("DH-1", age_ms=MAX_AGE_MS - 5_000).done  # the control: not too late
        deployment.prove(pad)


def test_a_command_that_is_delivered_twice_invites_once(deployment: Deployment) -> None:
    with queueing(deployment) as (pad, system):
        invite = system.invitation(None)  # no case number by which the pad could know it
        made = system.ask(invite, b"first")
        invitation = str(made.invitation)
        pad.press_until(lambda: pad.standing(invitation) == "rated", "satisfied", "rated")
        pad.free()
        assert system.ask(invite, b"first") == made
        assert len(invited(pad)) == 1
        assert system.ask(invite, b"second").invitation != made.invitation  # the control
        assert len(invited(pad)) == 2
        deployment.prove(pad)


def test_a_command_that_is_delivered_again_after_a_restart_does_not_invite_again(
    deployment: Deployment,
) -> None:
    with queueing(deployment) as (pad, system):
        invite = system.invitation(None)
        invitation = str(system.ask(invite, b"first").invitation)
        pad.press_until(lambda: pad.standing(invitation) == "rated", "satisfied", "rated")
        pad.end()
        pad.start()
        deployment.caught_up(pad)
        again = system.ask(invite, b"first")
        assert (again.done, again.code) == (False, "late")
        assert len(invited(pad)) == 1
        assert system.invite(None).done  # the control
        assert len(invited(pad)) == 2
        deployment.prove(pad)


def test_a_pause_that_is_delivered_again_after_a_restart_changes_nothing(
    deployment: Deployment,
) -> None:
    with queueing(deployment) as (pad, system):
        pause = Command(v=VERSION, order=Order.PAUSE, by="hall-1")
        assert system.ask(pause, b"first").done
        pad.end()
        pad.start()
        deployment.caught_up(pad)
        before = [body for body in pad.bodies() if isinstance(body, Paused)]
        assert len(before) == 2  # the command's, and the one that each start records again
        assert system.ask(pause, b"first").done
        assert [body for body in pad.bodies() if isinstance(body, Paused)] == before
        assert pad.window()["state"] == "paused"
        deployment.prove(pad)
