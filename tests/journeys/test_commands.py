"""Desired configurations, commands and malformed messages, over a real broker."""

import os
from typing import Any

import pytest

from demo.scene_reader import GLASS, read
from device.errors import PadCode
from device.events import Scene
from device.ui.oled_picture import pictures
from device.ui.screens import screens
from device.ui.words import load
from province.store.reading import Summary
from sync.entries import Configured, Fault
from sync.messages import (
    MAX_BATCH_BYTES,
    VERSION,
    Command,
    CommandResult,
    Desired,
    Order,
    Reported,
    Settings,
    Topic,
    read_message,
    write_message,
)
from tests.rigs.broker.mqtt_probe import MqttProbe, mqtt_probe
from tests.rigs.ledger.ledger_builder import LedgerBuilder
from tests.rigs.pad.pad_process import HALL
from tests.rigs.system.deployment import Deployment
from tests.rigs.time.wait import until

pytestmark = pytest.mark.broker
PAD = "pad-1"
OTHER = "pad-9"
LONG = os.environ.get("RATINGPAD_LONG") == "1"
ANSWERS = "province/answers"


def desire(probe: MqttProbe, version: int, **settings: Any) -> None:
    desired = Desired(v=VERSION, version=version, settings=Settings(**settings))
    probe.publish(Topic.DESIRED.of(PAD), write_message(desired), retained=True)


def reported(probe: MqttProbe) -> Reported | None:
    payloads = probe.payloads(Topic.REPORTED.of(PAD))
    return read_message(Reported, payloads[-1]) if payloads else None


def command(probe: MqttProbe, order: Order) -> CommandResult:
    before = len(probe.payloads(ANSWERS))
    probe.publish(
        Topic.COMMAND.of(PAD),
        write_message(Command(v=VERSION, order=order, by="duty officer")),
        ResponseTopic=ANSWERS,
        CorrelationData=order.value.encode(),
    )
    until(lambda: len(probe.payloads(ANSWERS)) > before, 10, f"an answer to {order.value}")
    topic, payload, _, properties = next(
        message for message in reversed(probe.messages) if message[0] == ANSWERS
    )
    assert (topic, properties.CorrelationData) == (ANSWERS, order.value.encode())
    return read_message(CommandResult, payload)


def test_a_desired_configuration_is_in_force_recorded_and_kept_after_a_power_cut(
    deployment: Deployment,
) -> None:
    deployment.receiver()
    with mqtt_probe(deployment.broker.address, Topic.REPORTED.of(PAD)) as probe:
        desire(probe, 1, window="5", thanks_s=2)  # retained: the pad gets it when it connects
        pad = deployment.pad(start=False)
        pad.windows.append("5")  # before the first picture, which may have it already
        pad.start()
        until(lambda: (r := reported(probe)) is not None and r.version == 1, 10, "it is reported")
        until(lambda: pad.window()["window"] == "5", 5, "the window's new name")
        invitation = pad.invite("at the new window")
        pad.press_until(lambda: pad.standing(invitation) == "rated", "satisfied", "rated")
        desire(probe, 2, grace_s=9_999)
        until(lambda: (r := reported(probe)) is not None and r.problems, 10, "why it is refused")
        last = reported(probe)
        assert last is not None
        assert (last.version, last.settings.window, last.settings.grace_s) == (1, "5", 0)
        pad.cable.cut()
        pad.end()
        pad.start()
        assert pad.window()["window"] == "5"
        assert [b.version for b in pad.bodies() if isinstance(b, Configured)] == [1]
        pad.cable.mend()
        deployment.caught_up(pad)
        row = deployment.store_reader.ratings()[invitation]
        assert (row.window_id, row.level) == ("5", "satisfied")


def test_commands_are_carried_out_and_answered(deployment: Deployment) -> None:
    deployment.receiver()
    pad = deployment.pad()
    pad.rate("before")
    deployment.caught_up(pad)
    with mqtt_probe(deployment.broker.address, ANSWERS, Topic.HEALTH.of(PAD)) as probe:
        assert command(probe, Order.IDENTIFY).done
        pad.display.until(Scene.IDENTIFY)
        assert command(probe, Order.PAUSE).done
        assert pad.window()["state"] == "paused"
        assert command(probe, Order.RESUME).done
        pad.free()
        before = len(probe.payloads(Topic.HEALTH.of(PAD)))
        assert command(probe, Order.REPORT_HEALTH).done
        until(lambda: len(probe.payloads(Topic.HEALTH.of(PAD))) > before, 10, "health")
        probe.publish(
            Topic.COMMAND.of(PAD), b'{"v":1,"order":"explode","by":"x"}', ResponseTopic=ANSWERS
        )
        until(lambda: len(probe.payloads(ANSWERS)) == 5, 10, "an answer to a malformed command")
        refused = read_message(CommandResult, probe.payloads(ANSWERS)[-1])
        assert not refused.done
        assert refused.code == "malformed"
    deployment.prove(pad)


NONSENSE = {
    "empty": b"",
    "not JSON": b"\x00\xff\xfe nonsense",
    "not UTF-8": b'{"v":1,"ledger":"\xff\xfe"}\n{}\n',
    "another version": b'{"v":99,"ledger":"01LEDGER-A","first":1}\n{}\n',
    "too large": b"x" * (MAX_BATCH_BYTES + 1),
}


def test_malformed_messages_are_kept_as_evidence_and_both_ends_go_on(
    any_deployment: Deployment,
) -> None:
    deployment = any_deployment
    deployment.receiver()
    pad = deployment.pad()
    pad.rate("before")
    deployment.prove(pad)
    other, broken = LedgerBuilder(PAD, "01LEDGER-A"), LedgerBuilder(OTHER, "01LEDGER-B")
    with mqtt_probe(deployment.broker.address) as probe:
        for payload in NONSENSE.values():
            for topic in (Topic.RECEIPT, Topic.DESIRED, Topic.COMMAND):
                probe.publish(topic.of(PAD), payload)
            # As another pad: a refusal would delay the pad of this test.
            for topic in (Topic.ENTRIES, Topic.STATE, Topic.HEALTH, Topic.REPORTED):
                probe.publish(topic.of(OTHER), payload)
        probe.publish(Topic.ENTRIES.of(OTHER), other.payload())
        probe.publish(
            Topic.ENTRIES.of(OTHER), broken.payload().replace(b"01LEDGER-B", b"01LEDGER-C", 1)
        )
        pad.rate("after")
        deployment.prove(pad)
        until(
            lambda: summary_of(deployment).refusals >= len(NONSENSE) + 2, 10, "the evidence is kept"
        )
    summary = summary_of(deployment)
    assert (summary.ledgers, summary.rated, summary.lost) == (1, 2, 0)
    assert "Traceback" not in pad.last_words()
    assert [body for body in pad.bodies() if isinstance(body, Fault)] == []


if LONG:  # half a minute: a refused batch is sent again slowly

    def test_a_refusal_is_shown_until_the_pads_own_entries_are_stored(
        deployment: Deployment,
    ) -> None:
        deployment.receiver()
        pad = deployment.pad()
        with mqtt_probe(deployment.broker.address) as probe:
            probe.publish(Topic.ENTRIES.of(PAD), b"nonsense")
            pad.display.until_now(
                lambda now: now.code is PadCode.PROVINCE_REFUSED, "N02 in standby"
            )
        pad.rate("while it stands")
        deployment.caught_up(pad, 90)
        pad.display.until_now(lambda now: now.code is None, "N02 is over")
        deployment.prove(pad)


def summary_of(deployment: Deployment) -> Summary:
    return deployment.store_reader.look(lambda store: store.summary())


def test_control_the_picture_of_another_window_is_not_read_as_this_one() -> None:
    """The control for reading scenes from the display's pictures."""

    def picture(scene: Scene, window: str) -> bytes:
        shown = screens(scene, load(["zh"]), window=window, hall=HALL)
        return pictures(shown, GLASS)[0].tobytes()

    thanks = picture(Scene.THANKS, "3")
    assert read(thanks, "3", HALL) == (Scene.THANKS, None, "")
    with pytest.raises(LookupError):
        read(picture(Scene.STANDBY, "5"), "3", HALL)
    with pytest.raises(LookupError):
        read(bytes([thanks[0] ^ 1]) + thanks[1:], "3", HALL)
