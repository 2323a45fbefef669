"""A rogue pad: publishes messages that are no batches, on its own topic, as fast as it is told.

Arguments: port, pad, messages a second (0: as fast as the broker acknowledges), how many (0: until
it is ended). Prints {"started_s"} and {"done_s"} on perf_counter's scale. A bare socket: a full
client would be slower than what it is to load.
"""

import json
import select
import socket
import struct
import sys
import time

from sync.messages import Topic

WINDOW = 500
"""PUBLISH packets that wait for their PUBACK, at most."""
PUBACK_BYTES = 4
CONNECT_FLAGS_CLEAN_START = 2


def packet(kind: int, body: bytes) -> bytes:
    """An MQTT control packet of less than 16 KiB."""
    size = len(body)
    length = bytes([size]) if size < 128 else bytes([size % 128 | 128, size // 128])
    return bytes([kind]) + length + body


def text(value: str) -> bytes:
    """A string with its length before it."""
    return struct.pack("!H", len(value)) + value.encode()


def publish(topic: str, number: int) -> bytes:
    """A PUBLISH of QoS 1 (MQTT 5, 3.3) with a line that is no batch."""
    payload = json.dumps({"kind": "rogue", "invitation": f"{number:08}"}).encode()
    return packet(0x32, text(topic) + struct.pack("!H", number % 65535 + 1) + b"\0" + payload)


def main() -> None:
    """Connect, flood, report."""
    port, pad, per_s, count = int(sys.argv[1]), sys.argv[2], float(sys.argv[3]), int(sys.argv[4])
    topic = Topic.ENTRIES.of(pad)
    with socket.create_connection(("127.0.0.1", port)) as sock:
        flags = bytes([5, CONNECT_FLAGS_CLEAN_START]) + struct.pack("!H", 0) + b"\0"
        sock.sendall(packet(0x10, text("MQTT") + flags + text(pad)))
        sock.recv(256)  # CONNACK
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        started_s = time.perf_counter()
        print(json.dumps({"started_s": started_s}), flush=True)
        sent = acked_bytes = 0
        while not count or acked_bytes < count * PUBACK_BYTES:
            due = count or sent + 1
            if per_s:
                due = int((time.perf_counter() - started_s) * per_s) + 1
                due = min(due, count) if count else due
            room = WINDOW - (sent - acked_bytes // PUBACK_BYTES)
            batch = min(room, max(0, due - sent), 100)
            if batch:
                sock.sendall(b"".join(publish(topic, sent + n) for n in range(batch)))
                sent += batch
            if select.select([sock], [], [], 0 if batch else 0.002)[0]:
                answer = sock.recv(65536)
                if not answer:
                    break
                acked_bytes += len(answer)
        print(json.dumps({"done_s": time.perf_counter()}), flush=True)


if __name__ == "__main__":
    main()
