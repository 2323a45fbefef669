"""The one thread that commits to the ledger, as the loop sees it.

Everything that touches the file happens on this thread, in the order in which it was asked for.
While nothing is asked it lets the ledger rest (checkpoint), so that no press ever waits for that.
"""

import asyncio
import concurrent.futures
import logging
import queue
import threading
from collections.abc import Callable
from typing import TypeVar

from device.errors import LedgerError
from device.ledger.ledger import Ledger
from sync.delivery import Chunk
from sync.entries import GENESIS, Body, Entry, HashName

log = logging.getLogger(__name__)

T = TypeVar("T")
_Job = Callable[[], None]

IDLE_S = 2.0
"""So long nobody asked for anything before the ledger rests."""


class Writer:
    """A ledger on its own thread. Coroutines may be called from one loop; the properties mirror
    the ledger after the last finished call and never block.
    """

    def __init__(self, open_ledger: Callable[[], Ledger], *, idle_s: float = IDLE_S) -> None:
        self._open_ledger = open_ledger
        self._idle_s = idle_s
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._ledger: Ledger | None = None
        self._mirror = ("", HashName.SHA256, 0, GENESIS)
        self.receipted = 0
        """All up to this seq is known to be at the province."""
        self.opened_because: str | None = None
        """Why the last open (or succession) began a new ledger; None when it did not."""
        self.torn_tail = False
        """The last write before the power went was cut (see `Ledger`)."""

    @property
    def died(self) -> bool:
        """Whether the thread has ended though the ledger is open: nothing is committed any more."""
        thread = self._thread
        return thread is not None and self._ledger is not None and not thread.is_alive()

    @property
    def ledger_id(self) -> str:
        """The ledger's id; empty before `start`."""
        return self._mirror[0]

    @property
    def hash_name(self) -> HashName:
        """The digest that this ledger names."""
        return self._mirror[1]

    @property
    def head_seq(self) -> int:
        """The last entry's seq."""
        return self._mirror[2]

    @property
    def head_digest(self) -> bytes:
        """The digest after the last entry."""
        return self._mirror[3]

    async def start(self) -> None:
        """Open the ledger; raises LedgerError, after which `start` may be tried again."""
        if self._thread is not None:
            raise RuntimeError("the writer runs already")
        opened: concurrent.futures.Future[None] = concurrent.futures.Future()
        self._jobs = queue.SimpleQueue()
        self._thread = threading.Thread(
            target=self._run, args=(opened,), name="ledger-writer", daemon=True
        )
        self._thread.start()
        try:
            await asyncio.wrap_future(opened)
        except BaseException:
            self._jobs.put(None)
            self._thread = None
            raise
        self.receipted = await self.run(lambda ledger: ledger.receipted)

    async def append(self, body: Body) -> Entry:
        """Commit an entry; durable when this returns. Raises LedgerError, ValueError (too long)."""
        return await self.run(lambda ledger: ledger.append(body))

    async def read(self, after: int, max_entries: int, max_bytes: int) -> Chunk:
        """See `Ledger.read`."""
        return await self.run(lambda ledger: ledger.read(after, max_entries, max_bytes))

    async def digest_at(self, seq: int) -> bytes | None:
        """See `Ledger.digest_at`."""
        return await self.run(lambda ledger: ledger.digest_at(seq))

    def mark_receipted(self, seq: int) -> None:
        """See `Ledger.mark_receipted`; does not wait, keeps its place among the other calls.

        It is about the ledger of now: behind a succession that is under way it says nothing.
        """
        about, self.receipted = self.ledger_id, seq
        self._submit(lambda ledger: ledger.mark_receipted(seq) if ledger.id == about else None)

    async def succeed(self, reason: str) -> None:
        """See `Ledger.succeed`."""
        await self.run(lambda ledger: ledger.succeed(reason))
        self.receipted = 0

    async def run(self, fn: Callable[[Ledger], T]) -> T:
        """Do `fn` with the ledger on its thread; its result, or what it raised."""
        return await asyncio.wrap_future(self._submit(fn))

    async def stop(self) -> None:
        """Finish what was asked for, close the ledger; safe to call twice. Raises LedgerError when
        the last checkpoint failed (nothing is lost by that).
        """
        thread, self._thread = self._thread, None
        if thread is None or not thread.is_alive():
            return
        closed = self._put(Ledger.close)
        self._jobs.put(None)
        try:
            await asyncio.wrap_future(closed)
        finally:
            await asyncio.get_running_loop().run_in_executor(None, thread.join)

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
            except BaseException as error:  # noqa: BLE001 -- handed over, not swallowed
                self._reflect()
                future.set_exception(error)
            else:
                self._reflect()
                future.set_result(result)

        self._jobs.put(job)
        return future

    def _reflect(self) -> None:
        ledger = self._ledger
        if ledger is not None:
            self._mirror = (ledger.id, ledger.hash_name, *ledger.head)
            self.opened_because = ledger.opened_because
            self.torn_tail = ledger.torn_tail

    def _run(self, opened: "concurrent.futures.Future[None]") -> None:
        jobs = self._jobs
        try:
            self._ledger = self._open_ledger()
        except BaseException as error:  # noqa: BLE001 -- handed over, not swallowed
            opened.set_exception(error)
            return
        self._reflect()
        opened.set_result(None)
        patience_s: float | None = None  # nothing to rest from yet
        while True:
            try:
                job = jobs.get(timeout=patience_s)
            except queue.Empty:
                self._rest()
                patience_s = None
                continue
            if job is None:
                return
            job()
            patience_s = self._idle_s

    def _rest(self) -> None:
        if self._ledger is None:
            return
        try:
            self._ledger.rest()
        except LedgerError as error:
            # Nothing is lost: the WAL holds it all, and the next append reports a broken card.
            log.warning("%s", error)
