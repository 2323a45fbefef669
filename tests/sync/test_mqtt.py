"""What a connection reports of a message, from a real broker."""

import time
from queue import SimpleQueue
from typing import Any

import pytest

from sync.mqtt import Connected, Connection, Event, Incoming
from tests.rigs.broker.mosquitto import Broker
from tests.rigs.broker.mqtt_probe import wiretap
from tests.rigs.time.wait import until

pytestmark = pytest.mark.broker
PATIENCE_S = 10.0


@pytest.mark.parametrize("expiry_s", [None, 60])
def test_the_rest_of_a_messages_expiry_is_measured_by_the_receivers_own_clock(
    broker: Broker, expiry_s: int | None
) -> None:
    told: SimpleQueue[Event] = SimpleQueue()
    link = Connection(broker.address, "pad-expiry", told.put, keepalive_s=5)
    link.open()
    assert isinstance(told.get(timeout=PATIENCE_S), Connected)
    link.subscribe(["hall/orders"])
    with wiretap(broker.address) as tap:
        said_s = time.monotonic()
        properties: dict[str, Any] = {} if expiry_s is None else {"MessageExpiryInterval": expiry_s}

        def heard() -> bool:
            tap.say("hall/orders", b"x", **properties)
            return not told.empty()

        until(heard, PATIENCE_S, "the subscription is in force")
        message = told.get()
    link.abort()
    assert isinstance(message, Incoming)
    if expiry_s is None:
        assert message.good_until_s is None
    else:
        assert message.good_until_s is not None
        # A broker counts in whole seconds.
        assert said_s + expiry_s - 2 <= message.good_until_s <= time.monotonic() + expiry_s
