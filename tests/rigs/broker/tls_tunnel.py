"""A TLS tunnel as stunnel is one: plain on a loopback port, TLS with a client's certificate behind.

What speaks plain MQTT to it arrives at the broker as the certificate's common name.
"""

import asyncio
import contextlib
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from sync.mqtt import BrokerAddress

CHUNK_BYTES = 65_536


async def _pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await source.read(CHUNK_BYTES):
            sink.write(data)
            await sink.drain()
    sink.close()


async def _serve(port: int, context: ssl.SSLContext, opened: "list[asyncio.Server]") -> None:
    async def carry(near_in: asyncio.StreamReader, near_out: asyncio.StreamWriter) -> None:
        try:
            far_in, far_out = await asyncio.open_connection("127.0.0.1", port, ssl=context)
        except OSError:  # refused
            near_out.close()
            return
        await asyncio.gather(_pump(near_in, far_out), _pump(far_in, near_out))

    opened.append(await asyncio.start_server(carry, "127.0.0.1", 0))


@contextmanager
def tls_tunnel(port: int, context: ssl.SSLContext) -> Iterator[BrokerAddress]:
    """A tunnel to a TLS port on 127.0.0.1 for the time of a `with` block: its plain end.

    `context` has the certificate that is shown.
    """
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="tunnel", daemon=True)
    thread.start()
    opened: list[asyncio.Server] = []
    asyncio.run_coroutine_threadsafe(_serve(port, context, opened), loop).result(5)

    async def close() -> None:
        opened[0].close()
        rest = asyncio.all_tasks() - {asyncio.current_task()}
        for task in rest:
            task.cancel()
        await asyncio.gather(*rest, return_exceptions=True)

    try:
        yield BrokerAddress("127.0.0.1", opened[0].sockets[0].getsockname()[1])
    finally:
        asyncio.run_coroutine_threadsafe(close(), loop).result(5)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(5)
        loop.close()
