"""The order in which entries reach the ledger, and what happens when one does not.

One entry at a time, first in, first out. When the ledger refuses one (a full card, a broken one)
that entry stays at the head and is tried again until it goes: nothing is ever dropped because
writing was difficult, and nothing overtakes. While it is stuck the window is closed (law 8).

Lives on the agent's loop; the writing itself happens on the writer's thread.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable

from device.errors import LedgerError, PadCode
from device.loop_bridge import raise_in_loop
from sync.entries import Body, Booted, Cleared, Clock, Entry, Fault, Paused

RETRY_S = 1.0
"""The delay before a refused entry is tried again: short enough for a technician who watches."""

SLOW_S = 5.0
"""A write that takes longer is a fault. A failing card takes seconds for one (3 to 17 have been
measured), and the citizen must not wait in front of an unchanged screen."""

MAX_HELD = 256
"""The most entries that wait for a broken card. The window is closed meanwhile, so what comes then
are strays and faults."""


OF_A_START = (Booted, Clock, Paused, Fault, Cleared)
"""What a start records by itself, though nobody has used the pad."""


class CommitQueue:
    """The queue in front of the ledger.

    `append` commits one entry or raises LedgerError. `on_stuck` is called when the head is refused,
    or hangs, for a reason that is new; `on_free` when that reason has gone. An entry that is
    durable completes the future that `put` returned, and nothing else.
    """

    def __init__(
        self,
        append: Callable[[Body], Awaitable[Entry]],
        *,
        on_stuck: Callable[[PadCode, str], None],
        on_free: Callable[[PadCode], None],
        retry_s: float = RETRY_S,
        slow_s: float = SLOW_S,
    ) -> None:
        self._append = append
        self._on_stuck = on_stuck
        self._on_free = on_free
        self._retry_s = retry_s
        self._slow_s = slow_s
        self._held: deque[tuple[Body, asyncio.Future[Entry]]] = deque()
        self._pump: asyncio.Task[None] | None = None
        self._stuck: PadCode | None = None
        self._release: asyncio.TimerHandle | None = None
        self.released = asyncio.Event()
        """Set while entries go to the card; not between `hold` and its end."""
        self.released.set()
        self.refused = 0
        """Entries turned away because `MAX_HELD` already waited."""

    def put(self, body: Body, *, from_session: bool = False) -> asyncio.Future[Entry]:
        """Queue an entry; the future gives it back with its seq once it is durable.

        The future fails with LedgerError only when too many entries already wait, and never for
        one `from_session`, which counts its own entries and bounds them by itself.
        """
        done: asyncio.Future[Entry] = asyncio.get_running_loop().create_future()
        done.add_done_callback(_retrieve_exception)
        if len(self._held) >= MAX_HELD and not from_session:
            self.refused += 1
            done.set_exception(LedgerError(f"{MAX_HELD} entries already wait for the card"))
            return done
        self._held.append((body, done))
        if not self.released.is_set() and (from_session or not isinstance(body, OF_A_START)):
            self.release()
        self._start_pump()
        return done

    def hold(self, for_s: float) -> None:
        """Keep what a start records by itself in memory, until another entry comes or `for_s` have
        passed: a pad that is started again and again must not fill its ledger. The order stays. An
        end before that drops them, and the next start records its own.
        """
        self.released.clear()
        self._release = asyncio.get_running_loop().call_later(for_s, self.release)

    def release(self) -> None:
        """End `hold`; safe to call twice."""
        if self._release is not None:
            self._release.cancel()
        self.released.set()
        self._start_pump()

    async def once_released(self, start: Callable[[], Awaitable[None]]) -> None:
        """Call `start` once this start is on record: its number in a birth must not come again."""
        await self.released.wait()
        await start()

    def _start_pump(self) -> None:
        waits = self._held and self.released.is_set()
        if waits and (self._pump is None or self._pump.done()):
            self._pump = asyncio.ensure_future(self._drain())
            self._pump.add_done_callback(raise_in_loop)

    async def wait_until_durable(self, timeout_s: float) -> bool:
        """Wait until nothing is queued; False when the card does not take it within `timeout_s`."""
        if self._pump is None:
            return True
        return self._pump in (await asyncio.wait([self._pump], timeout=timeout_s))[0]

    async def stop(self) -> None:
        """Stop trying. Nobody was thanked for what is still queued."""
        if self._release is not None:
            self._release.cancel()
        if self._pump is not None:
            self._pump.cancel()
            await asyncio.wait([self._pump])

    async def _drain(self) -> None:
        loop = asyncio.get_running_loop()
        while self._held:
            body, done = self._held[0]
            slow = loop.call_later(self._slow_s, self._report_slow)
            try:
                entry = await self._append(body)
            except LedgerError as error:
                self._note_reason(error.code, error.detail)
                await asyncio.sleep(self._retry_s)
                continue
            finally:
                slow.cancel()
            self._held.popleft()
            if not done.cancelled():
                done.set_result(entry)
            self._note_reason(None, "")

    def _report_slow(self) -> None:
        self._note_reason(PadCode.LEDGER_WRITE, f"the card has not answered for {self._slow_s:g} s")

    def _note_reason(self, code: PadCode | None, detail: str) -> None:
        """Note why the head is refused (None: it is not). The new reason is reported before the old
        one is cleared, so that the window does not open for a moment between them.
        """
        before, self._stuck = self._stuck, code
        if code is before:
            return
        if code is not None:
            self._on_stuck(code, detail)
        if before is not None:
            self._on_free(before)


def _retrieve_exception(done: asyncio.Future[Entry]) -> None:
    """Most callers do not wait for the future; without this asyncio would log its exception."""
    if not done.cancelled():
        done.exception()
