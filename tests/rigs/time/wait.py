"""Waiting for real processes: poll with a deadline, never a fixed sleep."""

import contextlib
import os
import time
from collections.abc import Callable
from pathlib import Path
from threading import Event
from typing import TypeVar

T = TypeVar("T")


MOST = 6.0
"""How many times longer a wait may become at most."""


def load() -> float:
    """How many processes there are for each core, 1 at least and `MOST` at most.

    The kernel's average over a minute rises slowly, so those that can run this very moment are
    looked at as well.
    """
    running = 1
    with contextlib.suppress(OSError, IndexError, ValueError):
        running = int(Path("/proc/loadavg").read_text().split()[3].partition("/")[0])
    return min(MOST, max(1.0, max(running, os.getloadavg()[0]) / (os.cpu_count() or 1)))


def until(
    predicate: Callable[..., T | None], timeout_s: float, what: str, every_s: float = 0.02
) -> T:
    """The first true value of `predicate`; AssertionError naming `what` after `timeout_s`.

    It is called without arguments; a lambda may keep a loop's variable as a default. `timeout_s`
    is meant for a machine with nothing else to do: where other programs want the cores, the wait
    may be longer by as much as they take (`load`).
    """
    start = time.monotonic()
    pause = Event()
    while True:
        value = predicate()
        if value:
            return value
        waited_s = time.monotonic() - start
        if waited_s > timeout_s and waited_s > timeout_s * load():
            raise AssertionError(f"not within {timeout_s} s: {what}")
        pause.wait(every_s)
