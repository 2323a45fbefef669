"""`ratingpad-province token`: say what a scanned code is."""

import argparse
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

from province.commands.read_reason import read_reason
from province.errors import KeyFileError
from sync.arguments import Exit, Subcommand
from sync.phone_token import CHARS, TokenRefusal, check, read_key
from sync.regular_file import read_regular_text
from sync.shown_text import shown

EPOCH = date(1970, 1, 1)
"""A token's days count from here."""
NOON_UTC = time(12, tzinfo=UTC)
"""`--on DATE` means this time: noon UTC is evening in China, on the same day."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The code, and the keys that may have signed it."""
    parser.add_argument("--key", required=True, type=Path, metavar="FILE", action="append")
    parser.add_argument("--on", type=date.fromisoformat, metavar="DATE", help="default: today")
    parser.add_argument("text", metavar="TEXT", help="the code, with its address or without")


def run(given: argparse.Namespace) -> int:
    """Check it; the exit code."""
    return _print_token(given.key, given.on, given.text)


def _print_token(files: list[Path], on: date | None, text: str) -> int:
    """Print what a token says; 1 when it is refused."""
    keys = {}
    for path in files:
        try:
            key = read_key(read_regular_text(path))
        except (OSError, ValueError) as error:
            raise KeyFileError(f"{path}: {read_reason(error)}") from error
        keys[key.number] = key
    now = datetime.combine(on, NOON_UTC) if on is not None else datetime.now(UTC)
    found = check(text.strip()[-CHARS:], keys.get, round(now.timestamp() * 1000))
    if isinstance(found, TokenRefusal):
        print(found.value)
        return 1
    last = "(pad without the time)"
    if found.last_day is not None:
        last = (EPOCH + timedelta(days=found.last_day)).isoformat()
    purpose = found.purpose.name.lower()
    print("\t".join(["good", purpose, shown(found.pad), shown(found.invitation), last]))
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
