"""A plain MQTT 5 client for tests: it collects what comes and publishes anything."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event
from typing import Any

from sync.mqtt import BrokerAddress
from tests.rigs.time.wait import until


class MqttProbe:
    """`messages`: every message on `filters`, as (topic, payload, retained, properties)."""

    def __init__(self, broker: BrokerAddress, *filters: str, client_id: str = "") -> None:
        from paho.mqtt.client import Client, MQTTv5
        from paho.mqtt.enums import CallbackAPIVersion

        self.messages: list[tuple[str, bytes, bool, Any]] = []
        self._ready = Event()
        self._filters = filters
        self._reasons: dict[int, str] = {}
        self._client = Client(CallbackAPIVersion.VERSION2, client_id, protocol=MQTTv5)
        self._client.on_connect = self._on_connect
        self._client.on_subscribe = lambda *_: self._ready.set()
        self._client.on_message = lambda _, __, m: self.messages.append(
            (m.topic, bytes(m.payload), bool(m.retain), m.properties)
        )
        self._client.on_publish = self._on_publish
        self._client.connect(*broker)
        self._client.loop_start()
        until(self._ready.is_set, 5, "the probe is subscribed")

    def _on_connect(self, *_: object) -> None:
        if self._filters:
            self._client.subscribe([(name, 1) for name in self._filters])
        else:
            self._ready.set()

    def _on_publish(self, _: object, __: object, mid: int, reason: object, ___: object) -> None:
        self._reasons[mid] = str(reason)

    def payloads(self, topic: str) -> list[bytes]:
        """The payloads that came on one topic."""
        return [payload for name, payload, _, _ in self.messages if name == topic]

    def publish(self, topic: str, payload: bytes, retained: bool = False, **properties: Any) -> str:
        """Publish, and wait until the broker has it; the reason in its acknowledgement."""
        from paho.mqtt.packettypes import PacketTypes
        from paho.mqtt.properties import Properties

        wrapped = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]  # paho's
        for name, value in properties.items():
            setattr(wrapped, name, value)
        mid = self._client.publish(topic, payload, 1, retained, wrapped).mid
        return until(lambda: self._reasons.get(mid), 5, "the broker has acknowledged it")

    def round_trip(self) -> None:
        """Wait until the broker has answered: what it had sent before has arrived then."""
        self._ready.clear()
        self._client.subscribe("nothing/at/all")
        until(self._ready.is_set, 5, "the broker's answer")

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


@contextmanager
def mqtt_probe(broker: BrokerAddress, *filters: str, client_id: str = "") -> Iterator[MqttProbe]:
    """A probe for the time of a `with` block."""
    probe = MqttProbe(broker, *filters, client_id=client_id)
    try:
        yield probe
    finally:
        probe.close()
