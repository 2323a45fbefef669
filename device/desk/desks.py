"""Opens the desks that a pad's configuration names.

The code of a desk that is not configured is not imported, which saves its memory.
"""

import importlib
from contextlib import AsyncExitStack
from functools import partial
from typing import TYPE_CHECKING

from device.config.config import Bus68Config, Config, DeskConfig
from device.errors import PadCode
from device.loop_bridge import in_daemon_thread
from device.pad import Pad
from device.ports import FaultReport
from device.retried_start import RetriedStart

if TYPE_CHECKING:
    from web.refusal_log import RefusalLog
    from web.server import WebServer


class Desks:
    """The open desks of one pad; `stack` closes them."""

    def __init__(self, config: Config, pad: Pad, stack: AsyncExitStack) -> None:
        self._config = config
        self._pad = pad
        self._stack = stack
        self._refused: RefusalLog | None = None
        self._server: WebServer | None = None

    @property
    def refused(self) -> int:
        """How many requests were refused since the start, for the health report."""
        return self._refused.total if self._refused else 0

    async def open(self) -> None:
        """Open what is configured. An HTTP desk that cannot be opened is a fault (S03) and is tried
        again: the keys do not need it.
        """
        if (http := self._config.desk) is not None:
            opening = partial(self._open_http, http)
            started = RetriedStart("[desk]", PadCode.DESK_CLOSED, opening, self._pad.driver_fault)
            self._stack.push_async_callback(self._close_http)
            self._stack.push_async_callback(started.stop)
            await started.start()
        if (bus := self._config.bus68) is not None:
            opening_bus = RetriedStart(
                "[bus68]",
                PadCode.PART_LIBRARY_MISSING,
                partial(self._open_bus, bus),
                self._pad.driver_fault,
            )
            self._stack.push_async_callback(opening_bus.stop)
            await opening_bus.start()

    async def _open_http(self, settings: DeskConfig) -> None:
        # The import takes seconds on a small board, and presses are taken already: not on the loop.
        await in_daemon_thread(partial(importlib.import_module, "device.desk.start"), "import")
        from device.desk.start import open_desk

        desk = await open_desk(settings, self._pad, self._config.pad.languages[0])
        self._server = desk.server
        self._pad.observe(desk.changed)
        self._refused = desk.refused

    async def _close_http(self) -> None:
        if self._server is not None:
            await self._server.stop()

    async def _open_bus(self, settings: Bus68Config) -> None:
        from device.desk.bus68 import open_bus

        def fault(broken: bool, detail: str) -> None:
            self._pad.driver_fault(FaultReport(PadCode.BUS_GONE, broken, detail))

        bus = open_bus(settings, self._pad, self._pad.tell_levels, fault)
        self._stack.callback(bus.stop)
