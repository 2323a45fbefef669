"""Requests that cannot be read: counted, answered where they can be, closed; none is logged."""

import asyncio
import contextlib
import json
import logging
from collections.abc import Awaitable, Callable
from typing import NamedTuple

import pytest
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from tests.rigs.web.websocket_client import WebSocketClient
from web import connections, server
from web.rate_limit import Rate


class Bench(NamedTuple):
    """A server, what it has refused, and what became of the bodies that its app read."""

    port: int
    refused: list[tuple[str, ...]]
    bodies: list[bytes | None]

    async def say(self, *pieces: bytes) -> bytes:
        """Everything that is answered until the server closes the connection."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        received = b""
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            if piece is not pieces[-1]:
                received += await reader.read(65_536)
        try:
            async with asyncio.timeout(10):
                received += await reader.read()
        except ConnectionError:
            pass
        writer.close()
        return received


def run(story: Callable[[Bench], Awaitable[None]]) -> None:
    async def whole() -> None:
        refused: list[tuple[str, ...]] = []
        bodies: list[bytes | None] = []

        async def read(request: Request) -> PlainTextResponse:
            try:
                bodies.append(await request.body())
            except ClientDisconnect:
                bodies.append(None)
            return PlainTextResponse("read")

        async def ignore(_request: Request) -> PlainTextResponse:
            return PlainTextResponse("ignored")

        async def echo(websocket: WebSocket) -> None:
            await websocket.accept()
            with contextlib.suppress(WebSocketDisconnect):
                await websocket.send_text(await websocket.receive_text())
                await websocket.close()

        app = Starlette(
            routes=[
                Route("/", read, methods=["GET", "POST"]),
                Route("/ignore", ignore, methods=["GET", "POST"]),
                WebSocketRoute("/echo", echo),
            ]
        )

        def refuse(*news: str) -> None:
            refused.append(news)

        running = await server.serve(app, "127.0.0.1", 0, on_refused=refuse)
        try:
            async with asyncio.timeout(30):
                await story(Bench(running.port, refused, bodies))
        finally:
            await running.stop()

    asyncio.run(whole())


GET = b"GET / HTTP/1.1\r\nHost: pad\r\n"
POST = b"POST / HTTP/1.1\r\nHost: pad\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n"
UPGRADE = (
    b"GET /echo HTTP/1.1\r\nHost: pad\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: %b\r\nSec-WebSocket-Key: %b\r\n\r\n"
)
UNREADABLE = {
    "no HTTP": b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n",
    "no version": b"GET /\r\n\r\n",
    "another version": b"GET / HTTP/3.0\r\nHost: pad\r\n\r\n",
    "no host": b"GET / HTTP/1.1\r\n\r\n",
    "two hosts": GET + b"Host: other\r\n\r\n",
    "a host that is none": b"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n",
    "two kinds of length": POST + CHUNKED + b"Content-Length: 4\r\n\r\n0\r\n\r\n",
    "two lengths": POST + b"Content-Length: 0\r\nContent-Length: 0\r\n\r\n",
    "one length that is two": POST + b"Content-Length: 2, 2\r\n\r\nab",
    "a length that is none": POST + b"Content-Length: -1\r\n\r\n",
    "a folded header": GET + b"X: 1\r\n 2\r\n\r\n",
    "a header without a name": GET + b": 1\r\n\r\n",
    "U+0000 in a header": GET + b"X: \x00\r\n\r\n",
    "another transfer encoding": POST + b"Transfer-Encoding: gzip\r\n\r\n",
    "a chunk without a length": POST + CHUNKED + b"\r\nzz\r\n",
    "a chunk longer than it says": POST + CHUNKED + b"\r\n1\r\nabc\r\n",
    "a line without an end": b"GET /" + b"a" * 9_000,
    "a head without an end": GET + b"X: 1\r\n" * 4_000,
    "an old WebSocket": UPGRADE % (b"8", b"dGhlIHNhbXBsZSBub25jZQ=="),
    "a WebSocket without a key": UPGRADE % (b"13", b""),
    "a WebSocket of a host that is none": (UPGRADE % (b"13", b"dGhlIHNhbXBsZSBub25jZQ==")).replace(
        b"pad", b"xn--zz"
    ),
}


@pytest.mark.parametrize("raw", UNREADABLE.values(), ids=UNREADABLE)
def test_a_request_that_cannot_be_read_is_counted_and_answered(
    raw: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    async def story(bench: Bench) -> None:
        head, _, body = (await bench.say(raw)).partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 400 ")
        assert json.loads(body)["error"] == "bad-request"
        assert bench.refused == [("unreadable", "127.0.0.1")]
        assert await bench.say(GET + b"Connection: close\r\n\r\n")  # the next one is served

    run(story)
    assert [found for found in caplog.records if found.levelno > logging.WARNING] == []


def test_the_bytes_of_an_old_page_are_a_query_like_any_other() -> None:
    async def story(bench: Bench) -> None:
        raw = b"GET /?case=\xb0\xec HTTP/1.1\r\nHost: pad\r\nConnection: close\r\n\r\n"
        assert (await bench.say(raw)).startswith(b"HTTP/1.1 200 ")
        assert bench.refused == []

    run(story)


def test_a_second_request_on_a_connection_is_checked_as_the_first(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def story(bench: Bench) -> None:
        bad = UNREADABLE["two kinds of length"]
        answers = await bench.say(GET + b"\r\n", UNREADABLE["two lengths"])
        assert [b"200 OK" in answers, b"400 Bad" in answers] == [True, True]
        pipelined = await bench.say(GET + b"\r\n" + bad)
        assert [b"200 OK" in pipelined, b"400 Bad" in pipelined] == [True, True]
        assert bench.refused == [("unreadable", "127.0.0.1")] * 2
        assert bench.bodies == [b"", b""]

    run(story)
    assert [found for found in caplog.records if found.levelno > logging.WARNING] == []


FOLLOWING = {
    "two lengths": UNREADABLE["two lengths"],
    "one length that is two": UNREADABLE["one length that is two"],
    "a folded header": UNREADABLE["a folded header"],
    "a header of 40 kB": GET + b"X: " + b"a" * 40_000 + b"\r\n\r\n",
    "a line without an end": UNREADABLE["a line without an end"],
}


@pytest.mark.parametrize("raw", FOLLOWING.values(), ids=FOLLOWING)
@pytest.mark.parametrize(
    "before",
    [
        GET + b"\r\n",
        POST + b"Content-Length: 2\r\n\r\nab",
        POST + CHUNKED + b"\r\n1\r\na\r\n0\r\n\r\n",
    ],
    ids=["no body", "a body", "a body in chunks"],
)
def test_a_request_in_the_same_write_as_the_one_before_is_checked_as_well(
    before: bytes, raw: bytes
) -> None:
    async def story(bench: Bench) -> None:
        answers = await bench.say(before + before + raw)
        assert [answers.count(b" 200 OK"), answers.count(b" 400 Bad")] == [2, 1]
        assert bench.refused == [("unreadable", "127.0.0.1")]
        assert len(bench.bodies) == 2

    run(story)


@pytest.mark.parametrize("cut", [1, 20, 45])
def test_a_head_that_came_in_part_before_the_last_answer_is_checked_as_a_whole(cut: int) -> None:
    async def story(bench: Bench) -> None:
        head = POST + b"Content-Length: 0\r\nX: 1\r\nContent-Length: 0\r\n\r\n"
        answers = await bench.say(GET + b"\r\n" + head[:cut], head[cut:])
        assert [answers.count(b" 200 OK"), answers.count(b" 400 Bad")] == [1, 1]
        assert bench.bodies == [b""]

    run(story)


def test_control_good_requests_in_one_write_are_all_answered_in_their_order() -> None:
    async def story(bench: Bench) -> None:
        old_page = b"GET /?case=\xb0\xec HTTP/1.1\r\nHost: pad\r\n\r\n"
        one, two = (POST + b"Content-Length: 1\r\n\r\n" + body for body in (b"1", b"2"))
        last = GET + b"Connection: close\r\n\r\n"
        answers = await bench.say(one + old_page + two + old_page + last)
        assert answers.count(b" 200 OK") == 5
        assert (bench.bodies, bench.refused) == ([b"1", b"", b"2", b"", b""], [])

    run(story)


@pytest.mark.parametrize("path", [b"/", b"/ignore"])
def test_a_body_that_turns_bad_ends_the_request_without_an_error_in_the_log(
    path: bytes, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In whatever state the answer is: not begun, or complete before the body came. The connection
    is held, so only what is refused ends the app's wait.
    """
    monkeypatch.setattr(server, "UNREADABLE_RATE", Rate(burst=0, per_s=0))

    async def story(bench: Bench) -> None:
        head = b"POST " + path + b" HTTP/1.1\r\nHost: pad\r\n" + CHUNKED + b"\r\n"
        reader, writer = await asyncio.open_connection("127.0.0.1", bench.port)
        writer.write(head + b"1\r\na\r\n")
        if path == b"/ignore":
            await reader.readuntil(b"ignored")
        writer.write(b"zz\r\n")
        async with asyncio.timeout(connections.HOLD_S * 0.8):
            while not bench.refused or (path == b"/" and not bench.bodies):
                await asyncio.sleep(0.01)
        assert bench.bodies == ([None] if path == b"/" else [])
        rest = await reader.read()
        assert rest.count(b"\r\n\r\n") == (path == b"/")
        writer.close()

    run(story)
    assert [found for found in caplog.records if found.levelno > logging.WARNING] == []


def test_who_sends_such_requests_again_and_again_is_held(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "UNREADABLE_RATE", Rate(burst=2, per_s=0))

    async def story(bench: Bench) -> None:
        loop = asyncio.get_running_loop()
        took = []
        for _ in range(3):
            began = loop.time()
            assert (await bench.say(b"\x00\r\n\r\n")).startswith(b"HTTP/1.1 400 ")
            took.append(loop.time() - began)
        assert took[2] >= connections.HOLD_S * 0.9
        assert len(bench.refused) == 3

    run(story)


@pytest.mark.parametrize(
    "frame",
    [b"\xff" * 40, b"\x81\x05hello", b"\xc1\x80abcd", b"\x88\x81abcdx", b"\x81\x82aaaa\x9e\x9e"],
    ids=["bits that are not used", "not masked", "an extension", "a bad close", "not UTF-8"],
)
def test_a_broken_frame_ends_its_connection_only(
    frame: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    async def story(bench: Bench) -> None:
        good = UPGRADE % (b"13", b"dGhlIHNhbXBsZSBub25jZQ==")
        answer = await bench.say(good, frame)
        assert answer.startswith(b"HTTP/1.1 101 ")
        one = await WebSocketClient.connect("127.0.0.1", bench.port, "/echo")
        await one.send("still here")
        assert await one.receive() == "still here"

    run(story)
    assert [found for found in caplog.records if found.levelno > logging.WARNING] == []


def test_what_comes_before_a_websocket_is_accepted_is_bounded() -> None:
    async def whole() -> None:
        accept = asyncio.Event()

        async def wait(websocket: WebSocket) -> None:
            await accept.wait()
            await websocket.accept()

        app = Starlette(routes=[WebSocketRoute("/echo", wait)])
        running = await server.serve(app, "127.0.0.1", 0)
        reader, writer = await asyncio.open_connection("127.0.0.1", running.port)
        writer.write(UPGRADE % (b"13", b"dGhlIHNhbXBsZSBub25jZQ==") + b"a" * 200_000)
        with contextlib.suppress(ConnectionError):
            assert await asyncio.wait_for(reader.read(), 10) == b""
        writer.close()
        accept.set()
        await running.stop()

    asyncio.run(whole())
