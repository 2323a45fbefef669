"""`ratingpad-province verify`: walk every chain, derive everything again."""

import argparse
import time
from pathlib import Path

from province.commands.read_reason import read_reason
from province.commands.store_reading import add_store, reading
from province.errors import LookedAtFileError
from province.looked_at import read_looked_at
from sync.arguments import Exit, Subcommand, add_json
from sync.beijing_time import shown_beijing
from sync.printing import print_json, say
from sync.progress import Progress
from sync.regular_file import read_regular_text
from sync.sentence import Sentence


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The store, and what a person has looked at."""
    parser.add_argument(
        "--looked-at",
        type=Path,
        metavar="FILE",
        help="findings that a person has looked at: its lines, each below a `# reason`",
    )
    add_json(parser)
    add_store(parser)


def run(given: argparse.Namespace) -> int:
    """Print the findings; the exit code, which may be 3 (a person must look)."""
    return _verify(given.store, given.looked_at, as_json=given.json)


def _verify(store_url: str, looked_at: Path | None, *, as_json: bool) -> int:
    from province.verify import verify
    from province.verify_report import Findings

    reasons = _read_reasons(looked_at) if looked_at is not None else {}
    began_ms, began_s = time.time_ns() // 1_000_000, time.monotonic()
    with reading(store_url) as store, Progress(Sentence("checking the store")) as progress:
        on_record = store.lost(), store.incidents(), store.refusals()
        verdict = verify(store, progress)
    checked = Sentence(
        "checked at {date} (UTC+8) in {took:.1f} s: ",
        date=shown_beijing(began_ms),
        took=time.monotonic() - began_s,
    )
    found = Findings(verdict, *on_record, reasons, checked)
    if as_json:
        print_json(found.document())
        return found.outcome.exit_code
    for line, tone in found.lines():
        say(line, tone)
    return found.outcome.exit_code


def _read_reasons(path: Path) -> dict[str, str]:
    """Raises LookedAtFileError (P22)."""
    try:
        return read_looked_at(read_regular_text(path))
    except (OSError, ValueError) as error:
        raise LookedAtFileError(read_reason(path, error)) from error


COMMAND = Subcommand(
    "verify",
    "walk every chain, derive everything again",
    add_arguments,
    run,
    (
        Exit(0, "sound"),
        Exit(1, "not sound: a chain or a derived row is wrong"),
        Exit(2, "the store cannot be read, or wrong use"),
        Exit(3, "sound, but a person must look at something"),
    ),
)
