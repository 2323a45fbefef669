"""What `ratingpad verify` finds in a ledger, for a person and for a program."""

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec

from device.errors import LedgerError
from device.ledger.entry_dates import DatedAhead, dated_ahead
from device.ledger.file import COMPANIONS, beside
from device.ledger.head_note import is_unreadable, noted_alone
from device.ledger.unproven import Unproven, find_unproven
from device.ledger.verify import LedgerVerdict, verify
from device.os_errors import explain
from sync.printing import Tone
from sync.regular_file import check_regular, open_regular
from sync.sentence import Sentence
from sync.shown_text import shown_utc

INTACT, DAMAGED, UNREADABLE, LOOK = 0, 1, 2, 3
"""The exit codes."""

OUTCOMES = {INTACT: "intact", DAMAGED: "damaged", LOOK: "look"}
"""The same for a program."""

_CHECK_SHARE = 0.8
"""How much of the time the check takes; the rest is looking at the dates."""


class NoLedgerError(Exception):
    """There is no ledger to read; the argument is a `Sentence` that says why, and what to do."""

    def __init__(self, says: Sentence) -> None:
        super().__init__(says)
        self.says = says


class BadEntryReport(msgspec.Struct, frozen=True):
    """The first thing that is wrong; `entry` is null where it is not about one entry."""

    entry: int | None
    problem: str


class PreviousReport(msgspec.Struct, frozen=True):
    """The ledger before this one; `missing`: closed ranges of its entries that are lost."""

    ledger: str
    reason: str
    missing: tuple[tuple[int, int], ...]


class DatedAheadReport(msgspec.Struct, frozen=True):
    """`entries` dated after a later one; of the first its number, and its date in UTC."""

    entry: int
    utc_ms: int
    entries: int


class UnprovenReport(msgspec.Struct, frozen=True):
    """`entries` carried over without proof; of the first its number in its own `ledger`."""

    ledger: str
    entry: int
    entries: int


class LedgerReport(msgspec.Struct, frozen=True):
    """What `ratingpad verify --json` prints. `outcome`: intact, damaged, or look (a person must).
    `ledger` and `pad` are "" where no first entry can be read. `head`: the last good entry.
    `note_readable`: false where entries that are gone from the end would not be noticed.
    """

    file: str
    outcome: str
    ledger: str
    pad: str
    entries: int
    head: int
    pruned: int
    note_readable: bool
    bad: BadEntryReport | None = None
    previous: PreviousReport | None = None
    dated_ahead: DatedAheadReport | None = None
    unproven: UnprovenReport | None = None


class LedgerFindings(NamedTuple):
    """What was found in the ledger at `path`; `noteless`: the note beside it cannot be read."""

    path: Path
    verdict: LedgerVerdict
    ahead: DatedAhead | None
    unproven: Unproven | None
    noteless: bool

    @property
    def exit_code(self) -> int:
        """One of the codes above."""
        if self.verdict.bad is not None:
            return DAMAGED
        if self.ahead is not None or self.unproven is not None or self.noteless:
            return LOOK
        return INTACT

    def document(self) -> LedgerReport:
        """For a program."""
        verdict, before = self.verdict, self.verdict.previous
        return LedgerReport(
            file=str(self.path),
            outcome=OUTCOMES[self.exit_code],
            ledger=verdict.ledger,
            pad=verdict.pad,
            entries=verdict.entries,
            head=verdict.head,
            pruned=verdict.pruned,
            note_readable=not self.noteless,
            bad=verdict.bad and BadEntryReport(verdict.bad.seq, str(verdict.bad.text)),
            previous=None
            if before is None
            else PreviousReport(before.ledger, before.reason, before.missing),
            dated_ahead=self.ahead and DatedAheadReport(*self.ahead),
            unproven=self.unproven and UnprovenReport(*self.unproven),
        )

    def lines(self) -> Iterator[tuple[Sentence, Tone]]:
        """For a person; to be printed by `say`, which makes them safe to show."""
        path, verdict = self.path, self.verdict
        if verdict.ledger:
            words = Sentence(
                "{path}: ledger {ledger} of pad {pad}",
                path=path,
                ledger=verdict.ledger,
                pad=verdict.pad,
            )
        else:
            words = Sentence(
                "{path}: no first entry that can be read, so neither its ledger nor its pad is"
                " known",
                path=path,
            )
        yield words, Tone.PLAIN
        good = Sentence(
            "  {entries} entries, chain good up to seq {head}",
            entries=verdict.entries,
            head=verdict.head,
        )
        yield good, Tone.GOOD if verdict.bad is None else Tone.PLAIN
        if verdict.pruned:
            pruned = Sentence(
                "  pruned up to seq {seq}, all of it receipted by the province", seq=verdict.pruned
            )
            yield pruned, Tone.PLAIN
        if verdict.previous is not None:
            before = verdict.previous
            gone = ", ".join(f"{first}–{last}" for first, last in before.missing)
            follows = Sentence(
                "  follows ledger {ledger} ({reason}); missing of it: {missing}",
                ledger=before.ledger,
                reason=before.reason,
                missing=gone or Sentence("nothing"),
            )
            yield follows, Tone.PLAIN if not gone else Tone.LOOK
        for found in self._to_look_at():
            yield Sentence("  look at: {found}", found=found), Tone.LOOK
        if verdict.bad is not None:
            yield Sentence("  BAD: {defect}", defect=verdict.bad.says), Tone.BAD

    def _to_look_at(self) -> Iterator[Sentence]:
        if self.ahead is not None:
            yield Sentence(
                "{entry}, dated {date}: that is after a later entry or after the time now; check"
                " the clock (需人工核查)",
                entry=_first_of(Sentence("entry {seq}", seq=self.ahead.first), self.ahead.entries),
                date=shown_utc(self.ahead.utc_ms),
            )
        if self.unproven is not None:
            seq, ledger = self.unproven.seq, self.unproven.ledger
            entry = Sentence("entry {seq} of ledger {ledger}", seq=seq, ledger=ledger)
            yield Sentence(
                "{entry}, carried over from a damaged file without proof of its content; the"
                " province counts nothing by it (需人工核查)",
                entry=_first_of(entry, self.unproven.entries),
            )
        if self.noteless:
            yield Sentence(
                "the note of its last entry (.head) cannot be read: entries that are gone from the"
                " end are not noticed (需人工核查)"
            )


def examine_ledger(
    path: Path, now_ms: int | None = None, progress: Callable[[float], None] | None = None
) -> LedgerFindings:
    """Examine the ledger at `path`. `now_ms`: the time now, in milliseconds since 1970; the
    machine's own by default. `progress` is told which share is done, 0 to 1.

    Raises NoLedgerError, and LedgerError for one that cannot be read.
    """
    wrong = wrong_path(path)
    if wrong is not None:
        raise NoLedgerError(wrong)
    verdict = verify(path, progress and (lambda share: progress(_CHECK_SHARE * share)))
    now_ms = time.time_ns() // 1_000_000 if now_ms is None else now_ms
    ahead = dated_ahead(path, now_ms) if verdict.bad is None else None
    unproven = find_unproven(path) if verdict.bad is None else None
    return LedgerFindings(path, verdict, ahead, unproven, is_unreadable(path))


def wrong_path(path: Path) -> Sentence | None:
    """Why there is no ledger to read at `path`, and what to do; None when there is a file."""
    try:
        os.close(open_regular(path))
        for companion in COMPANIONS:  # a pipe among them would be waited for without end
            other = beside(path, companion)
            if other.exists():
                check_regular(other)
    except FileNotFoundError:
        return _not_there(path)
    except IsADirectoryError:
        return Sentence(
            "{path} is a folder. Give the ledger's file in it, such as {file}.",
            path=path,
            file=path / "ledger.db",
        )
    except OSError as error:
        return Sentence("the ledger cannot be read: {reason}", reason=explain(error))
    return None


def _not_there(path: Path) -> Sentence:
    try:
        noted = noted_alone(path)
    except LedgerError:
        noted = None
    if noted is None:
        return Sentence(
            "{path} is not there. Give the file that `[ledger] path` of the pad names.", path=path
        )
    return Sentence.counted(
        "{path} is not there. The note beside it is of ledger {ledger}: its entry 1 is missing"
        " here; the province's `verify` says which of them it has.",
        "{path} is not there. The note beside it is of ledger {ledger}: its {count} entries are"
        " missing here; the province's `verify` says which of them it has.",
        count=noted.seq,
        path=path,
        ledger=noted.ledger,
    )


def _first_of(entry: Sentence, entries: int) -> Sentence:
    """An entry that stands for several."""
    if entries == 1:
        return entry
    return Sentence("{entry}, the first of {entries}", entry=entry, entries=entries)
