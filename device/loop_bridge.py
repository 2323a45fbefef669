"""Between the agent's asyncio loop and what runs beside it: threads and tasks."""

import asyncio
import contextlib
import logging
import threading
from collections.abc import Callable
from typing import TypeVar, TypeVarTuple

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

log = logging.getLogger(__name__)

JOIN_S = 1.0
"""How long the stop of a part waits for its daemon thread, which may hang in a call to a device."""


def call_on_loop(
    loop: asyncio.AbstractEventLoop, call: Callable[[*Ts], object], *arguments: *Ts
) -> None:
    """Call from another thread onto the loop; does nothing once the loop is closed."""
    with contextlib.suppress(RuntimeError):
        loop.call_soon_threadsafe(call, *arguments)


def join_thread(thread: threading.Thread, timeout_s: float = JOIN_S) -> bool:
    """Wait for a daemon thread that was told to end; False, and a line in the log, when it does not
    in time. It then ends with the process.
    """
    thread.join(timeout_s)
    if thread.is_alive():
        log.error("the thread %s did not end within %g s", thread.name, timeout_s)
        return False
    return True


def raise_in_loop(task: "asyncio.Task[None]") -> None:
    """A task's done callback: what it raised goes to the loop's exception handler at once.

    Without it asyncio would report the exception only when the task is garbage-collected.
    """
    if not task.cancelled():
        task.result()


async def in_daemon_thread(call: Callable[[], T], name: str) -> T:
    """Run `call` on a daemon thread of its own; returns its result, or raises what it raised.

    For calls that wait for the memory card. `asyncio.to_thread` will not do: its threads are joined
    when the process ends, so a call that a broken card never answers would keep the agent from
    ending. When the caller is cancelled the thread goes on and its result is dropped.
    """
    loop = asyncio.get_running_loop()
    result: asyncio.Future[T] = loop.create_future()

    def complete(set_outcome: Callable[[], None]) -> None:
        if not result.done():
            set_outcome()

    def run() -> None:
        try:
            value = call()
        except BaseException as error:  # noqa: BLE001 -- handed over, not swallowed
            failure = error
            call_on_loop(loop, complete, lambda: result.set_exception(failure))
        else:
            call_on_loop(loop, complete, lambda: result.set_result(value))

    threading.Thread(target=run, name=name, daemon=True).start()
    return await result
