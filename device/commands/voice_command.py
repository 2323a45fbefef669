"""`ratingpad voice`: the recordings of the spoken prompts."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from device.commands.command_errors import OK, cannot
from sync.arguments import Subcommand
from sync.printing import say
from sync.progress import Progress
from sync.sentence import Sentence

if TYPE_CHECKING:
    from device.output.recordings import Recording


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Where to."""
    parser.add_argument("--out", type=Path, required=True, help="the folder of the recordings")


def run(chosen: argparse.Namespace) -> int:
    """Make what is missing, a line for each recording; the exit code."""
    from device.output.recordings import VOICES, record
    from device.ui.words import load

    languages = load(VOICES)
    count, done = sum(len(words.spoken()) for words in languages), 0
    with Progress(Sentence("making the recordings")) as progress:

        def each() -> None:
            nonlocal done
            done += 1
            progress(done / count)

        try:
            for words in languages:
                recordings = record(words, chosen.out, each)
                progress.hide()
                for one in recordings:
                    say(_line(one))
        except OSError as error:
            return cannot("the recordings cannot be made", error, "--out")
    return OK


def _line(recording: "Recording") -> Sentence:
    state = Sentence("made") if recording.made else Sentence("kept")
    return Sentence(
        "{file}  {length:.1f} s  {state}",
        file=recording.file,
        length=recording.length_s,
        state=state,
    )


COMMAND = Subcommand("voice", "make the spoken prompts; keep those there are", add_arguments, run)
