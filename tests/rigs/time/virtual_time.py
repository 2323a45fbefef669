"""An asyncio loop whose clock jumps: an hour of waiting takes no time, and always the same."""

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class _Jump(selectors.DefaultSelector):
    """Instead of sleeping, moves the loop's clock on. Waits really only for other threads."""

    def __init__(self) -> None:
        super().__init__()
        self.now_s = 0.0

    def select(self, timeout: float | None = None) -> list[Any]:
        ready = super().select(0 if timeout is not None else None)
        if not ready and timeout:
            self.now_s += timeout
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    """A loop in virtual time, which begins at 0."""

    def __init__(self) -> None:
        self._jump = _Jump()
        super().__init__(self._jump)

    def time(self) -> float:
        return self._jump.now_s


def run(main: Coroutine[Any, Any, T]) -> T:
    """`asyncio.run` in virtual time."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(main)


def now_ms() -> int:
    """The running loop's virtual time."""
    return round(asyncio.get_running_loop().time() * 1000)


async def pass_s(seconds: float) -> None:
    """Let so much virtual time pass. In real time this would be a fixed sleep, so it refuses."""
    if not isinstance(asyncio.get_running_loop(), VirtualLoop):
        raise TypeError("only in virtual time; real time is polled with `rigs.time.wait.until`")
    await asyncio.sleep(seconds)
