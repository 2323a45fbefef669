"""`ratingpad units`: the files that systemd and udev read."""

import argparse
import sysconfig
from pathlib import Path

from device.commands.command_errors import OK, cannot
from device.system.system_files import KIOSKS, next_commands, write
from sync.arguments import Subcommand
from sync.printing import complain, say
from sync.sentence import Sentence


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Where to, and whether with a kiosk."""
    parser.add_argument("--out", type=Path, required=True, help="the root of the system, such as /")
    parser.add_argument("--kiosk", choices=KIOSKS, help="a touchscreen's browser, too")


def run(chosen: argparse.Namespace) -> int:
    """Write them, and print the commands that follow; the exit code."""
    program = Path(sysconfig.get_path("scripts"), "ratingpad")
    if program.is_relative_to("/home") or program.is_relative_to("/root"):
        complain(
            Sentence(
                "{program}: a service sees no home folders; install it in /opt", program=program
            )
        )
    try:
        written = write(chosen.out, program, chosen.kiosk)
    except OSError as error:
        return cannot("the files cannot be written", error, "--out")
    print(*written, sep="\n")
    say("then, as root:")
    for command in next_commands(chosen.kiosk):
        say(f"  {command}")
    return OK


COMMAND = Subcommand(
    "units", "write the files that systemd, udev, man and bash read", add_arguments, run
)
