"""A subscriber that costs next to nothing: it collects payloads and never limits a contestant.

A full MQTT client takes 30 µs a message in Python and would cap the bridge at that; this one
speaks the six packets of MQTT 3.1.1 that a QoS 0 subscriber needs and walks the byte stream.
"""

import contextlib
import socket
import struct
import threading
import time
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from benchmarks.scratch import BenchError
from tests.rigs.time.wait import until


class Arrival(NamedTuple):
    """One PUBLISH: when its bytes were read (perf_counter seconds), its size on the wire."""

    at_s: float
    wire_bytes: int
    topic: bytes
    payload: bytes


def _length(value: int) -> bytes:
    out = bytearray()
    while True:
        value, digit = divmod(value, 128)
        out.append(digit | (0x80 if value else 0))
        if not value:
            return bytes(out)


def _text(value: bytes) -> bytes:
    return struct.pack("!H", len(value)) + value


def walk(stream: bytearray) -> Iterator[tuple[int, int, bytes]]:
    """Take whole packets off the front: type, wire size, body; what is incomplete stays."""
    at = 0
    try:
        while True:
            length, shift, cursor = 0, 0, at + 1
            while True:
                digit = stream[cursor]
                length |= (digit & 0x7F) << shift
                shift, cursor = shift + 7, cursor + 1
                if digit < 0x80:
                    break
            end = cursor + length
            if end > len(stream):
                return
            yield stream[at], end - at, bytes(stream[cursor:end])
            at = end
    except IndexError:
        return
    finally:
        del stream[:at]


class Sink:
    """Subscribed with QoS 0; `arrivals` grows on its own thread."""

    def __init__(self, port: int, topics: Sequence[str]) -> None:
        self.arrivals: list[Arrival] = []
        self.subscribed = False
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=10)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        name = f"sink-{port}-{id(self):x}".encode()[:23]
        connect = _text(b"MQTT") + bytes((4, 2)) + struct.pack("!H", 0) + _text(name)
        wishes = b"".join(_text(topic.encode()) + b"\0" for topic in topics)
        subscribe = struct.pack("!H", 1) + wishes
        self._socket.sendall(
            b"\x10" + _length(len(connect)) + connect
            + b"\x82" + _length(len(subscribe)) + subscribe
        )  # fmt: skip
        self._socket.settimeout(None)
        self._thread = threading.Thread(target=self._collect, name="sink", daemon=True)
        self._thread.start()
        until(lambda: self.subscribed, 10, "the sink's SUBACK")

    def _collect(self) -> None:
        stream = bytearray()
        with contextlib.suppress(OSError):  # the broker is killed while we listen: that is all
            while chunk := self._socket.recv(1 << 20):
                now = time.perf_counter()
                stream += chunk
                for kind, size, body in walk(stream):
                    if kind >> 4 == 3:
                        (topic_end,) = struct.unpack_from("!H", body)
                        topic_end += 2
                        self.arrivals.append(
                            Arrival(now, size, body[2:topic_end], body[topic_end:])
                        )
                    elif kind >> 4 == 9:
                        self.subscribed = True

    def close(self) -> None:
        """Hang up; `arrivals` stays."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join(5)
        self._socket.close()
        if self._thread.is_alive():
            raise BenchError("the sink's thread did not end")


@contextlib.contextmanager
def sink(port: int, *topics: str) -> Iterator[Sink]:
    """A `Sink` for the length of a block."""
    subscriber = Sink(port, topics)
    try:
        yield subscriber
    finally:
        subscriber.close()
