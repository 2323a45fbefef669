"""What the guard lets through, what it refuses, and that it never holds more than one packet."""

import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sync.packet_guard import MAX_PROPERTIES_BYTES, ForbiddenPacketError, PacketGuard
from tests.rigs.broker import mqtt5_packets as mqtt

MOST = 20_000
GOOD = [
    mqtt.connack(0, {"maximum_packet_size": 2000, "assigned_client_id": "x"}),
    mqtt.suback(1, [1, 1, 0x87]),
    mqtt.puback(7),
    mqtt.puback(8, 0x97),
    mqtt.publish("a/b", b"payload", mid=3, values={"user": [("encoding", "deflate")]}),
    mqtt.publish("a/b", b"", qos=0, retain=True),
    mqtt.publish("a/b", b"x" * 15_000, mid=4),
    mqtt.packet(mqtt.PINGRESP, 0, b""),
    mqtt.disconnect(0x8E, {"reason": "another client"}),
]


@pytest.mark.parametrize("piece", [1, 2, 7, 4096, 1_000_000])
def test_packets_come_through_as_they_are_however_they_are_cut(piece: int) -> None:
    stream = b"".join(GOOD * 3)
    guard = PacketGuard(MOST)
    out = b"".join(guard.feed(stream[i : i + piece]) for i in range(0, len(stream), piece))
    assert out == stream


@pytest.mark.parametrize(
    ("packet", "says"),
    [
        (mqtt.publish("a", b"x" * MOST), "bytes; at most"),
        (mqtt.publish("a", b"x", qos=2), "QoS 2"),
        (mqtt.packet(mqtt.PUBREC, 0, b"\0\1"), "kind 5"),
        (mqtt.packet(mqtt.PUBREL, 2, b"\0\1"), "kind 6"),
        (mqtt.packet(mqtt.AUTH, 0, b""), "kind 15"),
        (b"\x30\xff\xff\xff\xff\x01", "more than four bytes"),
        (b"\x30\x08\0\1a\xff\x7f\0\0\0", "longer than the packet"),
    ],
)
def test_what_was_not_asked_for_ends_the_connection(packet: bytes, says: str) -> None:
    with pytest.raises(ForbiddenPacketError, match=says):
        PacketGuard(MOST).feed(packet)


def test_a_packet_that_is_too_long_is_refused_by_its_header_alone() -> None:
    with pytest.raises(ForbiddenPacketError):
        PacketGuard(MOST).feed(b"\x30" + mqtt.varint(120 * 1024 * 1024))


@pytest.mark.parametrize("qos", [0, 1])
def test_long_properties_are_taken_out_and_the_message_goes_on(qos: int) -> None:
    pairs = [("name", "value")] * 500
    long = mqtt.publish("a/b", b"payload", qos=qos, mid=9, values={"user": pairs})
    assert len(long) > MAX_PROPERTIES_BYTES
    passed = PacketGuard(MOST).feed(long + GOOD[3])
    assert passed == mqtt.publish("a/b", b"payload", qos=qos, mid=9) + GOOD[3]


@settings(max_examples=300, deadline=None)
@given(st.lists(st.one_of(st.sampled_from(GOOD), st.binary(max_size=60)), max_size=12))
def test_whatever_comes_the_guard_raises_nothing_else(pieces: list[bytes]) -> None:
    guard = PacketGuard(MOST)
    try:
        for piece in pieces:
            guard.feed(piece)
    except ForbiddenPacketError:
        pass


def test_a_stream_without_end_needs_the_memory_of_one_packet() -> None:
    guard = PacketGuard(MOST)
    piece = mqtt.publish("a/b", b"x" * 15_000)[:-1]
    tracemalloc.start()
    try:
        guard.feed(piece)
        for _ in range(2_000):
            guard.feed(b"x" + piece)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 10 * MOST
