"""Starts a part that the pad can do without, and tries again while it cannot be started.

A desk whose port is taken, a touch page without its library, a key file that cannot be read: the
window serves without it, the fault is on the screen and in the health report, and it is over by
itself once the cause is.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from device.errors import PadCode, PadError
from device.loop_bridge import raise_in_loop
from device.os_errors import explain
from device.ports import FaultReport, OnFault

log = logging.getLogger(__name__)

FIRST_RETRY_S = 2.0
LONGEST_RETRY_S = 60.0
ATTEMPT_S = 10.0
"""An attempt that takes longer has failed: a card or a name server does not answer."""


class RetriedStart:
    """One part. `start` starts it; PadError, OSError and ValueError of it mean that it cannot be
    started now. `part`: what the log calls it. `on_fault` is called on the loop with `code` when
    the part cannot be started, when the reason changes, and when it has been started.
    """

    def __init__(
        self, part: str, code: PadCode, start: Callable[[], Awaitable[object]], on_fault: OnFault
    ) -> None:
        self._part = part
        self._code = code
        self._start = start
        self._on_fault = on_fault
        self._reason = ""
        self._retrying: asyncio.Task[None] | None = None

    async def start(self) -> bool:
        """Try once now; when that fails, go on trying in the background. Whether it started."""
        if await self._try():
            return True
        self._retrying = asyncio.ensure_future(self._retry())
        self._retrying.add_done_callback(raise_in_loop)
        return False

    async def stop(self) -> None:
        """Try no more; safe to call twice."""
        task, self._retrying = self._retrying, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _retry(self) -> None:
        wait_s = FIRST_RETRY_S
        while True:
            await asyncio.sleep(wait_s)
            if await self._try():
                log.info("%s works again", self._part)
                return
            wait_s = min(2 * wait_s, LONGEST_RETRY_S)

    async def _try(self) -> bool:
        try:
            async with asyncio.timeout(ATTEMPT_S):
                await self._start()
        except PadError as error:
            self._report(error.detail)
        except TimeoutError:
            self._report(f"{self._part}: no answer within {ATTEMPT_S:g} s")
        except OSError as error:
            self._report(f"{self._part}: {explain(error)}")
        except ValueError as error:
            self._report(f"{self._part}: {error}")
        else:
            self._report("")
            return True
        return False

    def _report(self, reason: str) -> None:
        """Report a change: another reason, or none."""
        before, self._reason = self._reason, reason
        if before == reason:
            return
        if reason:
            log.error("%s %s: %s", self._code.code, self._code.says, reason)
        if before:
            self._on_fault(FaultReport(self._code, False, before))
        if reason:
            self._on_fault(FaultReport(self._code, True, reason))
