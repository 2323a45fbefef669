"""What `ratingpad ledger` does: prints a summary, lists entries, copies for evidence."""

import argparse
import json
import shutil
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from device.commands.command_errors import FAILED, MISUSED, OK
from device.commands.command_progress import ShownProgress
from device.errors import LedgerError, PadCode
from device.ledger_report import wrong_path
from device.ledger_view.entry_filter import EntryFilter
from device.ledger_view.entry_reader import EntryReader, open_ledger
from device.ledger_view.entry_selection import Selection
from device.ledger_view.evidence_copy import MANIFEST, SUMS, EvidenceCopy, copy_ledger
from device.ledger_view.ledger_summary import summarize
from device.ledger_view.listing_forms import Csv, Form, JsonDocument, Ndjson, Table
from sync.identity_text import comparable
from sync.language import tr
from sync.printing import complain
from sync.sentence import Sentence
from sync.shown_text import shown

NEWEST_AT_A_TERMINAL = 100


# --- summary -------------------------------------------------------------------------------------


def summary(chosen: argparse.Namespace) -> int:
    """What is in a ledger, in twenty lines; the exit code."""

    def work(reader: EntryReader, progress: ShownProgress) -> int:
        found = summarize(reader, progress)
        progress.clear()
        if chosen.json:
            _print_json(found.record())
        else:
            print(*found.lines(), sep="\n")
        return OK if found.is_good else FAILED

    return _look_at(chosen.ledger, work, as_json=chosen.json)


# --- show ----------------------------------------------------------------------------------------


def show(chosen: argparse.Namespace) -> int:
    """The entries; the exit code."""

    def work(reader: EntryReader, progress: ShownProgress) -> int:
        limit: int | None = chosen.limit
        if limit is None and chosen.form is None and sys.stdout.isatty():
            limit = NEWEST_AT_A_TERMINAL
        selection = Selection(reader, _asked(chosen), limit or None, chosen.levels, progress)
        form = _form(chosen, reader)
        form.begin()
        count = 0
        for entry in selection.entries():
            progress.clear()
            form.add(entry)
            count += 1
            if count == NEWEST_AT_A_TERMINAL:
                sys.stdout.flush()  # so that the first ones are there at once
        progress.clear()
        remarks = _remarks(reader, selection)
        form.end(remarks)
        sys.stdout.flush()
        for line in [*remarks, *_notes(selection, count, chosen)]:
            print(shown(tr(line)), file=sys.stderr)
        return FAILED if remarks else OK

    return _look_at(chosen.ledger, work, as_json=chosen.form is not None)


def _asked(chosen: argparse.Namespace) -> EntryFilter:

    return EntryFilter(
        kinds=frozenset(chosen.kind),
        first_seq=chosen.seq[0],
        last_seq=chosen.seq[1],
        first_ms=chosen.first_ms,
        last_ms=chosen.last_ms,
        invitation=chosen.invitation,
        case=None if chosen.case is None else comparable(chosen.case),
        boot=chosen.boot,
    )


def _form(chosen: argparse.Namespace, reader: EntryReader) -> Form:

    write, facts, levels = sys.stdout.write, reader.facts, chosen.levels
    match chosen.form:
        case "csv":
            return Csv(write, facts, levels=levels)
        case "ndjson":
            return Ndjson(write, facts, levels=levels)
        case "json":
            return JsonDocument(write, facts, levels=levels)
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    return Table(write, facts, width)


def _remarks(reader: EntryReader, selection: Selection) -> list[Sentence]:
    """What is wrong with what was listed."""
    remarks = list(reader.remarks)
    if selection.broken:
        remarks.append(
            Sentence(
                "the digest of entry {seq} does not follow: it or the one before was changed; run"
                " `ratingpad verify`",
                seq=", ".join(map(str, selection.broken)),
            )
        )
    if reader.gone:
        remarks.append(
            Sentence.counted(
                "{count} entry is missing at the end, says the note beside the file",
                "{count} entries are missing at the end, says the note beside the file",
                count=reader.gone,
            )
        )
    return remarks


def _notes(selection: Selection, count: int, chosen: argparse.Namespace) -> Iterator[Sentence]:
    """What was left out, and why."""
    if selection.left_out:
        yield Sentence("the newest {count} of them; --limit 0 lists all", count=count)
    if not count:
        yield Sentence("no entry is like that")
    if selection.undated:
        yield Sentence.counted(
            "{count} entry without a date was left out: its pad did not know the time",
            "{count} entries without a date were left out: their pad did not know the time",
            count=selection.undated,
        )
    if chosen.form is None and not chosen.levels and count:
        yield Sentence("levels are not shown (--levels)")


# --- copy ----------------------------------------------------------------------------------------


def copy(chosen: argparse.Namespace) -> int:
    """Copy it for evidence; the exit code."""

    def work(progress: ShownProgress) -> int:

        copied = copy_ledger(chosen.ledger, chosen.to, datetime.now(UTC), progress)
        progress.clear()
        if chosen.json:
            _print_json(copied.record())
        else:
            print(*(shown(tr(line)) for line in _copied(copied)), sep="\n")
        return OK if copied.verdict.intact else FAILED

    return _carry_out(chosen.ledger, work, tr("copying and verifying"), as_json=chosen.json)


def _copied(copy: EvidenceCopy) -> Iterator[Sentence]:

    verdict = copy.verdict
    yield Sentence("copied to {file}", file=copy.path)
    yield Sentence(
        "  pad {pad}, ledger {ledger}, {count} entries, the last is number {last}",
        pad=verdict.pad or "?",
        ledger=verdict.ledger or "?",
        count=f"{verdict.entries:,}",
        last=verdict.head,
    )
    if verdict.intact:
        yield Sentence("  verified: it is whole")
    else:
        yield Sentence("  copied as it is; the ledger is not whole, see `ratingpad verify`")
    yield Sentence("  manifest: {file}", file=copy.path.name + MANIFEST)
    yield Sentence("  to check all files: sha256sum -c {file}", file=copy.path.name + SUMS)


# --- errors --------------------------------------------------------------------------------------


def _look_at(
    path: Path, work: Callable[[EntryReader, ShownProgress], int], *, as_json: bool
) -> int:
    """Do something with the ledger at `path`; the exit code."""

    def look(progress: ShownProgress) -> int:

        with open_ledger(path, progress) as reader:
            return work(reader, progress)

    return _carry_out(path, look, tr("reading"), as_json=as_json)


def _carry_out(
    path: Path, work: Callable[[ShownProgress], int], doing: str, *, as_json: bool
) -> int:
    """Do something with a file; what keeps it from being done is said on stderr, in words or as
    JSON. The exit code.
    """

    progress = ShownProgress(doing)
    try:
        if (wrong := wrong_path(path)) is not None:
            raise LedgerError(wrong, PadCode.CONFIG_WRONG)
        return work(progress)
    except LedgerError as error:
        progress.clear()
        if as_json:
            record = {"code": error.code.code, "detail": str(error.detail)}
            print(_json({"error": record}), file=sys.stderr)
        else:
            complain(error.wording)
    return MISUSED


def _print_json(record: dict[str, Any]) -> None:
    print(_json(record, indent=2))


def _json(record: dict[str, Any], indent: int | None = None) -> str:

    return json.dumps(record, indent=indent)
