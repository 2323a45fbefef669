"""What a connection reports of a message, from a real broker."""

import gc
import time
from collections.abc import Iterator
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import pytest

from sync.mqtt import (
    BrokerAddress,
    Connected,
    Connection,
    Disconnected,
    Event,
    Incoming,
    Outgoing,
    Subscribed,
)
from tests.rigs.broker.mosquitto import Broker
from tests.rigs.broker.mqtt_probe import mqtt_probe
from tests.rigs.broker.scripted_broker import ScriptedBroker, scripted_broker
from tests.rigs.system.loopback import free_port
from tests.rigs.time.wait import until

pytestmark = pytest.mark.broker
ANSWER_S = 10.0


def reader(
    broker: Broker | ScriptedBroker, client_id: str, events: "SimpleQueue[Event]"
) -> Connection:
    """A connection of which only what it receives matters."""
    return Connection(
        broker.address,
        client_id,
        events.put,
        keepalive_s=5,
        packet_bytes=10_000,
        receive_maximum=10,
        inbox_bytes=100_000,
    )


@pytest.mark.parametrize("expiry_s", [None, 60])
def test_the_rest_of_a_messages_expiry_is_measured_by_the_receivers_own_clock(
    broker: Broker, expiry_s: int | None
) -> None:
    events: SimpleQueue[Event] = SimpleQueue()
    connection = reader(broker, "pad-expiry", events)
    connection.open()
    assert isinstance(events.get(timeout=ANSWER_S), Connected)
    connection.subscribe(["hall/orders"])
    assert isinstance(events.get(timeout=ANSWER_S), Subscribed)
    with mqtt_probe(broker.address) as probe:
        sent_s = time.monotonic()
        properties: dict[str, Any] = {} if expiry_s is None else {"MessageExpiryInterval": expiry_s}
        probe.publish("hall/orders", b"x", **properties)
        message = events.get(timeout=ANSWER_S)
    connection.abort()
    assert isinstance(message, Incoming)
    if expiry_s is None:
        assert message.good_until_s is None
    else:
        assert message.good_until_s is not None
        # A broker counts the expiry in whole seconds.
        assert sent_s + expiry_s - 2 <= message.good_until_s <= time.monotonic() + expiry_s


def test_a_message_with_an_expiry_of_0_has_expired() -> None:
    events: SimpleQueue[Event] = SimpleQueue()
    with scripted_broker() as broker:
        connection = reader(broker, "pad-expired", events)
        connection.open()
        assert isinstance(events.get(timeout=ANSWER_S), Connected)
        connection.subscribe(["hall/orders"])
        assert isinstance(events.get(timeout=ANSWER_S), Subscribed)
        broker.publish("hall/orders", b"x", values={"message_expiry": 0})
        message = events.get(timeout=ANSWER_S)
        connection.abort()
    assert isinstance(message, Incoming)
    assert message.good_until_s is not None
    assert message.good_until_s <= time.monotonic()


def test_a_message_published_as_retained_while_this_end_listens_is_told_as_retained(
    broker: Broker,
) -> None:
    events: SimpleQueue[Event] = SimpleQueue()
    connection = reader(broker, "pad-retained", events)
    connection.open()
    assert isinstance(events.get(timeout=ANSWER_S), Connected)
    connection.subscribe(["hall/retained"])
    assert isinstance(events.get(timeout=ANSWER_S), Subscribed)
    with mqtt_probe(broker.address) as probe:
        for retained in (True, False):
            probe.publish("hall/retained", b"x", retained=retained)
            message = events.get(timeout=ANSWER_S)
            assert isinstance(message, Incoming)
            assert message.retained is retained
    connection.abort()


def descriptors() -> int:
    """How many files and sockets this process has open."""
    return len(list(Path("/proc/self/fd").iterdir()))


@pytest.mark.parametrize("how", ["aborted", "closed", "refused"])
def test_a_connection_that_has_ended_leaves_no_descriptor_open(broker: Broker, how: str) -> None:
    address = BrokerAddress("127.0.0.1", free_port()) if how == "refused" else broker.address
    gc.collect()
    gc.disable()  # paho's clients are in cycles: only the collector would find them
    try:
        before = descriptors()
        for n in range(30):
            events: SimpleQueue[Event] = SimpleQueue()
            connection = Connection(
                address,
                f"pad-{n}",
                events.put,
                keepalive_s=5,
                packet_bytes=10_000,
                receive_maximum=10,
                inbox_bytes=100_000,
            )
            connection.open()
            first = events.get(timeout=ANSWER_S)
            assert isinstance(first, Disconnected if how == "refused" else Connected)
            connection.abort() if how == "aborted" else connection.close()
            while events.get(timeout=ANSWER_S) != Disconnected("the connection has ended"):
                pass
        until(lambda: descriptors() <= before, ANSWER_S, "all are closed")
    finally:
        gc.enable()


def test_what_is_published_after_the_end_raises_nothing(broker: Broker) -> None:
    events: SimpleQueue[Event] = SimpleQueue()
    connection = reader(broker, "pad-late", events)
    connection.open()
    assert isinstance(events.get(timeout=ANSWER_S), Connected)
    connection.abort()
    while events.get(timeout=ANSWER_S) != Disconnected("the connection has ended"):
        pass
    connection.publish(Outgoing("hall/late", b"x"))
    connection.subscribe(["hall/late"])
    connection.close()


@pytest.fixture
def received() -> Iterator[tuple[ScriptedBroker, Connection, list[Incoming]]]:
    """Eight messages that have arrived on a connection with a Receive Maximum of 10."""
    events: SimpleQueue[Event] = SimpleQueue()
    with scripted_broker() as broker:
        connection = Connection(
            broker.address,
            "reader",
            events.put,
            keepalive_s=30,
            packet_bytes=10_000,
            receive_maximum=10,
            inbox_bytes=100_000,
        )
        connection.open()
        assert isinstance(events.get(timeout=ANSWER_S), Connected)
        connection.subscribe(["a/b"])
        assert isinstance(events.get(timeout=ANSWER_S), Subscribed)
        for number in range(8):
            broker.publish("a/b", b"%d" % number)
        found = [events.get(timeout=ANSWER_S) for _ in range(8)]
        yield broker, connection, [item for item in found if isinstance(item, Incoming)]
        connection.abort()


Received = tuple[ScriptedBroker, Connection, list[Incoming]]


def acknowledged(broker: ScriptedBroker, count: int) -> list[int]:
    """The numbers that the broker has got back, once there are so many."""
    client = broker.of("reader")[0]
    until(lambda: len(client.acks) >= count, ANSWER_S, f"{count} acknowledgements")
    return [ack[0] for ack in client.acks]


def test_acknowledgements_leave_in_the_order_of_arrival(received: Received) -> None:
    broker, connection, messages = received
    mids = [message.mid for message in messages]
    for place in (2, 1, 3, 0, 4):
        connection.ack(mids[place])
    assert acknowledged(broker, 5) == mids[:5]


def test_a_message_that_waits_long_does_not_hold_up_half_of_the_window(received: Received) -> None:
    broker, connection, messages = received
    mids = [message.mid for message in messages]
    for mid in mids[1:7]:  # the first one cannot be stored
        connection.ack(mid)
    assert acknowledged(broker, 6) == mids[1:7]
    connection.ack(mids[7])
    connection.ack(mids[0])
    assert acknowledged(broker, 8) == [*mids[1:7], mids[0], mids[7]]
