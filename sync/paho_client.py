"""paho's client behind a `PacketGuard`. Imported late, because paho is.

Three things that paho does not do itself: it hands on what a broker sends without any bound; an
exception ends its thread without a word, so that nobody hears of the connection again; and the pair
of sockets that wakes its thread stays open until the garbage collector finds the client.
"""

import errno
import socket
import threading
from collections.abc import Callable
from typing import Any

from paho.mqtt.client import Client, MQTTv5
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode

from sync.packet_guard import ForbiddenPacketError, PacketGuard

READ_BYTES = 64 * 1024


class GuardedSocket:
    """A connected socket for paho, of which it reads only packets that the guard let through.

    `on_forbidden` is called with the reason, on the reading thread, before the read fails.
    """

    def __init__(
        self, sock: socket.socket, guard: PacketGuard, on_forbidden: Callable[[str], None]
    ) -> None:
        self._sock = sock
        self._guard = guard
        self._on_forbidden = on_forbidden
        self._passed = memoryview(b"")

    def recv(self, size: int) -> bytes:
        """As a non-blocking socket's. Raises OSError for what the guard forbids."""
        if not self._passed:
            data = self._sock.recv(READ_BYTES)
            if not data:
                return b""
            try:
                self._passed = memoryview(self._guard.feed(data))
            except ForbiddenPacketError as error:
                self._on_forbidden(str(error))
                raise OSError(errno.EMSGSIZE, str(error)) from error
            if not self._passed:
                raise BlockingIOError
        piece = bytes(self._passed[:size])
        self._passed = self._passed[size:]
        return piece

    def pending(self) -> int:
        """Bytes that can be read although the kernel has none: paho then does not wait."""
        return len(self._passed)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sock, name)


class ThreadWaker:
    """The end of paho's socket pair into which other threads write to wake its own.

    It can be closed while they do: a byte that is too late goes nowhere, and never to a file that
    has got the number meanwhile.
    """

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._closing = threading.Lock()

    def send(self, data: bytes) -> int:
        """As a non-blocking socket's, but that it does not matter whether it succeeds."""
        with self._closing:
            try:
                return self._sock.send(data)
            except OSError:  # full: the thread has been woken already; closed: it has ended
                return 0

    def close(self) -> None:
        """Safe to call twice."""
        with self._closing:
            self._sock.close()


class GuardedClient(Client):
    """An MQTT 5 client for one connection. Every acknowledgement is made by hand.

    `on_forbidden`: the broker broke the protocol, and how. `on_end`: the thread of the network has
    ended, with the exception that ended it, if any. Both are called on that thread.
    """

    def __init__(
        self,
        client_id: str,
        guard: PacketGuard,
        *,
        on_forbidden: Callable[[str], None],
        on_end: Callable[[BaseException | None], None],
    ) -> None:
        super().__init__(
            CallbackAPIVersion.VERSION2,
            client_id=client_id,
            protocol=MQTTv5,
            manual_ack=True,
            reconnect_on_failure=False,
        )
        self._guard = guard
        self._on_forbidden = on_forbidden
        self._on_end = on_end
        self.failure: OSError | None = None
        """Why no connection could be made."""

    @property
    def unsent(self) -> int:
        """Packets that wait for a socket that takes no more: a broker that does not read."""
        return len(self._out_packet)

    def limit_inflight(self, most: int) -> None:
        """No more publishes without a PUBACK than that; before the first one is made.

        paho's own setter is refused once there is a connection, and the broker's limit is known no
        sooner.
        """
        self._max_inflight_messages = most

    def reconnect(self) -> MQTTErrorCode:
        """As paho's, which keeps no word of what it raises on its thread."""
        try:
            return super().reconnect()
        except OSError as error:
            self.failure = error
            raise

    def loop_forever(
        self, timeout: float = 1.0, retry_first_connection: bool = False
    ) -> MQTTErrorCode:
        """As paho's; `on_end` is called when it returns or raises, and nothing is raised. Its
        descriptors are closed then.
        """
        failure: BaseException | None = None
        waker = None
        if self._sockpairW is not None:
            waker = ThreadWaker(self._sockpairW)
            self._sockpairW = waker  # type: ignore[assignment]  # paho only sends and closes
        try:
            return super().loop_forever(timeout, retry_first_connection)
        except Exception as error:  # noqa: BLE001 -- the thread's outermost frame, and it is told
            failure = error
            return MQTTErrorCode.MQTT_ERR_UNKNOWN
        finally:
            self._sock_close()
            if waker is not None:
                waker.close()
            if self._sockpairR is not None:  # read by this thread only
                self._sockpairR.close()
            self._on_end(failure)

    def _create_socket(self) -> Any:  # paho calls it once for each connection, TLS included
        sock: Any = super()._create_socket()
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return GuardedSocket(sock, self._guard, self._on_forbidden)
