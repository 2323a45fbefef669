"""The network cable between a pad and its broker: a TCP proxy on loopback that can fail.

- `pull`, as the demo does: bytes stand still in both directions, neither end is told, and what was
  on its way goes on after `plug`. A new connection is reset, so that nobody waits for a time-out.
- `cut`: all connections are reset and no new one comes through, until `mend`.
- `half_cut`: nothing is reset, but bytes of one direction (`"up"`: towards the broker, `"down"`,
  or `"both"`) are dropped, as on a broken radio link. `mend` resets those connections.
- `delay_s`: every piece of data takes so much longer, in both directions.
- `rate_bytes_s`: no more bytes than that pass in a second, in each direction; 0 is without limit.
  What waits is in the sender's own buffer, as at a slow link, and is lost with a cut.

The demo, the tests and the benchmarks use it. All methods are called on one asyncio loop.
"""

import asyncio
import socket
from contextlib import suppress

CHUNK_BYTES = 64 * 1024


class TcpProxy:
    """`await start()`, then fail at will, `await stop()` at the end."""

    def __init__(self, target_port: int) -> None:
        self._target_port = target_port
        self._server: asyncio.Server | None = None
        self._plugged = asyncio.Event()
        self._plugged.set()
        self._is_cut = False
        self._dropping = ""
        self._connections: set[asyncio.Task[None]] = set()
        self.delay_s = 0.0
        self.rate_bytes_s = 0
        self.port = 0
        self.accepted = 0
        """Connections that were let through."""
        self.up_bytes = 0
        """From those who connect, towards the target."""
        self.down_bytes = 0

    @property
    def plugged(self) -> bool:
        """Whether the cable is in: bytes may pass."""
        return self._plugged.is_set()

    async def start(self) -> None:
        """Listen on a free loopback port, `port` from then on. Raises OSError."""
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Close every connection and the listening port; safe to call twice."""
        if self._server is not None:
            self._server.close()
            self._server = None
        await self._reset_all()

    def pull(self) -> None:
        """Let no byte pass from now on."""
        self._plugged.clear()

    def plug(self) -> None:
        """Let everything pass again, what is waiting first."""
        self._plugged.set()

    async def cut(self) -> None:
        """Reset every connection and let no new one through."""
        self._is_cut = True
        await self._reset_all()

    def half_cut(self, direction: str = "both") -> None:
        """Drop the bytes of a direction: `"up"`, `"down"` or `"both"`."""
        self._dropping = direction

    async def mend(self) -> None:
        """Let new connections through. Those that have lost bytes are reset."""
        self._is_cut = False
        if self._dropping:
            self._dropping = ""
            await self._reset_all()

    async def _reset_all(self) -> None:
        connections = list(self._connections)
        for connection in connections:
            connection.cancel()
        await asyncio.gather(*connections, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is None or self._is_cut or not self.plugged:
            writer.transport.abort()
            return
        self.accepted += 1
        self._connections.add(task)
        try:
            await self._connect(reader, writer)
        except (OSError, asyncio.CancelledError):
            pass  # asyncio would print the traceback of a cancelled callback
        finally:
            self._connections.discard(task)
            writer.transport.abort()

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        up_reader, up_writer = await asyncio.open_connection("127.0.0.1", self._target_port)
        for end in (writer, up_writer):
            sock: socket.socket = end.get_extra_info("socket")
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        directions = (
            asyncio.create_task(self._forward(reader, up_writer, "up")),
            asyncio.create_task(self._forward(up_reader, writer, "down")),
        )
        try:
            await asyncio.wait(directions, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for direction in directions:
                direction.cancel()
            await asyncio.gather(*directions, return_exceptions=True)
            up_writer.transport.abort()

    async def _forward(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, direction: str
    ) -> None:
        with suppress(OSError):
            while True:
                await self._plugged.wait()
                chunk = await reader.read(self._chunk_bytes())
                # Pulled while waiting for these bytes: they are on the wire and stay there. The
                # end of a connection (no bytes) cannot be seen through a pulled cable either.
                await self._plugged.wait()
                if not chunk:
                    return
                self._count(direction, len(chunk))
                if self.rate_bytes_s:
                    await asyncio.sleep(len(chunk) / self.rate_bytes_s)
                if self.delay_s:
                    await asyncio.sleep(self.delay_s)
                if self._dropping not in ("both", direction):
                    writer.write(chunk)
                    await writer.drain()

    def _chunk_bytes(self) -> int:
        """A fiftieth of a second's bytes, so that a cut takes no more than that with it."""
        return max(1, self.rate_bytes_s // 50) if self.rate_bytes_s else CHUNK_BYTES

    def _count(self, direction: str, count_bytes: int) -> None:
        if direction == "up":
            self.up_bytes += count_bytes
        else:
            self.down_bytes += count_bytes
