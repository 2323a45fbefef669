"""What `ratingpad verify` prints of a ledger. Every line is safe to show."""

import os
import time
from collections.abc import Iterator
from pathlib import Path

from device.errors import LedgerError
from device.ledger.entry_dates import DatedAhead, dated_ahead
from device.ledger.file import COMPANIONS, beside
from device.ledger.head_note import is_unreadable, noted_alone
from device.ledger.unproven import Unproven, find_unproven
from device.ledger.verify import LedgerVerdict, verify
from device.os_errors import explain
from sync.regular_file import check_regular, open_regular
from sync.shown_text import shown, shown_utc

INTACT, DAMAGED, UNREADABLE, LOOK = 0, 1, 2, 3
"""The exit codes."""


def report(path: Path, now_ms: int | None = None) -> tuple[int, list[str]]:
    """The exit code, and the lines; those of `UNREADABLE` are an error. `now_ms`: the time now, in
    milliseconds since 1970; the machine's own by default.
    """
    wrong = _wrong_path(path)
    if wrong is not None:
        return UNREADABLE, [shown(wrong)]
    try:
        verdict = verify(path)
        now_ms = time.time_ns() // 1_000_000 if now_ms is None else now_ms
        ahead = dated_ahead(path, now_ms) if verdict.intact else None
        unproven = find_unproven(path) if verdict.intact else None
        noteless = is_unreadable(path)
    except LedgerError as error:
        return UNREADABLE, [shown(str(error))]
    lines = [shown(line) for line in _lines(path, verdict, ahead, unproven, noteless)]
    if verdict.bad is not None:
        return DAMAGED, lines
    return LOOK if ahead is not None or unproven is not None or noteless else INTACT, lines


def _wrong_path(path: Path) -> str | None:
    """Why there is no ledger to read at `path`, and what to do; None when there is a file."""
    try:
        os.close(open_regular(path))
        for companion in COMPANIONS:  # a pipe among them would be waited for without end
            other = beside(path, companion)
            if other.exists():
                check_regular(other)
    except FileNotFoundError:
        noted = noted_alone(path)
        if noted is not None:
            many = "its entry 1 is" if noted.seq == 1 else f"its {noted.seq} entries are"
            return (
                f"{path} is not there. The note beside it is of ledger {noted.ledger}: {many}"
                " missing here; the province's `verify` says which of them it has."
            )
        return f"{path} is not there. Give the file that `[ledger] path` of the pad names."
    except IsADirectoryError:
        return f"{path} is a folder. Give the ledger's file in it, such as {path / 'ledger.db'}."
    except OSError as error:
        return f"the ledger cannot be read: {explain(error)}"
    return None


def _lines(
    path: Path,
    verdict: LedgerVerdict,
    ahead: DatedAhead | None,
    unproven: Unproven | None,
    noteless: bool,
) -> Iterator[str]:
    if verdict.ledger:
        yield f"{path}: ledger {verdict.ledger} of pad {verdict.pad}"
    else:
        yield f"{path}: no first entry that can be read, so neither its ledger nor its pad is known"
    yield f"  {verdict.entries} entries, chain good up to seq {verdict.head}"
    if verdict.pruned:
        yield f"  pruned up to seq {verdict.pruned}, all of it receipted by the province"
    if verdict.previous is not None:
        before = verdict.previous
        gone = ", ".join(f"{first}–{last}" for first, last in before.missing) or "nothing"
        yield f"  follows ledger {before.ledger} ({before.reason}); missing of it: {gone}"
    if ahead is not None:
        many = f", the first of {ahead.entries}" if ahead.entries > 1 else ""
        yield (
            f"  look at: entry {ahead.first}{many}, dated {shown_utc(ahead.utc_ms)}: that is after"
            " a later entry or after the time now; check the clock (需人工核查)"
        )
    if unproven is not None:
        many = f", the first of {unproven.entries}" if unproven.entries > 1 else ""
        yield (
            f"  look at: entry {unproven.seq} of ledger {unproven.ledger}{many}, carried over from"
            " a damaged file without proof of its content; the province counts nothing by it"
            " (需人工核查)"
        )
    if noteless:
        yield (
            "  look at: the note of its last entry (.head) cannot be read: entries that are gone"
            " from the end are not noticed (需人工核查)"
        )
    if verdict.bad is not None:
        yield f"  BAD: {verdict.bad}"
