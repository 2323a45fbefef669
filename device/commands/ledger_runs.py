"""What `ratingpad ledger` does: prints a summary, lists entries, copies for evidence."""

import argparse
import shutil
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from device.commands.command_errors import FAILED, MISUSED, OK, refuse
from device.errors import LedgerError
from device.ledger_report import wrong_path
from device.ledger_view.entry_filter import EntryFilter
from device.ledger_view.entry_reader import EntryReader, open_ledger
from device.ledger_view.entry_selection import Selection
from device.ledger_view.evidence_copy import MANIFEST, SUMS, EvidenceCopy, copy_ledger
from device.ledger_view.ledger_summary import summarize
from device.ledger_view.listing_forms import Csv, Form, JsonDocument, Ndjson, Table
from sync.error_report import error_report
from sync.identity_text import comparable
from sync.printing import Tone, complain, painted, print_json, say
from sync.progress import Progress
from sync.sentence import Sentence

NEWEST_AT_A_TERMINAL = 100
_TONES = {
    "fault": Tone.BAD,
    "cleared": Tone.GOOD,
    "rated": Tone.GOOD,
    "salvaged": Tone.LOOK,
    "strayed": Tone.LOOK,
}


# --- summary -------------------------------------------------------------------------------------


def summary(chosen: argparse.Namespace) -> int:
    """What is in a ledger, in twenty lines; the exit code."""

    def work(reader: EntryReader, progress: Progress) -> int:
        found = summarize(reader, progress)
        progress.hide()
        if chosen.json:
            print_json(found.record())
        else:
            for line, tone in found.lines():
                print(painted(line, tone, sys.stdout))
        return OK if found.is_good else FAILED

    return _look_at(chosen.ledger, work, as_json=chosen.json)


# --- show ----------------------------------------------------------------------------------------


def show(chosen: argparse.Namespace) -> int:
    """The entries; the exit code."""

    def work(reader: EntryReader, progress: Progress) -> int:
        limit: int | None = chosen.limit
        if limit is None and chosen.form is None and sys.stdout.isatty():
            limit = NEWEST_AT_A_TERMINAL
        selection = Selection(reader, _asked(chosen), limit or None, chosen.levels, progress)
        form = _form(chosen, reader)
        count, ended = 0, None
        try:
            for entry in selection.entries():
                if not count:
                    form.begin()
                    if sys.stdout.isatty():  # the entries themselves show how far it is
                        progress.hide()
                        selection.progress = lambda _: None
                form.add(entry)
                count += 1
                if count == NEWEST_AT_A_TERMINAL:
                    sys.stdout.flush()  # so that the first ones are there at once
        except LedgerError as error:
            if not count:
                raise
            ended = Sentence.joined("", [error.wording])
        if not count:
            form.begin()
        progress.hide()
        remarks = [*_remarks(reader, selection), *([ended] if ended is not None else [])]
        form.end(remarks)
        sys.stdout.flush()
        for remark in remarks:
            complain(remark)
        for note in _notes(selection, count, chosen):
            say(note, stream=sys.stderr)
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
    return Table(write, facts, width, _painted)


def _painted(kind: str, text: str) -> str:
    return painted(text, _TONES.get(kind, Tone.PLAIN), sys.stdout)


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

    def work(progress: Progress) -> int:

        copied = copy_ledger(chosen.ledger, chosen.to, datetime.now(UTC), progress)
        progress.hide()
        if chosen.json:
            print_json(copied.record())
        else:
            for line in _copied(copied):
                say(line)
        return OK if copied.verdict.intact else FAILED

    return _carry_out(chosen.ledger, work, Sentence("copying and verifying"), as_json=chosen.json)


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


def _look_at(path: Path, work: Callable[[EntryReader, Progress], int], *, as_json: bool) -> int:
    """Do something with the ledger at `path`; the exit code."""

    def look(progress: Progress) -> int:

        with open_ledger(path, progress) as reader:
            return work(reader, progress)

    return _carry_out(path, look, Sentence("reading {file}", file=path.name), as_json=as_json)


def _carry_out(
    path: Path, work: Callable[[Progress], int], doing: Sentence, *, as_json: bool
) -> int:
    """Do something with a file; what keeps it from being done is said in words, or as a document
    to a program. The exit code.
    """
    if (wrong := wrong_path(path)) is not None:
        return refuse(wrong, as_json=as_json)
    try:
        with Progress(doing) as progress:
            return work(progress)
    except LedgerError as error:
        # In words without the code's own: these are of an agent that cannot write.
        if as_json:
            print_json(error_report(error))
        else:
            complain(error.wording)
    return MISUSED
