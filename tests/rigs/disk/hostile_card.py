"""A memory card that fails, is full, hangs, writes short or lies about its syncs.

A small library is compiled and preloaded, so that a real program with the real SQLite meets it. It
stands between the program and the kernel: what the kernel would do itself after such an error (a
remount, pages that are dropped) is not imitated.
"""

import mmap
import os
import shutil
import subprocess
from pathlib import Path

import pytest

MODES = {
    "good": b".",
    "writes fail": b"w",
    "syncs fail": b"y",
    "full": b"f",
    "read-only": b"r",
    "short writes": b"s",
    "hangs": b"h",
    "lies": b"l",
}
"""`hangs`: a sync does not return while the card is so. `lies`: syncs return and do nothing."""
_SOURCE = Path(__file__).with_suffix(".c")


class HostileCard:
    """A folder whose files behave as `mode` says, for programs that are started with `prefix`."""

    def __init__(self, base: Path) -> None:
        compiler = shutil.which("gcc")
        if compiler is None:
            pytest.skip("a hostile card needs gcc, to compile what is preloaded")
        self.folder = (base / "card").resolve()
        self.folder.mkdir(parents=True)
        self._library = base / "hostile_card.so"
        subprocess.run(
            [compiler, "-shared", "-fPIC", "-O2", "-o", self._library, _SOURCE, "-ldl"], check=True
        )
        self._file = base / "card.mode"
        self._file.write_bytes(MODES["good"])
        with self._file.open("r+b") as file:
            self._control = mmap.mmap(file.fileno(), 1)

    @property
    def prefix(self) -> tuple[str, ...]:
        """What to write before a command."""
        variables = {
            "LD_PRELOAD": self._library,
            "CARD_FOLDER": f"{self.folder}/",
            "CARD_CONTROL": self._file,
        }
        return ("env", *(f"{name}={value}" for name, value in variables.items()))

    def becomes(self, mode: str) -> None:
        """From now on the card is so."""
        self._control[0:1] = MODES[mode]

    def lose_power(self, durable: Path, *, kept: tuple[str, ...] = ()) -> None:
        """The files become those in `durable`, as of the last real sync; `kept` by luck."""
        for file in self.folder.iterdir():
            if file.name not in kept:
                file.unlink()
        for file in durable.iterdir():
            if file.name not in kept and not file.name.endswith("-shm"):
                shutil.copy(file, self.folder / file.name)
        os.sync()
