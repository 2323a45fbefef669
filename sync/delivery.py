"""What the pad sends next. Pure: the time is an argument, the random generator is passed in.

How it works. The ledger is the queue. The province has sent receipts up to `mark`; entries up to
`cursor` have been published. What lies between is in flight: at most a window of batches.

    offline --connected--> birth --the birth's receipt--> flowing --disconnected--> offline
                             ^------- a new ledger ----------'

- Nothing is sent before the province answers the birth: a broker that is up while the province is
  down would acknowledge every batch and drop it (law 3). The birth is repeated until answered.
- A receipt moves the mark forward. Only the receipt that answers the birth, and `gap`, may move it
  back: then the province was restored from an older backup, and what it lost is sent again.
- A receipt for more entries than this ledger has, or with another digest, means that the province
  holds another history: `Diverged`, and nothing more is sent from this ledger.
- An idle pad repeats its birth every `reconcile_ms` or so. A province that was restored while the
  connection stayed up thus gets the difference without waiting for the next press.
- No receipt within the timeout: go back to the mark and try one batch, with backoff. The timeout
  starts when the broker has acknowledged the batch, so that a slow link is not filled with repeats.
- A refused batch is kept and sent again with backoff, without limit: no rating is dropped here.
- Batches are as large as the link and the broker let through (`batch_size.py`).
"""

import enum
from collections import deque
from dataclasses import dataclass
from random import Random
from typing import NamedTuple

from sync.batch_size import BatchSize
from sync.entries import GENESIS, Entry
from sync.link_rate import LinkRate
from sync.messages import MAX_BATCH_BYTES, MAX_BATCH_ENTRIES, Problem, Receipt
from sync.reconnect import full_jitter_ms

HEADER_ROOM_BYTES = 1024
"""Bytes of `MAX_BATCH_BYTES` that are kept free for a batch's header line."""


class LedgerSegment(NamedTuple):
    """Consecutive entries of a ledger, and the digest before the first (`prev`).

    `torn`: the ledger has pruned what was asked for; `entries` starts with the first it still has.
    """

    prev: bytes
    entries: list[Entry]
    torn: bool


@dataclass(frozen=True, slots=True)
class DeliverySettings:
    """Sizes and timeouts.

    `window`: batches in flight, at most. `max_bytes`: bodies and their newlines in one batch.
    `probe_ms`, `stall_ms`, `refused_ms`: the shortest wait before a birth, a batch or a refused
    batch is sent again. `longest_ms`: the bound of what backoff adds to it. `gap_quiet_ms`: how
    long the same gap is not acted on again. `reconcile_ms`: between two births of an idle pad.
    """

    window: int = 12
    max_entries: int = MAX_BATCH_ENTRIES
    max_bytes: int = MAX_BATCH_BYTES - HEADER_ROOM_BYTES
    probe_ms: int = 5_000
    stall_ms: int = 5_000
    refused_ms: int = 30_000
    longest_ms: int = 60_000
    gap_quiet_ms: int = 500
    reconcile_ms: int = 600_000


# --- what the caller must do ------------------------------------------------------------------


class Wait(NamedTuple):
    """Nothing to do before `until_ms` or the next event; None: before the next event."""

    until_ms: int | None


class PublishBirth(NamedTuple):
    """Publish the birth, then call `birth_published`."""


class SendEntries(NamedTuple):
    """Read this much of the ledger after seq `after`, publish it as a batch, then call `sent`."""

    after: int
    max_entries: int
    max_bytes: int


Step = Wait | PublishBirth | SendEntries

# --- what a receipt means ---------------------------------------------------------------------


class Receipted(NamedTuple):
    """The province has everything up to `seq`. May be lower than before (a restored province)."""

    seq: int


class Rejected(NamedTuple):
    """The province refused a batch; it is kept and sent again."""

    problem: Problem
    detail: str


class Diverged(NamedTuple):
    """The province holds another history of this ledger; nothing is sent until a new ledger."""

    detail: str


ReceiptOutcome = Receipted | Rejected | Diverged


class _Phase(enum.Enum):
    OFFLINE = enum.auto()
    BIRTH = enum.auto()
    FLOWING = enum.auto()
    DIVERGED = enum.auto()


class _Batch(NamedTuple):
    """A batch in flight: its last seq and digest, the number and the bytes of its entries."""

    seq: int
    digest: bytes
    entries: int
    size: int


class Delivery:
    """Decides for one pad. All times are monotonic milliseconds; one caller, no threads.

    The caller reports events (`ledger_opened`, `entries_added`, `connected`, `disconnected`,
    `acked`, `received`) and carries out what `step` returns, until it returns `Wait`.
    """

    def __init__(self, rng: Random, settings: DeliverySettings | None = None) -> None:
        self._rng = rng
        self._settings = settings or DeliverySettings()
        self._phase = _Phase.OFFLINE
        self._ledger = ""
        self._session = ""
        self.head = 0
        self.mark = 0
        self._mark_digest: bytes | None = GENESIS
        self._cursor = 0
        self._in_flight: deque[_Batch] = deque()
        self._link = LinkRate()
        self._size = BatchSize(self._settings.max_entries)
        self._began = 0  # the mark when the connection began, or as the first answer told it
        self._answered = False  # whether the province has told its mark of this ledger
        self._cut: tuple[int, _Batch] | None = (
            None  # its mark, and the largest batch then in flight
        )
        self._widest = self._settings.window  # what the broker allows of the window
        self._window = self._widest
        self._due_ms = 0  # when the birth, or with FLOWING the oldest batch, is sent again
        self._held_until_ms: int | None = None  # nothing is sent before, after a refusal
        self._attempt = 0  # repeats without an answer, for the backoff
        self._refusals = 0  # refusals without a receipt between, for the backoff
        self._gap = (-1, 0)  # seq, and the time until which the same gap is not acted on again

    # --- events ---

    def ledger_opened(self, ledger: str, head: int, now_ms: int) -> None:
        """This ledger is to be delivered now; `head` is its last seq."""
        self._ledger = ledger
        self.head = head
        self._rewind(0, GENESIS)
        self._answered, self._cut = False, None
        if self._phase is not _Phase.OFFLINE:
            self._await_birth(now_ms)

    def entries_added(self, head: int) -> None:
        """The ledger has entries up to `head`."""
        self.head = max(self.head, head)

    def connected(self, session: str, now_ms: int, receive_maximum: int | None = None) -> None:
        """The broker accepted a connection; the answer to its birth will echo `session`.

        `receive_maximum`: how many publishes the broker lets be unacknowledged.
        """
        self._session = session
        self._link = LinkRate()
        self._widest = min(self._settings.window, receive_maximum or self._settings.window)
        self._began = self.mark
        self._size.connected()
        self._await_birth(now_ms)

    def disconnected(self) -> None:
        """The connection ended; what was in flight may be lost and is sent again."""
        if self._in_flight:
            self._cut = (self._began, max(self._in_flight, key=lambda batch: batch.size))
        self._phase = _Phase.OFFLINE
        self._rewind(self.mark, self._mark_digest)

    # --- what to do ---

    @property
    def flowing(self) -> bool:
        """Whether the province has answered this session's birth."""
        return self._phase is _Phase.FLOWING

    @property
    def moved(self) -> bool:
        """Whether a receipt has moved the mark forward since the connection began."""
        return self.mark > self._began

    @property
    def achieved(self) -> bool:
        """Whether the connection did what it is for: something moved, or nothing had to."""
        return self.moved or (self.flowing and self.mark >= self.head)

    def step(self, now_ms: int) -> Step:
        """What to do now."""
        if self._phase is _Phase.BIRTH:
            return PublishBirth() if now_ms >= self._due_ms else Wait(self._due_ms)
        if self._phase is not _Phase.FLOWING:
            return Wait(None)
        # A window of 1 after a refusal or a timeout: one batch probes whether the province takes
        # entries again. Its receipt opens the window (`_take`).
        if self._held_until_ms is not None:
            if now_ms < self._held_until_ms:
                return Wait(self._held_until_ms)
            self._held_until_ms = None
            self._window = 1
            self._rewind(self.mark, self._mark_digest)
        if self._in_flight and now_ms >= self._due_ms:
            self._attempt += 1
            self._link.forget()  # or a PUBACK that never comes would keep the window closed
            self._window = 1
            self._rewind(self.mark, self._mark_digest)
        # Both counts must be below the window. Batches in flight wait for receipts. Unacknowledged
        # ones still fill the socket, also when a receipt came first or a rewind forgot them.
        window = min(self._window, self._link.window)
        if self._cursor < self.head and max(len(self._in_flight), self._link.unacked) < window:
            return SendEntries(self._cursor, self._size.entries, self._settings.max_bytes)
        if now_ms >= self._due_ms:
            return PublishBirth()  # idle for `reconcile_ms`; nothing is in flight then
        return Wait(self._due_ms)

    def birth_published(self, now_ms: int) -> None:
        """The birth has been published; it is repeated unless the province answers."""
        if self._phase is _Phase.BIRTH:
            self._due_ms = now_ms + self._backoff_ms(self._settings.probe_ms, self._attempt)
            self._attempt += 1
        else:
            self._wait_for_receipts(now_ms)

    def sent(self, segment: LedgerSegment, now_ms: int, sent_bytes: int) -> None:
        """The segment read for the last `SendEntries` has been published as one batch, of so many
        bytes.

        An empty segment (the ledger did not have what it had announced) was not published; it is
        asked for again after a backoff.
        """
        if not segment.entries:
            self._held_until_ms = now_ms + self._backoff_ms(self._settings.stall_ms, self._attempt)
            self._attempt += 1
            return
        last = segment.entries[-1]
        size = sum(len(entry.body) for entry in segment.entries)
        self._in_flight.append(_Batch(last.seq, last.digest, len(segment.entries), size))
        self._link.sent(sent_bytes, now_ms)
        self._cursor = last.seq
        if len(self._in_flight) == 1:
            self._wait_for_receipts(now_ms)

    def too_long(self, segment: LedgerSegment, now_ms: int) -> int | None:
        """The segment read for the last `SendEntries` was not published: it is longer than the
        broker takes. A smaller one is asked for next; where one entry alone is too long, its seq is
        returned, and it is asked for again after a long wait.
        """
        self._size.too_long(len(segment.entries))
        if len(segment.entries) > 1:
            return None
        self._held_until_ms = now_ms + self._backoff_ms(self._settings.longest_ms, 0)
        return segment.entries[0].seq

    def packet_refused(self) -> int | None:
        """The broker ended the connection because of a packet that was too long: the largest in
        flight. To be called before `disconnected`; returns as `too_long` does.
        """
        if not self._in_flight:
            return None
        largest = max(self._in_flight, key=lambda batch: batch.size)
        self._size.too_long(largest.entries)
        return largest.seq if largest.entries == 1 else None

    def acked(self, now_ms: int) -> None:
        """The broker acknowledged one batch. The timeout for its receipt starts with the last."""
        self._link.acked(now_ms)
        if not self._link.unacked and self._in_flight:
            self._wait_for_receipts(now_ms)

    # --- receipts ---

    def digest_of(self, seq: int) -> bytes | None:
        """This ledger's digest after `seq`; None when only the ledger itself can tell."""
        if seq == 0:
            return GENESIS
        if seq == self.mark:
            return self._mark_digest
        return next((batch.digest for batch in self._in_flight if batch.seq == seq), None)

    def received(
        self, receipt: Receipt, own_digest: bytes | None, now_ms: int
    ) -> ReceiptOutcome | None:
        """Act on a receipt; None when it changes nothing or is not for this ledger.

        `own_digest`: this ledger's digest after `receipt.seq`, None when it is pruned or not
        reached.
        """
        if not self._concerns(receipt):
            return None
        if receipt.ledger == "":
            return self._refused(receipt, now_ms)
        digest = bytes.fromhex(receipt.digest)
        diverged = self._another_history(receipt.seq, digest, own_digest)
        if diverged is not None:
            self._phase = _Phase.DIVERGED
            return diverged
        moved = self._take(receipt, digest, now_ms)
        if receipt.problem in (None, Problem.GAP):
            return moved
        return self._refused(receipt, now_ms)

    def _concerns(self, receipt: Receipt) -> bool:
        """Whether a receipt is for this ledger, this session and this phase.

        A refusal that names no ledger is for a payload that the province could not read at all.
        """
        nameless = receipt.ledger == "" and receipt.problem is not None
        answers = receipt.session == self._session
        if not (nameless or receipt.ledger == self._ledger):
            return False
        if receipt.session is not None and not answers:
            return False  # the birth of an earlier session
        if self._phase is _Phase.BIRTH:
            # Only the answer to this birth is known to be newer than the connection. Any other
            # receipt may be from before the province was restored.
            return answers or nameless
        return self._phase is _Phase.FLOWING

    def _another_history(
        self, seq: int, digest: bytes, own_digest: bytes | None
    ) -> Diverged | None:
        if seq > self.head:
            return Diverged(f"the province has {seq} entries, this ledger {self.head}")
        if own_digest is not None and own_digest != digest:
            return Diverged(f"the province has another entry {seq} or one before it")
        return None

    def _take(self, receipt: Receipt, digest: bytes, now_ms: int) -> Receipted | None:
        """Move mark and window by a receipt that fits this ledger; None when nothing moves."""
        seq = receipt.seq
        if receipt.problem is Problem.GAP:
            gap, quiet_until_ms = self._gap
            if seq == gap and now_ms < quiet_until_ms:
                return None  # every batch behind a lost one reports the same gap
            self._gap = (seq, now_ms + self._settings.gap_quiet_ms)
            self._rewind(seq, digest)
            return Receipted(seq)
        if self._phase is _Phase.BIRTH and receipt.problem is None:
            self._phase = _Phase.FLOWING
            if not self._answered:
                self._began, self._answered = seq, True
            self._judge_cut(seq)
            self._rewind(seq, digest)
        elif seq < self.mark and receipt.session is not None and not self._in_flight:
            # The answer to an idle pad's birth: the province was restored meanwhile. With batches
            # in flight the answer may be older than their receipts, so it moves nothing back.
            self._rewind(seq, digest)
        elif seq <= self.mark:
            return None  # receipts of several receivers may arrive out of order
        self._size.receipted(seq - self.mark)
        self.mark, self._mark_digest = seq, digest
        self._cursor = max(self._cursor, seq)
        while self._in_flight and self._in_flight[0].seq <= seq:
            self._in_flight.popleft()
        self._attempt = self._refusals = 0
        self._window = self._widest
        self._wait_for_receipts(now_ms)
        return Receipted(seq)

    def _judge_cut(self, seq: int) -> None:
        """The birth after a cut shows how much had got through, receipted or not."""
        if self._cut is not None:
            began, largest = self._cut
            self._size.cut(max(0, seq - began), largest.entries, largest.size)
            self._cut = None

    def _refused(self, receipt: Receipt, now_ms: int) -> Rejected | None:
        if self._held_until_ms is not None:
            return None  # the other batches of the same window, refused with the first
        backoff_ms = self._backoff_ms(self._settings.refused_ms, self._refusals)
        self._refusals += 1
        if self._phase is _Phase.BIRTH:
            self._due_ms = now_ms + backoff_ms
        else:
            self._held_until_ms = now_ms + backoff_ms
        return Rejected(receipt.problem or Problem.MALFORMED, receipt.detail or "")

    # --- state changes that several events share ---

    def _await_birth(self, now_ms: int) -> None:
        self._phase = _Phase.BIRTH
        self._due_ms = now_ms
        self._held_until_ms = None
        self._attempt = self._refusals = 0

    def _wait_for_receipts(self, now_ms: int) -> None:
        """Set when the oldest batch counts as lost; with nothing in flight, the next birth."""
        if not self._in_flight:
            wait_ms = self._backoff_ms(self._settings.reconcile_ms, 0)
        elif self._link.unacked:
            wait_ms = self._settings.longest_ms  # for the broker, over a slow link
        else:
            wait_ms = self._backoff_ms(self._settings.stall_ms, self._attempt)
        self._due_ms = now_ms + wait_ms

    def _rewind(self, mark: int, digest: bytes | None) -> None:
        """Go back to `mark`: what is in flight will be sent again.

        `_link` stays: the broker still owes acknowledgements.
        """
        self.mark, self._mark_digest = mark, digest
        self._cursor = mark
        self._in_flight.clear()

    def _backoff_ms(self, floor_ms: int, attempt: int) -> int:
        """Full jitter above a floor: a repeat must leave time for one answer."""
        return floor_ms + full_jitter_ms(self._rng, attempt, floor_ms, self._settings.longest_ms)
