"""Serves an ASGI app on the caller's asyncio loop. Only this and `connections.py` import uvicorn.

The process keeps its own signal handlers. uvicorn has no public way to limit the time of a TLS
handshake, or to turn off a timer that wakes the process ten times a second. So this overrides
methods that are not public. setup.cfg allows only versions in which that was tested:
`tests/web/test_server_versions.py` runs the tests of this module with the oldest and the newest.
"""

import asyncio
import contextlib
import errno
import socket
import ssl
from collections.abc import Callable, Iterator
from typing import Any

import uvicorn

from web import connections
from web.connections import UNREADABLE_RATE, ConnectionConfig, HttpConnection, WebSocketConnection
from web.listener import ListenSocket
from web.log_limit import limit_log
from web.port_holder import port_holder
from web.rate_limit import RateLimiter

STOP_S = 1
"""When the server stops, requests under way get so long to finish; clients repeat the others."""

FIRST_FREE_PORT = 1024
"""Ports below it need a capability (ip(7))."""

BACKLOG = 16
"""Connections that the kernel holds until they are accepted."""

MAX_MESSAGE_BYTES = 4 * 1024
"""The longest message that a client may send over a WebSocket."""


class PortError(OSError):
    """The port cannot be listened on; the text names address, port and reason."""


class _Server(uvicorn.Server):
    """uvicorn without its signal handlers, because SIGTERM is the agent's, and without its timer,
    which wakes the process ten times a second for the Date header that we do not send.
    """

    def __init__(
        self, config: ConnectionConfig, listener: ListenSocket, tls: ssl.SSLContext | None
    ) -> None:
        super().__init__(config)
        self.ended = asyncio.Event()
        self._listener = listener
        self._tls = tls

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:  # noqa: ARG002 -- uvicorn's
        """Accept connections, with a limit on the time of a TLS handshake, which uvicorn's own
        method cannot set.
        """
        loop = asyncio.get_running_loop()
        server = await loop.create_server(
            self._connection,
            sock=self._listener,
            ssl=self._tls,
            ssl_handshake_timeout=connections.REQUEST_TIMEOUT_S if self._tls else None,
            backlog=BACKLOG,
        )
        self.servers = [server]
        self.started = True

    def _connection(self) -> HttpConnection:
        return HttpConnection(self.config, self.server_state, self.lifespan.state)

    async def main_loop(self) -> None:
        await self.ended.wait()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def _why(error: OSError | OverflowError, port: int) -> str:
    """Why a port cannot be listened on, and what to look at."""
    if isinstance(error, OverflowError):
        return "a port is a number from 0 to 65535"
    says = error.strerror or str(error)
    if error.errno == errno.EADDRINUSE:
        return f"{says}; {port_holder(port)}"
    if error.errno == errno.EACCES and port < FIRST_FREE_PORT:
        return f"{says}; a port below {FIRST_FREE_PORT} is for root only"
    if error.errno == errno.EADDRNOTAVAIL:
        return f"{says}; it is no address of this machine"
    return says


class WebServer:
    """A running server. `port`: the one that it listens on, also when 0 was asked for."""

    def __init__(self, server: _Server, task: "asyncio.Task[None]", port: int) -> None:
        self._server = server
        self._task = task
        self.port = port

    async def stop(self) -> None:
        """Close the port and let requests under way finish, for `STOP_S` at most."""
        self._server.ended.set()
        await asyncio.wait([self._task], timeout=STOP_S + 1)


def _raise_on_loop(task: "asyncio.Task[None]") -> None:
    """Done callback: raise a task's exception in the loop, whose exception handler then gets it."""
    if not task.cancelled():
        task.result()


async def serve(
    app: Any,
    host: str,
    port: int,
    *,
    tls: ssl.SSLContext | None = None,
    on_refused: Callable[[str, str], object] = lambda _error, _client: None,
) -> WebServer:
    """Serve `app` until stopped. Raises PortError when the port cannot be listened on.

    `on_refused` is called on the loop for each connection or request that the server refuses by
    itself, with "too-many", "too-slow" or "unreadable" and the client's address.
    """
    config = ConnectionConfig(
        app,
        host=host,
        port=port,
        lifespan="off",
        access_log=False,
        date_header=False,
        server_header=False,
        log_config=None,
        log_level="warning",
        http=HttpConnection,
        ws=WebSocketConnection,
        ws_max_size=MAX_MESSAGE_BYTES,
        ws_per_message_deflate=False,
        proxy_headers=False,
        timeout_graceful_shutdown=STOP_S,
    )
    config.on_refused = on_refused
    config.unreadable = RateLimiter(UNREADABLE_RATE)
    limit_log("uvicorn.error")
    try:
        listener = ListenSocket(host, port, lambda client: on_refused("too-many", client))
    except (OSError, OverflowError) as error:
        raise PortError(f"{host}:{port} cannot be listened on: {_why(error, port)}") from error
    server = _Server(config, listener, tls)
    task = asyncio.ensure_future(server.serve())
    task.add_done_callback(_raise_on_loop)
    while not server.started and not task.done():
        await asyncio.sleep(0.005)
    if task.done():
        task.result()
    return WebServer(server, task, listener.getsockname()[1])
