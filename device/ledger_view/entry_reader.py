"""The entries of a ledger for who looks at it, whether or not the pad's agent has it open.

Each step opens the file, reads so many entries at most and closes it again: a listing that somebody
reads slowly (`| less`) holds no lock, so an agent may start, write, prune and checkpoint meanwhile.
The ledger is listed as it is when the reading begins: what the agent appends later is left out.

Each entry is held against the digest of the one before it. A file that SQLite cannot read is read
without it; what could not be read is in `remarks`.
"""

import enum
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from device.errors import LedgerError, PadCode
from device.ledger.head_note import noted_alone
from device.ledger.records import PAGE_BYTES
from device.ledger.salvage import Carryover
from device.ledger_view.damaged_entries import UNKNOWN, carved, wal_goes_on
from device.ledger_view.sqlite_reading import DamagedError, Database, read_ledger
from sync.entries import GENESIS, HashName, Opened, Predecessor, next_digest, read_body
from sync.sentence import Sentence

STEP_ENTRIES = 2000
"""Entries of one step: 1 MB of memory, some 10 ms."""
_COLUMNS = "seq, CAST(body AS BLOB) AS body, CAST(digest AS BLOB) AS digest"
"""A damaged row may hold any type."""

Progress = Callable[[float], None]
_Row = tuple[int, bytes, bytes]


class Proof(enum.Enum):
    """What the digest chain says of an entry."""

    GOOD = "good"
    """Its digest follows from the entry before."""
    BROKEN = "broken"
    """It does not: this entry or the one before was changed."""
    NONE = "none"
    """The entry before is not there, so nothing proves this one."""


class ReadEntry(NamedTuple):
    """An entry as it is in the file. `before`: the digest of the one before, where it is known."""

    seq: int
    body: bytes
    digest: bytes
    before: bytes | None
    proof: Proof


@dataclass(frozen=True, slots=True)
class LedgerFacts:
    """What a ledger says of itself. `head`: its last entry; None where that is not known. `pruned`:
    the last entry that was removed with a receipt, 0 for none, and `pruned_digest` its digest.
    `receipted`: up to which entry the province had sent receipts when the file was written last;
    None where that is not known.
    """

    ledger: str
    pad: str
    hash_name: HashName
    head: int | None = None
    pruned: int = 0
    pruned_digest: bytes | None = None
    receipted: int | None = None
    previous: Predecessor | None = None


@contextmanager
def open_ledger(path: Path, progress: Progress = lambda _: None) -> Iterator["EntryReader"]:
    """Look at the ledger at `path`, which is a file. `progress` is told the share of the work
    before the first entry of a damaged file.

    Raises LedgerError: L06 it is no ledger, L04 an agent has a damaged one open, L01 it cannot be
    read.
    """
    with ExitStack() as files:
        remarks: list[Sentence] = []
        noted = noted_alone(path)  # first: an agent adds more meanwhile
        facts, place, found = _facts(path), None, None
        if facts is None:
            remarks.append(Sentence("SQLite cannot read the file; it is read without it"))
        else:
            place = _place_of(path)
            if wal_goes_on(path, facts.head or 0):
                remarks.append(
                    Sentence(
                        "the WAL goes on behind entry {seq}: a power cut interrupted the last"
                        " commit, or the WAL is damaged",
                        seq=facts.head,
                    )
                )
        if remarks:
            found = files.enter_context(carved(path, progress))
            facts = facts or LedgerFacts(found.ledger, found.pad or UNKNOWN, found.hash_name)
        assert facts is not None
        reader = EntryReader(path, facts, remarks, place, files, progress, found)
        if noted is not None and noted.ledger == facts.ledger and found is None:
            reader.gone = max(0, noted.seq - (facts.head or 0))
        yield reader


@dataclass(slots=True)
class EntryReader:
    """The ledger at `path`; made by `open_ledger`, used on one thread.

    `found`: what is read without SQLite. Then `ascending` may be called once only. `gone`: how
    many entries are missing behind the last one, by the note beside the file.
    """

    path: Path
    facts: LedgerFacts
    remarks: list[Sentence]
    _place: tuple[int, int] | None
    _files: ExitStack
    _progress: Progress
    _found: Carryover | None = None
    gone: int = 0

    @property
    def is_damaged(self) -> bool:
        """Whether SQLite could not read all of it, as far as is known yet."""
        return self._found is not None

    def ascending(self, first: int = 1, last: int | None = None) -> Iterator[ReadEntry]:
        """The entries from `first` to `last`, in order. Raises LedgerError."""
        reached = first - 1
        if self._found is None:
            try:
                for entry in self._by_sqlite(first, last):
                    yield entry
                    reached = entry.seq
            except DamagedError:
                self.remarks.append(
                    Sentence("SQLite cannot read the file behind entry {seq}", seq=reached)
                )
                self._found = self._files.enter_context(carved(self.path, self._progress, reached))
        if self._found is not None:
            yield from self._without_sqlite(self._found, reached, last)

    def descending(self, first: int, last: int) -> Iterator[ReadEntry]:
        """The entries from `last` back to `first`; nothing is said of their proof. Ends where the
        file is damaged. Raises LedgerError.
        """
        while last >= first:
            try:
                step = self._rows(first, last, "seq DESC")
            except DamagedError:
                return
            for row in step:
                yield ReadEntry(*row, None, Proof.NONE)
            if len(step) < STEP_ENTRIES:
                return
            last = step[-1][0] - 1

    def _by_sqlite(self, first: int, last: int | None) -> Iterator[ReadEntry]:
        head = self.facts.head or 0
        last = head if last is None else min(last, head)
        reached, before = first - 1, self._digest_at(first - 1)
        while reached < last:
            step = self._rows(reached + 1, last, "seq")
            for seq, body, digest in step:
                if seq != reached + 1:
                    before = self._over_gap(reached + 1, seq - 1)
                yield _judged(self.facts.hash_name, seq, body, digest, before)
                reached, before = seq, digest
            if len(step) < STEP_ENTRIES:
                break
        if reached < last:
            self._over_gap(reached + 1, last)

    def _rows(self, first: int, last: int, order: str) -> list[_Row]:
        def rows(db: Database) -> list[_Row]:
            if _place_of(self.path) != self._place:
                raise LedgerError(
                    Sentence("{file} was replaced meanwhile: begin again", file=self.path),
                    PadCode.LEDGER_DISPLACED,
                )
            found = db.table("entry").rows_where(
                "seq >= ? AND seq <= ?", (first, last), order, _COLUMNS, STEP_ENTRIES
            )
            return [(row["seq"], row["body"] or b"", row["digest"] or b"") for row in found]

        return read_ledger(self.path, rows)

    def _digest_at(self, seq: int) -> bytes | None:
        """The digest behind entry `seq`; None where it is not known."""
        if seq <= 0:
            return GENESIS
        if seq == self.facts.pruned:
            return self.facts.pruned_digest
        rows = self._rows(seq, seq, "seq")
        return rows[0][2] if rows else None

    def _over_gap(self, first: int, last: int) -> bytes | None:
        """Remark on entries that are not there, unless they were pruned; the digest behind them,
        where it is known.
        """
        pruned = self.facts.pruned
        if last > pruned:
            self._remark_missing(max(first, pruned + 1), last)
        return self.facts.pruned_digest if last == pruned else None

    def _without_sqlite(
        self, found: Carryover, reached: int, last: int | None
    ) -> Iterator[ReadEntry]:
        first, before = reached + 1, GENESIS if reached == 0 else None
        for seq, body, digest, proven in found.entries:
            if last is not None and seq > last:
                break
            if seq != reached + 1:
                before = None
            if seq >= first:
                proof = Proof.GOOD if proven else Proof.NONE
                yield ReadEntry(seq, body, digest, before, proof)
            reached, before = seq, digest
        for start, end in found.missing:
            if end >= first and (last is None or start <= last):
                self._remark_missing(max(start, first), end)

    def _remark_missing(self, first: int, last: int) -> None:
        self.remarks.append(
            Sentence("entry {first} is not there", first=first)
            if first == last
            else Sentence("entries {first} to {last} are not there", first=first, last=last)
        )


def _facts(path: Path) -> LedgerFacts | None:
    """None where SQLite cannot read the first entry. Raises LedgerError."""
    if path.stat().st_size < PAGE_BYTES:
        return None  # SQLite would delete the WAL beside such a file

    def facts(db: Database) -> LedgerFacts | None:
        first = next(db.table("entry").rows_where("seq = 1", select=_COLUMNS), None)
        opened = _opened(first["body"]) if first is not None else None
        if opened is None:
            return None
        last = next(
            db.query(
                "SELECT seq, coalesce((SELECT seq FROM mark WHERE name = 'receipted' AND head ="
                " entry.seq), receipted) AS receipted FROM entry ORDER BY seq DESC LIMIT 1"
            )
        )
        marks = list(db.table("mark").rows_where("name = 'pruned'"))
        pruned, digest = (marks[0]["seq"], marks[0]["digest"]) if marks else (0, None)
        return LedgerFacts(
            ledger=opened.ledger,
            pad=opened.pad,
            hash_name=opened.hash,
            head=last["seq"],
            pruned=pruned,
            pruned_digest=digest,
            receipted=max(pruned, min(last["receipted"], last["seq"])),
            previous=opened.previous,
        )

    try:
        return read_ledger(path, facts)
    except DamagedError:
        return None


def pad_of(path: Path) -> str:
    """The pad whose ledger it is; `unknown` where SQLite cannot read it. Raises LedgerError."""
    facts = _facts(path)
    return UNKNOWN if facts is None else facts.pad


_SET_ASIDE = re.compile(r".*\.(?:damaged|cut|superseded)-\d+")


def is_set_aside(path: Path) -> bool:
    """Whether a rollover has given the file its name: then no agent opens it any more."""
    return _SET_ASIDE.fullmatch(path.name) is not None


def _opened(body: bytes | None) -> Opened | None:
    try:
        opened = read_body(body or b"")
    except ValueError:
        return None
    return opened if isinstance(opened, Opened) else None


def _judged(
    name: HashName, seq: int, body: bytes, digest: bytes, before: bytes | None
) -> ReadEntry:
    if before is None:
        return ReadEntry(seq, body, digest, None, Proof.NONE)
    good = next_digest(name, before, body) == digest
    return ReadEntry(seq, body, digest, before, Proof.GOOD if good else Proof.BROKEN)


def _place_of(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_dev, status.st_ino
