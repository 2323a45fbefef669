"""`ratingpad setup`: makes a pad of this computer."""

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from device.commands.command_errors import FAILED, MISUSED, OK, cannot
from device.system.system_files import KIOSKS
from sync.arguments import Exit, Subcommand
from sync.language import tr
from sync.sentence import Sentence
from sync.shown_text import shown

DESK = "http://127.0.0.1:8600/"

if TYPE_CHECKING:
    from device.setup.setup_plan import Plan, Step
    from device.setup.setup_system import SetupSystem


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What may be decided beforehand, so that nobody is asked."""
    add = parser.add_argument
    add("--board", help="the board, as docs/hardware.md names it; found out on a Raspberry Pi")
    add("--window", help="the window's number or name")
    add("--hall", help="the hall's name")
    add("--id", help="the pad's id; without it one is made of the computer's own number")
    add("--broker", help="where messages go; mqtt://127.0.0.1:1883")
    add("--languages", help="what the pad speaks, such as zh,ko")
    add("--chip", help="of an OLED: ssd1306 (most of 0.96 inch) or sh1106 (most of 1.3 inch)")
    add("--px-per-mm", help="of a touchscreen that does not say its size")
    add("--key-name", help="of a USB key pad: its name")
    add("--key-port", help="of a serial key pad: its line")
    add("--key-model", help="of a key pad: its key map, as docs/hardware.md names it")
    add("--key-address", help="of a serial key pad: its window's address")
    parser.add_argument(
        "--kiosk",
        choices=(*KIOSKS, "none"),
        help="the browser of a touchscreen; chosen by the computer's memory",
    )
    parser.add_argument("--voice", action="store_true", help="make the spoken prompts, too")
    parser.add_argument(
        "--wheels", type=Path, help="a folder of wheels to install from, without a network"
    )
    parser.add_argument("--dry-run", action="store_true", help="show what would be done; no more")
    parser.add_argument(
        "--yes", action="store_true", help="ask nothing; what is not given is found"
    )


def run(chosen: argparse.Namespace) -> int:
    """Find out, ask, show, do; the exit code."""
    from device.setup.decisions import UnsuitableError, decide, source_of
    from device.setup.machine import find_machine
    from device.setup.questions import Questions, UnansweredError
    from device.setup.setup_plan import steps, to_do
    from device.setup.setup_progress import show_plan
    from device.setup.setup_system import SetupSystem

    system = SetupSystem()
    asks = sys.stdin.isatty() and not chosen.yes
    questions = Questions(sys.stdin if asks else None)
    try:
        plan = decide(chosen, find_machine(), system, questions, source_of(Path(__file__)))
        left = to_do(plan, system)
    except (UnsuitableError, UnansweredError) as error:
        print(tr(error.why), file=sys.stderr)
        return MISUSED
    except PermissionError as error:
        return cannot("what is set up already cannot be read", error)
    answers = plan.answers
    told = Sentence("pad {pad}, window {window}", pad=answers.pad_id, window=answers.window)
    print(shown(f"{tr(told)}, {tr(plan.parts.title)}"))
    if not left:
        print(tr("everything is in order already; nothing was changed"))
        return OK
    show_plan(left, len(steps(plan, system)) - len(left), sys.stdout)
    if chosen.dry_run or (asks and not questions.agreed(Sentence("Go on? [Y/n]"))):
        print(tr("nothing was changed"))
        return OK
    return _carry_out(plan, left, system)


def _carry_out(plan: "Plan", left: "list[Step]", system: "SetupSystem") -> int:
    from device.setup.setup_plan import needs_restart

    if os.geteuid():
        print(tr("run it as root: sudo ./ratingpad setup"), file=sys.stderr)
        return MISUSED
    restart = needs_restart(plan)
    if not _do(left, system):
        return FAILED
    print(tr("the pad is set up. Next:"))
    if restart:
        print(f"  {tr('restart the computer: sudo reboot')}")
    print(f"  {tr('try every part: docs/hardware.md, “How to check”')}")
    page = Sentence("the clerk's page: {url} with the token in {file}", url=DESK, file=plan.token)
    print(f"  {tr(page)}")
    return OK


def _do(left: "list[Step]", system: "SetupSystem") -> bool:
    """Do the steps; False, and why, when one fails."""
    from device.setup.setup_plan import unfinished
    from device.setup.setup_progress import StepProgress
    from device.setup.setup_system import LOG, CommandFailedError

    progress = StepProgress(len(left), sys.stdout)
    step = left[0]
    try:
        with unfinished(system):
            for number, step in enumerate(left, 1):
                progress.do(number, step)
    except BlockingIOError:
        print(tr("another setup is running on this computer"), file=sys.stderr)
        return False
    except (OSError, CommandFailedError) as error:
        progress.stop()
        lines = f"{tr(step.title)}: {error}".split("\n")
        print(*map(shown, lines), sep="\n", file=sys.stderr)
        after = Sentence(
            "the log: {file}. Mend this, then run `ratingpad setup` again: it goes on here",
            file=f"/{LOG}",
        )
        print(tr(after), file=sys.stderr)
        return False
    return True


COMMAND = Subcommand(
    "setup",
    "make a pad of this computer",
    add_arguments,
    run,
    (
        Exit(0, "done, or nothing to do"),
        Exit(1, "a step has failed"),
        Exit(2, "not this computer, not as root, or wrong use"),
    ),
)
