"""Waiting for real processes: poll with a deadline, never a fixed sleep."""

import time
from collections.abc import Callable
from threading import Event
from typing import TypeVar

T = TypeVar("T")


def until(
    predicate: Callable[..., T | None], timeout_s: float, what: str, every_s: float = 0.02
) -> T:
    """The first true value of `predicate`; AssertionError naming `what` after `timeout_s`.

    It is called without arguments; a lambda may keep a loop's variable as a default.
    """
    deadline = time.monotonic() + timeout_s
    pause = Event()
    while True:
        value = predicate()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {timeout_s} s: {what}")
        pause.wait(every_s)
