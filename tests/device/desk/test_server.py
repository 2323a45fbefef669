import asyncio
import signal
import socket

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from device.desk import server
from device.desk.server import serve
from device.errors import ConfigError


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


def test_the_agent_keeps_its_signals() -> None:
    async def story() -> None:
        loop = asyncio.get_running_loop()
        heard = asyncio.Event()
        loop.add_signal_handler(signal.SIGTERM, heard.set)
        desk = await serve(APP, "127.0.0.1", 0)
        signal.raise_signal(signal.SIGTERM)
        await asyncio.wait_for(heard.wait(), 5)
        await desk.stop()

    asyncio.run(story())


def test_a_taken_port_is_named_with_its_remedy() -> None:
    async def story() -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            with pytest.raises(ConfigError, match=f"127.0.0.1:{port} cannot be listened on"):
                await serve(APP, "127.0.0.1", port)

    asyncio.run(story())


async def say(port: int, words: bytes) -> asyncio.StreamReader:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(words)
    reader.writer = writer  # type: ignore[attr-defined] -- kept, or it would be closed
    return reader


async def is_cut(reader: asyncio.StreamReader) -> bool:
    try:
        return await asyncio.wait_for(reader.read(), 5) == b""
    except ConnectionError:
        return True


@pytest.mark.parametrize(
    "words",
    [b"", b"GET / HT", b"POST / HTTP/1.1\r\nhost: pad\r\ncontent-length: 9\r\n\r\nab"],
    ids=["silent", "half a line", "half a body"],
)
def test_a_caller_that_keeps_its_request_to_itself_is_cut(
    words: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def never(request: Request) -> PlainTextResponse:
        await request.body()
        return PlainTextResponse("all of it")

    async def story() -> None:
        monkeypatch.setattr(server, "SLOW_S", 0.2)
        app = Starlette(routes=[Route("/", never, methods=["GET", "POST"])])
        desk = await serve(app, "127.0.0.1", 0)
        assert await is_cut(await say(desk.port, words))
        whole = await say(desk.port, b"GET / HTTP/1.1\r\nhost: pad\r\n\r\n")  # control
        assert await asyncio.wait_for(whole.readline(), 5) == b"HTTP/1.1 200 OK\r\n"
        await desk.stop()

    asyncio.run(story())


def test_more_callers_than_a_hall_has_are_cut_and_the_desk_goes_on() -> None:
    async def story() -> None:
        desk = await serve(APP, "127.0.0.1", 0)
        held = [await say(desk.port, b"GET") for _ in range(server.MAX_CONNECTIONS)]
        assert await is_cut(await say(desk.port, b"GET"))
        held.pop().writer.close()  # type: ignore[attr-defined]
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
