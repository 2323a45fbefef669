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
        (mqtt.publish("a", b"x", qos=3), "QoS 3"),
        (mqtt.packet(mqtt.PUBREC, 0, b"\0\1"), "kind 5"),
        (mqtt.packet(mqtt.PUBREL, 2, b"\0\1"), "kind 6"),
        (mqtt.packet(mqtt.AUTH, 0, b""), "kind 15"),
        (b"\x30\xff\xff\xff\xff\x01", "^the broker sent a length of more than four bytes$"),
        (
            b"\x30\x08\0\1a\xff\x7f\0\0\0",
            "^the broker sent properties that are longer than the packet$",
        ),
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


def message_of(size: int) -> bytes:
    """A message whose packet is so many bytes behind its fixed header."""
    return mqtt.packet(mqtt.PUBLISH, 0, mqtt.text("a") + b"\0" + b"x" * (size - 4))


@pytest.mark.parametrize("size", [4, 126, 127, 128, 129, 255, 256, 257, 16_383, 16_384, 16_385])
@pytest.mark.parametrize("piece", [1, 1_000_000])
def test_a_packet_comes_through_whatever_digits_its_length_has(size: int, piece: int) -> None:
    stream = message_of(size) + mqtt.puback(1)
    guard = PacketGuard(MOST)
    assert b"".join(guard.feed(stream[n : n + piece]) for n in range(0, len(stream), piece)) == (
        stream
    )


def test_a_length_may_have_four_digits() -> None:
    long = message_of(128**3)
    assert PacketGuard(128**3 + 5).feed(long) == long


def test_a_packet_of_the_announced_size_is_the_longest() -> None:
    longest = message_of(997)
    assert len(longest) == 1_000
    assert PacketGuard(1_000).feed(longest) == longest
    with pytest.raises(ForbiddenPacketError, match="a packet of 1001 bytes; at most 1000"):
        PacketGuard(1_000).feed(message_of(998))


def test_the_flags_of_other_packets_are_left_to_the_library() -> None:
    odd = mqtt.packet(mqtt.PUBACK, 0b0100, b"\0\1")
    assert PacketGuard(MOST).feed(odd) == odd


def with_properties(size: int, payload: bytes) -> bytes:
    """A message whose properties are so many bytes: one user property."""
    return mqtt.publish("a/b", payload, mid=9, values={"user": [("n", "v" * (size - 6))]})


def test_properties_of_2_kib_go_on_and_longer_ones_are_taken_out() -> None:
    assert b"\x80\x10\x26" in with_properties(2_048, b"")  # their length, and the first of them
    assert PacketGuard(MOST).feed(with_properties(2_048, b"x")) == with_properties(2_048, b"x")
    for size in (2_049, 2_050, 9_000):
        for payload in (0, 1, 117, 118, 119, 120, 246, 247, 16_373, 16_374, 16_375):
            body = b"x" * payload
            passed = PacketGuard(2 * MOST).feed(with_properties(size, body))
            assert passed == mqtt.publish("a/b", body, mid=9), (size, payload)


def test_of_several_messages_at_once_each_loses_its_long_properties() -> None:
    passed = PacketGuard(MOST).feed(with_properties(3_000, b"x") * 3)
    assert passed == mqtt.publish("a/b", b"x", mid=9) * 3


def test_properties_whose_length_is_not_whole_are_left_to_the_library() -> None:
    odd = mqtt.packet(mqtt.PUBLISH, 0, mqtt.text("a") + b"\xff")
    assert PacketGuard(MOST).feed(odd) == odd
