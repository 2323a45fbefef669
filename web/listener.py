"""A listening socket: so many connections at once and no more, half-open ones included.

Counted where they are accepted, so that a caller who never finishes his TLS handshake is counted
too: whoever opens connections must not eat the pad's file descriptors, nor lock the others out.
"""

import socket
from collections import Counter
from collections.abc import Callable
from typing import Any

MAX_CONNECTIONS = 32
MAX_OF_ONE_CALLER = 16
"""A hall has one queueing system, a clerk's page and perhaps a terminal."""

QUIET_S = 20
"""A caller whose cable is out is let go after so long."""


class AcceptedSocket(socket.socket):
    """An accepted connection that gives its place back when it is closed."""

    on_close: Callable[[], None] | None = None

    def close(self) -> None:
        """Close it; safe to call twice."""
        super().close()
        given_back, self.on_close = self.on_close, None
        if given_back is not None:
            given_back()


class ListenSocket(socket.socket):
    """A socket for asyncio to accept from. `on_refused` hears the address of one too many."""

    def __init__(self, host: str, port: int, on_refused: Callable[[str], None]) -> None:
        """Listen. Raises OSError when the port cannot be had."""
        super().__init__(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
        self._on_refused = on_refused
        self._open: Counter[str] = Counter()
        try:
            self.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            # Head and body are two writes: without this the second waits 40 ms for an ACK. asyncio
            # only sets it on sockets that were made with the protocol's number.
            self.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._let_go_of_the_dead()
            self.bind((host, port))
            self.listen()
        except OSError:
            super().close()
            raise

    def _let_go_of_the_dead(self) -> None:
        """Accepted sockets inherit these (tcp(7)): the kernel cuts half-open connections and those
        that take nothing in, without waking an idle pad.
        """
        self.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        self.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, QUIET_S // 2)
        self.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, QUIET_S // 4)
        self.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 2)
        self.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, QUIET_S * 1000)

    @property
    def connections(self) -> int:
        """How many are open now."""
        return self._open.total()

    def accept(self) -> tuple[socket.socket, Any]:
        """The next connection. Raises ConnectionAbortedError for one too many, which asyncio takes
        for a caller that has gone already.
        """
        accepted, address = super().accept()
        connection = AcceptedSocket(self.family, self.type, self.proto, fileno=accepted.detach())
        caller = str(address[0])
        if self.connections >= MAX_CONNECTIONS or self._open[caller] >= MAX_OF_ONE_CALLER:
            connection.close()
            self._on_refused(caller)
            raise ConnectionAbortedError
        self._open[caller] += 1
        connection.on_close = lambda: self._give_back(caller)
        return connection, address

    def _give_back(self, caller: str) -> None:
        self._open[caller] -= 1
        if not self._open[caller]:
            del self._open[caller]
