"""`ratingpad check`: every mistake in a configuration."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from device.commands.command_errors import MISUSED, OK
from sync.arguments import Exit, Subcommand

if TYPE_CHECKING:
    from device.config.config import Config


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `check`."""
    parser.add_argument("--config", type=Path, required=True, help="the pad's TOML file")
    parser.add_argument("--user", help="who must be able to read its files (root: the service's)")


def run(chosen: argparse.Namespace) -> int:
    """Load the file, then look at what it names; the exit code."""
    from device.config.config import load
    from device.errors import ConfigError, PadCode
    from device.errors_zh import in_chinese

    try:
        config = load(chosen.config)
    except ConfigError as error:
        # Not with its remedy: the remedy of S01 is to run `check`.
        row = PadCode.CONFIG_WRONG
        print(f"{row.code} {in_chinese(row).says}，请改正下面写明的地方：", file=sys.stderr)
        print(error.summary, file=sys.stderr)
        return MISUSED
    return _check(config, chosen.config, chosen.user)


def _check(config: "Config", file: Path, user: str | None) -> int:
    """Beyond what reading the file has shown: texts, libraries, rights."""
    from device.config.file_rights import reader, service_reader, wrong_rights
    from device.drivers.registry import missing_libraries
    from device.errors import ConfigError, PadCode, PadError
    from device.link.desired_config import problem_of_stored
    from device.os_errors import missing_folder
    from device.output.display_output import refuse_unshowable

    as_user = service_reader()
    if user is not None and (as_user := reader(user)) is None:
        print(f"--user {user}: there is no such user on this machine", file=sys.stderr)
        return MISUSED
    problems: list[PadError] = []
    try:
        refuse_unshowable(config)
    except ConfigError as error:
        problems.append(error)
    touch, bus = (
        ("fontTools",) * (config.touch is not None),
        ("serial",) * (config.bus68 is not None),
    )
    desk = ("starlette", "uvicorn", "wsproto") * (
        config.desk is not None or config.touch is not None
    )
    problems += missing_libraries(config.profile, (*touch, *bus, *desk))
    if rights := wrong_rights(config, file, as_user):
        problems.append(ConfigError("\n  ".join(["rights of files", *rights])))
    if (missing := missing_folder(config.ledger.path)) is not None:
        problems.append(ConfigError(missing))
    if stored := problem_of_stored(config.ledger.path):
        problems.append(PadError(stored, PadCode.FILE_UNUSED))
    for problem in problems:
        print(problem.summary if isinstance(problem, ConfigError) else problem, file=sys.stderr)
    if not problems:
        print(f"{file}: in order, pad {config.pad.id} on board {config.pad.board}")
    return MISUSED if problems else OK


COMMAND = Subcommand(
    "check",
    "report every mistake in a configuration",
    add_arguments,
    run,
    (Exit(0, "in order"), Exit(2, "not in order, or wrong use")),
)
