"""The network cable between one pad and the broker: a TCP proxy on loopback that can be pulled.

Pulled means what it means in a hall: bytes stand still in both directions, nobody is told, and
what was on its way goes on once the plug is back. New connections get no answer from the other
end (they are reset at once, so that nobody waits for a time-out). Lives on one asyncio loop.
"""

import asyncio
import socket
from contextlib import suppress

CHUNK_BYTES = 64 * 1024


class TcpProxy:
    """`await lay()`, then `pull()` and `plug()` at will, `await remove()` at the end."""

    def __init__(self, broker_port: int) -> None:
        self._broker_port = broker_port
        self._server: asyncio.Server | None = None
        self._plugged = asyncio.Event()
        self._plugged.set()
        self._links: set[asyncio.Task[None]] = set()
        self.port = 0
        self.carried_bytes = 0

    @property
    def plugged(self) -> bool:
        """Whether bytes may pass."""
        return self._plugged.is_set()

    async def lay(self) -> None:
        """Listen on a free loopback port, `port` from then on. Raises OSError."""
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    def pull(self) -> None:
        """Let no byte pass from now on."""
        self._plugged.clear()

    def plug(self) -> None:
        """Let everything pass again, what is waiting first."""
        self._plugged.set()

    async def remove(self) -> None:
        """Close every connection and the listening port; safe to call twice."""
        if self._server is not None:
            self._server.close()
            self._server = None
        links = list(self._links)
        for link in links:
            link.cancel()
        await asyncio.gather(*links, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is None or not self.plugged:
            writer.transport.abort()
            return
        self._links.add(task)
        try:
            await self._link(reader, writer)
        except (OSError, asyncio.CancelledError):
            pass  # the link is gone, as links are; asyncio would print a cancelled callback
        finally:
            self._links.discard(task)
            writer.transport.abort()

    async def _link(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        up_reader, up_writer = await asyncio.open_connection("127.0.0.1", self._broker_port)
        for end in (writer, up_writer):
            sock: socket.socket = end.get_extra_info("socket")
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        ways = (
            asyncio.create_task(self._carry(reader, up_writer)),
            asyncio.create_task(self._carry(up_reader, writer)),
        )
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            up_writer.transport.abort()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while True:
                await self._plugged.wait()
                chunk = await reader.read(CHUNK_BYTES)
                # Pulled while waiting for these bytes: they are on the wire and stay there. The
                # end of a connection (no bytes) cannot be seen through a pulled cable either.
                await self._plugged.wait()
                if not chunk:
                    return
                self.carried_bytes += len(chunk)
                writer.write(chunk)
                await writer.drain()
