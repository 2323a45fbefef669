"""A self-test on a simulated board, pressed and answered as by a technician."""

import contextlib
import io
import os
import threading
import time
from pathlib import Path
from types import TracebackType

import msgspec

from device.config.config import Config, load
from device.drivers.sim.client import SimClient
from device.selftest import runner as course
from device.selftest.bench import SelftestBench, selftest
from device.selftest.steps import Item
from sync.entries import Level
from tests.rigs.pad.pad_process import SETTLE_MS
from tests.rigs.time import wait
from tests.rigs.time.wait import until

LEVELS = [level.value for level in Level]
YES, NO = Level.VERY_SATISFIED.value, Level.VERY_DISSATISFIED.value
QUICK = {"KEY_MS": 15_000, "ANSWER_MS": 15_000, "TURN_MS": 150, "GOODBYE_MS": 50}
"""The self-test's times, made short, in milliseconds."""
HOLD_MS = 120.0
STUCK_S = 0.5 + HOLD_MS * wait.MOST / 1000
"""A key counts as stuck after this: longer than the longest press on a machine with other work."""


class Technician:
    """One self-test on a thread. Use as a context manager; `board` is the simulated board."""

    def __init__(
        self, folder: Path, *, broker_port: int, types: bool = False, **quick: int
    ) -> None:
        self.folder = folder
        self.config_file = folder / "pad.toml"
        self.config_file.write_text(
            f"""\
[pad]
id = "pad-1"
window = "3"
languages = ["zh", "ko"]
[ledger]
path = "ledger.db"
[province]
broker = "mqtt://127.0.0.1:{broker_port}"
[board]
control = "board.sock"
""",
            encoding="utf-8",
        )
        self.out = io.StringIO()
        self._typed: io.TextIOWrapper | None = None
        self.keyboard: io.TextIOWrapper | None = None
        if types:
            self._typed, self.keyboard = _pipe()
        self._quick = {**QUICK, **quick}
        self._slow = {name: getattr(course, name) for name in self._quick}
        self._thread = threading.Thread(target=self._run, name="technician")
        self.bench: SelftestBench | None = None
        self._seen = 0
        self._settled_s = 0.0

    def config(self) -> Config:
        """The pad's configuration, with keys that count as stuck sooner."""
        config = load(self.config_file)
        keys = msgspec.structs.replace(config.profile.keys, stuck_s=STUCK_S)
        profile = msgspec.structs.replace(config.profile, keys=keys)
        return msgspec.structs.replace(config, profile=profile)

    def __enter__(self) -> "Technician":
        for name, value in self._quick.items():
            setattr(course, name, value)
        self._thread.start()
        self.board = until(self._board, 10, "the board listens")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.board.close()
        if self.keyboard is not None:
            self.keyboard.write("q\n")
            self.keyboard.close()
        self._thread.join(60)
        for name, value in self._slow.items():
            setattr(course, name, value)

    def _board(self) -> SimClient | None:
        with contextlib.suppress(OSError):  # its socket is there a moment before it listens
            return SimClient(self.folder / "board.sock")
        return None

    def _run(self) -> None:
        self.bench = selftest(self.config(), self.out, self._typed)

    # --- what the technician does ---

    def sees(self, words: str) -> None:
        """Wait for words on the terminal that were not there before."""
        place = until(
            lambda: self.out.getvalue().find(words, self._seen) + 1, 20, f"{words!r} is told"
        )
        self._seen = place

    def press(self, *keys: str) -> None:
        """Press one key, or several together, until the terminal prints something.

        On a starved machine the scanning thread may sleep through a whole press.
        """
        told = len(self.out.getvalue())
        for _ in range(3):
            self.touch(*keys)
            with contextlib.suppress(AssertionError):
                until(lambda: len(self.out.getvalue()) > told, 3, "an answer")
                return
        raise AssertionError(f"three presses of {keys}, and no answer")

    def touch(self, *keys: str) -> None:
        """Press once, when the last press has settled."""
        until(lambda: time.monotonic() > self._settled_s, 5, "the last press has settled")
        hold_ms = HOLD_MS * wait.load()
        self.board.press(*keys, hold_ms=hold_ms)
        self._settled_s = time.monotonic() + (hold_ms + SETTLE_MS) / 1000

    def press_all(self, *, but: str = "") -> None:
        """Each key as it is asked for, but one."""
        for level in LEVELS:
            self.sees("请按")
            if level != but:
                self.press(level)

    def answer(self, key: str, times: int = 1) -> None:
        """Wait for a question, and answer it."""
        for _ in range(times):
            self.sees("？ / ")
            self.press(key)

    def end(self) -> dict[str, Item]:
        """Wait for the result; what was found, by what it is about."""
        self._thread.join(60)
        if self.bench is None:
            raise AssertionError("the self-test has not ended")
        return self.bench.runner.items


def _pipe() -> tuple[io.TextIOWrapper, io.TextIOWrapper]:
    """A keyboard: what is written into the second is read from the first."""
    read, write = os.pipe()
    return os.fdopen(read, "r"), os.fdopen(write, "w", buffering=1)
