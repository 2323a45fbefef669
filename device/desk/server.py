"""Serves a desk's app on the agent's own loop. The one door to uvicorn.

The agent keeps the signals; a desk whose port is taken is a fault of the set-up and stops the
start, because a window that nobody can invite for is of no use.
"""

import asyncio
import contextlib
import socket
from collections.abc import Iterator
from typing import Any

import uvicorn

from device.errors import ConfigError

CLOSE_S = 1
"""Requests under way get a second when the agent stops; a desk asks again by itself."""


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
        http="h11",
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
    while not server.started and not task.done():
        await asyncio.sleep(0.005)
    if task.done():
        task.result()
    return DeskServer(server, task, listener.getsockname()[1])
