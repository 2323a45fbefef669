"""The thread that owns the ledger, called from the loop.

Everything that touches the ledger's file runs on this thread, in the order of the calls. While
there are no calls the thread checkpoints, so that no press waits for a checkpoint.
"""

import asyncio
import concurrent.futures
import logging
import queue
import threading
from collections.abc import Callable
from typing import TypeVar

from device.errors import LedgerError, PadCode
from device.ledger.ledger import Ledger
from sync.delivery import LedgerSegment
from sync.entries import GENESIS, Body, Entry, HashName

log = logging.getLogger(__name__)

T = TypeVar("T")
_Job = Callable[[], None]

STOP_S = 2.5
"""So long a stop waits for the card."""
IDLE_S = 2.0
"""So long without a call before a checkpoint."""
FILES_CHECK_S = 5.0
"""The period of looking whether the files are there: longer than `IDLE_S`."""


class Writer:
    """A ledger on its own thread. The coroutines are to be called from one loop. The properties
    show the ledger as it was after the last finished call, and never block.
    """

    def __init__(self, open_ledger: Callable[[], Ledger], *, idle_s: float = IDLE_S) -> None:
        self._open_ledger = open_ledger
        self._idle_s = idle_s
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._ledger: Ledger | None = None
        self._snapshot = ("", HashName.SHA256, 0, GENESIS)
        self.receipted = 0
        """The province has sent receipts up to this seq."""
        self.opened_because: str | None = None
        """Why the last start or rollover began a new ledger; None when it did not."""
        self.opened_code = PadCode.LEDGER_DAMAGED
        """The fault that `opened_because` is."""
        self.torn_tail = False
        """The last write before the power cut is incomplete (see `Ledger`)."""

    @property
    def died(self) -> bool:
        """Whether the thread has ended although the ledger is open: nothing can be committed."""
        thread = self._thread
        return thread is not None and self._ledger is not None and not thread.is_alive()

    @property
    def ledger_id(self) -> str:
        """The ledger's id; empty before `start`."""
        return self._snapshot[0]

    @property
    def hash_name(self) -> HashName:
        """The digest that this ledger uses."""
        return self._snapshot[1]

    @property
    def head_seq(self) -> int:
        """The last entry's seq."""
        return self._snapshot[2]

    @property
    def head_digest(self) -> bytes:
        """The digest after the last entry."""
        return self._snapshot[3]

    async def start(self) -> None:
        """Open the ledger; raises LedgerError, after which `start` may be tried again. When it is
        cancelled, the ledger is closed as soon as it is open.
        """
        if self._thread is not None:
            raise RuntimeError("the writer runs already")
        opened: concurrent.futures.Future[None] = concurrent.futures.Future()
        opened.set_running_or_notify_cancel()  # the thread answers, even when nobody waits any more
        self._jobs = queue.SimpleQueue()
        self._thread = threading.Thread(
            target=self._run, args=(opened,), name="ledger-writer", daemon=True
        )
        self._thread.start()
        try:
            await asyncio.wrap_future(opened)
            self.receipted = await self.run(lambda ledger: ledger.receipted)
        except BaseException:
            self._put(Ledger.close)  # when the start was cancelled, the ledger is open or will be
            self._jobs.put(None)
            self._thread = None
            raise

    async def append(self, body: Body) -> Entry:
        """Commit an entry; durable when this returns. Raises LedgerError, ValueError (too long)."""
        return await self.run(lambda ledger: ledger.append(body))

    async def read(self, after: int, max_entries: int, max_bytes: int) -> LedgerSegment:
        """See `Ledger.read`."""
        return await self.run(lambda ledger: ledger.read(after, max_entries, max_bytes))

    async def digest_at(self, seq: int) -> bytes | None:
        """See `Ledger.digest_at`."""
        return await self.run(lambda ledger: ledger.digest_at(seq))

    def mark_receipted(self, seq: int) -> None:
        """See `Ledger.mark_receipted`; does not wait, and is done in order with the other calls.

        The receipt is for the ledger that is open now. Where a rollover is waiting before this
        call, the ledger will be another one then, and the receipt is dropped.
        """
        ledger_id, self.receipted = self.ledger_id, seq
        self._submit(lambda ledger: ledger.mark_receipted(seq) if ledger.id == ledger_id else None)

    async def roll_over(self, reason: str) -> None:
        """See `Ledger.roll_over`."""
        await self.run(lambda ledger: ledger.roll_over(reason))
        self.receipted = 0

    async def watch_files(
        self, on_displaced: Callable[[PadCode, str], None], on_back: Callable[[PadCode], None]
    ) -> None:
        """Call `on_displaced` while the open file or its WAL is not at its path (L08), `on_back`
        while they are. An append finds it, too; this is for a pad that nobody uses.
        """
        while True:
            await asyncio.sleep(FILES_CHECK_S)
            try:
                await self.run(Ledger.check_files)
            except LedgerError as error:
                on_displaced(error.code, error.detail)
            else:
                on_back(PadCode.LEDGER_DISPLACED)

    async def run(self, fn: Callable[[Ledger], T]) -> T:
        """Call `fn` with the ledger on the writer's thread; returns or raises as it does."""
        return await asyncio.wrap_future(self._submit(fn))

    async def stop(self, timeout_s: float = STOP_S) -> None:
        """Finish the calls that were made, then close the ledger; safe to call twice. Raises
        LedgerError when the last checkpoint failed; no entry is lost by that: SQLite reads the
        write-ahead log at the next start.

        While the card does not answer the ledger cannot be closed: after `timeout_s` that is
        logged, and the thread is left behind. It does not keep the process from ending.
        """
        thread, self._thread = self._thread, None
        if thread is None or not thread.is_alive():
            return
        closed = self._put(Ledger.close)
        self._jobs.put(None)
        closing = asyncio.wrap_future(closed)
        if not (await asyncio.wait({closing}, timeout=timeout_s))[0]:
            log.error(
                "the card has not answered for %g s: the ledger is not closed, %d calls wait. All"
                " that was thanked for is on the card",
                timeout_s,
                self._jobs.qsize(),
            )
            return
        thread.join()  # it has nothing left to do
        closing.result()

    def _submit(self, fn: Callable[[Ledger], T]) -> concurrent.futures.Future[T]:
        if self._thread is None:
            raise RuntimeError("the writer does not run")
        if self.died:
            raise RuntimeError("the writer's thread has ended")
        return self._put(fn)

    def _put(self, fn: Callable[[Ledger], T]) -> concurrent.futures.Future[T]:
        future: concurrent.futures.Future[T] = concurrent.futures.Future()

        def job() -> None:
            if not future.set_running_or_notify_cancel():
                return
            try:
                if self._ledger is None:
                    raise RuntimeError("the ledger is closed")
                result = fn(self._ledger)
            except BaseException as error:  # noqa: BLE001 -- given to the caller
                self._refresh()
                future.set_exception(error)
            else:
                self._refresh()
                future.set_result(result)

        self._jobs.put(job)
        return future

    def _refresh(self) -> None:
        ledger = self._ledger
        if ledger is not None:
            self._snapshot = (ledger.id, ledger.hash_name, *ledger.head)
            self.opened_because = ledger.opened_because
            self.opened_code = ledger.opened_code
            self.torn_tail = ledger.torn_tail

    def _run(self, opened: "concurrent.futures.Future[None]") -> None:
        jobs = self._jobs
        try:
            self._ledger = self._open_ledger()
        except BaseException as error:  # noqa: BLE001 -- given to the caller
            opened.set_exception(error)
            return
        self._refresh()
        opened.set_result(None)
        timeout_s: float | None = None  # nothing to checkpoint yet
        while True:
            try:
                job = jobs.get(timeout=timeout_s)
            except queue.Empty:
                self._checkpoint()
                timeout_s = None
                continue
            if job is None:
                return
            job()
            if self._ledger is not None:
                self._ledger.note_head()  # after the thanks, which the job has let go
            timeout_s = self._idle_s

    def _checkpoint(self) -> None:
        if self._ledger is None:
            return
        try:
            self._ledger.checkpoint_if_due()
        except LedgerError as error:
            # Nothing is lost: the WAL holds it all, and the next append reports a broken card.
            log.warning("%s", error)
