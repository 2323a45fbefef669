"""Serves an ASGI app on the caller's asyncio loop. The only module that imports uvicorn and h11.

The process keeps its own signal handling. uvicorn has no public way to limit a slow request, a TLS
handshake or its ten wake-ups a second, so this overrides parts of it that are not public; setup.cfg
pins the range in which they have been tested.
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

CLOSE_S = 1
"""Requests under way get a second when the agent stops; callers ask again by themselves."""

ACCEPTED_AT_ONCE = 16

SLOW_S = 10.0
"""A request, or a TLS handshake, that has not come whole in this time is not waited for; a request
that goes on coming gets as much again."""

MAX_HEARD_BYTES = 4 * 1024
"""The longest message over a WebSocket."""


class PortError(OSError):
    """The port cannot be listened on; the text names address, port and reason."""


class _Caller(H11Protocol):
    """A connection; one that keeps its request to itself is cut."""

    config: "_Settings"
    _patience: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # uvicorn's
        super().connection_made(transport)
        self._seen: object = None
        self._look_again()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_looking()
        super().connection_lost(exc)

    def handle_websocket_upgrade(self, event: h11.Request) -> None:
        """From here on the connection is the WebSocket's, whose pings find out who is gone."""
        self._stop_looking()
        super().handle_websocket_upgrade(event)

    def _look_again(self) -> None:
        self._patience = self.loop.call_later(SLOW_S, self._look)

    def _stop_looking(self) -> None:
        if self._patience is not None:
            self._patience.cancel()

    def _look(self) -> None:
        is_owing = self.conn.their_state in {h11.IDLE, h11.SEND_BODY}
        if is_owing and self.cycle is self._seen:
            if self.conn.their_state is h11.SEND_BODY or self.conn.trailing_data[0]:
                self.config.on_slow(str((self.client or ("?",))[0]))
            self.transport.abort()
            return
        self._seen = self.cycle
        self._look_again()


class _Settings(uvicorn.Config):
    """uvicorn's settings, and whom to tell of a caller that was cut."""

    on_slow: Callable[[str], None]


class _Server(uvicorn.Server):
    """uvicorn without its signal handlers, for SIGTERM belongs to the agent, and without its ten
    wake-ups a second, which are all for a Date header: an idle pad sleeps.
    """

    def __init__(
        self, config: uvicorn.Config, listener: ListenSocket, tls: ssl.SSLContext | None
    ) -> None:
        super().__init__(config)
        self.ended = asyncio.Event()
        self._listener = listener
        self._tls = tls

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:  # noqa: ARG002 -- uvicorn's
        """Take connections; what uvicorn's own does not do is to limit a TLS handshake's time."""
        loop = asyncio.get_running_loop()
        server = await loop.create_server(
            self._caller,
            sock=self._listener,
            ssl=self._tls,
            ssl_handshake_timeout=SLOW_S if self._tls else None,
            backlog=ACCEPTED_AT_ONCE,
        )
        self.servers = [server]
        self.started = True

    def _caller(self) -> _Caller:
        return _Caller(self.config, self.server_state, self.lifespan.state)

    async def main_loop(self) -> None:
        await self.ended.wait()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class WebServer:
    """A running server. `port` is the one it got, also when 0 was asked for."""

    def __init__(self, server: _Server, task: "asyncio.Task[None]", port: int) -> None:
        self._server = server
        self._task = task
        self.port = port

    async def stop(self) -> None:
        """Close the port and let requests under way finish, for `CLOSE_S` at most."""
        self._server.should_exit = True
        self._server.ended.set()
        await asyncio.wait([self._task], timeout=CLOSE_S + 1)


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
    on_cut: Callable[[str, str], None] = lambda _error, _caller: None,
) -> WebServer:
    """Serve `app` until stopped. Raises PortError when the port cannot be had.

    `on_cut` hears of each connection that was cut: "too-many" or "too-slow", and the address.
    """
    settings = _Settings(
        app,
        host=host,
        port=port,
        lifespan="off",
        access_log=False,
        date_header=False,
        server_header=False,
        log_config=None,
        log_level="warning",
        http=_Caller,
        ws="wsproto",
        ws_max_size=MAX_HEARD_BYTES,
        ws_per_message_deflate=False,
        proxy_headers=False,
        timeout_graceful_shutdown=CLOSE_S,
    )
    settings.on_slow = lambda caller: on_cut("too-slow", caller)
    try:
        listener = ListenSocket(host, port, lambda caller: on_cut("too-many", caller))
    except OSError as error:
        raise PortError(f"{host}:{port} cannot be listened on: {error.strerror}") from error
    server = _Server(settings, listener, tls)
    task = asyncio.ensure_future(server.serve())
    task.add_done_callback(_raise_on_loop)
    while not server.started and not task.done():
        await asyncio.sleep(0.005)
    if task.done():
        task.result()
    return WebServer(server, task, listener.getsockname()[1])
