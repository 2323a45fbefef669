"""A pulled cable: bytes stand still, nobody is told, and nothing is lost once it is back."""

import asyncio

import pytest

from demo.tcp_proxy import TcpProxy

PATIENCE_S = 0.3
"""How long a test listens to silence before it believes it."""


async def echo(reader, writer):
    while chunk := await reader.read(1000):
        writer.write(chunk)
    writer.close()


def played(scene):
    """Run `scene(cable)` with an echo server at the far end of a cable."""

    async def play():
        server = await asyncio.start_server(echo, "127.0.0.1", 0)
        cable = TcpProxy(server.sockets[0].getsockname()[1])
        await cable.lay()
        try:
            async with asyncio.timeout(10):
                await scene(cable)
        finally:
            await cable.remove()
            server.close()

    asyncio.run(play())


async def converse(port):
    """Say hello; raises ConnectionError when nobody answers."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"hello")
    if not await reader.read(1):
        raise ConnectionResetError


async def is_silent(reader):
    try:
        await asyncio.wait_for(reader.read(1), PATIENCE_S)
    except TimeoutError:
        return True
    return False


def test_a_plugged_cable_carries_bytes_both_ways():
    async def scene(cable):
        reader, writer = await asyncio.open_connection("127.0.0.1", cable.port)
        writer.write(b"hello")
        assert await reader.readexactly(5) == b"hello"
        assert cable.carried_bytes == 10
        writer.close()

    played(scene)


def test_bytes_sent_into_a_pulled_cable_arrive_once_it_is_back():
    async def scene(cable):
        reader, writer = await asyncio.open_connection("127.0.0.1", cable.port)
        writer.write(b"a")
        assert await reader.readexactly(1) == b"a"
        cable.pull()
        writer.write(b"bcd")
        assert await is_silent(reader)
        cable.plug()
        assert await reader.readexactly(3) == b"bcd"
        writer.close()

    played(scene)


def test_nobody_gets_through_a_pulled_cable():
    async def scene(cable):
        cable.pull()
        with pytest.raises(ConnectionError):
            await converse(cable.port)
        assert cable.carried_bytes == 0

    played(scene)


def test_a_removed_cable_takes_no_more_connections():
    async def scene(cable):
        await cable.remove()
        with pytest.raises(ConnectionError):
            await asyncio.open_connection("127.0.0.1", cable.port)

    played(scene)
