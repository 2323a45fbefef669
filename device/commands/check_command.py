"""`ratingpad check`: every mistake in a configuration."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from device.commands.command_errors import FAILED, OK, refuse, say_error
from sync.arguments import Exit, Subcommand, add_json
from sync.printing import Tone, print_json, say
from sync.sentence import Sentence

if TYPE_CHECKING:
    from device.config.config import Config
    from device.config.file_rights import Reader
    from device.errors import PadError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `check`."""
    parser.add_argument("--config", type=Path, required=True, help="the pad's TOML file")
    parser.add_argument("--user", help="who must be able to read its files (root: the service's)")
    add_json(parser)


def run(chosen: argparse.Namespace) -> int:
    """Load the file, then look at what it names; the exit code."""
    from device.config.config import load
    from device.config.file_rights import reader, service_reader
    from device.errors import ConfigError

    as_user, name = service_reader(), chosen.user
    if name is not None and (as_user := reader(name)) is None:
        unknown = Sentence("--user {name}: there is no such user on this machine", name=name)
        return refuse(unknown, as_json=chosen.json)
    config: Config | None = None
    try:
        config = load(chosen.config)
        problems = _problems(config, chosen.config, as_user)
    except ConfigError as error:
        problems = [error]
    if chosen.json:
        _print_document(chosen.config, config, problems)
        return FAILED if problems else OK
    for problem in problems:  # without the remedy of S01, which is to run `check`
        say_error(problem, remedy=not isinstance(problem, ConfigError))
    if not problems and config is not None:
        pad = config.pad
        say(
            Sentence(
                "{file}: in order, pad {pad} on board {board}",
                file=chosen.config,
                pad=pad.id,
                board=pad.board,
            ),
            Tone.GOOD,
        )
    return FAILED if problems else OK


def _print_document(file: Path, config: "Config | None", problems: "list[PadError]") -> None:
    from device.commands.json_reports import CheckReport
    from sync.error_report import error_report

    pad = config and config.pad
    print_json(
        CheckReport(
            file=str(file),
            in_order=not problems,
            pad=pad.id if pad else "",
            board=pad.board if pad else "",
            problems=[error_report(problem) for problem in problems],
        )
    )


def _problems(config: "Config", file: Path, as_user: "Reader | None") -> "list[PadError]":
    """Beyond what reading the file has shown: texts, libraries, rights."""
    from device.config.file_rights import wrong_rights
    from device.drivers.registry import missing_libraries
    from device.errors import ConfigError, PadCode, PadError
    from device.link.desired_config import problem_of_stored
    from device.os_errors import missing_folder
    from device.output.display_output import refuse_unshowable

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
        head = Sentence("rights of files")
        problems.append(ConfigError(Sentence.joined("\n  ", [head, *rights])))
    if (missing := missing_folder(config.ledger.path)) is not None:
        problems.append(ConfigError(missing))
    if stored := problem_of_stored(config.ledger.path):
        problems.append(PadError(stored, PadCode.FILE_UNUSED))
    return problems


COMMAND = Subcommand(
    "check",
    "report every mistake in a configuration",
    add_arguments,
    run,
    (Exit(0, "in order"), Exit(1, "something is not in order"), Exit(2, "wrong use")),
)
