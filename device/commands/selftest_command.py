"""`ratingpad selftest`: every key, display, light and sound of a pad, one after another."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from device.commands.command_errors import FAILED, MISUSED, OK, cannot, refuse, say_error
from sync.arguments import Exit, Subcommand, add_json
from sync.printing import print_json
from sync.sentence import Sentence

if TYPE_CHECKING:
    from device.commands.json_reports import SelftestReport
    from device.selftest.bench import SelftestBench


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The pad, and a file for the result."""
    parser.add_argument("--config", type=Path, required=True, help="the pad's TOML file")
    parser.add_argument("--report", type=Path, help="a new file for the result")
    add_json(parser)


def run(chosen: argparse.Namespace) -> int:
    """Lead a technician through it; the exit code."""
    from device.config.config import load
    from device.errors import ConfigError, PadError
    from device.selftest.bench import selftest

    file: Path | None = chosen.report
    try:
        config = load(chosen.config)
    except ConfigError as error:
        say_error(error, as_json=chosen.json)
        return MISUSED
    try:
        if file is not None:
            file.touch(exist_ok=False)  # before the test begins, and never over an older result
    except FileExistsError:
        words = Sentence("{file} is there already; give a new file for this report", file=file)
        return refuse(words, as_json=chosen.json)
    except OSError as error:
        return cannot(CANNOT_WRITE, error, "--report", as_json=chosen.json)
    try:
        try:
            screen = sys.stderr if chosen.json else sys.stdout
            bench = selftest(config, screen, sys.stdin if sys.stdin.isatty() else None)
        except PadError:
            if file is not None:
                file.unlink()
            raise
        if chosen.json:
            print_json(_document(bench))
        else:
            print("", bench.text, sep="\n", end="")
        if file is not None:
            file.write_text(bench.text, "utf-8")
    except PadError as error:
        say_error(error, as_json=chosen.json)
        return MISUSED
    except OSError as error:
        return cannot(CANNOT_WRITE, error, "--report", as_json=chosen.json)
    return OK if bench.runner.passed else FAILED


CANNOT_WRITE = Sentence("the report cannot be written")


def _document(bench: "SelftestBench") -> "SelftestReport":
    from device.commands.json_reports import SelftestReport, StepReport

    return SelftestReport(
        passed=bench.runner.passed,
        **bench.head._asdict(),
        steps=[
            StepReport(
                item.about, item.outcome.value, str(item.says), item.code.code if item.code else ""
            )
            for item in bench.runner.results
        ],
    )


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
