import asyncio
import signal
import socket

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from device.desk.server import serve
from device.errors import ConfigError


async def hello(request: Request) -> PlainTextResponse:
    return PlainTextResponse("hello")


APP = Starlette(routes=[Route("/", hello)])


def test_a_desk_answers_on_a_free_port_and_gives_it_back() -> None:
    async def story() -> None:
        server = await serve(APP, "127.0.0.1", 0)
        async with httpx.AsyncClient(trust_env=False) as client:
            answer = await client.get(f"http://127.0.0.1:{server.port}/")
        assert answer.text == "hello"
        await server.stop()
        with socket.create_server(("127.0.0.1", server.port)):
            pass

    asyncio.run(story())


def test_the_agent_keeps_its_signals() -> None:
    async def story() -> None:
        loop = asyncio.get_running_loop()
        heard = asyncio.Event()
        loop.add_signal_handler(signal.SIGTERM, heard.set)
        server = await serve(APP, "127.0.0.1", 0)
        signal.raise_signal(signal.SIGTERM)
        await asyncio.wait_for(heard.wait(), 5)
        await server.stop()

    asyncio.run(story())


def test_a_taken_port_is_named_with_its_remedy() -> None:
    async def story() -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            with pytest.raises(ConfigError, match=f"127.0.0.1:{port} cannot be listened on"):
                await serve(APP, "127.0.0.1", port)

    asyncio.run(story())
