"""Serves a desk's app on the agent's own loop. The one door to uvicorn and its h11.

The agent keeps the signals; a desk whose port is taken is a fault of the set-up and stops the
start, because a window that nobody can invite for is of no use.
"""

import asyncio
import contextlib
import socket
from collections.abc import Iterator
from typing import Any

import h11
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from device.errors import ConfigError

CLOSE_S = 1
"""Requests under way get a second when the agent stops; a desk asks again by itself."""

MAX_CONNECTIONS = 32
"""A hall has one queueing system. Whoever opens more must not eat the pad's file descriptors."""

ACCEPTED_AT_ONCE = 16

SLOW_S = 10.0
"""A request that has not come whole in this time, or in as much again, is not waited for."""


class _Caller(H11Protocol):
    """A connection: one too many is cut, and so is one that keeps its request to itself."""

    _patience: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._seen: object = None
        if len(self.connections) > MAX_CONNECTIONS:
            transport.abort()
        else:
            self._look_again()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._patience is not None:
            self._patience.cancel()
        super().connection_lost(exc)

    def _look_again(self) -> None:
        self._patience = self.loop.call_later(SLOW_S, self._look)

    def _look(self) -> None:
        is_owing = self.conn.their_state in {h11.IDLE, h11.SEND_BODY}
        if is_owing and self.cycle is self._seen:
            self.transport.abort()
            return
        self._seen = self.cycle
        self._look_again()


class _Server(uvicorn.Server):
    """uvicorn without its signal handlers, for SIGTERM belongs to the agent, and without its ten
    wake-ups a second, which are all for a Date header: an idle pad sleeps.
    """

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ended = asyncio.Event()

    async def main_loop(self) -> None:
        await self.ended.wait()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class DeskServer:
    """A running desk. `port` is the one it got, also when 0 was asked for."""

    def __init__(self, server: _Server, task: "asyncio.Task[None]", port: int) -> None:
        self._server = server
        self._task = task
        self.port = port

    async def stop(self) -> None:
        """Close the port and let requests under way finish, for `CLOSE_S` at most."""
        self._server.should_exit = True
        self._server.ended.set()
        await asyncio.wait([self._task], timeout=CLOSE_S + 1)


async def serve(app: Any, host: str, port: int) -> DeskServer:
    """Serve `app` until stopped. Raises ConfigError when the port cannot be had."""
    settings = uvicorn.Config(
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
        backlog=ACCEPTED_AT_ONCE,
        ws="none",
        timeout_graceful_shutdown=CLOSE_S,
    )
    server = _Server(settings)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family)
    except OSError as error:
        raise ConfigError(
            f"[desk] {host}:{port} cannot be listened on: {error.strerror}"
        ) from error
    task = asyncio.ensure_future(server.serve(sockets=[listener]))
    task.add_done_callback(_heard)
    while not server.started and not task.done():
        await asyncio.sleep(0.005)
    if task.done():
        task.result()
    return DeskServer(server, task, listener.getsockname()[1])


def _heard(task: "asyncio.Task[None]") -> None:
    """A server that ends by itself is the loop's business, not a secret of its task."""
    if not task.cancelled():
        task.result()
