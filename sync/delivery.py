"""What the pad sends next. Pure: time is an argument, dice are passed in.

Theory of operation. The ledger is the queue. `mark` is how far the province has receipted, `cursor`
how far entries are on their way; what lies between is in flight, at most a window of batches.

    offline --connected--> birth --the birth's receipt--> flowing --disconnected--> offline
                             ^------- a new ledger ----------'

- Nothing is sent before the province answers the birth: a broker that is up while the province is
  down would acknowledge every batch and drop it (law 3). The birth is repeated until answered.
- A receipt moves the mark forward. Only the birth's own receipt and `gap` may take it back: then
  the province was restored from an older backup, and what it lost is sent again.
- A receipt that speaks of entries this ledger does not have, or of another digest, means that
  the province holds another history: `Diverged`, and nothing more goes out in this ledger.
- An idle pad repeats its birth now and then (`reconcile_ms`): so a province that was restored
  behind an unbroken connection gets the difference without waiting for the next press.
- No receipt for a while: go back to the mark and try one batch, patiently. The patience starts
  when the broker has taken the batch, so that a slow link is not filled with repeats.
- A refused batch is kept and tried again, slowly, for ever: nobody's rating is dropped here.
"""

import enum
from collections import deque
from dataclasses import dataclass
from random import Random
from typing import NamedTuple

from sync.entries import DIGEST_BYTES, GENESIS, Entry
from sync.messages import MAX_BATCH_BYTES, MAX_BATCH_ENTRIES, Problem, Receipt, read_digest

HEADER_ROOM_BYTES = 1024
"""What a batch's header line may take of `MAX_BATCH_BYTES`."""


class Chunk(NamedTuple):
    """Consecutive entries of a ledger, and the digest before the first.

    `torn`: the ledger has pruned what was asked for; `entries` starts with the first it still has.
    """

    prev: bytes
    entries: list[Entry]
    torn: bool


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast and how patient. `max_bytes` bounds bodies and their newlines in one batch."""

    window: int = 12
    max_entries: int = MAX_BATCH_ENTRIES
    max_bytes: int = MAX_BATCH_BYTES - HEADER_ROOM_BYTES
    probe_ms: int = 5_000
    stall_ms: int = 5_000
    refused_ms: int = 30_000
    longest_ms: int = 60_000
    gap_quiet_ms: int = 500
    reconcile_ms: int = 600_000


# --- what the caller shall do -----------------------------------------------------------------


class Wait(NamedTuple):
    """Nothing to do before `until_ms`, or before something happens when it is None."""

    until_ms: int | None


class Bear(NamedTuple):
    """Publish the birth."""


class Read(NamedTuple):
    """Read this much of the ledger after seq `after`, publish it as a batch, call `sent`."""

    after: int
    max_entries: int
    max_bytes: int


Step = Wait | Bear | Read

# --- what a receipt turned out to say ---------------------------------------------------------


class Receipted(NamedTuple):
    """The province has everything up to `seq`. May be lower than before (a restored province)."""

    seq: int


class Rejected(NamedTuple):
    """The province did not take a batch; it is kept and tried again."""

    problem: Problem
    detail: str


class Diverged(NamedTuple):
    """The province holds another history of this ledger; nothing goes out until a new one."""

    detail: str


News = Receipted | Rejected | Diverged


class _Phase(enum.Enum):
    OFFLINE = enum.auto()
    BIRTH = enum.auto()
    FLOWING = enum.auto()
    DIVERGED = enum.auto()


def full_jitter_ms(rng: Random, attempt: int, base_ms: int, longest_ms: int) -> int:
    """A wait drawn evenly from 0 to base·2^attempt, at most `longest_ms`.

    Full jitter spreads thousands of pads that lost the same broker at the same moment.
    """
    return int(rng.uniform(0, min(longest_ms, base_ms * 2 ** min(attempt, 16))))


class Delivery:
    """The pad's side of the way to the province. All times are monotonic milliseconds."""

    def __init__(self, rng: Random, pace: Pace | None = None) -> None:
        self._rng = rng
        self._pace = pace or Pace()
        self._phase = _Phase.OFFLINE
        self._ledger = ""
        self._session = ""
        self.head = 0
        self.mark = 0
        self._mark_digest: bytes | None = GENESIS
        self._cursor = 0
        self._flight: deque[tuple[int, bytes]] = deque()  # the last seq and digest of each batch
        self._unacked = 0  # batches that the broker has not taken yet
        self._window = self._pace.window
        self._due_ms = 0  # of the birth; when flowing, of the stall
        self._held_ms: int | None = None  # after a refusal
        self._attempt = 0
        self._refusals = 0
        self._gap = (-1, 0)  # seq and the time until which it is not news

    # --- the world changes ---

    def opened(self, ledger: str, head: int, now_ms: int) -> None:
        """This ledger is to be delivered now; `head` is its last seq."""
        self._ledger = ledger
        self.head = head
        self._rewind(0, GENESIS)
        if self._phase is not _Phase.OFFLINE:
            self._await_birth(now_ms)

    def grown(self, head: int) -> None:
        """The ledger has entries up to `head`."""
        self.head = max(self.head, head)

    def connected(self, session: str, now_ms: int) -> None:
        """A connection stands; `session` is what the answer to its birth will echo."""
        self._session = session
        self._unacked = 0
        self._await_birth(now_ms)

    def disconnected(self) -> None:
        """The connection is gone, and what was in flight with it."""
        self._phase = _Phase.OFFLINE
        self._rewind(self.mark, self._mark_digest)

    # --- what to do ---

    @property
    def flowing(self) -> bool:
        """Whether the province has answered this session's birth."""
        return self._phase is _Phase.FLOWING

    def step(self, now_ms: int) -> Step:
        """What to do now. `Bear` and `Read` are to be followed by `born` and `sent`."""
        if self._phase is _Phase.BIRTH:
            return Bear() if now_ms >= self._due_ms else Wait(self._due_ms)
        if self._phase is not _Phase.FLOWING:
            return Wait(None)
        if self._held_ms is not None:
            if now_ms < self._held_ms:
                return Wait(self._held_ms)
            self._held_ms = None
            self._window = 1
            self._rewind(self.mark, self._mark_digest)
        if self._flight and now_ms >= self._due_ms:
            self._attempt += 1
            self._unacked = 0
            self._window = 1
            self._rewind(self.mark, self._mark_digest)
        if self._cursor < self.head and max(len(self._flight), self._unacked) < self._window:
            return Read(self._cursor, self._pace.max_entries, self._pace.max_bytes)
        if not self._flight and now_ms >= self._due_ms:
            return Bear()
        return Wait(self._due_ms)

    def born(self, now_ms: int) -> None:
        """The birth is published; it is repeated unless the province answers."""
        if self._phase is _Phase.BIRTH:
            self._due_ms = now_ms + self._patience_ms(self._pace.probe_ms, self._attempt)
            self._attempt += 1
        else:
            self._wait_for_receipts(now_ms)

    def sent(self, chunk: Chunk, now_ms: int) -> None:
        """The chunk read for the last `Read` is published as one batch.

        An empty one (the ledger could not give what it had announced) is asked for again later.
        """
        if not chunk.entries:
            self._held_ms = now_ms + self._patience_ms(self._pace.stall_ms, self._attempt)
            self._attempt += 1
            return
        last = chunk.entries[-1]
        self._flight.append((last.seq, last.digest))
        self._unacked += 1
        self._cursor = last.seq
        if len(self._flight) == 1:
            self._wait_for_receipts(now_ms)

    def acked(self, now_ms: int) -> None:
        """The broker has taken one batch: from now on it is the province that is waited for."""
        self._unacked = max(0, self._unacked - 1)
        if not self._unacked and self._flight:
            self._wait_for_receipts(now_ms)

    # --- receipts ---

    def digest_of(self, seq: int) -> bytes | None:
        """This ledger's digest after `seq` when it is at hand; else ask the ledger."""
        if seq == 0:
            return GENESIS
        if seq == self.mark:
            return self._mark_digest
        return next((digest for last, digest in self._flight if last == seq), None)

    def received(self, receipt: Receipt, here: bytes | None, now_ms: int) -> News | None:
        """Take in a receipt; None when it says nothing new, or nothing for this ledger.

        `here`: this ledger's digest after `receipt.seq`, None when it is pruned or not reached.
        """
        if not self._concerns(receipt):
            return None
        if receipt.ledger == "":
            return self._refused(receipt, now_ms)
        there = read_digest(receipt.digest)
        if len(there) != DIGEST_BYTES or receipt.seq < 0:
            return None
        wrong = self._another_history(receipt.seq, there, here)
        if wrong is not None:
            self._phase = _Phase.DIVERGED
            return wrong
        moved = self._take(receipt, there, now_ms)
        if receipt.problem in (None, Problem.GAP):
            return moved
        return self._refused(receipt, now_ms)

    def _concerns(self, receipt: Receipt) -> bool:
        """Whether a receipt is for this ledger, this session and this moment.

        A refusal that names no ledger is for a payload that the province could not read at all.
        """
        nameless = receipt.ledger == "" and receipt.problem is not None
        answers = receipt.session == self._session
        if not (nameless or receipt.ledger == self._ledger):
            return False
        if receipt.session is not None and not answers:
            return False  # the birth of an earlier session
        if self._phase is _Phase.BIRTH:  # others may be older than what befell the province since
            return answers or nameless
        return self._phase is _Phase.FLOWING

    def _another_history(self, seq: int, there: bytes, here: bytes | None) -> Diverged | None:
        if seq > self.head:
            return Diverged(f"the province has {seq} entries, this ledger {self.head}")
        if here is not None and here != there:
            return Diverged(f"the province has another entry {seq} or one before it")
        return None

    def _take(self, receipt: Receipt, there: bytes, now_ms: int) -> Receipted | None:
        """Move mark and window by a receipt that fits this ledger."""
        seq = receipt.seq
        if receipt.problem is Problem.GAP:
            gap, quiet_until_ms = self._gap
            if seq == gap and now_ms < quiet_until_ms:
                return None  # every batch behind a lost one reports the same gap
            self._gap = (seq, now_ms + self._pace.gap_quiet_ms)
            self._rewind(seq, there)
            return Receipted(seq)
        if self._phase is _Phase.BIRTH and receipt.problem is None:
            self._phase = _Phase.FLOWING
            self._rewind(seq, there)
        elif seq < self.mark and receipt.session is not None and not self._flight:
            self._rewind(seq, there)
        elif seq <= self.mark:
            return None
        self.mark, self._mark_digest = seq, there
        self._cursor = max(self._cursor, seq)
        while self._flight and self._flight[0][0] <= seq:
            self._flight.popleft()
        self._attempt = self._refusals = 0
        self._window = self._pace.window
        self._wait_for_receipts(now_ms)
        return Receipted(seq)

    def _refused(self, receipt: Receipt, now_ms: int) -> Rejected | None:
        if self._held_ms is not None and self._phase is _Phase.FLOWING:
            return None  # the rest of the same window
        patience_ms = self._patience_ms(self._pace.refused_ms, self._refusals)
        self._refusals += 1
        if self._phase is _Phase.BIRTH:
            self._due_ms = now_ms + patience_ms
        else:
            self._held_ms = now_ms + patience_ms
        return Rejected(receipt.problem or Problem.MALFORMED, receipt.detail or "")

    # --- small moves ---

    def _await_birth(self, now_ms: int) -> None:
        self._phase = _Phase.BIRTH
        self._due_ms = now_ms
        self._held_ms = None
        self._attempt = self._refusals = 0
        self._rewind(self.mark, self._mark_digest)

    def _wait_for_receipts(self, now_ms: int) -> None:
        """Set the time of the stall; with nothing in flight, of the next unasked-for birth."""
        if not self._flight:
            wait_ms = self._patience_ms(self._pace.reconcile_ms, 0)
        elif self._unacked:
            wait_ms = self._pace.longest_ms
        else:
            wait_ms = self._patience_ms(self._pace.stall_ms, self._attempt)
        self._due_ms = now_ms + wait_ms

    def _rewind(self, mark: int, digest: bytes | None) -> None:
        """Go back to `mark` and forget what is in flight."""
        self.mark, self._mark_digest = mark, digest
        self._cursor = mark
        self._flight.clear()

    def _patience_ms(self, floor_ms: int, attempt: int) -> int:
        """Full jitter above a floor: at least one answer's time, at most about `longest_ms`."""
        return floor_ms + full_jitter_ms(self._rng, attempt, floor_ms, self._pace.longest_ms)
