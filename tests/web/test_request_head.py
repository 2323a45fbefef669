import contextlib
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from web.request_head import (
    MAX_HEAD_BYTES,
    MAX_LINE_BYTES,
    HeadError,
    RequestHead,
    check_handshake,
    check_request,
)

HEAD = b"GET /?case=%b HTTP/1.1\r\nHost: pad\r\n\r\n"
KEY = b"dGhlIHNhbXBsZSBub25jZQ=="
HANDSHAKE = {
    b"host": b"127.0.0.1:8600",
    b"upgrade": b"websocket",
    b"connection": b"Upgrade",
    b"sec-websocket-version": b"13",
    b"sec-websocket-key": KEY,
}


def fed(raw: bytes, step: int = 1_000_000) -> tuple[bytes, bool]:
    head, given_on = RequestHead(), b""
    for start in range(0, len(raw), step):
        piece = raw[start : start + step]
        given_on += piece if head.is_complete else head.feed(piece)
    return given_on, head.is_complete


@pytest.mark.parametrize("step", [1, 2, 3, 7, 1000])
def test_a_good_head_passes_unchanged_in_whatever_pieces(step):
    raw = HEAD % b"1" + b"body: \xff\n \n\nContent-Length: 1\nContent-Length: 2\n"
    assert fed(raw, step) == (raw, True)


@pytest.mark.parametrize("step", [1, 5, 1000])
def test_bytes_that_are_not_ascii_are_escaped_in_the_request_line_only(step):
    raw = HEAD % b"\xb0\xec" + b"\xb0"
    assert fed(raw, step) == (HEAD % b"%B0%EC" + b"\xb0", True)


@pytest.mark.parametrize("step", [1, 5, 1000])
@pytest.mark.parametrize(
    "lines",
    [
        b"X: 1\r\n folded: 2\r\n",
        b"X: 1\n\tfolded: 2\r\n",
        b"Content-Length: 5\r\nContent-Length: 5\r\n",
        b"Content-Length: 5, 5\r\n",
        b"Content-Length: +5\r\n",
        b"Content-Length:\r\n",
        b"content-length: 5\r\nX: 1\r\nCONTENT-LENGTH : 6\r\n",
        b"X: " + b"a" * MAX_HEAD_BYTES + b"\r\n",
    ],
)
def test_what_two_readers_may_read_differently_is_refused(step, lines):
    with pytest.raises(HeadError):
        fed(b"POST / HTTP/1.1\r\nHost: pad\r\n" + lines + b"\r\n", step)


def test_a_line_and_a_head_that_never_end_are_refused_with_bounded_memory():
    for raw in (b"GET /" + b"a" * MAX_LINE_BYTES, b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 100_000):
        tracemalloc.start()
        with pytest.raises(HeadError):
            fed(raw, 512)
        assert tracemalloc.get_traced_memory()[1] < 8 * MAX_HEAD_BYTES
        tracemalloc.stop()


@given(st.lists(st.binary(max_size=40) | st.sampled_from([b"\r\n", b"\n\n", b" ", b"%", b"\xff"])))
def test_any_bytes_pass_or_are_the_declared_error(pieces):
    head = RequestHead()
    for piece in pieces:
        try:
            if not head.is_complete:
                head.feed(piece)
        except HeadError:
            return


def test_a_request_has_one_length_and_a_host():
    check_request(b"1.1", [(b"host", b"[::1]:8600"), (b"transfer-encoding", b"chunked")])
    check_request(b"1.0", [(b"content-length", b"1")])
    for version, headers in (
        (b"1.1", [(b"content-length", b"1"), (b"transfer-encoding", b"chunked")]),
        (b"1.0", [(b"transfer-encoding", b"chunked")]),
        (b"9.9", []),
        (b"1.1", [(b"host", b"a/b")]),
        (b"1.1", [(b"host", b"\xff")]),
        (b"1.1", [(b"host", b"a" * 256)]),
    ):
        with pytest.raises(HeadError):
            check_request(version, headers)


def test_a_handshake_is_that_of_the_standard():
    check_handshake(b"GET", list(HANDSHAKE.items()))
    with pytest.raises(HeadError):
        check_handshake(b"POST", list(HANDSHAKE.items()))
    for change in (
        {b"sec-websocket-version": b"8"},
        {b"sec-websocket-version": b""},
        {b"sec-websocket-key": b"short"},
        {b"sec-websocket-key": b"!!!!"},
        {b"sec-websocket-key": b""},
        {b"host": b"xn--zz"},
        {b"sec-websocket-protocol": b"\xff"},
        {b"content-length": b"5"},
        {b"transfer-encoding": b"chunked"},
    ):
        with pytest.raises(HeadError):
            check_handshake(b"GET", list({**HANDSHAKE, **change}.items()))
    with pytest.raises(HeadError):
        check_handshake(b"GET", [*HANDSHAKE.items(), (b"sec-websocket-key", KEY)])


@given(st.lists(st.tuples(st.sampled_from([*HANDSHAKE, b"x"]), st.binary(max_size=30))))
def test_any_headers_are_a_handshake_or_the_declared_error(changes):
    with contextlib.suppress(HeadError):
        check_handshake(b"GET", list({**HANDSHAKE, **dict(changes)}.items()))


def test_a_head_has_16_kib_and_a_line_8():
    assert (MAX_HEAD_BYTES, MAX_LINE_BYTES) == (16_384, 8_192)
