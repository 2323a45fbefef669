"""An MQTT 5 broker that does as a test says: any answer, any limit, cuts, silence, floods.

Left to itself it is a plain broker: it routes QoS 0 and 1, keeps retained messages, sends wills,
knows shared subscriptions, and holds clients to the limits that it announced, with the reason codes
of the standard. `Script` changes one answer at a time. It keeps what clients sent, to look at.
"""

import contextlib
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from sync.mqtt import BrokerAddress
from tests.rigs.broker import mqtt5_packets as mqtt

SEND_BUFFER_BYTES = 64 * 1024
"""Small, so that a flood stops soon after its client stops reading."""

ReasonOf = Callable[[mqtt.Publish], int | None]


@dataclass
class Script:
    """What the broker answers. All of it may be changed while it runs.

    `refuses`: the reason code of each CONNACK, 0 to accept; `limits`: its properties.
    `suback`: the reason code of every subscription; None grants what is asked for. `puback`: the
    reason code for a publish; None sends no PUBACK. `takeover`: the reason of the DISCONNECT for a
    connection whose client id connects again; None cuts it without a word. `routes`: whether
    publishes are passed on. `enforces`: whether a client that breaks `limits` is disconnected.
    `ack_after_s`: how long each PUBACK waits; without a wait no client ever has two publishes out.
    """

    refuses: Callable[[mqtt.Connect], int] = lambda _: 0
    limits: mqtt.Properties = field(default_factory=dict)
    suback: int | None = None
    puback: ReasonOf = lambda _: 0
    takeover: int | None = mqtt.SESSION_TAKEN_OVER
    routes: bool = True
    enforces: bool = True
    ack_after_s: float = 0.0


@dataclass
class Client:
    """One connection, as the broker sees it. `ended`: why the broker ended it, or "" or "gone"."""

    sock: socket.socket
    connect: mqtt.Connect
    at_s: float
    filters: list[tuple[str, int]] = field(default_factory=list)
    publishes: list[mqtt.Publish] = field(default_factory=list)
    unacked: int = 0
    most_unacked: int = 0
    largest: int = 0
    pings: int = 0
    acks: list[tuple[int, int]] = field(default_factory=list)
    disconnects: int = 0
    ended: str = ""
    next_mid: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def send(self, data: bytes) -> bool:
        """Send bytes, whatever they are; False when the connection is gone."""
        try:
            with self.lock:
                self.sock.sendall(data)
        except OSError:
            return False
        return True

    def mid(self) -> int:
        self.next_mid = self.next_mid % 65535 + 1
        return self.next_mid

    def cut(self) -> None:
        """End the TCP connection without a word."""
        with contextlib.suppress(OSError):
            self.sock.shutdown(socket.SHUT_RDWR)


class ScriptedBroker:
    """Listens on a free loopback port from `start` to `stop`; a thread for each connection."""

    def __init__(self, script: Script | None = None) -> None:
        self.script = script or Script()
        self.clients: list[Client] = []
        """Every connection that sent a CONNECT, in their order; ended ones, too."""
        self.retained: dict[str, mqtt.Publish] = {}
        self.tcp_connections = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = BrokerAddress("127.0.0.1", self._listener.getsockname()[1])
        self._shared = Counter[str]()
        self._lock = threading.RLock()
        self._stopping = False

    def start(self) -> "ScriptedBroker":
        threading.Thread(target=self._accept, name="scripted-broker", daemon=True).start()
        return self

    def stop(self) -> None:
        self._stopping = True
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for client in self.clients:
            client.cut()

    # --- what a test looks at and does ---

    def of(self, client_id: str) -> list[Client]:
        """The connections of a client id, in their order."""
        return [client for client in self.clients if client.connect.client_id == client_id]

    def live(self, client_id: str) -> Client | None:
        """The present connection of a client id."""
        return next((c for c in reversed(self.of(client_id)) if not c.ended), None)

    def publishes(self, topic: str) -> list[mqtt.Publish]:
        """Everything that was published to one topic."""
        return [p for client in self.clients for p in client.publishes if p.topic == topic]

    def publish(
        self,
        topic: str,
        payload: bytes,
        *,
        retain: bool = False,
        values: mqtt.Properties | None = None,
    ) -> None:
        """Publish as another client would."""
        self._route(mqtt.Publish(topic, payload, 1, retain, 0, values or {}))

    def end(self, client: Client, reason: int | None) -> None:
        """Disconnect with a reason code; None cuts without a word."""
        client.ended = client.ended or ("cut" if reason is None else f"{reason:#04x}")
        if reason is not None:
            client.send(mqtt.disconnect(reason))
        client.cut()

    # --- connections ---

    def _accept(self) -> None:
        while not self._stopping:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            self.tcp_connections += 1
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
            threading.Thread(target=self._serve, args=(sock,), daemon=True).start()

    def _serve(self, sock: socket.socket) -> None:
        client: Client | None = None
        reader = mqtt.PacketReader()
        with contextlib.suppress(OSError), sock:
            while not self._stopping:
                data = sock.recv(65536)
                if not data:
                    break
                for taken in reader.feed(data):
                    if client is None:
                        client = self._connect(sock, mqtt.read_connect(taken))
                        if client is None:
                            return
                    elif not client.ended:
                        self._take(client, taken)
        if client is not None:
            client.ended = client.ended or "gone"
            if client.connect.will is not None and not client.disconnects:
                self._route(client.connect.will)

    def _connect(self, sock: socket.socket, connect: mqtt.Connect) -> Client | None:
        client = Client(sock, connect, time.monotonic())
        with self._lock:
            before = self.live(connect.client_id)
            self.clients.append(client)
        if before is not None:
            self.end(before, self.script.takeover)
        refusal = self.script.refuses(connect)
        client.send(mqtt.connack(refusal, dict(self.script.limits)))
        if refusal:
            client.ended = "refused"
            return None
        return client

    def _take(self, client: Client, taken: mqtt.Packet) -> None:
        limits = self.script.limits
        client.largest = max(client.largest, taken.size)
        most = limits.get("maximum_packet_size")
        if self.script.enforces and isinstance(most, int) and taken.size > most:
            self.end(client, mqtt.PACKET_TOO_LARGE)
        elif taken.kind == mqtt.PUBLISH:
            self._take_publish(client, mqtt.read_publish(taken))
        elif taken.kind == mqtt.SUBSCRIBE:
            self._take_subscribe(client, mqtt.read_subscribe(taken))
        elif taken.kind == mqtt.PUBACK:
            client.acks.append(mqtt.read_mid(taken))
        elif taken.kind == mqtt.PINGREQ:
            client.pings += 1
            client.send(mqtt.packet(mqtt.PINGRESP, 0, b""))
        elif taken.kind == mqtt.DISCONNECT:
            client.disconnects += 1

    def _take_publish(self, client: Client, message: mqtt.Publish) -> None:
        client.publishes.append(message)
        limits = self.script.limits
        if message.qos:
            with self._lock:
                client.unacked += 1
                client.most_unacked = max(client.most_unacked, client.unacked)
        if self.script.enforces:
            if client.unacked > int(str(limits.get("receive_maximum", 65535))):
                return self.end(client, mqtt.RECEIVE_MAXIMUM_EXCEEDED)
            if message.qos > int(str(limits.get("maximum_qos", 2))):
                return self.end(client, mqtt.QOS_NOT_SUPPORTED)
            if message.retain and limits.get("retain_available", 1) == 0:
                return self.end(client, mqtt.RETAIN_NOT_SUPPORTED)
        reason = self.script.puback(message)
        if message.qos and reason is not None:
            self._acknowledge(client, message.mid, reason)
        if (reason or 0) < 0x80 and not client.ended:
            self._route(message)
        return None

    def _acknowledge(self, client: Client, mid: int, reason: int) -> None:
        def acknowledge() -> None:
            with self._lock:
                client.unacked -= 1
            client.send(mqtt.puback(mid, reason))

        if self.script.ack_after_s:
            timer = threading.Timer(self.script.ack_after_s, acknowledge)
            timer.daemon = True
            timer.start()
        else:
            acknowledge()

    def _take_subscribe(self, client: Client, asked: mqtt.Subscribe) -> None:
        refusal = self.script.suback
        granted = [qos if refusal is None else refusal for _, qos in asked.filters]
        if refusal is None or refusal < 0x80:
            client.filters += asked.filters
        client.send(mqtt.suback(asked.mid, granted))
        for name, _ in client.filters:
            for topic, message in list(self.retained.items()):
                if not name.startswith("$share") and _matches(name, topic):
                    self._deliver(client, message._replace(retain=True))

    # --- routing ---

    def _route(self, message: mqtt.Publish) -> None:
        if not self.script.routes:
            return
        if message.retain:
            self.retained[message.topic] = message
            if not message.payload:
                del self.retained[message.topic]
        groups: dict[str, list[Client]] = {}
        for client in list(self.clients):
            if client.ended:
                continue
            for name, _ in client.filters:
                share, inner = "", name
                if name.startswith("$share/"):
                    _, share, inner = name.split("/", 2)
                if _matches(inner, message.topic):
                    groups.setdefault(share or f"{id(client)}", []).append(client)
                    break
        for group, members in groups.items():
            self._shared[group] += 1
            self._deliver(members[self._shared[group] % len(members)], message)

    def _deliver(self, client: Client, message: mqtt.Publish) -> None:
        values = {k: v for k, v in message.properties.items() if k != "will_delay"}
        client.send(
            mqtt.publish(
                message.topic,
                message.payload,
                qos=min(1, message.qos),
                retain=message.retain,
                mid=client.mid(),
                values=values,
            )
        )


def _matches(name: str, topic: str) -> bool:
    """Whether a filter without or with wildcards matches a topic (4.7)."""
    wanted, parts = name.split("/"), topic.split("/")
    for index, want in enumerate(wanted):
        if want == "#":
            return True
        if index >= len(parts) or want not in ("+", parts[index]):
            return False
    return len(wanted) == len(parts)


@contextmanager
def scripted_broker(script: Script | None = None) -> Iterator[ScriptedBroker]:
    """A scripted broker for the time of a `with` block."""
    broker = ScriptedBroker(script).start()
    try:
        yield broker
    finally:
        broker.stop()
