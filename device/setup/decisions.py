"""From what was given, stands in the pad's file, was found out or is answered: the plan."""

import argparse
import sys
import time
from pathlib import Path

from device.setup.answers import (
    BROKER,
    Answers,
    wrong_address,
    wrong_broker,
    wrong_density,
    wrong_hall,
    wrong_id,
    wrong_languages,
    wrong_window,
)
from device.setup.board_parts import (
    BoardParts,
    board_names,
    extras,
    keypad_names,
    kiosk_browser,
    read_parts,
)
from device.setup.machine import FoundMachine, Keyboard
from device.setup.pad_file import is_ours, read_answers
from device.setup.questions import Check, Choice, Questions
from device.setup.setup_plan import PAD_FILE, Plan
from device.setup.setup_system import SetupSystem
from device.system.system_files import installed_kiosk
from sync.sentence import Sentence
from sync.shown_text import shown

OLDEST_DEBIAN = 12
DAY_S = 86_400
OLDEST_PYTHON = (3, 11)
LGPIO_NOT_BUILT_FROM = (3, 13)
FREE_MIB, FREE_MIB_KIOSK = 700, 2000
"""What an installation takes, and its packages while they are unpacked."""

CHIPS = (
    Choice("ssd1306", Sentence("most displays of 0.96 inch")),
    Choice("sh1106", Sentence("most displays of 1.3 inch")),
)


class UnsuitableError(Exception):
    """The computer, the options or the pad's file cannot be used. `why` has a line for each reason
    and says what to do.
    """

    def __init__(self, *why: Sentence) -> None:
        self.why = Sentence.joined("\n", why)
        super().__init__(self.why)


def source_of(command: Path) -> Path | None:
    """The checkout that this file of ours is in; None when it is an installed one."""
    top = command.resolve().parents[2]
    return top if (top / "setup.cfg").is_file() and (top / "pyproject.toml").is_file() else None


def decide(
    given: argparse.Namespace,
    machine: FoundMachine,
    system: SetupSystem,
    questions: Questions,
    source: Path | None,
) -> Plan:
    """The plan. Raises UnsuitableError, and UnansweredError where there is nobody to ask."""
    _refuse_given(given)
    text = system.read(PAD_FILE)
    before = read_answers(text) if text is not None else None
    if text is not None and not is_ours(text):
        if before is None or before.board not in board_names():
            raise UnsuitableError(
                Sentence("{file} cannot be used: ratingpad check --config {file}", file=PAD_FILE)
            )
        _refuse_to_change(given, before)
        questions = Questions(None)  # everything is in the file
    board = _board(given, machine, before, questions)
    parts = read_parts(board)
    installed = (installed_kiosk(system.root) or "none") if before is not None else None
    kiosk = _kiosk(given.kiosk, parts, machine, installed)
    _refuse_unsuitable(machine, kiosk)
    _refuse_pins(machine, parts)
    _refuse_clock(machine, source)
    keyboard = None
    if parts.keys == "evdev-keys":
        keys, keyboard = _usb_keys(given, machine, before, questions)
    elif parts.keys == "serial-68":
        keys = _serial_keys(given, machine, before, questions)
    else:
        keys = {}
    answers = Answers(
        pad_id=given.id or (before.pad_id if before else machine.suggested_id),
        board=board,
        window=_known(given.window, before and before.window)
        or questions.text(Sentence("Window number"), "--window", wrong_window),
        hall=given.hall if given.hall is not None else before.hall if before else "",
        languages=tuple(given.languages.split(","))
        if given.languages
        else (before.languages if before else ("zh",)),
        broker=_known(given.broker, before and before.broker)
        or questions.text(Sentence("Broker"), "--broker", wrong_broker, BROKER),
        chip=_chip(given, parts, before, questions),
        keys=keys,
        px_per_mm=_density(given, parts, machine, before, questions),
    )
    return Plan(answers, parts, machine, source, kiosk, given.voice, given.wheels, keyboard)


def _refuse_given(given: argparse.Namespace) -> None:
    """Options that cannot be right, all of them at once."""
    checks: dict[str, Check] = {
        "id": wrong_id,
        "window": wrong_window,
        "hall": wrong_hall,
        "broker": wrong_broker,
        "languages": wrong_languages,
        "px_per_mm": wrong_density,
        "key_address": wrong_address,
        "board": lambda text: None if text in board_names() else _one_of(board_names()),
        "chip": lambda text: (
            None if text in {one.value for one in CHIPS} else _one_of(["ssd1306", "sh1106"])
        ),
    }
    wrong = []
    for name, check in checks.items():
        value = getattr(given, name)
        if value is not None and (why := check(value)) is not None:
            option = f"--{name.replace('_', '-')} {shown(value)!r}"
            wrong.append(Sentence("{option}: {why}", option=option, why=why))
    if given.wheels is not None and not given.wheels.is_dir():
        wrong.append(Sentence("--wheels {folder}: there is no such folder", folder=given.wheels))
    if wrong:
        raise UnsuitableError(*wrong)


def _one_of(names: list[str]) -> Sentence:
    return Sentence("must be one of {names}", names=", ".join(names))


def _refuse_to_change(given: argparse.Namespace, before: Answers) -> None:
    """A file that somebody has changed stays as it is, so other answers have no effect."""
    stands = {
        "id": before.pad_id,
        "board": before.board,
        "window": before.window,
        "hall": before.hall,
        "broker": before.broker,
        "languages": ",".join(before.languages),
        "chip": before.chip,
    }
    other = [
        Sentence(
            "--{name} {wanted!r}: {file} says {there!r}",
            name=name,
            wanted=wanted,
            file=PAD_FILE,
            there=there,
        )
        for name, there in stands.items()
        if (wanted := getattr(given, name)) is not None and wanted != there
    ]
    if other:
        other.append(
            Sentence(
                "{file} was changed by hand, so setup leaves it: edit it, or remove it",
                file=PAD_FILE,
            )
        )
        raise UnsuitableError(*other)


def _refuse_unsuitable(machine: FoundMachine, kiosk: str | None) -> None:
    wrong = []
    if not {"debian", "raspbian"} & set(machine.like):
        wrong.append(
            Sentence("this is {system}; Raspberry Pi OS or Debian is needed", system=machine.system)
        )
    elif machine.version is not None and machine.version < OLDEST_DEBIAN:
        wrong.append(
            Sentence(
                "this is {system}; Debian 12 (bookworm) or later is needed", system=machine.system
            )
        )
    if sys.version_info[:2] < OLDEST_PYTHON:
        wrong.append(
            Sentence(
                "this is Python {version}; 3.11 or later is needed", version=sys.version.split()[0]
            )
        )
    if not machine.has_systemd:
        wrong.append(Sentence("systemd does not run here; the pad's service needs it"))
    needed = FREE_MIB if kiosk is None else FREE_MIB_KIOSK
    if machine.free_mib < needed:
        wrong.append(
            Sentence(
                "{free} MiB are free; {needed} are needed: a larger card",
                free=machine.free_mib,
                needed=needed,
            )
        )
    if wrong:
        raise UnsuitableError(*wrong)


def _refuse_pins(machine: FoundMachine, parts: BoardParts) -> None:
    """lgpio is compiled for Python up to 3.12, and by Raspberry Pi OS for its own."""
    needs_lgpio = "lgpio" in extras(parts, machine.kernel, is_pi_5=machine.is_pi_5)
    if needs_lgpio and not machine.is_pi_os and sys.version_info[:2] >= LGPIO_NOT_BUILT_FROM:
        raise UnsuitableError(
            Sentence(
                "buttons on pins need lgpio, which {system} has not: take Raspberry Pi OS",
                system=machine.system,
            )
        )


def _refuse_clock(machine: FoundMachine, source: Path | None) -> None:
    """apt and pip refuse every server while the clock is far behind: a Pi without a battery begins
    where it was switched off.
    """
    if source is None:
        return
    written_s = (source / "setup.cfg").stat().st_mtime
    if machine.now_s < written_s - DAY_S:
        raise UnsuitableError(
            Sentence(
                "the clock says {day}, before this program was written: connect the network and"
                " wait for its time, or set it with `sudo date --set`",
                day=time.strftime("%Y-%m-%d", time.gmtime(machine.now_s)),
            )
        )


def _board(
    given: argparse.Namespace,
    machine: FoundMachine,
    before: Answers | None,
    questions: Questions,
) -> str:
    if given.board is not None:
        board: str = given.board
        return board
    if before is not None:
        return before.board
    choices = [Choice(name, read_parts(name).title) for name in board_names()]
    what = Sentence("Board")
    if machine.model:
        what = Sentence("Board (this is: {model})", model=shown(machine.model))
    return questions.choice(what, "--board", choices, machine.suggested_board)


def _known(given: str | None, before: str | None) -> str | None:
    """What an option says, else the pad's file; None when it is still to be asked."""
    return given if given is not None else before


def _kiosk(
    given: str | None, parts: BoardParts, machine: FoundMachine, installed: str | None
) -> str | None:
    """The browser of a touchscreen. `installed`: what an earlier setup has decided, or "none"."""
    chosen = given or installed
    if not parts.touchscreen or chosen == "none":
        return None
    if chosen is not None:
        return chosen
    return None if parts.simulated else kiosk_browser(machine.memory_mib)


def _chip(
    given: argparse.Namespace, parts: BoardParts, before: Answers | None, questions: Questions
) -> str | None:
    if parts.display != "oled":
        return None
    chip = given.chip or (before.chip if before is not None else None)
    return chip or questions.choice(Sentence("OLED display"), "--chip", CHIPS, CHIPS[0].value)


def _density(
    given: argparse.Namespace,
    parts: BoardParts,
    machine: FoundMachine,
    before: Answers | None,
    questions: Questions,
) -> float | None:
    """Of a touchscreen whose profile has none: what the screen says, else asked."""
    if not parts.touchscreen or parts.px_per_mm is not None:
        return None
    if given.px_per_mm is not None:
        return float(given.px_per_mm)
    if before is not None and before.px_per_mm is not None:
        return before.px_per_mm
    if machine.screen is not None:
        return machine.screen.px_per_mm
    question = Sentence(
        "Pixels per millimetre of the screen (its width in pixels by its width in mm)"
    )
    return float(questions.text(question, "--px-per-mm", wrong_density))


def _usb_keys(
    given: argparse.Namespace,
    machine: FoundMachine,
    before: Answers | None,
    questions: Questions,
) -> tuple[dict[str, str | int], Keyboard | None]:
    """The key pad by its name, and its numbers where it is plugged in and no other has the name."""
    if before is not None and before.keys and given.key_name is None and given.key_model is None:
        keys = dict(before.keys)
        name = str(keys.get("name", ""))
    else:
        plugged = [Choice(one.name, f"{one.vendor}:{one.product}") for one in machine.keyboards]
        only = plugged[0].value if len(plugged) == 1 else None
        name = given.key_name
        if name is None and plugged:
            name = questions.choice(Sentence("USB key pad"), "--key-name", plugged, only)
        elif name is None:
            raise UnsuitableError(
                Sentence("no USB key pad is plugged in: plug it in, or give its --key-name")
            )
        model = given.key_model or _model("input", questions)
        keys = {"name": name, "model": model}
    same = [one for one in machine.keyboards if one.name == name]
    return keys, same[0] if len(same) == 1 else None


def _serial_keys(
    given: argparse.Namespace,
    machine: FoundMachine,
    before: Answers | None,
    questions: Questions,
) -> dict[str, str | int]:
    options = (given.key_port, given.key_model, given.key_address)
    if before is not None and before.keys and not any(one is not None for one in options):
        return dict(before.keys)
    port = given.key_port
    if port is None and machine.serial_lines:
        lines = [Choice(line, "") for line in machine.serial_lines]
        only = lines[0].value if len(lines) == 1 else None
        port = questions.choice(Sentence("Serial line"), "--key-port", lines, only)
    elif port is None:
        raise UnsuitableError(
            Sentence("no serial adapter is plugged in: plug it in, or give its --key-port")
        )
    model = given.key_model or _model("68", questions)
    address = given.key_address or questions.text(
        Sentence("Address on the line"), "--key-address", wrong_address
    )
    return {"port": port, "model": model, "address": int(address)}


def _model(kind: str, questions: Questions) -> str:
    names = keypad_names(kind)
    return questions.choice(
        Sentence("Key map"), "--key-model", [Choice(name, "") for name in names]
    )
