"""The steps that make a pad, in order: what each changes, and whether that is done already.

Each step may be done twice. So a setup that stopped, or one with other answers, is run again and
goes on with what is missing; a pad that is in order is left alone, and goes on serving meanwhile.
"""

import fcntl
import hashlib
import os
import secrets
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from device.setup.answers import Answers
from device.setup.board_parts import CONFIG_LINES, BoardParts, debian_packages, extras
from device.setup.machine import FoundMachine, Keyboard
from device.setup.pad_file import HEAD, TOKEN, is_ours, pad_file
from device.setup.setup_system import OnLine, SetupSystem
from device.system.system_files import next_commands, system_files, write
from sync.sentence import Sentence

PREFIX = Path("/opt/ratingpad")
PROGRAM = PREFIX / "bin/ratingpad"
ON_PATH = Path("/usr/local/bin/ratingpad")
MADE_OF = PREFIX / "setup-source"
"""Names the source and the extras that were installed last."""
ETC = Path("/etc/ratingpad")
PAD_FILE = ETC / "pad.toml"
MODULES = Path("/etc/modules-load.d/ratingpad.conf")
KEYS_RULES = Path("/etc/udev/rules.d/59-ratingpad-keys.rules")
UNFINISHED = Path("/run/ratingpad-setup-unfinished")
"""Is there while steps are being done, so that the next setup restarts what an earlier one that
stopped has changed.
"""
VOICE = Path("/var/lib/ratingpad/voice")
SERVICE, GROUP = "ratingpad", "ratingpad"
NOT_COPIED = shutil.ignore_patterns(
    ".git", ".venv", ".cache", "__pycache__", "*.egg-info", "build", "tests", "docs", ".*_cache"
)


class Step(NamedTuple):
    """One step. `changes`: what it does, a line each. `is_done`: whether nothing is left of it.
    `do`: does it; raises OSError or CommandFailedError.
    """

    title: str
    changes: tuple[str, ...]
    is_done: Callable[[], bool]
    do: Callable[[OnLine], None]


class Plan(NamedTuple):
    """What is to be made of which computer. `source`: the checkout that is installed; None where
    setup runs as the installed program. `wheels`: a folder that pip installs from, instead of the
    network. `keyboard`: a USB key pad that the service may read.
    """

    answers: Answers
    parts: BoardParts
    machine: FoundMachine
    source: Path | None
    kiosk: str | None = None
    voice: bool = False
    wheels: Path | None = None
    keyboard: Keyboard | None = None

    @property
    def token(self) -> Path:
        """The file of the desk's token."""
        return ETC / TOKEN

    @property
    def extras(self) -> tuple[str, ...]:
        """Of ratingpad, for this board on this kernel."""
        return extras(self.parts, self.machine.kernel, is_pi_5=self.machine.is_pi_5)


def steps(plan: Plan, system: SetupSystem) -> list[Step]:
    """Every step of a plan."""
    return [
        _packages(plan, system),
        _program(plan, system),
        *_buses(plan, system),
        *_keys_rules(plan, system),
        _system_files(plan, system),
        _file(plan, system),
        _token(system),
        *_recordings(plan, system),
        _service(plan, system),
    ]


def to_do(plan: Plan, system: SetupSystem) -> list[Step]:
    """What is left to do, in order. Whatever is changed, the service is restarted after it."""
    *first, service = steps(plan, system)
    left = [step for step in first if not step.is_done()]
    return [*left, service] if left or not service.is_done() else []


def needs_restart(plan: Plan) -> bool:
    """Whether the computer must be restarted before its buses work; asked before the steps."""
    return bool(_missing_bus_lines(plan))


def _packages(plan: Plan, system: SetupSystem) -> Step:
    wanted = debian_packages(
        plan.parts,
        plan.extras,
        is_pi_os=plan.machine.is_pi_os,
        kiosk=plan.kiosk,
        voice=plan.voice,
    )

    def missing() -> list[str]:
        return [one for one in wanted if not _is_installed(one, system)]

    def do(on_line: OnLine) -> None:
        names = missing()
        system.run("apt-get", "update", on_line=on_line)
        system.run(
            *("apt-get", "install", "--yes", "--no-install-recommends", *names), on_line=on_line
        )

    needed = missing()
    changes = (f"apt-get install --no-install-recommends {' '.join(needed)}",) if needed else ()
    return Step(Sentence("Debian packages"), changes, lambda: not missing(), do)


def _is_installed(package: str, system: SetupSystem) -> bool:
    found = system.look("dpkg-query", "--show", "--showformat=${db:Status-Status}", package)
    return found.code == 0 and found.output == "installed"


def _program(plan: Plan, system: SetupSystem) -> Step:
    """The program in an environment of its own. It is built from a copy: pip would leave files of
    root's in the technician's checkout.
    """
    source = plan.source
    made_of = f"{_digest(source)} {','.join(plan.extras)}\n" if source is not None else None

    def is_done() -> bool:
        if not system.path(PROGRAM).exists():
            return False
        return made_of is None or system.read(MADE_OF) == made_of

    def do(on_line: OnLine) -> None:
        if source is None or made_of is None:
            raise FileNotFoundError(
                f"{PROGRAM} is not there; run `./ratingpad setup` of a checkout"
            )
        system.path(MADE_OF).unlink(missing_ok=True)
        python = system.path(PREFIX) / "bin/python"
        if not system.succeeds(str(python), "-m", "pip", "--version"):
            system.run(
                *("python3", "-m", "venv", "--clear", "--system-site-packages"),
                str(system.path(PREFIX)),
                on_line=on_line,
            )
        pip = (str(python), "-m", "pip")
        other = {"lgpio": "RPi.GPIO", "gpio": "rpi-lgpio"}
        for extra in plan.extras:  # the two are one module, and would overwrite each other
            if (wrong := other.get(extra)) is not None:
                system.run(*pip, "uninstall", "--yes", wrong, on_line=on_line)
        offline = ("--no-index", f"--find-links={plan.wheels}") if plan.wheels is not None else ()
        with tempfile.TemporaryDirectory(prefix="ratingpad-setup-") as folder:
            copy = Path(folder) / "ratingpad"
            shutil.copytree(source, copy, ignore=NOT_COPIED)
            what = f"{copy}[{','.join(plan.extras)}]"
            system.run(*pip, "install", "--upgrade", *offline, what, on_line=on_line)
        link = system.path(ON_PATH)
        if not link.exists():
            link.parent.mkdir(parents=True, exist_ok=True)
            link.unlink(missing_ok=True)
            link.symlink_to(PROGRAM)
        system.write(MADE_OF, made_of)

    changes = (
        Sentence(
            "{folder}: ratingpad[{extras}] in an environment of its own (pip)",
            folder=PREFIX,
            extras=",".join(plan.extras),
        ),
        Sentence("{file}: the command, for everybody", file=ON_PATH),
    )
    return Step(Sentence("the program"), changes, is_done, do)


def _digest(source: Path) -> str:
    """Of every file of a checkout that is installed."""
    total = hashlib.sha256()
    for folder in ("device", "sync", "web", "hw", "province", "demo", "setup.cfg"):
        top = source / folder
        for path in sorted(top.rglob("*") if top.is_dir() else [top]):
            if path.is_file() and "__pycache__" not in path.parts:
                total.update(f"{path.relative_to(source)}\0".encode())
                total.update(hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()


def _buses(plan: Plan, system: SetupSystem) -> Iterator[Step]:
    """A Raspberry Pi's buses, which are off at first."""
    config, bus = plan.machine.boot_config, plan.parts.display_bus
    if config is not None and bus is not None:
        lines = tuple(f"{config}: {line}" for line in _missing_bus_lines(plan))

        def switch_on(_: OnLine) -> None:
            text = config.read_text("utf-8")
            missing = _missing_bus_lines(plan)
            # [all] ends a section that holds for another model of the board only.
            config.write_text("\n".join([text.rstrip("\n"), "", "[all]", *missing, ""]), "utf-8")

        yield Step(
            Sentence("the bus of the display"),
            (*lines, Sentence("takes effect when the computer is restarted")) if lines else (),
            lambda: not _missing_bus_lines(plan),
            switch_on,
        )
    if bus == "i2c":
        text = "# /dev/i2c-1, the display's bus; made by `ratingpad setup`\ni2c-dev\n"

        def load(_: OnLine) -> None:
            system.write(MODULES, text)
            system.succeeds("modprobe", "i2c-dev")  # else at the next start of the computer

        yield Step(
            Sentence("the driver of the bus"),
            (f"{MODULES}: i2c-dev",),
            lambda: system.read(MODULES) == text,
            load,
        )


def _missing_bus_lines(plan: Plan) -> list[str]:
    config, bus = plan.machine.boot_config, plan.parts.display_bus
    if config is None or bus is None:
        return []
    there = [line.strip() for line in config.read_text("utf-8").splitlines()]
    return [] if CONFIG_LINES[bus] in there else [CONFIG_LINES[bus]]


def _keys_rules(plan: Plan, system: SetupSystem) -> Iterator[Step]:
    """A USB key pad types like any keyboard, so it is registered by its numbers (hw/udev)."""
    if (keyboard := plan.keyboard) is None:
        return
    rule = (
        f'SUBSYSTEM=="input", ATTRS{{idVendor}}=="{keyboard.vendor}",'
        f' ATTRS{{idProduct}}=="{keyboard.product}", ENV{{RATINGPAD_KEYS}}="usb"\n'
    )
    yield Step(
        Sentence("the USB key pad"),
        (
            Sentence(
                "{file}: {vendor}:{product} is the pad's",
                file=KEYS_RULES,
                vendor=keyboard.vendor,
                product=keyboard.product,
            ),
        ),
        lambda: system.read(KEYS_RULES) == rule,
        lambda _: system.write(KEYS_RULES, rule),
    )


def _system_files(plan: Plan, system: SetupSystem) -> Step:
    """The files of systemd and udev, and what makes the system read them: user, groups, folders.

    Those commands run each time; they change nothing that is right already.
    """
    files = system_files(PROGRAM, plan.kiosk)

    def is_done() -> bool:
        return all(system.read(file.path) == file.text for file in files) and system.succeeds(
            "getent", "passwd", SERVICE
        )

    def do(on_line: OnLine) -> None:
        write(system.root, PROGRAM, plan.kiosk)
        for line in next_commands(plan.kiosk):
            for command in line.split(" && "):
                if not command.startswith("systemctl enable"):
                    system.run(*command.split(), on_line=on_line)

    changed = tuple(f"/{file.path}" for file in files if system.read(file.path) != file.text)
    changes = (*changed, Sentence("the user ratingpad with its groups, its folders, device names"))
    return Step(Sentence("service, user, folders, devices"), changes, is_done, do)


def _file(plan: Plan, system: SetupSystem) -> Step:
    text = pad_file(plan.answers, plan.parts)

    def is_done() -> bool:
        found = system.read(PAD_FILE)
        return found is not None and (found == text or not is_ours(found))

    def do(_: OnLine) -> None:
        system.write(PAD_FILE, text, mode=0o640, group=GROUP)

    changes = (
        f"{PAD_FILE}:",
        *(f"  {line}" for line in text.splitlines()[HEAD.count("\n") :] if line),
    )
    return Step(Sentence("the pad's file"), changes, is_done, do)


def _token(system: SetupSystem) -> Step:
    """The token with which the window's software asks; one that is there is kept."""
    file = ETC / TOKEN
    return Step(
        Sentence("the desk's token"),
        (Sentence("{file}: a new one, which only root and the pad can read", file=file),),
        lambda: bool((system.read(file) or "").strip()),
        lambda _: system.write(file, f"{secrets.token_hex(16)}\n", mode=0o640, group=GROUP),
    )


def _recordings(plan: Plan, system: SetupSystem) -> Iterator[Step]:
    def record(on_line: OnLine) -> None:
        system.run(str(PROGRAM), "voice", "--out", str(VOICE), on_line=on_line)

    if plan.voice:
        yield Step(
            Sentence("the spoken prompts"),
            (Sentence("{folder}: a recording of each, where there is none", folder=VOICE),),
            lambda: any(system.path(VOICE).glob("*/*.wav")),
            record,
        )


def _service(plan: Plan, system: SetupSystem) -> Step:
    """The service runs now and after each start of the computer. One that runs is restarted only
    when something of it has changed: a citizen may be using it.
    """
    units = [SERVICE]
    if plan.kiosk is not None:
        units += ["seatd", "ratingpad-kiosk", "ratingpad-kiosk-again.path"]

    def is_done() -> bool:
        return not system.path(UNFINISHED).exists() and all(
            system.succeeds("systemctl", "is-enabled", "--quiet", unit)
            and system.succeeds("systemctl", "is-active", "--quiet", unit)
            for unit in units
        )

    def do(on_line: OnLine) -> None:
        system.run(str(PROGRAM), "check", "--config", str(PAD_FILE), on_line=on_line)
        system.run("systemctl", "enable", *units, on_line=on_line)
        for unit in units:
            system.run("systemctl", "restart", unit, on_line=on_line)

    changes = ("ratingpad check", f"systemctl enable; systemctl restart: {' '.join(units)}")
    return Step(Sentence("the service"), changes, is_done, do)


@contextmanager
def unfinished(system: SetupSystem) -> Iterator[None]:
    """Note that steps are being done, until all of them are. What is made meanwhile can be read by
    the service, whatever root's umask is. Raises BlockingIOError when another setup is at it.
    """
    file = system.path(UNFINISHED)
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        umask = os.umask(0o022)
        try:
            yield
        finally:
            os.umask(umask)
        file.unlink(missing_ok=True)
