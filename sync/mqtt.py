"""One MQTT 5 connection, from connect to disconnect. The only module that knows paho.

A `Connection` is used for one connection and never again. So paho's own queue repeats nothing of an
earlier connection, and uplink and receiver decide when to reconnect.

paho is imported by `load`, not by this module: it takes 12 MiB and, on a small board, half a second
that the keys should not wait for.
"""

import socket
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from sync.messages import DEFLATE

if TYPE_CHECKING:
    from paho.mqtt.client import Client

CONNECT_TIMEOUT_S = 10.0
QOS = 1


class BrokerAddress(NamedTuple):
    """Where the broker listens. Plain TCP: the configuration allows it to loopback only."""

    host: str
    port: int


class Outgoing(NamedTuple):
    """A message to publish. `correlation` goes with an answer to a command."""

    topic: str
    payload: bytes
    retained: bool = False
    deflated: bool = False
    correlation: bytes | None = None


class Incoming(NamedTuple):
    """A message that was received. `mid` (the packet id) is for `Connection.ack`. `good_until_s`:
    when it expires, by time.monotonic(); None for one that does not.
    """

    topic: str
    payload: bytes
    mid: int
    retained: bool
    deflated: bool
    response_topic: str | None
    correlation: bytes | None
    good_until_s: float | None = None


class Connected(NamedTuple):
    """The broker has accepted the connection."""


class Subscribed(NamedTuple):
    """The broker has every subscription of one `subscribe`; messages arrive from now on."""


class Disconnected(NamedTuple):
    """The connection ended, or could not be made. May come twice."""

    reason: str


class Acked(NamedTuple):
    """The broker's PUBACK for the publish `mid`; `refusal`: its reason when it was not accepted."""

    mid: int
    refusal: str | None


Event = Connected | Subscribed | Disconnected | Incoming | Acked


def load() -> None:
    """Import paho. Call it on another thread than the event loop's, before the first connection."""
    import paho.mqtt.client  # noqa: F401 -- loaded, not yet used


class Connection:
    """One connection. Methods may be called from any thread and never wait for the network.

    `on_event` is called on paho's thread and must neither block nor raise. `receive_maximum`: how
    many unacknowledged QoS 1 messages the broker may have sent, at most.
    """

    def __init__(
        self,
        broker: BrokerAddress,
        client_id: str,
        on_event: Callable[[Event], None],
        *,
        keepalive_s: int,
        will: Outgoing | None = None,
        manual_ack: bool = False,
        receive_maximum: int | None = None,
    ) -> None:
        from paho.mqtt.client import Client, MQTTv5
        from paho.mqtt.enums import CallbackAPIVersion
        from paho.mqtt.packettypes import PacketTypes
        from paho.mqtt.properties import Properties

        self._on_event = on_event
        self._closed = False
        self._client: Client = Client(
            CallbackAPIVersion.VERSION2,
            client_id=client_id,
            protocol=MQTTv5,
            manual_ack=manual_ack,
            reconnect_on_failure=False,
        )
        client = self._client
        client.connect_timeout = CONNECT_TIMEOUT_S
        if will is not None:
            client.will_set(will.topic, will.payload, QOS, will.retained)
        client.on_connect = self._on_connect
        client.on_connect_fail = self._on_connect_fail
        client.on_disconnect = self._on_disconnect
        client.on_message = self._on_message
        client.on_publish = self._on_publish
        client.on_subscribe = self._on_subscribe
        client.on_socket_open = _no_delay
        properties = None
        if receive_maximum is not None:
            properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]  # paho's
            properties.ReceiveMaximum = receive_maximum
        # Clean start: ledger and store know what is missing; a session at the broker would only
        # repeat messages.
        client.connect_async(
            broker.host, broker.port, keepalive_s, clean_start=True, properties=properties
        )

    def open(self) -> None:
        """Start to connect, on paho's own thread; `Connected` or `Disconnected` follows."""
        self._client.loop_start()

    def subscribe(self, filters: Sequence[str]) -> None:
        """Subscribe at QoS 1; `Subscribed` follows. A refused subscription ends the connection.

        Retain as published: `Incoming.retained` is then also true for a message that was published
        as retained while this end listened, which a broker otherwise passes on as an ordinary one.
        """
        from paho.mqtt.subscribeoptions import SubscribeOptions

        options = SubscribeOptions(qos=QOS, retainAsPublished=True)
        self._client.subscribe([(name, options) for name in filters])

    def publish(self, message: Outgoing) -> int:
        """Publish at QoS 1; the number that `Acked` will name.

        Raises ValueError for a topic that cannot be published to.
        """
        from paho.mqtt.packettypes import PacketTypes
        from paho.mqtt.properties import Properties

        properties = None
        if message.deflated or message.correlation is not None:
            properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]  # paho's
            if message.deflated:
                properties.UserProperty = DEFLATE
            if message.correlation is not None:
                properties.CorrelationData = message.correlation
        info = self._client.publish(
            message.topic, message.payload, QOS, message.retained, properties
        )
        return info.mid

    def ack(self, mid: int) -> None:
        """Acknowledge a received message (with `manual_ack`)."""
        self._client.ack(mid, QOS)

    def close(self) -> None:
        """Send DISCONNECT; the broker does not send the will. `Disconnected` follows once sent."""
        self._closed = True
        self._client.disconnect()

    def abort(self) -> None:
        """Cut the TCP connection, without waiting for a broker that may not answer any more."""
        self._closed = True
        self._client.disconnect()
        sock: Any = self._client.socket()
        if sock is not None:
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                return  # paho's thread has closed it

    # --- paho's thread ---

    def _on_connect(self, client: "Client", _: Any, __: Any, reason: Any, ___: Any) -> None:
        if self._closed:
            client.disconnect()
        elif reason.is_failure:
            self._on_event(Disconnected(f"the broker refused the connection: {reason}"))
        else:
            self._on_event(Connected())

    def _on_connect_fail(self, client: "Client", _: Any) -> None:
        client.disconnect()  # or paho would reconnect by itself, without jitter
        self._on_event(Disconnected("no connection to the broker"))

    def _on_disconnect(self, _: Any, __: Any, ___: Any, reason: Any, ____: Any) -> None:
        self._on_event(Disconnected(f"disconnected: {reason}"))

    def _on_message(self, _: Any, __: Any, message: Any) -> None:
        try:
            topic = message.topic
        except UnicodeDecodeError:
            topic = ""
        properties = message.properties
        # The broker has subtracted the time that the message waited there (MQTT 5, 3.3.2.3.3).
        expiry_s = getattr(properties, "MessageExpiryInterval", None)
        self._on_event(
            Incoming(
                topic,
                bytes(message.payload),
                message.mid,
                bool(message.retain),
                DEFLATE in getattr(properties, "UserProperty", ()),
                getattr(properties, "ResponseTopic", None),
                getattr(properties, "CorrelationData", None),
                None if expiry_s is None else time.monotonic() + expiry_s,
            )
        )

    def _on_publish(self, _: Any, __: Any, mid: int, reason: Any, ___: Any) -> None:
        self._on_event(Acked(mid, str(reason) if reason.is_failure else None))

    def _on_subscribe(self, client: "Client", _: Any, __: Any, reasons: Any, ___: Any) -> None:
        refused = [str(reason) for reason in reasons if reason.is_failure]
        if refused:
            self._on_event(Disconnected(f"the broker refused a subscription: {refused[0]}"))
            client.disconnect()
        else:
            self._on_event(Subscribed())


def _no_delay(_: Any, __: Any, sock: Any) -> None:
    # A drain that waits for receipts is 3 to 7 times slower with Nagle's delay.
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
