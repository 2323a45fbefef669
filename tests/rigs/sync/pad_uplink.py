"""A pad's uplink on an event loop of its own thread, over a ledger in memory."""

import asyncio
import socket
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from random import Random
from typing import Any, TypeVar

from sync.delivery import DeliverySettings
from sync.messages import VERSION, Command, CommandResult, Desired, Problem
from sync.mqtt import BrokerAddress
from sync.obstacles import Obstacle
from sync.uplink import Uplink
from tests.rigs.ledger.memory_ledger import MemoryLedger

T = TypeVar("T")
BRISK = DeliverySettings(
    probe_ms=200, stall_ms=300, refused_ms=400, longest_ms=1_000, gap_quiet_ms=50
)
"""The same behaviour, faster, for tests over real sockets."""


class UplinkPad:
    """Implements `sync.uplink_ports.UplinkObserver` and keeps what it receives."""

    def __init__(
        self,
        broker: BrokerAddress,
        pad: str = "pad-1",
        ledger: MemoryLedger | None = None,
        *,
        boots: int = 1,
        settings: DeliverySettings = BRISK,
        keepalive_s: int = 5,
        reconnect_max_s: float = 0.3,
    ) -> None:
        self.ledger = ledger or MemoryLedger(pad, f"L-{pad}")
        self.receipts: list[int] = []
        self.refusals: list[tuple[Problem, str]] = []
        self.divergences: list[str] = []
        self.connections: list[bool] = []
        self.reasons: list[str] = []
        self.obstacles: dict[Obstacle, str] = {}
        """Those that stand now."""
        self.obstacles_seen: list[Obstacle] = []
        self.desired_received: list[Desired] = []
        self.commands: list[Command] = []
        self.answer = CommandResult(v=VERSION, done=True)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="pad", daemon=True)
        self._thread.start()
        self.uplink = self.run(
            self._build(broker, pad, boots, settings, keepalive_s, reconnect_max_s)
        )

    async def _build(  # noqa: PLR0917 -- what a pad is made of, passed on as it came
        self,
        broker: BrokerAddress,
        pad: str,
        boots: int,
        settings: DeliverySettings,
        keepalive_s: int,
        reconnect_max_s: float,
    ) -> Uplink:
        return Uplink(
            broker,
            pad,
            self.ledger,
            self,
            boots=boots,
            agent="test",
            keepalive_s=keepalive_s,
            reconnect_max_s=reconnect_max_s,
            settings=settings,
            rng=Random(7),
        )

    def start(self) -> "UplinkPad":
        self.run(self.uplink.start())
        return self

    def stop(self) -> None:
        self.run(self.uplink.stop())

    def close(self) -> None:
        """Stop and end the loop."""
        self.stop()
        self._end_loop()

    def die(self) -> None:
        """End as by SIGKILL: the socket closes without a message."""

        async def cancel() -> None:
            life = self.uplink._task
            if life is not None:
                link = self.uplink._connection
                if link is not None:
                    plug: Any = link._client.socket()
                    assert plug is not None
                    plug.shutdown(socket.SHUT_RDWR)
                life.cancel()
                await asyncio.gather(life, return_exceptions=True)

        self.run(cancel())
        self._end_loop()

    def _end_loop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()

    def run(self, coroutine: Coroutine[Any, Any, T], timeout_s: float = 20) -> T:
        """The result of a coroutine on the pad's loop."""
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(timeout_s)

    def call(self, function: Callable[[], T]) -> T:
        """The result of a call on the pad's loop."""

        async def calling() -> T:
            return function()

        return self.run(calling())

    def rate(self, count: int = 1) -> None:
        """Append ratings to the ledger and notify the uplink."""

        def append() -> None:
            self.ledger.rate(count)
            self.uplink.entries_added()

        self.call(append)

    @property
    def receipted_seq(self) -> int:
        return self.receipts[-1] if self.receipts else 0

    def receipted(self, seq: int) -> None:
        self.receipts.append(seq)

    def refused(self, problem: Problem, detail: str) -> None:
        self.refusals.append((problem, detail))

    def diverged(self, detail: str) -> None:
        self.divergences.append(detail)

    def connected(self, up: bool) -> None:
        self.connections.append(up)

    def unreachable(self, reason: str) -> None:
        self.reasons.append(reason)

    def obstructed(self, obstacle: Obstacle, detail: str) -> None:
        self.obstacles[obstacle] = detail
        self.obstacles_seen.append(obstacle)

    def unobstructed(self, obstacle: Obstacle) -> None:
        del self.obstacles[obstacle]

    def desired(self, desired: Desired) -> None:
        self.desired_received.append(desired)

    async def command(self, command: Command) -> CommandResult:
        self.commands.append(command)
        return self.answer


@contextmanager
def uplink_pad(broker: BrokerAddress, pad: str = "pad-1", **kwargs: Any) -> Iterator[UplinkPad]:
    """A running pad for the time of a `with` block."""
    end = UplinkPad(broker, pad, **kwargs).start()
    try:
        yield end
    finally:
        end.close()
