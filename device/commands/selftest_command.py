"""`ratingpad selftest`: every key, display, light and sound of a pad, one after another."""

import argparse
import sys
from pathlib import Path

from device.commands.command_errors import FAILED, MISUSED, OK, cannot, say
from sync.arguments import Exit, Subcommand


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The pad, and a file for the result."""
    parser.add_argument("--config", type=Path, required=True, help="the pad's TOML file")
    parser.add_argument("--report", type=Path, help="a new file for the result")


def run(chosen: argparse.Namespace) -> int:
    """Lead a technician through it; the exit code."""
    from device.config.config import load
    from device.errors import ConfigError, PadError
    from device.selftest.bench import selftest

    file: Path | None = chosen.report
    try:
        config = load(chosen.config)
    except ConfigError as error:
        say(error)
        return MISUSED
    try:
        if file is not None:
            file.touch(exist_ok=False)  # before the test begins, and never over an older result
    except FileExistsError:
        print(f"{file} is there already; give a new file for this report", file=sys.stderr)
        return MISUSED
    except OSError as error:
        return cannot("the report cannot be written", error, "--report")
    try:
        try:
            bench = selftest(config, sys.stdout, sys.stdin if sys.stdin.isatty() else None)
        except PadError:
            if file is not None:
                file.unlink()
            raise
        print("", bench.text, sep="\n", end="")
        if file is not None:
            file.write_text(bench.text, "utf-8")
    except PadError as error:
        print(error, file=sys.stderr)
        return MISUSED
    except OSError as error:
        return cannot("the report cannot be written", error, "--report")
    return OK if bench.runner.passed else FAILED


COMMAND = Subcommand(
    "selftest",
    "walk through every key, display, light and sound",
    add_arguments,
    run,
    (
        Exit(0, "every step has passed"),
        Exit(1, "not every step has passed"),
        Exit(2, "it could not start, or wrong use"),
    ),
)
