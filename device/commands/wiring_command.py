"""`ratingpad wiring`: which wire goes to which pin of a board."""

import argparse
import sys
from typing import TYPE_CHECKING

from device.commands.command_errors import MISUSED, OK, refuse, say_error
from sync.arguments import Subcommand, add_json
from sync.columns import aligned
from sync.language import language
from sync.printing import print_json, say
from sync.sentence import Sentence

if TYPE_CHECKING:
    from device.board.pins import Header
    from device.board.profile import Profile
    from device.commands.json_reports import WiringReport


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The board, and whether as a table or drawn."""
    parser.add_argument("--board", required=True, help="the name of a board in hw/boards")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--svg", action="store_true", help="the drawing instead of the table")
    add_json(form)


def run(chosen: argparse.Namespace) -> int:
    """Print the table or the drawing; the exit code."""
    from device.board.profile import board_names, load_header, load_profile
    from device.config_errors import did_you_mean
    from device.errors import ConfigError
    from device.wiring.drawing import drawing

    board: str = chosen.board
    names = board_names()
    if board not in names:
        words = Sentence(
            "there is no board {board!r}{hint}\nthere are: {names}",
            board=board,
            hint=did_you_mean(board, names),
            names=", ".join(names),
        )
        return refuse(words, as_json=chosen.json)
    try:
        profile = load_profile(board)
        header = load_header(profile)
    except ConfigError as error:
        if chosen.json:
            say_error(error, as_json=True)
            return MISUSED
        return refuse(error.wording)
    if chosen.svg:
        sys.stdout.write(drawing(profile, header))
    elif chosen.json:
        print_json(_document(profile, header))
    else:
        _print_table(profile, header)
    return OK


def _print_table(profile: "Profile", header: "Header") -> None:
    from device.wiring import wiring_words as words
    from device.wiring.document import rows

    found = rows(profile, header, language())
    say(f"{profile.title}: {getattr(words.TITLE, language())}\n")
    for line in aligned(found):
        say(line)


def _document(profile: "Profile", header: "Header") -> "WiringReport":
    from device.commands.json_reports import WireReport, WiringReport
    from device.wiring.pin_table import wires
    from device.wiring.wiring_words import PARTS

    return WiringReport(
        board=profile.name,
        title=profile.title,
        wires=[
            WireReport(PARTS[one.part].en, one.name.en, one.pin.pin, one.line, one.note.en)
            for one in wires(profile, header)
        ],
    )


COMMAND = Subcommand("wiring", "print which wire goes to which pin of a board", add_arguments, run)
