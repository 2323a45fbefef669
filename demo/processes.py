"""A program of the demo: started by `die_with_parent.py`, its output kept in a file, killed.

Children run in sessions of their own, so that Ctrl-C reaches only the demo, which then stops them
in order; `die_with_parent.py` is for the case that the demo itself is killed.
"""

import asyncio
import os
import resource
import signal
import sys
from contextlib import suppress
from pathlib import Path

DIE_WITH_PARENT = Path(__file__).with_name("die_with_parent.py")


class StageError(RuntimeError):
    """A program of the demo did not start; says which, and what it printed last."""


def module(name: str, *arguments: str) -> list[str]:
    """The command line that calls `main` of a module, with the Python that runs the demo."""
    program = (
        "from sync.terminal import run_command\n"
        f"from {name} import main\n"
        "raise SystemExit(run_command(main))"
    )
    return [sys.executable, "-c", program, *arguments]


def utf8_environment() -> dict[str, str]:
    """The environment of a child whose output is read here, whatever this terminal's encoding."""
    return {**os.environ, "PYTHONIOENCODING": "utf-8"}


def bound_to_parent(command: list[str]) -> list[str]:
    """The same command, as a child that dies with this process."""
    return [sys.executable, "-I", "-S", str(DIE_WITH_PARENT), str(os.getpid()), *command]


class Program:
    """One child process at a time; `start` it again after `kill` or `stop`."""

    def __init__(self, name: str, command: list[str], log: Path) -> None:
        self.name = name
        self.command = command
        self.log = log
        self._process: asyncio.subprocess.Process | None = None

    @property
    def alive(self) -> bool:
        """Whether the process is running."""
        return self._process is not None and self._process.returncode is None

    @property
    def pid(self) -> int | None:
        """Its process id while it is running."""
        return self._process.pid if self._process is not None and self.alive else None

    async def start(self) -> None:
        """Start it, appending its output to the log. Does not wait until it is ready.

        Call it from the main thread: PR_SET_PDEATHSIG is sent when the thread ends that started the
        child, not when its process does.
        """
        with self.log.open("ab") as output:
            self._process = await asyncio.create_subprocess_exec(
                *bound_to_parent(self.command),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                env=utf8_environment(),
            )

    async def kill(self) -> None:
        """SIGKILL, which is to a program what a power cut is."""
        await self._end(signal.SIGKILL)

    async def stop(self, patience_s: float = 3.0) -> None:
        """SIGTERM, and SIGKILL when it still runs after `patience_s`."""
        try:
            async with asyncio.timeout(patience_s):
                await self._end(signal.SIGTERM)
        except TimeoutError:
            await self.kill()

    async def _end(self, sign: signal.Signals) -> None:
        if self._process is None:
            return
        if self._process.returncode is None:
            with suppress(ProcessLookupError):  # it ended a moment ago
                os.killpg(self._process.pid, sign)
        await self._process.wait()

    def allow_writes(self, allowed: bool) -> None:
        """Whether it may write to files, as it could to a card that works (`man 2 getrlimit`,
        RLIMIT_FSIZE): every write fails with EFBIG until it is allowed again. Sockets go on.
        """
        if self._process is None or not self.alive:
            return
        with suppress(ProcessLookupError):  # it ended a moment ago
            _, hard = resource.prlimit(self._process.pid, resource.RLIMIT_FSIZE)
            soft = hard if allowed else 0
            resource.prlimit(self._process.pid, resource.RLIMIT_FSIZE, (soft, hard))

    async def ended(self) -> None:
        """Wait until the process has ended, for whatever reason."""
        if self._process is not None:
            await self._process.wait()

    def last_words(self, lines: int = 12) -> str:
        """The end of what it printed."""
        try:
            text = self.log.read_text(encoding="utf-8", errors="replace")
        except FileNotFoundError:
            return "(nothing)"
        return "\n".join(text.splitlines()[-lines:]) or "(nothing)"


class Sweeper:
    """Removes the demo's directory, however the demo ends."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Start to wait for the demo's end; call it before anything is put into the directory."""
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-I", "-S", str(DIE_WITH_PARENT), "--sweep", str(self._directory)),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            start_new_session=True,
        )

    async def sweep(self) -> None:
        """Remove the directory now, and wait until that is done."""
        if self._process is None or self._process.stdin is None:
            return
        self._process.stdin.close()
        await self._process.wait()
        self._process = None
