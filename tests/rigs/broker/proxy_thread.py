"""The demo's TCP proxy on a thread of its own, for tests and benchmarks that block."""

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any

from demo.tcp_proxy import TcpProxy
from sync.mqtt import BrokerAddress


class ProxyThread:
    """`demo.tcp_proxy.TcpProxy`, whose methods may be called from any thread."""

    def __init__(self, target_port: int) -> None:
        self._proxy = TcpProxy(target_port)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxy", daemon=True)

    def start(self) -> "ProxyThread":
        self._thread.start()
        self._wait_for(self._proxy.start())
        return self

    def stop(self) -> None:
        self._wait_for(self._proxy.stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()

    @property
    def address(self) -> BrokerAddress:
        return BrokerAddress("127.0.0.1", self._proxy.port)

    @property
    def accepted(self) -> int:
        return self._proxy.accepted

    @property
    def up_bytes(self) -> int:
        return self._proxy.up_bytes

    @property
    def down_bytes(self) -> int:
        return self._proxy.down_bytes

    def cut(self) -> None:
        self._wait_for(self._proxy.cut())

    def pull(self) -> None:
        self._call(self._proxy.pull)

    def plug(self) -> None:
        self._call(self._proxy.plug)

    def half_cut(self, direction: str = "both") -> None:
        self._call(lambda: self._proxy.half_cut(direction))

    def mend(self) -> None:
        self._wait_for(self._proxy.mend())

    def delay(self, delay_s: float) -> None:
        def set_delay() -> None:
            self._proxy.delay_s = delay_s

        self._call(set_delay)

    def limit(self, rate_bytes_s: int) -> None:
        def set_rate() -> None:
            self._proxy.rate_bytes_s = rate_bytes_s

        self._call(set_rate)

    def _call(self, function: Callable[[], None]) -> None:
        async def call() -> None:
            function()

        self._wait_for(call())

    def _wait_for(self, coroutine: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(10)


@contextmanager
def proxy_to(port: int) -> Iterator[ProxyThread]:
    """A proxy to a loopback port for the time of a `with` block."""
    proxy = ProxyThread(port).start()
    try:
        yield proxy
    finally:
        proxy.stop()
