"""How far opening the ledger is, on the screen and for systemd: only when it takes long.

A small ledger is checked in milliseconds, and a screen that flickers at every start would tell
nothing. A very large one, or a salvage, takes minutes on a small board.
"""

import asyncio
import enum
import time
from collections.abc import Callable

from device.loop_bridge import call_on_loop

FIRST_S = 1.0
"""What takes less is not shown."""
AGAIN_S = 1.0


class OpeningProgress:
    """Called on the ledger's thread; shows on the loop.

    What is shown is the percentage of the step that is being done: first the check, then perhaps a
    salvage, then the check of the new file.
    """

    def __init__(self, *, now_s: Callable[[], float] = time.monotonic) -> None:
        self._shows: list[Callable[[int], None]] = []
        self._now_s = now_s
        self._loop: asyncio.AbstractEventLoop | None = None
        self._next_s: float | None = None
        self._shown: int | None = None
        self._step = ""

    def show_on(self, show: Callable[[int], None]) -> None:
        """Call `show` with each percentage, on the loop."""
        self._shows.append(show)

    def use(self, loop: asyncio.AbstractEventLoop) -> None:
        """Show on this loop from now on."""
        self._loop = loop

    def tell(self, step: enum.Enum, share: float) -> None:
        """So much of a step is done, 0 to 1."""
        now_s = self._now_s()
        if self._next_s is None:
            self._next_s = now_s + FIRST_S
        percent = min(100, max(0, int(100 * share)))
        if now_s < self._next_s or self._loop is None or percent == self._shown:
            return
        self._next_s, self._shown, self._step = now_s + AGAIN_S, percent, str(step.value)
        for show in tuple(self._shows):
            call_on_loop(self._loop, show, percent)

    def status(self) -> str:
        """For `systemctl status`: what is done and how much of it; empty when nothing was shown."""
        return "" if self._shown is None else f"ledger: {self._step}, {self._shown} %"
