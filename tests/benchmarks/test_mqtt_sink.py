"""The counting subscriber takes whole packets off a stream, however it is cut."""

import pytest

from benchmarks.mqtt_sink import walk

PUBLISH = bytes((0x30, 0x85, 0x01)) + b"\0\4abcd" + b"x" * 127
"""133 bytes after the header, so that the length takes two bytes."""


@pytest.mark.parametrize("cut", [1, 2, 3, 50, len(PUBLISH), len(PUBLISH) + 1])
def test_packets_come_out_whole_however_the_stream_is_cut(cut: int) -> None:
    whole = PUBLISH * 3
    stream, seen = bytearray(), []
    for start in range(0, len(whole), cut):
        stream += whole[start : start + cut]
        seen += list(walk(stream))
    assert seen == [(0x30, len(PUBLISH), PUBLISH[3:])] * 3
    assert stream == b""


def test_an_unfinished_packet_stays_in_the_stream() -> None:
    stream = bytearray(PUBLISH + PUBLISH[:10])
    assert len(list(walk(stream))) == 1
    assert bytes(stream) == PUBLISH[:10]
