"""`ratingpad-province phone-key`: make a pad's key for the codes of phones."""

import argparse
import os
import secrets
from pathlib import Path

from province.commands.read_reason import read_reason
from province.errors import KeyFileError
from sync.arguments import Subcommand, whole_number
from sync.entries import HashName
from sync.phone_token import NUMBER_MAX, SECRET_BYTES, PhoneKey, read_key, write_key
from sync.sentence import Sentence


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Whose key, and where to."""
    parser.add_argument("--pad", required=True, help="the pad's id")
    parser.add_argument(
        "--number",
        required=True,
        type=whole_number(0, NUMBER_MAX),
        help=Sentence("0 to {most}, a new one", most=NUMBER_MAX),
    )
    parser.add_argument(
        "--hash",
        choices=[name.value for name in HashName],
        default="sha256",
        help="of the signature; sha256 by default",
    )
    parser.add_argument(
        "--out", required=True, type=Path, metavar="FILE", help="the new file of the key"
    )


def run(given: argparse.Namespace) -> int:
    """Make it; the exit code."""
    return _make_key(given.pad, given.number, HashName(given.hash), given.out)


def _make_key(pad: str, number: int, hash_name: HashName, out: Path) -> int:
    """Write a new key file that only its owner can read. Raises KeyFileError (P09) for a file that
    exists.
    """
    text = write_key(PhoneKey(pad, number, secrets.token_bytes(SECRET_BYTES), hash_name))
    try:
        read_key(text)  # refuses here what a pad would refuse
        with os.fdopen(os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(text)
    except (OSError, ValueError) as error:
        raise KeyFileError(read_reason(out, error)) from error
    return 0


COMMAND = Subcommand("phone-key", "make a pad's key for the codes of phones", add_arguments, run)
