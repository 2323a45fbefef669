"""`ratingpad`: run a pad, check its configuration, verify its ledger. The commands are in
`device/commands/`.

argparse and not a larger library: on a board with 512 MB `ratingpad run` must start quickly and
keep the memory for the agent. For the same reason modules are imported where a command needs them.
"""

import sys
from collections.abc import Sequence

from device.commands import (
    check_command,
    ledger_command,
    run_command,
    selftest_command,
    setup_command,
    units_command,
    verify_command,
    voice_command,
    wiring_command,
)
from sync import terminal
from sync.arguments import CommandParser, command_parser

COMMANDS = (
    setup_command.COMMAND,
    run_command.COMMAND,
    check_command.COMMAND,
    verify_command.COMMAND,
    ledger_command.COMMAND,
    wiring_command.COMMAND,
    units_command.COMMAND,
    selftest_command.COMMAND,
    voice_command.COMMAND,
)


def parser() -> CommandParser:
    """The parser of the whole command line."""
    return command_parser("ratingpad", "好差评 rating pad", COMMANDS)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line. Returns the exit code: 0 done, 1 the agent, the ledger or the self-test
    failed, 2 wrong use, 3 a person must look at what `verify` found.
    """
    chosen = parser().parse_args(arguments)
    code: int = chosen.run(chosen)
    return code


def command() -> int:
    """What the installed program calls: `main`, with an output that suits the terminal."""
    return terminal.run_command(main)


if __name__ == "__main__":
    sys.exit(command())
