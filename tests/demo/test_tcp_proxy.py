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
        await cable.start()
        try:
            async with asyncio.timeout(10):
                await scene(cable)
        finally:
            await cable.stop()
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


async def has_ended(reader):
    try:
        return await reader.read(1) == b""
    except ConnectionError:
        return True


def test_a_plugged_cable_carries_bytes_both_ways():
    async def scene(cable):
        reader, writer = await asyncio.open_connection("127.0.0.1", cable.port)
        writer.write(b"hello")
        assert await reader.readexactly(5) == b"hello"
        assert (cable.up_bytes, cable.down_bytes) == (5, 5)
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
        assert (cable.accepted, cable.up_bytes) == (0, 0)

    played(scene)


def test_a_removed_cable_takes_no_more_connections():
    async def scene(cable):
        await cable.stop()
        with pytest.raises(ConnectionError):
            await asyncio.open_connection("127.0.0.1", cable.port)

    played(scene)


def test_a_cut_resets_every_connection_and_lets_none_through_until_it_is_mended():
    async def scene(cable):
        reader, writer = await asyncio.open_connection("127.0.0.1", cable.port)
        writer.write(b"a")
        assert await reader.readexactly(1) == b"a"
        await cable.cut()
        assert await has_ended(reader)
        with pytest.raises(ConnectionError):
            await converse(cable.port)
        await cable.mend()
        await converse(cable.port)

    played(scene)


@pytest.mark.parametrize("direction", ["up", "down", "both"])
def test_a_half_cut_drops_bytes_and_is_seen_by_nobody_until_it_is_mended(direction):
    async def scene(cable):
        reader, writer = await asyncio.open_connection("127.0.0.1", cable.port)
        cable.half_cut(direction)
        writer.write(b"abc")
        assert await is_silent(reader)
        assert (cable.up_bytes, cable.down_bytes) == (3, 3 if direction == "down" else 0)
        await cable.mend()
        await converse(cable.port)

    played(scene)


def test_many_bytes_are_passed_on_and_counted_each_way():
    async def scene(cable):
        reader, writer = await asyncio.open_connection("127.0.0.1", cable.port)
        writer.write(b"x" * 300_000)
        assert await reader.readexactly(300_000) == b"x" * 300_000
        assert (cable.up_bytes, cable.down_bytes) == (300_000, 300_000)

    played(scene)
