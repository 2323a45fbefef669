"""A broker that refuses, takes over, says nothing or sends without end, at both ends."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from queue import SimpleQueue
from random import Random
from threading import Thread
from typing import Any

import pytest

from sync.messages import VERSION, Command, Order, Topic, write_message
from sync.mqtt import BrokerAddress, Connected, Connection, Disconnected, Event, Incoming
from sync.obstacles import Obstacle
from sync.receiver import Receiver
from tests.rigs.broker import mqtt5_packets as mqtt
from tests.rigs.broker.mqtt_probe import mqtt_probe
from tests.rigs.broker.scripted_broker import Script, ScriptedBroker, scripted_broker
from tests.rigs.ledger.memory_ledger import MemoryLedger
from tests.rigs.province.memory_store import MemoryStore
from tests.rigs.sync.pad_uplink import uplink_pad
from tests.rigs.sync.province_receiver import running_receiver
from tests.rigs.system.child_environment import environment
from tests.rigs.system.loopback import free_port
from tests.rigs.time.wait import until

PAD = "pad-1"


@contextmanager
def receiver_at(broker: ScriptedBroker, **kwargs: Any) -> Iterator[Receiver]:
    """A receiver, connected or not."""
    receiver = Receiver(broker.address, MemoryStore(), **kwargs)
    receiver.start()
    try:
        yield receiver
    finally:
        receiver.stop()


@pytest.mark.parametrize("code", [mqtt.NOT_AUTHORIZED, 0x85])
def test_a_pad_that_is_not_admitted_says_so_until_it_is(code: int) -> None:
    with (
        scripted_broker(Script(refuses=lambda _: code)) as broker,
        receiver_at(broker),
        uplink_pad(broker.address, PAD) as pad,
    ):
        until(lambda: Obstacle.REFUSED in pad.obstacles, 10, "the fault")
        assert f"0x{code:02X}" in pad.obstacles[Obstacle.REFUSED]
        broker.script.refuses = lambda _: 0
        until(lambda: pad.receipted_seq == 1, 20, "everything is receipted")
        assert pad.obstacles == {}


@pytest.mark.parametrize("code", [0x88, 0x89, 0x97, 0x9F])
def test_a_broker_that_is_busy_is_waited_for_and_no_fault(code: int) -> None:
    with (
        scripted_broker(Script(refuses=lambda _: code)) as broker,
        receiver_at(broker),
        uplink_pad(broker.address, PAD) as pad,
    ):
        until(lambda: pad.reasons, 10, "the reason")
        assert f"0x{code:02X}" in pad.reasons[0]
        broker.script.refuses = lambda _: 0
        until(lambda: pad.receipted_seq == 1, 20, "everything is receipted")
        assert pad.obstacles_seen == []


def test_a_refused_subscription_of_a_pad_is_a_fault_told_once() -> None:
    with (
        scripted_broker(Script(suback=mqtt.NOT_AUTHORIZED)) as broker,
        uplink_pad(broker.address, PAD, reconnect_max_s=60) as pad,
    ):
        until(lambda: Obstacle.REFUSED in pad.obstacles, 10, "the fault")
        until(lambda: len(broker.of(PAD)) >= 3, 30, "it tries again")
        assert pad.obstacles_seen == [Obstacle.REFUSED]


def test_a_refused_subscription_of_a_receiver_is_told_once_and_its_waits_grow() -> None:
    told: list[Obstacle] = []
    with (
        scripted_broker(Script(suback=mqtt.NOT_AUTHORIZED)) as broker,
        receiver_at(broker, rng=Random(3), obstructed=lambda what, _: told.append(what)),
    ):
        until(lambda: len(broker.clients) >= 4, 30, "it tries again")
        first, last = broker.clients[0].at_s, broker.clients[3].at_s
        assert told == [Obstacle.REFUSED]
    assert last - first > 1, "51 tries in 12 s, before"


@pytest.mark.parametrize("topic", [Topic.STATE, Topic.ENTRIES])
def test_a_publish_that_the_broker_refuses_is_a_fault_and_nothing_is_lost(topic: Topic) -> None:
    script = Script()
    script.puback = lambda message: mqtt.NOT_AUTHORIZED if message.topic == topic.of(PAD) else 0
    store = MemoryStore()
    with (
        scripted_broker(script) as broker,
        running_receiver(broker.address, store),
        uplink_pad(broker.address, PAD) as pad,
    ):
        until(lambda: Obstacle.REFUSED in pad.obstacles, 10, "the fault")
        script.puback = lambda _: 0
        until(lambda: pad.receipted_seq == 1, 20, "everything is receipted")
        assert pad.obstacles == {}


@pytest.mark.parametrize("code", [mqtt.NOT_AUTHORIZED, 0x90, mqtt.QUOTA_EXCEEDED, 0x99])
def test_a_refused_answer_to_a_command_is_no_fault_and_the_connection_stays(code: int) -> None:
    script = Script()
    script.puback = lambda message: code if message.topic.startswith("hall/") else 0
    store = MemoryStore()
    with (
        scripted_broker(script) as broker,
        running_receiver(broker.address, store),
        uplink_pad(broker.address, PAD) as pad,
        mqtt_probe(broker.address) as probe,
    ):
        until(lambda: pad.receipted_seq == 1, 20, "the pad delivers")
        command = write_message(Command(v=VERSION, order=Order.IDENTIFY, by="hall"))
        for topic in ("hall/answers", "$SYS/x", "pad/v1/other/up/state"):
            probe.publish(Topic.COMMAND.of(PAD), command, ResponseTopic=topic)
        until(lambda: len(pad.commands) == 3, 10, "the commands are carried out")
        pad.rate()
        until(lambda: pad.receipted_seq == 2, 20, "entries go on")
        assert (pad.obstacles_seen, pad.connections) == ([], [True])
        topics = {sent.topic for client in broker.clients for sent in client.publishes}
        assert "hall/answers" in topics
        assert not {"$SYS/x", "pad/v1/other/up/state"} & topics


@pytest.mark.parametrize("code", [mqtt.QUOTA_EXCEEDED, 0x99, 0x80, 0x83])
def test_a_batch_that_the_broker_does_not_take_now_is_sent_again(code: int) -> None:
    refused: list[int] = []

    def judge(message: mqtt.Publish) -> int:
        if message.topic == Topic.ENTRIES.of(PAD) and len(refused) < 2:
            refused.append(code)
            return code
        return 0

    store = MemoryStore()
    with (
        scripted_broker(Script(puback=judge)) as broker,
        running_receiver(broker.address, store),
        uplink_pad(broker.address, PAD) as pad,
    ):
        until(lambda: pad.receipted_seq == 1, 20, "everything is receipted")
        assert len(refused) == 2
        assert pad.obstacles_seen == []


def test_a_broker_without_a_receiver_is_named_as_the_reason() -> None:
    with (
        scripted_broker(Script(puback=lambda _: mqtt.NO_SUBSCRIBERS)) as broker,
        uplink_pad(broker.address, PAD) as pad,
    ):
        until(lambda: pad.reasons, 10, "the reason")
        assert "no receiver" in pad.reasons[0]
        assert broker.publishes(Topic.ENTRIES.of(PAD)) == []


@pytest.mark.parametrize("takeover", [mqtt.SESSION_TAKEN_OVER, None])
def test_two_pads_with_one_id_are_a_fault_and_connect_ever_more_seldom(
    takeover: int | None,
) -> None:
    first, second = MemoryLedger(PAD, "L-1"), MemoryLedger(PAD, "L-2")
    with (
        scripted_broker(Script(takeover=takeover)) as broker,
        running_receiver(broker.address, MemoryStore()),
        uplink_pad(broker.address, PAD, ledger=first, reconnect_max_s=60) as one,
        uplink_pad(broker.address, PAD, ledger=second, reconnect_max_s=60) as other,
    ):
        until(lambda: Obstacle.DUPLICATE in (one.obstacles | other.obstacles), 60, "the fault")
        assert len(broker.of(PAD)) <= 25


def test_the_reason_that_changes_is_told_each_time() -> None:
    codes = iter([0x88, 0x88, 0x9F, 0x97])
    with (
        scripted_broker(Script(refuses=lambda _: next(codes, 0x97))) as broker,
        uplink_pad(broker.address, PAD) as pad,
    ):
        until(lambda: len(pad.reasons) >= 3, 20, "three reasons")
        assert ["0x88" in pad.reasons[0], "0x9F" in pad.reasons[1]] == [True, True]
        assert "0x97" in pad.reasons[2]


def test_no_broker_at_all_is_a_reason_with_the_systems_words() -> None:
    nowhere = BrokerAddress("127.0.0.1", free_port())
    with uplink_pad(nowhere, PAD) as pad:
        until(lambda: pad.reasons, 10, "the reason")
        assert "refused" in pad.reasons[0].lower()


def test_a_broker_that_acknowledges_nothing_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sync.uplink.ANSWER_MS", 500)
    with (
        scripted_broker(Script(puback=lambda _: None)) as broker,
        uplink_pad(broker.address, PAD) as pad,
    ):
        until(lambda: len(broker.of(PAD)) >= 2, 20, "another connection")
        assert "acknowledged nothing" in pad.reasons[0]


FORBIDDEN = {
    "a packet of 200 MiB": b"\x30" + mqtt.varint(200 * 1024 * 1024) + b"x" * 1000,
    "a message at QoS 2": mqtt.packet(mqtt.PUBLISH, 4, mqtt.text("a") + b"\0\1\0"),
    "what a client sends": mqtt.packet(mqtt.PINGREQ, 0, b""),
    "a second CONNACK": mqtt.connack(),
    "no MQTT": b"HTTP/1.1 400 Bad Request\r\n\r\n" * 10,
    "a CONNACK cut short": mqtt.packet(mqtt.CONNACK, 0, b""),
    "a SUBACK of nothing": mqtt.packet(mqtt.SUBACK, 0, b"\0"),
    "an unknown property": mqtt.packet(mqtt.PUBLISH, 0, mqtt.text("a") + b"\2\x7f\0"),
    "an unknown reason": mqtt.packet(mqtt.DISCONNECT, 0, b"\x7f\0"),
}


@pytest.mark.parametrize("what", FORBIDDEN)
def test_what_a_broker_must_not_send_ends_the_connection_and_never_the_client(what: str) -> None:
    store = MemoryStore()
    with (
        scripted_broker() as broker,
        running_receiver(broker.address, store),
        uplink_pad(broker.address, PAD) as pad,
    ):
        until(lambda: pad.receipted_seq == 1, 10, "everything is receipted")
        for client in list(broker.clients):
            client.send(FORBIDDEN[what])
        until(lambda: all(c.ended for c in broker.clients[:2]), 10, "both connections end")
        pad.rate()
        until(lambda: pad.receipted_seq == 2, 20, "both are back")
        assert pad.obstacles_seen == []


def test_more_messages_than_receive_maximum_end_the_connection() -> None:
    with scripted_broker() as broker:
        events: SimpleQueue[Event] = SimpleQueue()
        connection = Connection(
            broker.address,
            "reader",
            events.put,
            keepalive_s=5,
            packet_bytes=1_000,
            receive_maximum=5,
            inbox_bytes=100_000,
        )
        connection.open()
        assert isinstance(events.get(timeout=10), Connected)
        client = broker.clients[0]
        for mid in range(1, 7):
            client.send(mqtt.publish("a", b"x", mid=mid))
        taken = [events.get(timeout=10) for _ in range(6)]
        assert [type(event) for event in taken[:5]] == [Incoming] * 5
        assert isinstance(taken[5], Disconnected)
        assert "Receive Maximum" in taken[5].reason


def test_nothing_is_read_while_too_much_waits_and_all_of_it_comes_later() -> None:
    with scripted_broker() as broker:
        events: SimpleQueue[Event] = SimpleQueue()
        connection = Connection(
            broker.address,
            "reader",
            events.put,
            keepalive_s=5,
            packet_bytes=100_000,
            receive_maximum=1_000,
            inbox_bytes=200_000,
        )
        connection.open()
        assert isinstance(events.get(timeout=10), Connected)
        client = broker.clients[0]
        sender = Thread(
            target=lambda: [
                client.send(mqtt.publish("a", bytes([n]) * 60_000, qos=n % 2, mid=n + 1))
                for n in range(40)
            ],
            daemon=True,
        )
        sender.start()
        until(lambda: connection._inbox.held == 3, 10, "the inbox is full")
        got = []
        for _ in range(40):
            message = events.get(timeout=10)
            assert isinstance(message, Incoming)
            assert connection._inbox.held_bytes <= 200_000
            got.append(message.payload[0])
            connection.ack(message.mid)
        assert got == list(range(40))
        connection.abort()


@pytest.mark.parametrize("end", ["pad", "receiver"])
@pytest.mark.parametrize("kind", ["messages", "acks", "huge", "properties"])
def test_a_broker_that_sends_without_end_does_not_make_either_end_grow(end: str, kind: str) -> None:
    program = [sys.executable, "-m", "tests.rigs.broker.flooded_client", end, kind]
    done = subprocess.run(
        program, env=environment(), capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr[-2000:]
    grown_mib, taken = done.stdout.split()
    assert float(grown_mib) < 48, f"grew by {grown_mib} MiB"
    assert int(taken) > 0, "the control: it was reading"
