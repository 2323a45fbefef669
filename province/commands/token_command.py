"""`ratingpad-province token`: say what a scanned code is."""

import argparse
import sys
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

from province.commands.read_reason import read_reason
from province.commands.token_report import TokenReport
from province.errors import KeyFileError
from sync.arguments import Exit, Subcommand, add_json
from sync.language import tr
from sync.phone_token import CHARS, TokenRefusal, check, read_key
from sync.printing import Tone, print_json, say
from sync.regular_file import read_regular_text
from sync.sentence import Sentence
from sync.shown_text import shown

WORDS = (
    Sentence("rate"),
    Sentence("words"),
    Sentence("malformed"),
    Sentence("version"),
    Sentence("unknown-key"),
    Sentence("forged"),
    Sentence("expired"),
    Sentence("not-yet"),
)
"""The words of purposes and refusals, for the catalogue; docs/token.md explains them."""

EPOCH = date(1970, 1, 1)
"""A token's days count from here."""
NOON_UTC = time(12, tzinfo=UTC)
"""`--on DATE` means this time: noon UTC is evening in China, on the same day."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The code, and the keys that may have signed it."""
    parser.add_argument(
        "--key",
        required=True,
        type=Path,
        metavar="FILE",
        action="append",
        help="a pad's key file; may be given again",
    )
    parser.add_argument("--on", type=date.fromisoformat, metavar="DATE", help="default: today")
    parser.add_argument("text", metavar="TEXT", help="the code, with its address or without")
    add_json(parser)


def run(given: argparse.Namespace) -> int:
    """Check it; the exit code."""
    return _print_token(given.key, given.on, given.text, as_json=given.json)


def _print_token(files: list[Path], on: date | None, text: str, *, as_json: bool) -> int:
    """Print what a token says; 1 when it is refused."""
    keys = {}
    for path in files:
        try:
            key = read_key(read_regular_text(path))
        except (OSError, ValueError) as error:
            raise KeyFileError(read_reason(path, error)) from error
        keys[key.number] = key
    now = datetime.combine(on, NOON_UTC) if on is not None else datetime.now(UTC)
    found = check(text.strip()[-CHARS:], keys.get, round(now.timestamp() * 1000))
    if isinstance(found, TokenRefusal):
        if as_json:
            print_json(TokenReport(found.value))
        else:
            say(Sentence(found.value), Tone.BAD)
        return 1
    last = None
    if found.last_day is not None:
        last = (EPOCH + timedelta(days=found.last_day)).isoformat()
    purpose = found.purpose.name.lower()
    if as_json:
        print_json(TokenReport("good", purpose, found.pad, found.invitation, last))
        return 0
    cells = (
        Sentence("good"),
        Sentence(purpose),
        shown(found.pad),
        shown(found.invitation),
        last or Sentence("(pad without the time)"),
    )
    sys.stdout.write("\t".join(tr(cell) for cell in cells) + "\n")
    return 0


COMMAND = Subcommand(
    "token",
    "say what a scanned code is",
    add_arguments,
    run,
    (
        Exit(0, "the code is good"),
        Exit(1, "the code is refused"),
        Exit(2, "a key file cannot be used, or wrong use"),
    ),
)
