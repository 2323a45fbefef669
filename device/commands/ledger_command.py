"""`ratingpad ledger`: what is in a ledger, and a copy of it for evidence.

Its arguments only: what it does (`ledger_runs.py`) and the modules behind that are imported when it
runs. They need a library that the agent must not load, and memory that it has no use for.
"""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from sync.arguments import Exit, Subcommand, group_of, whole_number
from sync.language import tr
from sync.sentence import Sentence

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


# --- what is run ---------------------------------------------------------------------------------


def run_summary(chosen: argparse.Namespace) -> int:
    """What is in a ledger, in twenty lines; the exit code."""
    from device.commands import ledger_runs

    return ledger_runs.summary(chosen)


def run_show(chosen: argparse.Namespace) -> int:
    """The entries; the exit code."""
    from device.commands import ledger_runs

    return ledger_runs.show(chosen)


def run_copy(chosen: argparse.Namespace) -> int:
    """Copy it for evidence; the exit code."""
    from device.commands import ledger_runs

    return ledger_runs.copy(chosen)


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
