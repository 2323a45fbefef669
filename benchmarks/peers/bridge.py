"""mosquitto's bridge: a broker at the edge that queues for the broker at the centre.

Set up in its favour: unlimited queue (its default drops silently after 1000), TCP_NODELAY, QoS 1.
"""

import contextlib
import shutil
import socket
import struct
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from benchmarks.scratch import BenchError
from benchmarks.servers import mosquitto
from tests.rigs.broker.mosquitto import Broker
from tests.rigs.system.loopback import free_port

TOPIC = "bench/entries"
STORE = "bridge.db"


def settings(place: Path, remote_port: int, *extra: str) -> tuple[str, ...]:
    """The lines of an edge broker that bridges `TOPIC` to the broker on `remote_port`."""
    return (
        "persistence true",
        f"persistence_location {place}/",
        f"persistence_file {STORE}",
        *extra,
        "connection up",
        f"address 127.0.0.1:{remote_port}",
        f"topic {TOPIC} out 1",
        "cleansession false",
        "notifications false",
        "restart_timeout 1",
        "bridge_protocol_version mqttv311",
    )


@contextlib.contextmanager
def edge(place: Path, remote_port: int, *extra: str, port: int | None = None) -> Iterator[Broker]:
    """An edge broker, its queue in `place`."""
    place.mkdir(parents=True, exist_ok=True)
    lines = settings(place, remote_port, *extra)
    with mosquitto(place, *lines, port=port, name="edge") as broker:
        yield broker


def publish(port: int, payloads: Sequence[bytes]) -> int:
    """Publish with QoS 1, all in flight; returns when every PUBACK is in: their number."""
    topic = struct.pack("!H", len(TOPIC)) + TOPIC.encode()
    with socket.create_connection(("127.0.0.1", port), timeout=30) as wire:
        wire.sendall(b"\x10\x10\0\4MQTT\4\2\0\0\0\4fill")
        if wire.recv(4)[3:] != b"\0":
            raise BenchError("the edge broker refused the connection")
        acknowledged = 0
        for start in range(0, len(payloads), 500):
            part = payloads[start : start + 500]
            out = bytearray()
            for number, payload in enumerate(part, 1):
                body = topic + struct.pack("!H", number) + payload
                low, high = len(body) & 0x7F | 0x80, len(body) >> 7
                out += bytes((0x32, low, high)) + body  # every body here is 128 to 16383 bytes
            wire.sendall(out)
            missing = 4 * len(part)
            while missing:
                chunk = wire.recv(missing)
                if not chunk:
                    raise BenchError("the edge broker hung up")
                missing -= len(chunk)
            acknowledged += len(part)
    return acknowledged


def fill(place: Path, payloads: Iterable[bytes]) -> Path:
    """The file that an edge broker leaves behind with these payloads queued for its bridge."""
    with edge(place, free_port()) as broker:  # nobody listens there: an outage
        publish(broker.port, list(payloads))
        broker.stop()  # a clean stop saves the queue
    return place / STORE


def restore(saved: Path, place: Path) -> None:
    """Put a copy of a filled queue into `place`."""
    place.mkdir(parents=True, exist_ok=True)
    shutil.copy(saved, place / STORE)
