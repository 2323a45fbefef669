"""`ratingpad run`: the agent of this pad."""

import argparse
import faulthandler
from pathlib import Path

from device.commands.command_errors import say_in_log
from sync.arguments import Exit, Subcommand
from sync.terminal import log_to_stderr


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `run`."""
    parser.add_argument("--config", type=Path, required=True, help="the pad's TOML file")
    parser.add_argument(
        "--log",
        default="info",
        choices=("debug", "info", "warning", "error"),
        help="what is logged: this and what is more important",
    )


def run(chosen: argparse.Namespace) -> int:
    """Run the agent until it is stopped; the exit code."""
    # systemd's watchdog ends a hanging process by SIGABRT; this writes each thread's stack then.
    faulthandler.enable(file=2)
    log_to_stderr(chosen.log)
    from device import startup

    return startup.run(chosen.config, say_in_log)


COMMAND = Subcommand(
    "run",
    "run the agent of this pad",
    add_arguments,
    run,
    (
        Exit(0, "stopped in order"),
        Exit(1, "it failed, or could not start"),
        Exit(2, "mistakes in the configuration, or wrong use"),
    ),
)
