"""Serves an ASGI app on the caller's asyncio loop. The only module that imports uvicorn and h11.

The process keeps its own signal handlers. uvicorn has no public way to limit the time of a slow
request or of a TLS handshake, or to turn off a timer that wakes the process ten times a second. So
this overrides methods that are not public. setup.cfg allows only versions in which that was tested:
`tests/web/test_server_versions.py` runs the tests of this module with the oldest and the newest.
"""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Callable, Iterator
from typing import Any

import h11
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from web.listener import ListenSocket

STOP_S = 1
"""When the server stops, requests under way get so long to finish; clients repeat the others."""

BACKLOG = 16
"""Connections that the kernel holds until they are accepted."""

REQUEST_TIMEOUT_S = 10.0
"""The limit for a TLS handshake, and the time between two checks of a connection for an incomplete
request. Such a request is aborted after at most twice this; on a new connection, the head of the
first one must be complete after this time."""

MAX_MESSAGE_BYTES = 4 * 1024
"""The longest message that a client may send over a WebSocket."""


class PortError(OSError):
    """The port cannot be listened on; the text names address, port and reason."""


class _Connection(H11Protocol):
    """One connection. It is aborted when its client does not complete a request in time."""

    config: "_Config"
    _timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # uvicorn's
        super().connection_made(transport)
        self._last_cycle: object = None
        self._schedule_check()

    def connection_lost(self, exc: Exception | None) -> None:
        self._cancel_check()
        super().connection_lost(exc)

    def handle_websocket_upgrade(self, event: h11.Request) -> None:
        """From here on uvicorn's WebSocket protocol owns the connection, and its pings find out
        whether the client is still there.
        """
        self._cancel_check()
        super().handle_websocket_upgrade(event)

    def _schedule_check(self) -> None:
        self._timer = self.loop.call_later(REQUEST_TIMEOUT_S, self._check)

    def _cancel_check(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _check(self) -> None:
        """Abort the connection when it is the client's turn to send and no new request has begun
        since the last check. uvicorn makes a new `cycle` for each request whose head is complete.
        """
        is_client_to_send = self.conn.their_state in {h11.IDLE, h11.SEND_BODY}
        if is_client_to_send and self.cycle is self._last_cycle:
            # A connection on which nothing was sent is only closed: browsers open some in reserve.
            if self.conn.their_state is h11.SEND_BODY or self.conn.trailing_data[0]:
                self.config.on_slow(str((self.client or ("?",))[0]))
            self.transport.abort()
            return
        self._last_cycle = self.cycle
        self._schedule_check()


class _Config(uvicorn.Config):
    """uvicorn's settings. `on_slow` is called with the address of a client that was too slow."""

    on_slow: Callable[[str], None]


class _Server(uvicorn.Server):
    """uvicorn without its signal handlers, because SIGTERM is the agent's, and without its timer,
    which wakes the process ten times a second for the Date header that we do not send.
    """

    def __init__(
        self, config: uvicorn.Config, listener: ListenSocket, tls: ssl.SSLContext | None
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
            ssl_handshake_timeout=REQUEST_TIMEOUT_S if self._tls else None,
            backlog=BACKLOG,
        )
        self.servers = [server]
        self.started = True

    def _connection(self) -> _Connection:
        return _Connection(self.config, self.server_state, self.lifespan.state)

    async def main_loop(self) -> None:
        await self.ended.wait()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


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
    on_aborted: Callable[[str, str], None] = lambda _error, _client: None,
) -> WebServer:
    """Serve `app` until stopped. Raises PortError when the port cannot be listened on.

    `on_aborted` is called on the loop for each connection that the server ends by itself, with
    "too-many" or "too-slow" and the client's address.
    """
    config = _Config(
        app,
        host=host,
        port=port,
        lifespan="off",
        access_log=False,
        date_header=False,
        server_header=False,
        log_config=None,
        log_level="warning",
        http=_Connection,
        ws="wsproto",
        ws_max_size=MAX_MESSAGE_BYTES,
        ws_per_message_deflate=False,
        proxy_headers=False,
        timeout_graceful_shutdown=STOP_S,
    )
    config.on_slow = lambda client: on_aborted("too-slow", client)
    try:
        listener = ListenSocket(host, port, lambda client: on_aborted("too-many", client))
    except OSError as error:
        raise PortError(f"{host}:{port} cannot be listened on: {error.strerror}") from error
    server = _Server(config, listener, tls)
    task = asyncio.ensure_future(server.serve())
    task.add_done_callback(_raise_on_loop)
    while not server.started and not task.done():
        await asyncio.sleep(0.005)
    if task.done():
        task.result()
    return WebServer(server, task, listener.getsockname()[1])
