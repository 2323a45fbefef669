import asyncio
import contextlib
import inspect
import os
import selectors
import signal
import socket
import ssl
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

from tests.rigs.web.certificate import make_certificate
from tests.rigs.web.websocket_client import WebSocketClient
from web import connections, server
from web.connections import HttpConnection, WebSocketConnection
from web.listener import MAX_OF_ONE_CLIENT
from web.server import PortError, serve
from web.tls import tls_context


async def hello(request: Request) -> PlainTextResponse:
    return PlainTextResponse("hello")


APP = Starlette(routes=[Route("/", hello)])


def test_a_desk_answers_on_a_free_port_and_gives_it_back() -> None:
    async def story() -> None:
        desk = await serve(APP, "127.0.0.1", 0)
        async with httpx.AsyncClient(trust_env=False) as client:
            answer = await client.get(f"http://127.0.0.1:{desk.port}/")
        assert answer.text == "hello"
        await desk.stop()
        with socket.create_server(("127.0.0.1", desk.port)):
            pass

    asyncio.run(story())


def test_signals_stay_with_the_agent() -> None:
    async def story() -> None:
        loop = asyncio.get_running_loop()
        heard = asyncio.Event()
        loop.add_signal_handler(signal.SIGTERM, heard.set)
        desk = await serve(APP, "127.0.0.1", 0)
        signal.raise_signal(signal.SIGTERM)
        await asyncio.wait_for(heard.wait(), 5)
        await desk.stop()

    asyncio.run(story())


def test_a_port_that_is_in_use_is_named_in_the_error_with_the_process_that_has_it() -> None:
    async def story() -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            says = rf"127.0.0.1:{port} cannot be listened on.*\(process {os.getpid()}\) has it"
            with pytest.raises(PortError, match=says):
                await serve(APP, "127.0.0.1", port)

    asyncio.run(story())


class Connection(NamedTuple):
    """A connection; it would be closed if nobody kept the writer."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter


async def say(port: int, words: bytes) -> Connection:
    connection = Connection(*await asyncio.open_connection("127.0.0.1", port))
    connection.writer.write(words)
    return connection


async def is_cut(connection: Connection) -> bool:
    try:
        return await asyncio.wait_for(connection.reader.read(), 5) == b""
    except ConnectionError:
        return True


@pytest.mark.parametrize(
    "words",
    [b"", b"GET / HT", b"POST / HTTP/1.1\r\nhost: pad\r\ncontent-length: 9\r\n\r\nab"],
    ids=["silent", "half a line", "half a body"],
)
def test_a_client_that_does_not_complete_its_request_is_disconnected(
    words: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def never(request: Request) -> PlainTextResponse:
        await request.body()
        return PlainTextResponse("all of it")

    async def story() -> None:
        monkeypatch.setattr(connections, "REQUEST_TIMEOUT_S", 0.2)
        app = Starlette(routes=[Route("/", never, methods=["GET", "POST"])])
        desk = await serve(app, "127.0.0.1", 0)
        assert await is_cut(await say(desk.port, words))
        whole = await say(desk.port, b"GET / HTTP/1.1\r\nhost: pad\r\n\r\n")  # control
        assert await asyncio.wait_for(whole.reader.readline(), 5) == b"HTTP/1.1 200 OK\r\n"
        await desk.stop()

    asyncio.run(story())


def test_connections_over_the_limit_are_closed_and_the_others_are_served() -> None:
    async def story() -> None:
        cut: list[tuple[str, str]] = []
        desk = await serve(APP, "127.0.0.1", 0, on_refused=lambda *news: cut.append(news))
        held = [await say(desk.port, b"GET") for _ in range(MAX_OF_ONE_CLIENT)]
        assert await is_cut(await say(desk.port, b"GET"))
        assert cut == [("too-many", "127.0.0.1")]
        held.pop().writer.close()
        async with httpx.AsyncClient(trust_env=False) as client:
            while True:  # until the server has noticed
                try:
                    answer = await client.get(f"http://127.0.0.1:{desk.port}/")
                    break
                except httpx.TransportError:
                    await asyncio.sleep(0.01)
        assert answer.text == "hello"
        await desk.stop()

    asyncio.run(story())


def test_a_slow_client_is_reported_and_a_silent_one_only_disconnected(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def story() -> None:
        monkeypatch.setattr(connections, "REQUEST_TIMEOUT_S", 0.2)
        cut: list[tuple[str, str]] = []
        desk = await serve(APP, "127.0.0.1", 0, on_refused=lambda *news: cut.append(news))
        assert await is_cut(await say(desk.port, b""))
        assert cut == []
        assert await is_cut(await say(desk.port, b"GET / HT"))
        assert cut == [("too-slow", "127.0.0.1")]
        await desk.stop()

    asyncio.run(story())


def test_a_websocket_has_no_time_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    over = asyncio.Event()

    async def talk(websocket: WebSocket) -> None:
        await websocket.accept()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(over.wait(), 0.5)
        await websocket.send_text("still here")
        await websocket.close()

    async def story() -> None:
        monkeypatch.setattr(connections, "REQUEST_TIMEOUT_S", 0.1)
        desk = await serve(Starlette(routes=[WebSocketRoute("/", talk)]), "127.0.0.1", 0)
        listener = await WebSocketClient.connect("127.0.0.1", desk.port, "/")
        assert await listener.receive() == "still here"
        listener.abort()
        await desk.stop()

    asyncio.run(story())


class CountingSelector(selectors.DefaultSelector):
    """Counts how often the loop that uses it wakes up."""

    wakes = 0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        self.wakes += timeout != 0  # 0: the loop has work anyway
        return super().select(timeout)


def test_an_idle_server_does_not_wake_the_process() -> None:
    selector = CountingSelector()

    async def story() -> None:
        desk = await serve(APP, "127.0.0.1", 0)
        before = selector.wakes
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(asyncio.Event().wait(), 0.5)
        assert selector.wakes - before <= 2  # the end of the wait is one; a timer of 0.1 s makes 5
        await desk.stop()

    with asyncio.Runner(loop_factory=lambda: asyncio.SelectorEventLoop(selector)) as runner:
        runner.run(story())


def test_requests_under_way_are_finished_when_the_server_stops() -> None:
    async def story() -> None:
        asked, stopping = asyncio.Event(), asyncio.Event()

        async def slow(_: Request) -> PlainTextResponse:
            asked.set()
            await stopping.wait()
            return PlainTextResponse("done")

        desk = await serve(Starlette(routes=[Route("/", slow)]), "127.0.0.1", 0)
        connection = await say(
            desk.port, b"GET / HTTP/1.1\r\nhost: pad\r\nconnection: close\r\n\r\n"
        )
        await asyncio.wait_for(asked.wait(), 5)
        stop = asyncio.ensure_future(desk.stop())
        while True:  # until the port is closed
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", desk.port)
            except OSError:
                break
            writer.close()
            await asyncio.sleep(0.01)
        stopping.set()
        assert (await asyncio.wait_for(connection.reader.read(), 5)).endswith(b"done")
        connection.writer.close()
        await stop

    asyncio.run(story())


OVERRIDDEN = {
    "connection_made",
    "connection_lost",
    "data_received",
    "handle_websocket_upgrade",
    "send_400_response",
    "startup",
    "main_loop",
    "capture_signals",
}


@pytest.mark.parametrize("cls", [HttpConnection, WebSocketConnection, server._Server])
def test_what_is_overridden_is_there_with_the_same_parameters(cls: type) -> None:
    """A method that uvicorn calls by another name would be left out without an error."""
    for ours in (member for name, member in vars(cls).items() if name in OVERRIDDEN):
        theirs = vars(cls.__base__)[ours.__name__]
        assert list(inspect.signature(ours).parameters) == list(
            inspect.signature(theirs).parameters
        )


# --- TLS ----------------------------------------------------------------------------------------


def test_the_desk_speaks_tls_with_the_halls_certificate(tmp_path: Path) -> None:
    papers = make_certificate(tmp_path)

    async def story() -> None:
        desk = await serve(APP, "127.0.0.1", 0, tls=tls_context(papers.chain, papers.key))
        trusting = ssl.create_default_context(cafile=str(papers.authority))
        async with httpx.AsyncClient(verify=trusting, trust_env=False) as client:
            answer = await client.get(f"https://127.0.0.1:{desk.port}/")
        assert answer.text == "hello"
        async with httpx.AsyncClient(trust_env=False) as client:
            with pytest.raises(httpx.TransportError):  # the control: another authority
                await client.get(f"https://127.0.0.1:{desk.port}/")
            with pytest.raises(httpx.TransportError):
                await client.get(f"http://127.0.0.1:{desk.port}/")
        await desk.stop()

    asyncio.run(story())


@pytest.mark.parametrize("words", [b"", b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\x02\x00\x01"])
def test_an_incomplete_handshake_is_ended_and_the_others_are_served(
    words: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    papers = make_certificate(tmp_path)

    async def story() -> None:
        monkeypatch.setattr(connections, "REQUEST_TIMEOUT_S", 0.2)
        failures: list[object] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, what: failures.append(what))
        desk = await serve(APP, "127.0.0.1", 0, tls=tls_context(papers.both, None))
        for _ in range(MAX_OF_ONE_CLIENT + 1):  # and every place is given back
            connection = await say(desk.port, words)
            with contextlib.suppress(ConnectionError):
                await asyncio.wait_for(connection.reader.read(), 5)
            connection.writer.close()
        trusting = ssl.create_default_context(cafile=str(papers.authority))
        async with httpx.AsyncClient(verify=trusting, trust_env=False) as client:
            assert (await client.get(f"https://127.0.0.1:{desk.port}/")).text == "hello"
        await desk.stop()
        assert failures == []

    asyncio.run(story())
