"""From the pad's file to its running agent.

What cannot start shows its code on the screen and waits, longer each time: under systemd in this
process, which reads the file again until it is mended; elsewhere for a moment, and then it ends,
because somebody sits at the terminal. An agent that ends again and again is started later each
time, too.
"""

import importlib
import os
from collections.abc import Callable
from pathlib import Path

from device.config.config import Config, load
from device.config.screen_config import screen_config
from device.errors import ConfigError, DriverError, LedgerError, PadCode, PadError
from device.os_errors import refuse_root
from device.system.recent_starts import RecentStarts

SHOWN_S = 3.0
"""How long a code is shown at first."""

LONGEST_S = 60.0
"""How long at most until the next try."""

OK, FAILED, MISUSED = 0, 1, 2


def run(file: Path, say: Callable[[PadError], None]) -> int:
    """Run the pad of `file` until SIGTERM or SIGINT; the exit code of the process: 0 in order, 1 it
    failed or cannot start, 2 its file has mistakes. `say` is called with each error that keeps it
    from starting.
    """
    waits = "NOTIFY_SOCKET" in os.environ
    shown_s = SHOWN_S
    while True:
        failure, screen = _attempt(file, say)
        if failure is None:
            return OK
        say(failure)
        code = MISUSED if isinstance(failure, ConfigError) else FAILED
        if failure.code is PadCode.INTERNAL:  # it had started; systemd starts it again
            return code
        if screen is None and not waits:
            return code
        if _show(failure, screen, shown_s) or not waits:
            return code
        shown_s = min(2 * shown_s, LONGEST_S)
        importlib.invalidate_caches()  # a library may have been installed meanwhile


def _attempt(file: Path, say: Callable[[PadError], None]) -> tuple[PadError | None, Config | None]:
    """Load and run: the error that ended it, None when it ended in order; and where to show it."""
    try:
        config = load(file, files=False)
    except ConfigError as error:
        return error, screen_config(file)
    try:
        refuse_root(config.ledger.path)
    except PadError as error:
        return error, None  # before anything is made that belongs to root
    failure = _run_agent(config, say)
    if isinstance(failure, DriverError) and (held := _held(config.ledger.path)) is not None:
        return held, None  # that agent has the board, and with it the screen
    return failure, screen_config(file) or config


def _held(ledger: Path) -> LedgerError | None:
    """The error (L04) that another agent runs with this ledger; None when none does."""
    from device.ledger.file import exclude_agents

    try:
        with exclude_agents(ledger, together=True):
            return None
    except LedgerError as error:
        return error if error.code is PadCode.LEDGER_IN_USE else None


def _run_agent(config: Config, say: Callable[[PadError], None]) -> PadError | None:
    """Run it; the error that it ended by, None when it ended in order."""
    from device import agent

    starts = RecentStarts(config.ledger.path)
    if starts.is_loop:
        often = PadError(f"{starts.earlier} times in ten minutes", PadCode.RESTARTED_OFTEN)
        say(often)
        if _show(often, config, starts.pause_s):
            return None
    starts.begin()
    try:
        agent.run(config)
    except PadError as error:
        starts.fail() if error.code is PadCode.INTERNAL else starts.end()
        return error
    except BaseException:
        starts.fail()
        raise
    starts.end()
    return None


def _show(error: PadError, config: Config | None, for_s: float) -> bool:
    from device.failed_start import show_failure

    return show_failure(error, config, for_s)
