"""What a connection reports of a message, from a real broker."""

import time
from queue import SimpleQueue
from typing import Any

import pytest

from sync.mqtt import Connected, Connection, Event, Incoming, Subscribed
from tests.rigs.broker.mosquitto import Broker
from tests.rigs.broker.mqtt_probe import mqtt_probe

pytestmark = pytest.mark.broker
ANSWER_S = 10.0


def reader(broker: Broker, client_id: str, events: "SimpleQueue[Event]") -> Connection:
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
