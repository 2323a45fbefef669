"""Packets of MQTT 5, encoded and decoded from the standard alone (OASIS MQTT 5.0, chapters 2, 3).

The product's client is paho, so the broker that is to find its faults must not be made of paho.
What is decoded is what a client sends; what is encoded is what a broker sends, right or wrong.
"""

import struct
from collections.abc import Iterator
from typing import NamedTuple

CONNECT, CONNACK, PUBLISH, PUBACK = 1, 2, 3, 4
PUBREC, PUBREL, PUBCOMP, SUBSCRIBE, SUBACK = 5, 6, 7, 8, 9
UNSUBSCRIBE, UNSUBACK, PINGREQ, PINGRESP, DISCONNECT, AUTH = 10, 11, 12, 13, 14, 15

SESSION_TAKEN_OVER, PACKET_TOO_LARGE, RECEIVE_MAXIMUM_EXCEEDED = 0x8E, 0x95, 0x93
NOT_AUTHORIZED, QUOTA_EXCEEDED, SHUTTING_DOWN = 0x87, 0x97, 0x8B
RETAIN_NOT_SUPPORTED, QOS_NOT_SUPPORTED, NO_SUBSCRIBERS = 0x9A, 0x9B, 0x10

PROPERTIES = {
    "payload_format": (0x01, "byte"),
    "message_expiry": (0x02, "four"),
    "content_type": (0x03, "text"),
    "response_topic": (0x08, "text"),
    "correlation": (0x09, "bytes"),
    "subscription_id": (0x0B, "varint"),
    "session_expiry": (0x11, "four"),
    "assigned_client_id": (0x12, "text"),
    "server_keep_alive": (0x13, "two"),
    "request_problem": (0x17, "byte"),
    "will_delay": (0x18, "four"),
    "request_response": (0x19, "byte"),
    "response_information": (0x1A, "text"),
    "server_reference": (0x1C, "text"),
    "reason": (0x1F, "text"),
    "receive_maximum": (0x21, "two"),
    "topic_alias_maximum": (0x22, "two"),
    "topic_alias": (0x23, "two"),
    "maximum_qos": (0x24, "byte"),
    "retain_available": (0x25, "byte"),
    "user": (0x26, "pair"),
    "maximum_packet_size": (0x27, "four"),
    "wildcard_available": (0x28, "byte"),
    "subscription_ids_available": (0x29, "byte"),
    "shared_available": (0x2A, "byte"),
}
_BY_ID = {number: (name, kind) for name, (number, kind) in PROPERTIES.items()}

Value = int | str | bytes | list[tuple[str, str]]
Properties = dict[str, Value]


class Packet(NamedTuple):
    """A packet as it came: its type, the flags beside it, and what follows the fixed header."""

    kind: int
    flags: int
    body: bytes
    size: int


class Connect(NamedTuple):
    client_id: str
    keep_alive_s: int
    clean_start: bool
    properties: Properties
    will: "Publish | None"


class Publish(NamedTuple):
    topic: str
    payload: bytes
    qos: int
    retain: bool
    mid: int
    properties: Properties
    size: int = 0


class Subscribe(NamedTuple):
    mid: int
    filters: list[tuple[str, int]]


# --- encoding ---------------------------------------------------------------------------------


def varint(number: int) -> bytes:
    """A variable byte integer (1.5.5)."""
    out = bytearray()
    while True:
        number, digit = divmod(number, 128)
        out.append(digit | (128 if number else 0))
        if not number:
            return bytes(out)


def packet(kind: int, flags: int, body: bytes) -> bytes:
    """A packet with its fixed header."""
    return bytes([kind << 4 | flags]) + varint(len(body)) + body


def text(value: str | bytes) -> bytes:
    """A string or binary data, with its length before it."""
    raw = value.encode() if isinstance(value, str) else value
    return struct.pack("!H", len(raw)) + raw


def properties(values: Properties) -> bytes:
    """The properties with their length."""
    out = b""
    for name, value in values.items():
        number, kind = PROPERTIES[name]
        for one in value if isinstance(value, list) else [value]:
            out += varint(number) + _property(kind, one)
    return varint(len(out)) + out


def _property(kind: str, value: object) -> bytes:
    if isinstance(value, tuple):
        return text(value[0]) + text(value[1])
    if isinstance(value, str | bytes):
        return text(value)
    if not isinstance(value, int):
        raise TypeError(f"no property: {value!r}")
    if kind == "varint":
        return varint(value)
    return value.to_bytes({"byte": 1, "two": 2, "four": 4}[kind], "big")


def connack(reason: int = 0, values: Properties | None = None, *, present: bool = False) -> bytes:
    return packet(CONNACK, 0, bytes([int(present), reason]) + properties(values or {}))


def suback(mid: int, reasons: list[int]) -> bytes:
    return packet(SUBACK, 0, struct.pack("!H", mid) + properties({}) + bytes(reasons))


def puback(mid: int, reason: int = 0) -> bytes:
    body = struct.pack("!H", mid)
    return packet(PUBACK, 0, body if reason == 0 else body + bytes([reason, 0]))


def disconnect(reason: int = 0, values: Properties | None = None) -> bytes:
    return packet(DISCONNECT, 0, bytes([reason]) + properties(values or {}))


def publish(
    topic: str,
    payload: bytes,
    *,
    qos: int = 1,
    retain: bool = False,
    mid: int = 1,
    values: Properties | None = None,
) -> bytes:
    body = text(topic) + (struct.pack("!H", mid) if qos else b"")
    return packet(PUBLISH, qos << 1 | int(retain), body + properties(values or {}) + payload)


# --- decoding ---------------------------------------------------------------------------------


class PacketReader:
    """Cuts a stream of bytes into packets. Raises ValueError for what is no MQTT."""

    def __init__(self) -> None:
        self._bytes = bytearray()

    def feed(self, data: bytes) -> Iterator[Packet]:
        """The packets that are whole now."""
        self._bytes += data
        while len(self._bytes) >= 2:
            length, used = _varint(self._bytes, 1)
            if used == 0 or len(self._bytes) < used + length:
                return
            first = self._bytes[0]
            body = bytes(self._bytes[used : used + length])
            del self._bytes[: used + length]
            yield Packet(first >> 4, first & 15, body, used + length)


def _varint(data: bytes | bytearray, start: int) -> tuple[int, int]:
    """A variable byte integer, and where the next thing begins; 0 for one that is not whole."""
    number = 0
    for count in range(4):
        if start + count >= len(data):
            return 0, 0
        digit = data[start + count]
        number |= (digit & 127) << (7 * count)
        if digit < 128:
            return number, start + count + 1
    raise ValueError("a length of more than four bytes")


class _Cursor:
    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    def take(self, count: int) -> bytes:
        piece = self.data[self.at : self.at + count]
        if len(piece) != count:
            raise ValueError("cut short")
        self.at += count
        return piece

    def number(self, count: int) -> int:
        return int.from_bytes(self.take(count), "big")

    def text(self) -> bytes:
        return self.take(self.number(2))

    def varint(self) -> int:
        number, self.at = _varint(self.data, self.at)
        return number

    def properties(self) -> Properties:
        length = self.varint()
        end = self.at + length
        out: Properties = {}
        while self.at < end:
            name, kind = _BY_ID[self.varint()]
            if kind == "pair":
                pairs = out.setdefault(name, [])
                if isinstance(pairs, list):
                    pairs.append((self.text().decode(), self.text().decode()))
            elif kind == "text":
                out[name] = self.text().decode()
            elif kind == "bytes":
                out[name] = self.text()
            elif kind == "varint":
                out[name] = self.varint()
            else:
                out[name] = self.number({"byte": 1, "two": 2, "four": 4}[kind])
        return out


def read_connect(taken: Packet) -> Connect:
    cursor = _Cursor(taken.body)
    if cursor.text() != b"MQTT" or cursor.number(1) != 5:
        raise ValueError("not MQTT 5")
    flags, keep_alive_s = cursor.number(1), cursor.number(2)
    values = cursor.properties()
    client_id = cursor.text().decode()
    will = None
    if flags & 4:
        will_values = cursor.properties()
        topic, payload = cursor.text().decode(), cursor.text()
        will = Publish(topic, payload, flags >> 3 & 3, bool(flags & 32), 0, will_values)
    return Connect(client_id, keep_alive_s, bool(flags & 2), values, will)


def read_publish(taken: Packet) -> Publish:
    cursor = _Cursor(taken.body)
    qos = taken.flags >> 1 & 3
    topic = cursor.text().decode()
    mid = cursor.number(2) if qos else 0
    values = cursor.properties()
    payload = taken.body[cursor.at :]
    return Publish(topic, payload, qos, bool(taken.flags & 1), mid, values, taken.size)


def read_subscribe(taken: Packet) -> Subscribe:
    cursor = _Cursor(taken.body)
    mid = cursor.number(2)
    cursor.properties()
    filters = []
    while cursor.at < len(taken.body):
        filters.append((cursor.text().decode(), cursor.number(1) & 3))
    return Subscribe(mid, filters)


def read_mid(taken: Packet) -> tuple[int, int]:
    """The packet id and the reason code of a PUBACK."""
    cursor = _Cursor(taken.body)
    return cursor.number(2), cursor.number(1) if len(taken.body) > 2 else 0
