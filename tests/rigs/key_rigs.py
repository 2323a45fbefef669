"""One rig for each driver of keys: the driver, and somebody who presses.

The conformance suite asks nothing of a driver but what the port promises.
"""

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

from device.drivers.base import BootClock, Keys
from device.drivers.registry import build_board
from device.drivers.sim.board import SimBoard
from device.drivers.sim.client import SimClient
from device.keypad import load_keypad
from device.profile import load_profile
from rigs.pad68 import PATIENCE_S, FarPad, Line
from rigs.wait import until
from sync.entries import Level


class KeysRig(Protocol):
    """`levels`: the keys by name; `press` one of them, or `confuse` with what has no level."""

    keys: Keys
    boot: BootClock
    levels: dict[str, Level]

    def press(self, name: str) -> None: ...

    def confuse(self) -> None: ...


class SimRig:
    """The simulated board, with a finger on its control socket."""

    def __init__(self, board: SimBoard, client: SimClient) -> None:
        self.keys, self.boot = board.keys, board.boot
        self.levels = {
            key.name: key.level for key in load_profile("simulated").keys.key if key.level
        }
        self._client = client

    def press(self, name: str) -> None:
        self._client.press(name, hold_ms=50)
        until(lambda: self.keys.at_rest or not self.keys.alive, PATIENCE_S, "the finger has gone")

    def confuse(self) -> None:
        self._client.press(*list(self.levels)[:2])


class SerialRig:
    """A "68" key pad on a pseudo-terminal."""

    def __init__(self, folder: Path, model: str) -> None:
        self.line = Line(folder / "pad")
        table = {"port": str(self.line.link), "model": model, "address": 9}
        board = build_board(load_profile("linux-68"), {"keys": table})
        self.keys, self.boot = board.keys, board.boot
        keys = load_keypad(model).key
        self.levels = {key.name: key.level for key in keys if key.level}
        self._codes = {key.name: key.code for key in keys}
        self._pad = FarPad(9, self.line)

    def press(self, name: str) -> None:
        self._pad.forget()
        self._pad.press(self._codes[name])

    def confuse(self) -> None:
        self._pad.forget()
        self._pad.press(0x77)


@contextlib.contextmanager
def simulated(folder: Path) -> Iterator[KeysRig]:
    board = build_board(load_profile("simulated"), {"control": str(folder / "control")})
    assert isinstance(board, SimBoard)
    board.start()
    with SimClient(folder / "control") as client:
        yield SimRig(board, client)
    board.stop()


def serial(model: str) -> Callable[[Path], contextlib.AbstractContextManager[KeysRig]]:
    @contextlib.contextmanager
    def rig(folder: Path) -> Iterator[KeysRig]:
        one = SerialRig(folder, model)
        yield one
        one.line.pull()

    return rig


KEYS_RIGS: dict[str, Callable[[Path], contextlib.AbstractContextManager[KeysRig]]] = {
    "simulated": simulated,
    "68-rising": serial("68-rising"),
    "68-falling": serial("68-falling"),
}
