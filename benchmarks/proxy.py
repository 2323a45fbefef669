"""A TCP proxy that counts: what really crosses the wire, packet headers of MQTT included."""

import contextlib
import selectors
import socket
import threading
from collections.abc import Iterator

from benchmarks.scratch import BenchError


class CountingProxy:
    """Forwards one port of loopback to another and counts the bytes each way."""

    def __init__(self, target_port: int) -> None:
        self.up_bytes = 0
        """From those who connect to the target."""
        self.down_bytes = 0
        self._target = target_port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._forward, name="proxy", daemon=True)
        self._thread.start()

    def _forward(self) -> None:
        pairs: dict[socket.socket, tuple[socket.socket, bool]] = {}
        while not self._stopping.is_set():
            for key, _ in self._selector.select(timeout=0.1):
                source = key.fileobj
                if source is self._listener:
                    self._accept(pairs)
                elif isinstance(source, socket.socket) and source in pairs:
                    self._pass_on(source, pairs)
        for end in pairs:
            end.close()

    def _accept(self, pairs: dict[socket.socket, tuple[socket.socket, bool]]) -> None:
        near, _ = self._listener.accept()
        far = socket.create_connection(("127.0.0.1", self._target), timeout=5)
        for end in (near, far):
            end.settimeout(None)
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._selector.register(end, selectors.EVENT_READ)
        pairs[near], pairs[far] = (far, True), (near, False)

    def _pass_on(
        self, source: socket.socket, pairs: dict[socket.socket, tuple[socket.socket, bool]]
    ) -> None:
        other, upwards = pairs[source]
        chunk = b""
        with contextlib.suppress(OSError):
            chunk = source.recv(1 << 18)
        if chunk:
            with contextlib.suppress(OSError):  # the other end is gone: the next recv says so
                other.sendall(chunk)
            if upwards:
                self.up_bytes += len(chunk)
            else:
                self.down_bytes += len(chunk)
            return
        for end in (source, other):
            self._selector.unregister(end)
            end.close()
            del pairs[end]

    def close(self) -> None:
        """Cut every connection."""
        self._stopping.set()
        self._thread.join(5)
        self._selector.close()
        self._listener.close()
        if self._thread.is_alive():
            raise BenchError("the proxy's thread did not end")


@contextlib.contextmanager
def counting_proxy(target_port: int) -> Iterator[CountingProxy]:
    """A `CountingProxy` for the length of a block."""
    proxy = CountingProxy(target_port)
    try:
        yield proxy
    finally:
        proxy.close()
