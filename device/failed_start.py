"""Shows on the pad's screen why the agent cannot start.

Without it the screen would stay as it was, or dark, while systemd starts the agent again and again:
nobody at the window would know that the pad takes no ratings, nor what to tell the technician.
"""

import asyncio
import contextlib
import logging
import signal
from contextlib import AsyncExitStack

from device.config.config import Config
from device.drivers.registry import build_board
from device.errors import PadError
from device.events import Scene
from device.output.display_output import DisplayOutput
from device.system.clock import TrustedClock
from device.system.systemd import SystemdNotifier, Watchdog, failed_status

log = logging.getLogger(__name__)


def show_failure(error: PadError, config: Config | None, for_s: float) -> bool:
    """Show the error's code for so long; True when a signal has ended that. `config` None: there is
    no screen. systemd is told that the service runs, so that the kiosk's browser is started.
    """
    return asyncio.run(_show(error, config, for_s))


async def _show(error: PadError, config: Config | None, for_s: float) -> bool:
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    async with AsyncExitStack() as stack:
        status = failed_status(error.code.code, error.detail)
        watchdog = Watchdog(
            SystemdNotifier(), dead=lambda: None, on_dead=lambda _: None, status=lambda: status
        )
        watchdog.start()
        stack.callback(watchdog.stop)
        if config is not None:
            try:
                await _open_screen(stack, config, error)
            except (PadError, OSError, ValueError) as why:
                if str(why) != str(error):  # which has been said
                    log.warning("the code cannot be shown on the screen: %s", why)
        watchdog.ready()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stopping.wait(), for_s)
        return stopping.is_set()


async def _open_screen(stack: AsyncExitStack, config: Config, error: PadError) -> None:
    board = build_board(config.profile, config.board)
    board.start()
    stack.callback(board.stop)
    clock = TrustedClock(board.boot, board.wall)
    display = DisplayOutput(config, board, clock)
    display.start(lambda fault: log.warning("%s %s", fault.code.code, fault.detail))
    stack.callback(display.stop)
    display.show(Scene.FAULT, error.code)
    if config.touch is not None:
        from device.output.touch_output import TouchOutput

        touch = TouchOutput(config, clock, None)
        stack.push_async_callback(touch.stop)
        touch.show(Scene.FAULT, error.code)
        await touch.open("", lambda fault: log.warning("%s %s", fault.code.code, fault.detail))
