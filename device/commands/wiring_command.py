"""`ratingpad wiring`: which wire goes to which pin of a board."""

import argparse
import sys

from device.commands.command_errors import MISUSED, OK
from sync.arguments import Subcommand


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The board, and whether as a table or drawn."""
    parser.add_argument("--board", required=True, help="the name of a board in hw/boards")
    parser.add_argument("--svg", action="store_true", help="the drawing instead of the tables")


def run(chosen: argparse.Namespace) -> int:
    """Print the table or the drawing; the exit code."""
    from device.board.profile import board_names, load_header, load_profile
    from device.config_errors import did_you_mean
    from device.errors import ConfigError
    from device.wiring.document import document
    from device.wiring.drawing import drawing

    board: str = chosen.board
    names = board_names()
    if board not in names:
        near = did_you_mean(board, names)
        print(f"there is no board {board!r}{near}\nthere are: {', '.join(names)}", file=sys.stderr)
        return MISUSED
    try:
        profile = load_profile(board)
        header = load_header(profile)
    except ConfigError as error:
        print(error.detail, file=sys.stderr)
        return MISUSED
    print((drawing if chosen.svg else document)(profile, header), end="")
    return OK


COMMAND = Subcommand("wiring", "print which wire goes to which pin of a board", add_arguments, run)
