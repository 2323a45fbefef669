"""What stands between the agent's loop and all that runs beside it: threads and tasks."""

import asyncio
import contextlib
from collections.abc import Callable
from typing import TypeVarTuple

Ts = TypeVarTuple("Ts")


def onto(loop: asyncio.AbstractEventLoop, call: Callable[[*Ts], object], *arguments: *Ts) -> None:
    """Call from another thread onto the loop; nobody is there to hear once the loop is closed."""
    with contextlib.suppress(RuntimeError):
        loop.call_soon_threadsafe(call, *arguments)


def fail_aloud(task: "asyncio.Task[None]") -> None:
    """A task's done callback: what nobody expected goes to the loop's own handler, at once.

    Else it would be a secret of the task until somebody forgets that.
    """
    if not task.cancelled():
        task.result()
