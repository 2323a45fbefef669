"""A listening socket that limits the open connections, in all and of one address.

A connection counts from the moment when it is accepted, before its TLS handshake: a client that
never completes the handshake must not use up the process's file descriptors, nor keep others out.
"""

import socket
from collections import Counter
from collections.abc import Callable
from typing import Any

MAX_CONNECTIONS = 32
MAX_OF_ONE_CLIENT = 16
"""Enough for a hall: one queueing system, a clerk's page and perhaps a terminal."""

DEAD_S = 20
"""A connection whose far end does not answer, such as one with its cable out, is closed after so
long."""


class AcceptedSocket(socket.socket):
    """An accepted connection. `on_close` is called once, when it is closed."""

    on_close: Callable[[], None] | None = None

    def close(self) -> None:
        """Close it; safe to call twice."""
        super().close()
        on_close, self.on_close = self.on_close, None
        if on_close is not None:
            on_close()


class ListenSocket(socket.socket):
    """A socket for asyncio to accept from. `on_refused` is called with the client's address for
    each connection over the limit.
    """

    def __init__(self, host: str, port: int, on_refused: Callable[[str], object]) -> None:
        """Listen. Raises OSError when the port cannot be listened on."""
        super().__init__(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
        self._on_refused = on_refused
        self._open: Counter[str] = Counter()
        try:
            self.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            # Head and body are two writes: without this the second waits 40 ms for an ACK. asyncio
            # sets it only on sockets that were created with the protocol's number.
            self.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._detect_dead_connections()
            self.bind((host, port))
            self.listen()
        except OSError:
            super().close()
            raise

    def _detect_dead_connections(self) -> None:
        """Accepted sockets inherit these options (tcp(7)). The kernel closes connections whose far
        end is gone or takes no data, without a timer in this process.
        """
        self.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        self.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, DEAD_S // 2)
        self.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, DEAD_S // 4)
        self.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 2)
        self.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, DEAD_S * 1000)

    @property
    def connections(self) -> int:
        """How many are open now."""
        return self._open.total()

    def accept(self) -> tuple[socket.socket, Any]:
        """The next connection. Raises ConnectionAbortedError for one over the limit, because
        asyncio then goes on to the next, as after a client that has already disconnected.
        """
        accepted, address = super().accept()
        connection = AcceptedSocket(self.family, self.type, self.proto, fileno=accepted.detach())
        client = str(address[0])
        if self.connections >= MAX_CONNECTIONS or self._open[client] >= MAX_OF_ONE_CLIENT:
            connection.close()
            self._on_refused(client)
            raise ConnectionAbortedError
        self._open[client] += 1
        connection.on_close = lambda: self._release(client)
        return connection, address

    def _release(self, client: str) -> None:
        self._open[client] -= 1
        if not self._open[client]:
            del self._open[client]
