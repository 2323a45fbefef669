"""What a broker must forbid: the files for mosquitto in docs/contract.md, with a real one.

Users are certificates; each speaks plain MQTT through its own TLS tunnel, as pads and receivers do.
"""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from sync.messages import Topic
from tests.rigs.broker.guarded_mosquitto import (
    OTHERS_PORT,
    PADS_PORT,
    GuardedMosquitto,
    block,
    guarded_mosquitto,
)
from tests.rigs.broker.mqtt_probe import MqttProbe, mqtt_probe
from tests.rigs.province.memory_store import MemoryStore
from tests.rigs.sync.pad_uplink import uplink_pad
from tests.rigs.sync.province_receiver import running_receiver
from tests.rigs.time.wait import until

pytestmark = pytest.mark.broker

PAD, OTHER = "jl-0431-017", "jl-0431-018"
ANSWER = f"pad/v1/{PAD}/answer/Hall-1"
TOPICS = [*(topic.of(PAD) for topic in Topic), ANSWER]
UP = [topic.of(PAD) for topic in Topic if topic.value.startswith("up/")]
DOWN = [topic.of(PAD) for topic in Topic if topic.value.startswith("down/")]
WRITES = {
    PAD: {*UP, ANSWER},
    OTHER: set(),
    "Receiver": {Topic.RECEIPT.of(PAD)},
    "Office": {Topic.DESIRED.of(PAD)},
    "Hall-1": {Topic.COMMAND.of(PAD)},
}
READS = {
    PAD: set(DOWN),
    OTHER: set(),
    "Receiver": set(UP),
    "Office": {Topic.STATE.of(PAD), Topic.HEALTH.of(PAD), Topic.REPORTED.of(PAD)},
    "Hall-1": {ANSWER},
}
"""For each user the topics of one pad that it may write, and read."""


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GuardedMosquitto]:
    with guarded_mosquitto(tmp_path_factory.mktemp("broker")) as broker:
        yield broker


@pytest.fixture
def probes(guarded: GuardedMosquitto) -> Iterator[dict[str, MqttProbe]]:
    """A client of each user that has subscribed to everything."""
    with ExitStack() as opened:
        yield {
            user: opened.enter_context(
                mqtt_probe(
                    guarded.pad_tunnel(user) if user in {PAD, OTHER} else guarded.tunnel(user), "#"
                )
            )
            for user in WRITES
        }


def test_each_user_may_write_and_read_what_is_its_own_and_nothing_else(
    probes: dict[str, MqttProbe],
) -> None:
    for user, probe in probes.items():
        said = {topic: probe.publish(topic, user.encode()) for topic in TOPICS}
        refused = {topic for topic, reason in said.items() if reason == "Not authorized"}
        assert set(TOPICS) - refused == WRITES[user], user
    for probe in probes.values():
        probe.round_trip()
    for user, probe in probes.items():
        assert {topic for topic, *_ in probe.messages} == READS[user], user
        writers = {(topic, payload.decode()) for topic, payload, _, _ in probe.messages}
        assert writers == {
            (topic, writer)
            for topic in READS[user]
            for writer, topics in WRITES.items()
            if topic in topics
        }


def test_our_pad_and_our_receiver_work_through_it(guarded: GuardedMosquitto) -> None:
    store = MemoryStore()
    with (
        running_receiver(guarded.tunnel("Receiver"), store),
        uplink_pad(guarded.pad_tunnel(OTHER), OTHER) as pad,
    ):
        until(lambda: pad.receipted_seq == 1, 20, "its first entry is receipted")
        with uplink_pad(guarded.pad_tunnel("jl-0431-019"), PAD, boots=9) as thief:
            until(lambda: True in thief.connections, 20, "a client that calls itself as that pad")
            pad.rate(3)
            until(lambda: pad.receipted_seq == 4, 20, "it goes on")
            assert thief.receipts == []
        assert store.bodies(pad.ledger.ledger_id) == pad.ledger.bodies
        assert PAD not in store.states


@pytest.mark.parametrize("port", [PADS_PORT, OTHERS_PORT])
def test_nobody_comes_in_without_a_certificate_of_the_authority(
    guarded: GuardedMosquitto, port: int
) -> None:
    assert guarded.answer_to(guarded.context(PAD), port) == b"\x20", "control: CONNACK"
    for context in (guarded.context(None), guarded.context(PAD, ours=False)):
        with pytest.raises(OSError):
            guarded.answer_to(context, port)


def test_a_certificate_is_one_client_whatever_it_calls_itself(guarded: GuardedMosquitto) -> None:
    """Or a second pad could take a first one's connection over by its client id."""
    with (
        mqtt_probe(guarded.pad_tunnel(PAD), Topic.RECEIPT.of(PAD), client_id=PAD) as pad,
        mqtt_probe(guarded.pad_tunnel(OTHER), client_id=PAD) as other,
        mqtt_probe(guarded.tunnel("Receiver")) as receiver,
    ):
        other.round_trip()
        receiver.publish(Topic.RECEIPT.of(PAD), b"r")
        until(lambda: pad.payloads(Topic.RECEIPT.of(PAD)) == [b"r"], 10, "it is still connected")


def test_no_user_of_the_file_can_be_a_pads_id() -> None:
    users = [line.removeprefix("user ") for line in block("acl").splitlines() if "user " in line]
    users = [user for user in users if not user.startswith("#")]
    assert len(users) == 3
    assert all(user != user.lower() for user in users), "a pad's id has small letters only"
