"""What a broker may send to a client, checked byte by byte before the MQTT library sees it. Pure.

A library collects a packet of up to 256 MiB before it looks at it, keeps every QoS 2 message until
its release, and takes time with the square of the length of the properties (six seconds for 256
KiB of them). So what comes from the socket goes through a `PacketGuard` first. It refuses packets
that are longer than the client announced, and those of a kind or QoS that the client did not ask
for: after one of these nothing else on the connection can be trusted.

Long properties are not the broker's fault, it must pass on what another client gave it. They are
taken out, and the message goes on without them.

Source: MQTT 5.0, 2.1 (fixed header), 3.1.2.11.4 (Maximum Packet Size), 3.3 (PUBLISH).
"""

from typing import NamedTuple

CONNACK, PUBLISH, PUBACK, SUBACK, PINGRESP, DISCONNECT = 2, 3, 4, 9, 13, 14
EXPECTED = frozenset((CONNACK, PUBLISH, PUBACK, SUBACK, PINGRESP, DISCONNECT))
"""What a client gets that publishes and subscribes at QoS 1 and never unsubscribes."""
MAX_PROPERTIES_BYTES = 2 * 1024
"""Of a PUBLISH. Ours have the response topic, correlation data, expiry and one user property."""
LENGTH_DIGITS = 4


class ForbiddenPacketError(ValueError):
    """The broker sent what the client did not ask for; its text says what."""


class _Length(NamedTuple):
    """A variable byte integer, and the index after it; `end` is 0 when it is not whole yet."""

    value: int
    end: int


class PacketGuard:
    """Lets packets through whole. It holds one that is not whole yet: `max_packet_bytes` at most.

    Belongs to one connection.
    """

    def __init__(self, max_packet_bytes: int) -> None:
        self._max_packet_bytes = max_packet_bytes
        self._held = bytearray()

    def feed(self, data: bytes) -> bytes:
        """The packets that are whole with `data`, to be given to the library.

        Raises ForbiddenPacketError; the connection is to be ended then.
        """
        held = self._held
        held += data
        passed = bytearray()
        start = 0
        while start < len(held):
            length = self._admit(held, start)
            end = length.end + length.value
            if length.end == 0 or end > len(held):
                break
            packet = held[start:end]
            passed += _bounded(packet, length.end - start) if packet[0] >> 4 == PUBLISH else packet
            start = end
        del held[:start]
        return bytes(passed)

    def _admit(self, held: bytearray, start: int) -> _Length:
        """The packet's length, once it can be read."""
        kind, qos = held[start] >> 4, held[start] >> 1 & 3
        if kind not in EXPECTED:
            raise ForbiddenPacketError(f"the broker sent a packet of kind {kind}")
        if kind == PUBLISH and qos > 1:
            raise ForbiddenPacketError(f"the broker sent a message at QoS {qos}")
        length = _read_length(held, start + 1)
        size = length.end - start + length.value
        if size > self._max_packet_bytes:
            raise ForbiddenPacketError(
                f"the broker sent a packet of {size} bytes; at most {self._max_packet_bytes}"
            )
        return length


def _read_length(data: bytearray, start: int) -> _Length:
    value = 0
    for digit in range(LENGTH_DIGITS):
        at = start + digit
        if at >= len(data):
            return _Length(0, 0)
        value |= (data[at] & 127) << (7 * digit)
        if data[at] < 128:
            return _Length(value, at + 1)
    raise ForbiddenPacketError("the broker sent a length of more than four bytes")


def _bounded(packet: bytearray, header: int) -> bytes:
    """A PUBLISH as it came, or without its properties where they are too long.

    Short ones that do not fit into the packet are passed on: the library ends the connection.
    """
    qos = packet[0] >> 1 & 3
    topic = int.from_bytes(packet[header : header + 2], "big")
    at = header + 2 + topic + (2 if qos else 0)
    properties = _read_length(packet, at)
    if properties.value <= MAX_PROPERTIES_BYTES:
        return bytes(packet)
    end = properties.end + properties.value
    if end > len(packet):
        raise ForbiddenPacketError("the broker sent properties that are longer than the packet")
    body = packet[header:at] + b"\0" + packet[end:]
    return bytes([packet[0]]) + _write_length(len(body)) + bytes(body)


def _write_length(value: int) -> bytes:
    out = bytearray()
    while True:
        value, digit = divmod(value, 128)
        out.append(digit | (128 if value else 0))
        if not value:
            return bytes(out)
