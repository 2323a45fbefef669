"""`ratingpad voice`: the recordings of the spoken prompts."""

import argparse
from pathlib import Path

from device.commands.command_errors import OK, cannot
from sync.arguments import Subcommand
from sync.printing import say
from sync.sentence import Sentence


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Where to."""
    parser.add_argument("--out", type=Path, required=True, help="the folder of the recordings")


def run(chosen: argparse.Namespace) -> int:
    """Make what is missing, a line for each recording; the exit code."""
    from device.output.recordings import VOICES, record
    from device.ui.words import load

    try:
        for words in load(VOICES):
            for file, length_s, made in record(words, chosen.out):
                state = Sentence("made") if made else Sentence("kept")
                say(
                    Sentence(
                        "{file}  {length:.1f} s  {state}", file=file, length=length_s, state=state
                    )
                )
    except OSError as error:
        return cannot("the recordings cannot be made", error, "--out")
    return OK


COMMAND = Subcommand("voice", "make the spoken prompts; keep those there are", add_arguments, run)
