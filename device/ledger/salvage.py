"""Reading the entries out of a damaged ledger, without SQLite.

Searches the bytes of the file and of its WAL for records of the entry table by their format,
whether or not the pages around them can still be read. The digest chain decides which of them are
genuine: an entry is accepted when it follows from the one before it, when the one after it proves
it, or, behind a gap, when nothing contradicts it. A digest covers the digest before it and the
body, so the first entry behind a gap has no proof of its body, whatever follows it: it is taken
over as unproven. Changes nothing in what it reads.

All of it is done in passes over the file, so the memory does not depend on how many entries there
are, and in steps that are committed to the index (`record_index.py`): a salvage that was
interrupted goes on behind the last one.
"""

import itertools
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec

from device.ledger.file import APPLICATION_ID, beside
from device.ledger.head_note import noted_head
from device.ledger.record_index import Candidates, RecordIndex, content_digest, open_index
from device.ledger.records import PAGE_BYTES, RawRecord, records_in
from device.ledger.wal import frames, pieces
from sync.entries import (
    GENESIS,
    HashName,
    Opened,
    Salvaged,
    kind_of,
    next_digest,
    read_body,
)

MAX_GAPS = 200
"""The most ranges of missing entries in `opened`: the entry must itself fit into a `salvaged`."""
_MARK_ROWS = 8
"""The receipted mark is the lowest one in the last so many rows: one flipped byte cannot raise it.
"""
_ROWS_BEFORE_MARK = 64
"""So many receipted rows are proven, too: the chain of those behind them begins there."""
_GAPS_REMEMBERED = 1000
_TOLD_EACH = 2000
ROWS_A_STEP = 20_000
"""Entries that are proven between two commits of the index."""

Gaps = list[tuple[int, int]]
Rows = Iterable[tuple[int, bytes, bytes, bool]]


@dataclass(frozen=True, slots=True)
class Carryover:
    """What a new ledger takes over from the one before it.

    `entries`: seq, body, correct digest and whether it is proven, in order: the entries that the
    province may not have, and those that the next start needs; to be read once. `count`: how many.
    `unproven`: how many of them nothing proves. `missing`: closed ranges of entries that the
    province may not have and that could not be read. `seq`, `digest`: the last entry that the
    unbroken chain reaches. Whether there were entries behind the last one that could be read is
    known from the note of the head only.
    """

    ledger: str
    pad: str
    hash_name: HashName
    seq: int = 0
    digest: bytes = GENESIS
    receipted: int = 0
    entries: Rows = ()
    count: int = 0
    unproven: int = 0
    missing: tuple[tuple[int, int], ...] = ()
    is_foreign: bool = False


@contextmanager
def carve(
    path: Path,
    *,
    ledger: str,
    hash_name: HashName,
    base: Path | None = None,
    source: bytes | None = None,
    after: int = 0,
    everything: bool = False,
    progress: Callable[[float], None] = lambda _: None,
) -> Iterator[Carryover]:
    """What can be read in the file at `path` and in its WAL; either may be missing.

    `ledger` and `hash_name` are used when the first entry is lost. While the context is open there
    is an index beside `base` (or beside `path`). `source`: the `content_digest` of `path`, where it
    is known already. `after`: the entries up to this seq are not wanted again. `everything`: also
    the entries that the province has; those that were pruned are then missing. `is_foreign` of the
    result: as the function. Raises OSError, and sqlite3.Error when the index cannot be written.
    """
    source = content_digest(path) if source is None else source
    with open_index(path, base or path, source, lambda share: progress(0.7 * share)) as index:
        opened = _opened(index.at(1))
        if opened is not None:
            ledger, hash_name = opened.ledger, opened.hash
        last = index.last_seq
        noted = noted_head(path, ledger)
        if not last:
            missing = ((1, noted.seq),) if noted is not None else ()
            yield Carryover(ledger, "", hash_name, missing=missing, is_foreign=is_foreign(path))
            return
        receipted = 0 if everything else min(index.last_marks(_MARK_ROWS))
        proof = _Proof(index, hash_name, receipted)
        proof.run(last, lambda share: progress(0.7 + 0.3 * share))
        yield Carryover(
            ledger=ledger,
            pad=opened.pad if opened else "",
            hash_name=hash_name,
            seq=proof.chain[0],
            digest=proof.chain[1],
            receipted=receipted,
            entries=index.kept(after),
            count=index.kept_count(),
            unproven=index.unproven_count(),
            missing=tuple(proof.gaps(noted.seq if noted else 0)),
        )


def is_foreign(path: Path) -> bool:
    """Whether the file at `path` never was a ledger: it has no entry, not a ledger's header, and is
    not only zeros. Raises OSError.
    """

    def nothing(_: int) -> bytes:
        return b""

    for frame in frames(beside(path, "-wal")):
        if any(True for _ in records_in(frame.page, nothing)):
            return False
    header, zeros = b"", True
    for _, page in pieces(path, 0, PAGE_BYTES):
        if any(True for _ in records_in(page, nothing)):
            return False
        header = header or page
        zeros = zeros and not page.strip(b"\0")
    return not zeros and header[68:72] != APPLICATION_ID.to_bytes(4, "big")


def needed_at_start(entries: Iterable[tuple[int, bytes]]) -> set[int]:
    """Which of the entries, newest first, the next start reads although they are receipted: seqs.

    The last `booted` has the number of boots. A pause that is in force is recorded again behind it
    (`startup_state.py`).
    """
    needed: set[int] = set()
    for seq, body in entries:
        kind = kind_of(body)
        if kind == "salvaged" and isinstance(carried := _readable(body), Salvaged):
            kind = kind_of(carried.body.encode())
        if kind == "booted" or (kind in {"paused", "resumed"} and not needed):
            needed.add(seq)
        if kind == "booted":
            break
    return needed


class _ProofState(msgspec.Struct):
    """How far a proof has come; noted in the index with each step.

    `seq`: the last one that was looked at. `before`: the entry before the next one, None behind a
    gap; `before_proven`: whether anything proves it. `before_gaps`: the last entries before gaps.
    `run`, `last`: the end of the unbroken run behind the mark, and of all. `chain`: as
    `_Proof.chain`.
    """

    seq: int
    before: tuple[int, bytes] | None
    run: int
    last: int
    before_proven: bool = True
    before_gaps: list[tuple[int, bytes]] = []
    chain: tuple[int, bytes] = (0, GENESIS)
    done: bool = False


class _Proof:
    """Decides which records are entries, and notes in the index those that the new ledger takes.

    Those from a little before the receipted mark on are proven in order.
    """

    def __init__(self, index: RecordIndex, name: HashName, receipted: int) -> None:
        self._index = index
        self._name = name
        self._receipted = receipted
        self._first = max(1, receipted - _ROWS_BEFORE_MARK)
        noted = index.noted("proof")
        state = (
            msgspec.msgpack.decode(noted, type=_ProofState)
            if noted is not None
            else _ProofState(
                seq=self._first - 1,
                before=(0, GENESIS) if self._first == 1 else None,
                run=receipted,
                last=receipted,
            )
        )
        self._state = state
        self._before_gaps = deque(state.before_gaps, maxlen=_GAPS_REMEMBERED)

    @property
    def chain(self) -> tuple[int, bytes]:
        """The last entry of the unbroken run that begins at the mark, or at the start."""
        return self._state.chain

    def run(self, last: int, progress: Callable[[float], None]) -> None:
        """Prove and note. `last`: the highest seq of a record."""
        state = self._state
        if state.done:
            return
        before = state.before
        rows = _with_next(self._index.ascending(state.seq + 1))
        for count, (seq, here, after) in enumerate(rows, 1):
            if before is not None and before[0] != seq - 1:
                self._before_gaps.append(before)
                before = None
            proven = _prove(here, after, before[1] if before else None, self._name)
            if proven is None and before is not None and not state.before_proven:
                # It may be the digest of the unproven entry before it that is damaged.
                self._before_gaps.append(before)
                before, proven = None, _prove(here, after, None, self._name)
            if proven is not None:
                place, digest = proven
                # Behind a gap the next entry proves this one's digest; its body is in no other.
                state.before_proven = before is not None
                self._take(seq, place, digest, proven=before is not None)
                before = (seq, digest)
            elif (lone := self._lone(here, after, behind_gap=before is None)) is not None:
                before = self._take_lone(seq, *lone)
                state.before_proven = False
            else:
                state.last = max(state.last, seq)
            state.seq, state.before = seq, before
            if count % _TOLD_EACH == 0:
                progress((seq - self._first) / max(1, last - self._first))
            if count % ROWS_A_STEP == 0:
                self._note()
        self._keep_needed()
        state.done = True
        self._note()

    def _lone(
        self, here: Candidates, after: Candidates, *, behind_gap: bool
    ) -> tuple[int, RawRecord] | None:
        """The readable record that nothing proves; None where its body is known to be changed: it
        does not follow from the entry before, and the entry behind it was made from its digest.
        """
        lone = _first_readable(here)
        if lone is None or behind_gap:
            return lone
        digest = lone[1].digest
        is_changed = any(next_digest(self._name, digest, n.body) == n.digest for _, n in after)
        return None if is_changed else lone

    def _note(self) -> None:
        self._state.before_gaps = list(self._before_gaps)
        self._index.note("proof", msgspec.msgpack.encode(self._state))

    def _take(self, seq: int, place: int, digest: bytes, *, proven: bool) -> None:
        if seq <= self._receipted:
            self._state.chain = (seq, digest)
            return
        if seq == self._state.run + 1:
            self._state.chain, self._state.run = (seq, digest), seq
        self._state.last = max(self._state.last, seq)
        self._index.keep(seq, place, digest, proven=proven)

    def _take_lone(self, seq: int, place: int, found: RawRecord) -> tuple[int, bytes] | None:
        """A row between two gaps, or before a damaged row: nothing proves it, but it is kept when
        it is readable. No digest covers a row's seq: one that belongs elsewhere is put there.
        """
        for end, digest in self._before_gaps:
            if next_digest(self._name, digest, found.body) == found.digest:
                if end >= self._receipted:
                    self._index.keep(end + 1, place, found.digest, proven=True)
                return None
        if self._index.has_entry(found):
            return None
        self._take(seq, place, found.digest, proven=False)
        return (seq, found.digest)

    def gaps(self, noted: int) -> Gaps:
        """The ranges that are missing behind the mark, up to the last entry that is known of."""
        gaps: Gaps = []
        present = self._receipted
        end = max(self._state.last, noted) + 1
        for seq in itertools.chain(self._index.kept_after(present), [end]):
            if seq > present + 1:
                gaps.append((present + 1, seq - 1))
                if len(gaps) > 4 * MAX_GAPS:
                    gaps = list(bounded(gaps))
            present = seq
        return gaps

    def _keep_needed(self) -> None:
        """Note the receipted entries that the next start reads, too."""
        for seq in needed_at_start(self._newest_first()):
            linked = self._linked(seq, self._index.at(seq))
            if seq <= self._receipted and linked is not None:
                place, found, proven = linked
                self._index.keep(seq, place, found.digest, proven=proven)

    def _newest_first(self) -> Iterator[tuple[int, bytes]]:
        yield from self._index.kept_descending()
        for seq, here in self._index.descending(self._receipted):
            linked = self._linked(seq, here)
            if linked is not None:
                if not self._state.chain[0]:  # nothing near the mark could be read
                    self._state.chain = (seq, linked[1].digest)
                yield seq, linked[1].body

    def _linked(self, seq: int, here: Candidates) -> tuple[int, RawRecord, bool] | None:
        """The record that follows from one before it, or, where that one is not there, is
        readable: with its place, and whether it is proven.
        """
        before = [found.digest for _, found in self._index.at(seq - 1)] if seq > 1 else [GENESIS]
        for place, found in here:
            if any(next_digest(self._name, d, found.body) == found.digest for d in before):
                return place, found, True
        lone = _first_readable(here) if not before else None
        return (*lone, False) if lone is not None else None


def _with_next(
    rows: Iterator[tuple[int, Candidates]],
) -> Iterator[tuple[int, Candidates, Candidates]]:
    """Each seq with its records and with those of seq + 1."""
    last: tuple[int, Candidates] | None = None
    for seq, here in rows:
        if last is not None:
            yield *last, here if seq == last[0] + 1 else []
        last = (seq, here)
    if last is not None:
        yield *last, []


def _prove(
    here: Candidates, after: Candidates, before: bytes | None, name: HashName
) -> tuple[int, bytes] | None:
    """Place and correct digest of the record that the chain proves; None when there is none.
    `before`: the digest of the entry before; None behind a gap.
    """
    for place, found in here:
        digest = found.digest if before is None else next_digest(name, before, found.body)
        proven_by_next = any(next_digest(name, digest, n.body) == n.digest for _, n in after)
        if before is not None:
            # When this row's own digest is damaged, the next row can still prove its body.
            good = digest == found.digest or proven_by_next
        else:
            good = proven_by_next and _readable(found.body) is not None
        if good:
            return place, digest
    return None


def _first_readable(candidates: Candidates) -> tuple[int, RawRecord] | None:
    """The first that is an entry, though nothing proves it."""
    return next((c for c in candidates if _readable(c[1].body) is not None), None)


def _opened(candidates: Candidates) -> Opened | None:
    for _, found in candidates:
        body = _readable(found.body)
        if isinstance(body, Opened) and next_digest(body.hash, GENESIS, found.body) == found.digest:
            return body
    return None


def _readable(body: bytes) -> object | None:
    """The entry, or True for one of an unknown kind; None when `body` is not an entry."""
    try:
        return read_body(body) or True
    except ValueError:
        return None


def bounded(gaps: Sequence[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    """At most `MAX_GAPS` ranges, because an entry's length is bounded. Ranges are joined where the
    fewest entries lie between them; those entries are then listed as missing although they come as
    `salvaged`. The province counts them when they arrive.
    """
    by_distance = sorted(range(1, len(gaps)), key=lambda n: gaps[n][0] - gaps[n - 1][1])
    joined = set(by_distance[: max(0, len(gaps) - MAX_GAPS)])
    ranges: list[tuple[int, int]] = []
    for n, (first, last) in enumerate(gaps):
        if n in joined:
            ranges[-1] = (ranges[-1][0], last)
        else:
            ranges.append((first, last))
    return tuple(ranges)
