"""A network cable between a client and a TCP server, that can be cut, half-cut and slowed down."""

import asyncio
import threading
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import Any

from sync.mqtt import BrokerAddress


class Cable:
    """A TCP proxy on a thread of its own. All methods may be called from any thread.

    `cut`: connections break at once and none comes through. `half_cut`: nothing is reset, bytes in
    one direction (`"up"`: from the client, `"down"`: to it, `"both"`) just vanish, as on a broken
    radio link. `mend`: new connections work again; half-cut ones carry on, so they are broken.
    """

    def __init__(self, server: BrokerAddress) -> None:
        self._server = server
        self._loop = asyncio.new_event_loop()
        self._writers: set[asyncio.StreamWriter] = set()
        self._is_cut = False
        self._vanishing = ""
        self._delay_s = 0.0
        self._listening: asyncio.Server | None = None
        self.address = BrokerAddress("127.0.0.1", 0)
        self.connections = 0
        self._thread = threading.Thread(target=self._loop.run_forever, name="cable", daemon=True)

    def start(self) -> "Cable":
        self._thread.start()
        self._on_loop(self._listen())
        return self

    def stop(self) -> None:
        self._on_loop(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()

    def cut(self) -> None:
        self._is_cut = True
        self._on_loop(self._break_all())

    def half_cut(self, direction: str = "both") -> None:
        self._vanishing = direction

    def delay(self, delay_s: float) -> None:
        """Every piece of data takes this much longer, in both directions."""
        self._delay_s = delay_s

    def mend(self) -> None:
        self._is_cut = False
        if self._vanishing:
            self._vanishing = ""
            self._on_loop(self._break_all())

    def _on_loop(self, coroutine: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(10)

    async def _listen(self) -> None:
        self._listening = await asyncio.start_server(self._carry, "127.0.0.1", 0)
        self.address = BrokerAddress(*self._listening.sockets[0].getsockname()[:2])

    async def _break_all(self) -> None:
        for writer in list(self._writers):
            writer.transport.abort()

    async def _close(self) -> None:
        if self._listening is not None:
            self._listening.close()
        await self._break_all()
        await asyncio.sleep(0)
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        far_writer: asyncio.StreamWriter | None = None
        try:
            if self._is_cut:
                return
            self.connections += 1
            far_reader, far_writer = await asyncio.open_connection(*self._server)
            self._writers.add(far_writer)
            await asyncio.wait(
                {
                    asyncio.ensure_future(self._pipe(reader, far_writer, "up")),
                    asyncio.ensure_future(self._pipe(far_reader, writer, "down")),
                },
                return_when=asyncio.FIRST_COMPLETED,
            )
        except OSError:
            return
        finally:
            for one in (writer, far_writer):
                if one is not None:
                    self._writers.discard(one)
                    one.transport.abort()

    async def _pipe(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, direction: str
    ) -> None:
        try:
            while data := await reader.read(65536):
                if self._delay_s:
                    await asyncio.sleep(self._delay_s)
                if self._vanishing not in ("both", direction):
                    writer.write(data)
                    await writer.drain()
        except OSError:
            return


@contextmanager
def cable_to(server: BrokerAddress) -> Iterator[Cable]:
    """A cable for the time of a `with` block."""
    cable = Cable(server).start()
    try:
        yield cable
    finally:
        cable.stop()
