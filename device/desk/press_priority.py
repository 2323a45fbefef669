"""Whose turn it is on the pad's loop: a press goes first, then the desk's callers, one by one.

A hall's programs like to call all at once. Ten answers in a row would stand before a press, before
the writer's thread, which needs the interpreter too, and before thanks.
"""

import asyncio

from device.ports import Desk

YIELD_S = 0.05
"""So long callers wait for what is on its way to the card. A card that takes longer is what the
citizen waits for, and not the callers."""


class PressPriority:
    """The row in which the callers of one desk stand."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._head = asyncio.Lock()
        self._is_slow = False

    async def take(self) -> None:
        """Wait for a turn; the loop looks at everything else between one and the next."""
        async with self._head:
            await asyncio.sleep(0)
            # A slow card is waited for once, not by everybody in the row anew.
            self._is_slow = not await self._desk.settle(0 if self._is_slow else YIELD_S)
