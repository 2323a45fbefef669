"""One MQTT 5 connection, from connect to disconnect, within the limits of both ends.

A `Connection` is used for one connection and never again. So paho's own queue repeats nothing of an
earlier connection, and uplink and receiver decide when to reconnect.

What the broker announces (CONNACK) is kept: no packet is longer than it takes, no more publishes
are out than it allows. What it may send is bounded, too: the length of a packet by a guard before
paho (`packet_guard.py`), the number by Receive Maximum and manual acknowledgement. When its inbox
is full (`inbox.py`), a connection stops reading from the socket.

paho is imported by `load`, not by this module: it takes 12 MiB and, on a small board, half a second
that the keys should not wait for.
"""

import socket
import threading
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from sync.inbox import Inbox
from sync.messages import DEFLATE
from sync.obstacles import QOS_NOT_SUPPORTED
from sync.packet_guard import PacketGuard

if TYPE_CHECKING:
    from paho.mqtt.client import Client
    from paho.mqtt.properties import Properties

CONNECT_TIMEOUT_S = 10.0
QOS = 1
INFLIGHT_MAX = 20
"""Publishes without a PUBACK, at most; fewer where the broker allows fewer. Others wait in paho."""
WAITING_MAX = 1024
WAITING_BYTES = 8 * 1024 * 1024
"""Bounds of what is published and not acknowledged. A broker that reads and never acknowledges
would make it grow without end; the connection is ended instead."""
ANY_SIZE = 268_435_460
"""The longest packet of the protocol: five bytes and 2^28 - 1."""


class BrokerAddress(NamedTuple):
    """Where the broker listens. Plain TCP: the configuration allows it to loopback only."""

    host: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


class BrokerLimits(NamedTuple):
    """What the broker announced in its CONNACK; the defaults are those of the standard (3.2.2.3).

    `assigned_id`: the client id that it gave, "" where it took ours.
    """

    packet_bytes: int = ANY_SIZE
    receive_maximum: int = 65_535
    maximum_qos: int = 2
    retain: bool = True
    wildcards: bool = True
    shared: bool = True
    assigned_id: str = ""


class Outgoing(NamedTuple):
    """A message to publish. `correlation` goes with an answer to a command."""

    topic: str
    payload: bytes
    retained: bool = False
    deflated: bool = False
    correlation: bytes | None = None


class Incoming(NamedTuple):
    """A message that was received. `mid` is for `Connection.ack`: the packet id, or a negative
    number for a message at QoS 0. `good_until_s`: when it expires, by time.monotonic(); None for
    one that does not.
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
    """The broker has accepted the connection, within these limits."""

    limits: BrokerLimits = BrokerLimits()


class Subscribed(NamedTuple):
    """The broker has every subscription of one `subscribe`; messages arrive from now on."""


class Disconnected(NamedTuple):
    """The connection ended, or could not be made. May come twice; the first one says why.

    `code`: the reason code of the broker's CONNACK, SUBACK or DISCONNECT, if it sent one. `broke`:
    the other end closed the connection without a word, or the network did.
    """

    reason: str
    code: int | None = None
    broke: bool = False


class Acked(NamedTuple):
    """The broker's PUBACK for the publish `mid`, with its reason code; `refusal`: the reason in
    words when it was not accepted.
    """

    mid: int
    refusal: str | None
    code: int = 0


Event = Connected | Subscribed | Disconnected | Incoming | Acked


class ConnectionEndedError(ConnectionError):
    """The connection ended, or could not be made."""

    def __init__(self, event: Disconnected) -> None:
        super().__init__(event.reason)
        self.event = event


class PacketTooLargeError(ValueError):
    """The message would be longer than the broker takes. `size`, `most`: bytes of the packet."""

    def __init__(self, topic: str, size: int, most: int) -> None:
        super().__init__(f"{topic}: a packet of {size} bytes; the broker takes at most {most}")
        self.size = size
        self.most = most


def load() -> None:
    """Import paho. Call it on another thread than the event loop's, before the first connection."""
    import sync.paho_client  # noqa: F401 -- loaded, not yet used


class Connection:
    """One connection. Methods may be called from any thread and never wait for the network.

    `on_event` is called on paho's thread and must neither block nor raise. Every `Incoming` must be
    given to `ack` once it is dealt with. `packet_bytes`: the longest packet that may come,
    announced to the broker. `receive_maximum`: how many unacknowledged QoS 1 messages the broker
    may have sent, at most. `inbox_bytes`: how much of what came may wait for its `ack`.
    """

    def __init__(
        self,
        broker: BrokerAddress,
        client_id: str,
        on_event: Callable[[Event], None],
        *,
        keepalive_s: int,
        packet_bytes: int,
        receive_maximum: int,
        inbox_bytes: int,
        will: Outgoing | None = None,
    ) -> None:
        from paho.mqtt.packettypes import PacketTypes
        from paho.mqtt.properties import Properties

        from sync.paho_client import GuardedClient

        self.limits = BrokerLimits()
        self._on_event = on_event
        self._closed = False
        self._connected = False
        self._receive_maximum = receive_maximum
        self._inbox = Inbox(receive_maximum, inbox_bytes)
        self._subscribing = 0
        self._waiting: dict[int, int] = {}  # bytes of each publish without a PUBACK
        self._waiting_bytes = 0
        self._acked_early: set[int] = set()  # acknowledged before they were counted as waiting
        self._counting = threading.Lock()
        self._client: GuardedClient = GuardedClient(
            client_id,
            PacketGuard(packet_bytes),
            on_forbidden=self._forbid,
            on_end=self._on_end,
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
        properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]  # paho's
        properties.ReceiveMaximum = receive_maximum
        properties.MaximumPacketSize = packet_bytes
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
        self._subscribing += 1
        self._client.subscribe([(name, options) for name in filters])

    def publish(self, message: Outgoing) -> int:
        """Publish at QoS 1; the number that `Acked` will name.

        Raises ValueError for a topic that cannot be published to, PacketTooLargeError for what the
        broker would not take, ConnectionError when too much waits for its acknowledgement already.
        """
        properties = _publish_properties(message)
        size = _packet_size(message, properties)
        if size > self.limits.packet_bytes:
            raise PacketTooLargeError(message.topic, size, self.limits.packet_bytes)
        if len(self._waiting) >= WAITING_MAX or self._waiting_bytes + size > WAITING_BYTES:
            problem = f"the broker has not acknowledged {len(self._waiting)} messages"
            self._forbid(problem)
            self.abort()
            raise ConnectionEndedError(Disconnected(problem))
        # Not under our lock: paho calls `_on_publish` while it holds the lock that this takes.
        info = self._client.publish(
            message.topic, message.payload, QOS, message.retained, properties
        )
        with self._counting:
            if info.mid in self._acked_early:
                self._acked_early.discard(info.mid)
            else:
                self._waiting[info.mid] = size
                self._waiting_bytes += size
        return info.mid

    def ack(self, mid: int) -> None:
        """A received message is dealt with: acknowledge it, and make room for the next.

        The acknowledgement may wait for that of an earlier message (`inbox.py`). To be called from
        one thread.
        """
        for number in self._inbox.take_out(mid):
            self._client.ack(number, QOS)

    def close(self) -> None:
        """Send DISCONNECT; the broker does not send the will. `Disconnected` follows once sent."""
        self._let_go()
        self._client.disconnect()

    def abort(self) -> None:
        """Cut the TCP connection, without waiting for a broker that may not answer any more."""
        self._let_go()
        self._client.disconnect()
        sock: Any = self._client.socket()
        if sock is not None:
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                return  # paho's thread has closed it

    def _let_go(self) -> None:
        self._closed = True
        self._inbox.close()

    @property
    def dealt_with(self) -> int:
        """How many received messages were given to `ack`."""
        return self._inbox.dealt_with

    @property
    def unacknowledged(self) -> int:
        """How many publishes have no PUBACK yet."""
        return len(self._waiting)

    # --- paho's thread ---

    def _on_connect(
        self, client: "Client", _: Any, __: Any, reason: Any, properties: "Properties | None"
    ) -> None:
        if self._closed:
            client.disconnect()
        elif self._connected:
            self._forbid("the broker accepted the same connection twice")
            client.disconnect()
        elif reason.is_failure:
            self._on_event(
                Disconnected(f"the broker refused the connection: {_words(reason)}", reason.value)
            )
        else:
            self._connected = True
            self.limits = _read_limits(properties)
            self._client.limit_inflight(min(INFLIGHT_MAX, self.limits.receive_maximum))
            self._on_event(Connected(self.limits))

    def _on_connect_fail(self, client: "Client", _: Any) -> None:
        client.disconnect()  # or paho would reconnect by itself, without jitter
        error = self._client.failure
        self._on_event(Disconnected(f"no connection to the broker: {error}"))

    def _on_disconnect(self, _: Any, __: Any, flags: Any, reason: Any, ____: Any) -> None:
        if flags.is_disconnect_packet_from_server:
            told = f"the broker ended the connection: {_words(reason)}"
            self._on_event(Disconnected(told, reason.value))
        else:
            broke = str(reason) == "Unspecified error"
            self._on_event(Disconnected(_ENDINGS.get(str(reason), str(reason)), broke=broke))

    def _on_end(self, failure: BaseException | None) -> None:
        if failure is not None:
            self._forbid(f"the broker sent what cannot be read: {failure!r}")
        self._on_event(Disconnected("the connection has ended"))

    def _forbid(self, problem: str) -> None:
        self._on_event(Disconnected(problem))

    def _on_message(self, client: "Client", _: Any, message: Any) -> None:
        payload = bytes(message.payload)
        if message.mid and (
            self._inbox.exceeds(message.mid)
            or self._client.unsent > WAITING_MAX + self._receive_maximum
        ):
            self._forbid("the broker sent more messages than its Receive Maximum")
            client.disconnect()
            return
        mid = self._inbox.put(message.mid, len(payload))
        if mid is None:
            return
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
                payload,
                mid,
                bool(message.retain),
                DEFLATE in getattr(properties, "UserProperty", ()),
                getattr(properties, "ResponseTopic", None),
                getattr(properties, "CorrelationData", None),
                None if expiry_s is None else time.monotonic() + expiry_s,
            )
        )

    def _on_publish(self, _: Any, __: Any, mid: int, reason: Any, ___: Any) -> None:
        with self._counting:
            if mid in self._waiting:
                self._waiting_bytes -= self._waiting.pop(mid)
            else:
                self._acked_early.add(mid)
        refusal = _words(reason) if reason.is_failure else None
        self._on_event(Acked(mid, refusal, reason.value))

    def _on_subscribe(self, client: "Client", _: Any, __: Any, reasons: Any, ___: Any) -> None:
        if not self._subscribing:
            self._forbid("the broker answered a subscription that nobody had asked for")
            client.disconnect()
            return
        self._subscribing -= 1
        refused = next((reason for reason in reasons if reason.is_failure), None)
        if refused is not None:
            problem = f"the broker refused a subscription: {_words(refused)}"
            self._on_event(Disconnected(problem, refused.value))
            client.disconnect()
        elif any(reason.value < QOS for reason in reasons):
            problem = "the broker granted a subscription at QoS 0 only"
            self._on_event(Disconnected(problem, QOS_NOT_SUPPORTED))
            client.disconnect()
        else:
            self._on_event(Subscribed())


_ENDINGS = {
    "Unspecified error": "the connection broke",
    "Keep alive timeout": "the broker did not answer within the keep-alive time",
    "Protocol error": "the broker sent what is not MQTT 5",
    "Success": "the connection was closed",
    "Normal disconnection": "the connection was closed",
}
"""paho's words for a connection that ended without a DISCONNECT from the broker, and ours."""


def _words(reason: Any) -> str:
    return f"{reason} (0x{reason.value:02X})"


def _read_limits(properties: "Properties | None") -> BrokerLimits:
    def given(name: str, default: Any) -> Any:
        return getattr(properties, name, default)

    return BrokerLimits(
        packet_bytes=given("MaximumPacketSize", ANY_SIZE) or ANY_SIZE,
        receive_maximum=given("ReceiveMaximum", 65_535) or 1,
        maximum_qos=given("MaximumQoS", 2),
        retain=bool(given("RetainAvailable", 1)),
        wildcards=bool(given("WildcardSubscriptionAvailable", 1)),
        shared=bool(given("SharedSubscriptionAvailable", 1)),
        assigned_id=given("AssignedClientIdentifier", ""),
    )


def _publish_properties(message: Outgoing) -> "Properties | None":
    if not message.deflated and message.correlation is None:
        return None
    from paho.mqtt.packettypes import PacketTypes
    from paho.mqtt.properties import Properties

    properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]  # paho's
    if message.deflated:
        properties.UserProperty = DEFLATE
    if message.correlation is not None:
        properties.CorrelationData = message.correlation
    return properties


def _packet_size(message: Outgoing, properties: "Properties | None") -> int:
    """Bytes of the PUBLISH (MQTT 5, 3.3)."""
    packed = 1 if properties is None else len(properties.pack())  # type: ignore[no-untyped-call]  # paho's
    length = 2 + len(message.topic.encode()) + 2 + packed + len(message.payload)
    digits = next(count for count in range(1, 5) if length < 128**count)
    return 1 + digits + length
