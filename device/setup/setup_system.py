"""The system that is being set up: its commands, with a log, and its files.

`root` is / on a pad and a folder in tests, whose commands are then not run but given to `run`.
"""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

LOG = Path("var/log/ratingpad-setup.log")
LAST_LINES = 15
"""How many lines of a failed command are shown; the log has all of them."""

OnLine = Callable[[str], None]


class CommandOutcome(NamedTuple):
    """A command that has ended."""

    code: int
    output: str


Run = Callable[[Sequence[str], OnLine | None], CommandOutcome]
"""Runs a command; without a function for its lines it only looks, and leaves no line in the log."""


class CommandFailedError(Exception):
    """A command of a step has failed. The text has the command and its last lines."""


class SetupSystem:
    """One system. Raises OSError where a file cannot be written."""

    def __init__(self, root: Path = Path("/"), run: Run | None = None) -> None:
        self.root = root
        self._run = run or self._run_here
        self._owned = root == Path("/")

    def run(self, *command: str, on_line: OnLine = lambda _: None) -> str:
        """Run a command to its end and return its output. Raises CommandFailedError."""
        outcome = self._run(command, on_line)
        if outcome.code:
            last = "\n  ".join(outcome.output.splitlines()[-LAST_LINES:])
            raise CommandFailedError(f"`{' '.join(command)}` ended with {outcome.code}:\n  {last}")
        return outcome.output

    def look(self, *command: str) -> CommandOutcome:
        """Run a command that changes nothing."""
        return self._run(command, None)

    def succeeds(self, *command: str) -> bool:
        """Whether a command that changes nothing ends with 0."""
        return self.look(*command).code == 0

    def path(self, name: str | Path) -> Path:
        """A path of the system, such as `/etc/ratingpad`."""
        return self.root / str(name).lstrip("/")

    def read(self, name: str | Path) -> str | None:
        """The text of a file; None when there is none. Raises PermissionError."""
        try:
            return self.path(name).read_text("utf-8")
        except (FileNotFoundError, NotADirectoryError, UnicodeDecodeError):
            return None

    def write(
        self, name: str | Path, text: str, *, mode: int = 0o644, group: str | None = None
    ) -> None:
        """Write a file of root's with this mode and group; there is the old one or the new one at
        every moment, and the new one is never readable by more than it may be.
        """
        path = self.path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        number, new = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        try:
            with os.fdopen(number, "w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                if group is not None and self._owned:
                    shutil.chown(new, "root", group)
                os.fchmod(number, mode)
                os.fsync(number)
            Path(new).replace(path)
        except BaseException:
            Path(new).unlink(missing_ok=True)
            raise

    def _run_here(self, command: Sequence[str], on_line: OnLine | None) -> CommandOutcome:
        """Its output goes into the log; English, so that the lines can be looked up."""
        log = self.path(LOG) if on_line is not None else Path(os.devnull)
        log.parent.mkdir(parents=True, exist_ok=True)
        lines = []
        with log.open("a", encoding="utf-8") as file:
            print("$", *command, file=file, flush=True)
            try:
                child = subprocess.Popen(
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                    env=_environment(os.environ),
                    text=True,
                    encoding="utf-8",
                    errors="replace",
                )
            except OSError as error:
                print(error, file=file)
                return CommandOutcome(127, f"{command[0]}: {error.strerror}")
            with child:
                assert child.stdout is not None
                for line in child.stdout:
                    file.write(line)
                    lines.append(line)
                    if on_line is not None:
                        on_line(line.rstrip())
        return CommandOutcome(child.returncode, "".join(lines))


def _environment(own: Mapping[str, str]) -> dict[str, str]:
    """Of the commands: apt asks nothing, pip says nothing of newer versions of itself."""
    kept = {name: value for name, value in own.items() if not name.startswith(("PYTHON", "LC_"))}
    return {
        **kept,
        "LANG": "C.UTF-8",
        "DEBIAN_FRONTEND": "noninteractive",
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PIP_ROOT_USER_ACTION": "ignore",
        "PATH": own.get("PATH", "/usr/bin:/bin") + ":/usr/sbin:/sbin",
    }
