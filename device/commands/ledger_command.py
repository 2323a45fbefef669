"""`ratingpad ledger`: what is in a ledger, and a copy of it for evidence.

The modules behind it are imported when it runs: they need a library that the agent must not load.
"""

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from device.commands.command_errors import FAILED, MISUSED, OK
from device.commands.command_progress import ShownProgress
from sync.arguments import Exit, Subcommand, group_of, whole_number
from sync.language import tr
from sync.sentence import Sentence
from sync.shown_text import shown

if TYPE_CHECKING:
    from device.ledger_view.entry_filter import EntryFilter
    from device.ledger_view.entry_reader import EntryReader
    from device.ledger_view.entry_selection import Selection
    from device.ledger_view.evidence_copy import EvidenceCopy
    from device.ledger_view.listing_forms import Form

NEWEST_AT_A_TERMINAL = 100
LIMIT_MAX = 100_000
_T = TypeVar("_T")


# --- arguments -----------------------------------------------------------------------------------


def add_summary_arguments(parser: argparse.ArgumentParser) -> None:
    """The file."""
    _add_file(parser)
    parser.add_argument("--json", action="store_true", help="as one JSON object")


def add_show_arguments(parser: argparse.ArgumentParser) -> None:
    """Which entries, and in which form."""
    _add_file(parser)
    parser.add_argument(
        "--kind",
        action="append",
        metavar="KIND",
        type=_as_argument(_kind),
        default=[],
        help="only of this kind, such as rated or fault; may be given more than once",
    )
    parser.add_argument(
        "--from",
        dest="first_ms",
        metavar="DATE",
        type=_as_argument(_first_ms),
        help="from this day or moment on, Beijing time: 2026-11-30, or '2026-11-30 14:30'",
    )
    parser.add_argument(
        "--to",
        dest="last_ms",
        metavar="DATE",
        type=_as_argument(_last_ms),
        help="up to the end of this day, minute or second",
    )
    parser.add_argument(
        "--seq",
        metavar="RANGE",
        type=_as_argument(_seq_range),
        default=(1, None),
        help="only these numbers: 7, 5-10, 5- or -10",
    )
    parser.add_argument("--invitation", metavar="ID", help="only about this one: its id or the end")
    parser.add_argument("--case", metavar="NUMBER", help="only about this case (办件编号)")
    parser.add_argument("--boot", metavar="ID", help="only of this boot of the pad")
    parser.add_argument(
        "--limit",
        metavar="N",
        type=whole_number(0, LIMIT_MAX),
        help="only the newest N; 0: all. A table at a terminal has the newest 100, else it is all",
    )
    parser.add_argument(
        "--levels",
        action="store_true",
        help="also levels, reasons and texts, the keys of stray presses, exact bytes and digests:"
        " for auditors, and never where a clerk can see it",
    )
    forms = parser.add_mutually_exclusive_group()
    forms.add_argument(
        "--csv", dest="form", action="store_const", const="csv", help="for a spreadsheet"
    )
    forms.add_argument(
        "--ndjson", dest="form", action="store_const", const="ndjson", help="a JSON object a line"
    )
    forms.add_argument(
        "--json", dest="form", action="store_const", const="json", help="as one JSON object"
    )


def add_copy_arguments(parser: argparse.ArgumentParser) -> None:
    """From where and where to."""
    _add_file(parser)
    parser.add_argument("to", metavar="TO", type=Path, help="a new file, or a folder for it")
    parser.add_argument("--json", action="store_true", help="print the manifest")


def _add_file(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "ledger", metavar="FILE", type=Path, help="the ledger file; it is only read"
    )


def _as_argument(read: Callable[[str], _T]) -> Callable[[str], _T]:
    """An argument's type, whose error is a sentence."""

    def typed(text: str) -> _T:
        try:
            return read(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(tr(error.args[0])) from error

    return typed


def _kind(text: str) -> str:
    from sync.entries import KINDS

    if text not in KINDS:
        raise ValueError(
            Sentence("no kind {kind!r}; there are: {kinds}", kind=text, kinds=", ".join(KINDS))
        )
    return text


def _first_ms(text: str) -> int:
    from sync.beijing_time import first_ms

    return first_ms(text)


def _last_ms(text: str) -> int:
    from sync.beijing_time import last_ms

    return last_ms(text)


def _seq_range(text: str) -> tuple[int, int | None]:
    from device.ledger_view.entry_filter import seq_range

    return seq_range(text)


# --- summary -------------------------------------------------------------------------------------


def run_summary(chosen: argparse.Namespace) -> int:
    """What is in a ledger, in twenty lines; the exit code."""
    from device.ledger_view.ledger_summary import summarize

    def work(reader: "EntryReader", progress: ShownProgress) -> int:
        summary = summarize(reader, progress)
        progress.clear()
        if chosen.json:
            print(json.dumps(summary.record(), indent=2))
        else:
            print(*summary.lines(), sep="\n")
        return OK if summary.is_good else FAILED

    return _look_at(chosen.ledger, work, as_json=chosen.json)


# --- show ----------------------------------------------------------------------------------------


def run_show(chosen: argparse.Namespace) -> int:
    """The entries; the exit code."""
    from device.ledger_view.entry_selection import Selection

    def work(reader: "EntryReader", progress: ShownProgress) -> int:
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


def _asked(chosen: argparse.Namespace) -> "EntryFilter":
    from device.ledger_view.entry_filter import EntryFilter
    from sync.identity_text import comparable

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


def _form(chosen: argparse.Namespace, reader: "EntryReader") -> "Form":
    import shutil

    from device.ledger_view.listing_forms import Csv, JsonDocument, Ndjson, Table

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


def _remarks(reader: "EntryReader", selection: "Selection") -> list[Sentence]:
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


def _notes(selection: "Selection", count: int, chosen: argparse.Namespace) -> Iterator[Sentence]:
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


def run_copy(chosen: argparse.Namespace) -> int:
    """Copy it for evidence; the exit code."""
    from datetime import UTC, datetime

    def work(progress: ShownProgress) -> int:
        from device.ledger_view.evidence_copy import copy_ledger

        copy = copy_ledger(chosen.ledger, chosen.to, datetime.now(UTC), progress)
        progress.clear()
        if chosen.json:
            print(json.dumps(copy.record(), indent=2))
        else:
            print(*(shown(tr(line)) for line in _copied(copy)), sep="\n")
        return OK if copy.verdict.intact else FAILED

    return _carry_out(chosen.ledger, work, tr("copying and verifying"), as_json=chosen.json)


def _copied(copy: "EvidenceCopy") -> Iterator[Sentence]:
    from device.ledger_view.evidence_copy import MANIFEST, SUMS

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
    path: Path, work: "Callable[[EntryReader, ShownProgress], int]", *, as_json: bool
) -> int:
    """Do something with the ledger at `path`; the exit code."""

    def look(progress: ShownProgress) -> int:
        from device.ledger_view.entry_reader import open_ledger

        with open_ledger(path, progress) as reader:
            return work(reader, progress)

    return _carry_out(path, look, tr("reading"), as_json=as_json)


def _carry_out(
    path: Path, work: Callable[[ShownProgress], int], doing: str, *, as_json: bool
) -> int:
    """Do something with a file; what keeps it from being done is said on stderr, in words or as
    JSON. The exit code.
    """
    from device.errors import LedgerError, PadCode
    from device.ledger_report import wrong_path

    progress = ShownProgress(doing)
    try:
        if (wrong := wrong_path(path)) is not None:
            raise LedgerError(wrong, PadCode.CONFIG_WRONG)
        return work(progress)
    except LedgerError as error:
        progress.clear()
        if as_json:
            record = {"code": error.code.code, "detail": str(error.detail)}
            print(json.dumps({"error": record}), file=sys.stderr)
        else:
            print(shown(tr(error.detail)), file=sys.stderr)
    return MISUSED


_WHOLE = (
    Exit(0, "the ledger was read, and nothing is wrong with what was read"),
    Exit(1, "it was read, and it is damaged or something is missing"),
    Exit(2, "no ledger, or it cannot be read, or wrong use"),
)

COMMAND = group_of(
    "ledger",
    "what is in a ledger, and copies for evidence; with a file only: its summary",
    (
        Subcommand(
            "summary",
            "whose ledger it is, what is in it, and what the province does not have",
            add_summary_arguments,
            run_summary,
            _WHOLE,
        ),
        Subcommand(
            "show",
            "list the entries, without levels unless they are asked for",
            add_show_arguments,
            run_show,
            _WHOLE,
        ),
        Subcommand(
            "copy",
            "copy a ledger for evidence, with a manifest; verified before it is done",
            add_copy_arguments,
            run_copy,
            (
                Exit(0, "copied, and the copy is whole"),
                Exit(1, "copied as it is; the ledger is not whole"),
                Exit(2, "nothing was copied"),
            ),
        ),
    ),
)
