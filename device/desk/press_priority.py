"""Lets a press go first on the pad's loop, then the desk's requests, one at a time.

A hall's programs may call all at the same moment. Ten answers in a row would delay a press, its
commit (the writer's thread needs the interpreter too) and thanks.
"""

import asyncio

from device.ports import Desk

MAX_WAIT_S = 0.05
"""Requests wait so long for a commit that is under way. When the card takes longer, only the
citizen waits for it."""


class PressPriority:
    """The queue of the requests to one desk."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._turn = asyncio.Lock()
        self._is_slow = False

    async def wait_turn(self) -> None:
        """Return when it is this request's turn. Between two requests the loop runs everything else
        that is ready.
        """
        async with self._turn:
            await asyncio.sleep(0)
            # A slow card is waited for once, and not again by each request in the queue.
            self._is_slow = not await self._desk.wait_until_durable(
                0 if self._is_slow else MAX_WAIT_S
            )
