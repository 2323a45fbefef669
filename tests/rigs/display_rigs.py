"""One rig for each display: the driver, an eye on the glass, and a hand on the cable."""

import contextlib
from collections.abc import Callable, Iterator
from typing import Protocol

import smbus2

from device.drivers.base import Display
from device.drivers.registry import build_board
from device.drivers.sim.board import SimBoard
from device.profile import load_profile
from rigs.oled_chip import Bus, Chip, Wire


class DisplayRig(Protocol):
    """`glass`: what can be seen, rows from the top, 8 pixels a byte."""

    display: Display

    def glass(self) -> bytes: ...

    def plug(self, on: bool) -> None: ...


class SimGlass:
    """The simulated board's display."""

    def __init__(self, board: SimBoard) -> None:
        self.display = board.display

    def glass(self) -> bytes:
        return self.display.picture.pixels

    def plug(self, on: bool) -> None:
        self.display.plug(on)


class OledGlass:
    """An OLED's chip on a wire, driven by the board that names it."""

    def __init__(self, wire: Wire, display: Display) -> None:
        self.display = display
        self._wire = wire

    def glass(self) -> bytes:
        return self._wire.chip.picture().tobytes()

    def plug(self, on: bool) -> None:
        self._wire.plug(on)


@contextlib.contextmanager
def simulated() -> Iterator[DisplayRig]:
    board = build_board(load_profile("simulated"), {})
    assert isinstance(board, SimBoard)
    yield SimGlass(board)


def oled(chip: str) -> Callable[[], contextlib.AbstractContextManager[DisplayRig]]:
    @contextlib.contextmanager
    def rig() -> Iterator[DisplayRig]:
        wire = Wire(Chip(chip))
        real, smbus2.SMBus = smbus2.SMBus, lambda port: Bus(wire, port)
        keys = {"port": "/dev/null/pad", "model": "68-rising", "address": 1}
        table = {"keys": keys, "display": {"chip": chip}}
        board = build_board(load_profile("linux-68-oled"), table)
        assert board.display is not None
        try:
            yield OledGlass(wire, board.display)
            assert wire.open_buses == 0
        finally:
            smbus2.SMBus = real

    return rig


DISPLAY_RIGS: dict[str, Callable[[], contextlib.AbstractContextManager[DisplayRig]]] = {
    "simulated": simulated,
    "ssd1306": oled("ssd1306"),
    "sh1106": oled("sh1106"),
}
