"""`ratingpad`: run a pad, check its configuration, verify its ledger.

argparse and not a larger library: on a board with 512 MB `ratingpad run` must start quickly and
keep the memory for the agent. For the same reason modules are imported where a command needs them.
"""

import argparse
import faulthandler
import sys
import sysconfig
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from device.system.system_files import KIOSKS, next_commands, write
from sync import __version__
from sync.arguments import CommandParser
from sync.terminal import log_to_stderr, run_command

if TYPE_CHECKING:
    from device.config.config import Config
    from device.errors import PadError

OK, FAILED, MISUSED = 0, 1, 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line. Returns the exit code: 0 done, 1 the agent, the ledger or the self-test
    failed, 2 wrong use, 3 a person must look at what `verify` found.
    """
    parser = CommandParser(prog="ratingpad", description="好差评 rating pad")
    parser.add_argument("--version", action="version", version=f"ratingpad {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    run = commands.add_parser("run", help="run the agent of this pad")
    run.add_argument("--config", type=Path, required=True, help="the pad's TOML file")
    run.add_argument("--log", default="info", choices=("debug", "info", "warning", "error"))
    check = commands.add_parser("check", help="report every mistake in a configuration")
    check.add_argument("--config", type=Path, required=True, help="the pad's TOML file")
    check.add_argument("--user", help="who must be able to read its files (root: the service's)")
    verify = commands.add_parser("verify", help="walk a ledger's chain; name the first bad entry")
    verify.add_argument("ledger", type=Path, help="the ledger file; it is only read")
    wiring = commands.add_parser("wiring", help="print which wire goes to which pin of a board")
    wiring.add_argument("--board", required=True, help="the name of a board in hw/boards")
    wiring.add_argument("--svg", action="store_true", help="the drawing instead of the tables")
    files = commands.add_parser("units", help="write the files that systemd and udev read")
    files.add_argument("--out", type=Path, required=True, help="the root of the system, such as /")
    files.add_argument("--kiosk", choices=KIOSKS, help="a touchscreen's browser, too")
    test = commands.add_parser("selftest", help="walk through every key, display, light and sound")
    test.add_argument("--config", type=Path, required=True, help="the pad's TOML file")
    test.add_argument("--report", type=Path, help="a new file for the result")
    voice = commands.add_parser("voice", help="make the spoken prompts; keep those there are")
    voice.add_argument("--out", type=Path, required=True, help="the folder of the recordings")
    chosen = parser.parse_args(arguments)
    if chosen.command == "wiring":
        return _wiring(chosen.board, drawn=chosen.svg)
    if chosen.command == "verify":
        return _verify(chosen.ledger)
    if chosen.command == "units":
        return _units(chosen.out, chosen.kiosk)
    if chosen.command == "voice":
        return _voice(chosen.out)
    if chosen.command == "run":
        return _run(chosen)
    return _configured(chosen)


def _units(out: Path, kiosk: str | None) -> int:
    program = Path(sysconfig.get_path("scripts"), "ratingpad")
    if program.is_relative_to("/home") or program.is_relative_to("/root"):
        print(f"{program}: a service sees no home folders; install it in /opt", file=sys.stderr)
    try:
        written = write(out, program, kiosk)
    except OSError as error:
        return _cannot("the files cannot be written", error, "--out")
    print(*written, sep="\n")
    print("then, as root:", *next_commands(kiosk), sep="\n  ")
    return OK


def _voice(out: Path) -> int:
    from device.output.recordings import VOICES, record
    from device.ui.words import load

    try:
        for words in load(VOICES):
            for file, length_s, made in record(words, out):
                print(f"{file}  {length_s:.1f} s  {'made' if made else 'kept'}")
    except OSError as error:
        return _cannot("the recordings cannot be made", error, "--out")
    return OK


def _cannot(what: str, error: OSError, option: str) -> int:
    """Say why a file below the path of `option` could not be written; the exit code."""
    from device.errors import PadCode
    from device.os_errors import code_of, explain

    denied = code_of(error, PadCode.INTERNAL) is PadCode.RIGHTS_MISSING
    remedy = f"; choose another {option}, or run the command as root (sudo)" if denied else ""
    print(f"{what}: {explain(error)}{remedy}", file=sys.stderr)
    return MISUSED


def _run(chosen: argparse.Namespace) -> int:
    # systemd's watchdog ends a hanging process by SIGABRT; this writes each thread's stack then.
    faulthandler.enable(file=2)
    log_to_stderr(chosen.log)
    from device.startup import run

    return run(chosen.config, _say)


IN_CHINESE = {
    "S01": "配置无法使用，请改正下面写明的地方：",
    "S02": "文件属于另一个用户，请按下面写明的处理：",
    "L06": "账目文件属于另一台设备或不是账目，请核对 [pad] id 和 [ledger] path：",
}
"""What to do, by the code of what keeps a pad from starting; as in docs/hardware.zh-CN.md."""


def _say(error: "PadError") -> None:
    """Print an error with its remedy: in Chinese where there are words, and in English."""
    if (chinese := IN_CHINESE.get(error.code.code)) is not None:
        print(chinese, file=sys.stderr)
    print(error, file=sys.stderr, flush=True)


def _configured(chosen: argparse.Namespace) -> int:
    from device.config.config import load
    from device.errors import ConfigError

    try:
        config = load(chosen.config)
    except ConfigError as error:
        # The remedy of S01 is to run `check`.
        if chosen.command == "check":
            print(IN_CHINESE["S01"], error.summary, sep="\n", file=sys.stderr)
        else:
            _say(error)
        return MISUSED
    if chosen.command == "check":
        return _check(config, chosen.config, chosen.user)
    return _selftest(config, chosen.report)


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


def _wiring(board: str, *, drawn: bool) -> int:
    from device.board.profile import board_names, load_header, load_profile
    from device.config_errors import did_you_mean
    from device.errors import ConfigError
    from device.wiring.document import document
    from device.wiring.drawing import drawing

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
    print((drawing if drawn else document)(profile, header), end="")
    return OK


def _selftest(config: "Config", file: Path | None) -> int:
    from device.errors import PadError
    from device.selftest.bench import selftest

    try:
        if file is not None:
            file.touch(exist_ok=False)  # before the test begins, and never over an older result
    except FileExistsError:
        print(f"{file} is there already; give a new file for this report", file=sys.stderr)
        return MISUSED
    except OSError as error:
        return _cannot("the report cannot be written", error, "--report")
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
        return _cannot("the report cannot be written", error, "--report")
    return OK if bench.runner.passed else FAILED


def _verify(path: Path) -> int:
    from device.ledger_report import UNREADABLE, report

    code, lines = report(path)
    print(*lines, sep="\n", file=sys.stderr if code == UNREADABLE else sys.stdout)
    return code


def command() -> int:
    """What the installed program calls: `main`, with an output that suits the terminal."""
    return run_command(main)


if __name__ == "__main__":
    sys.exit(command())
