"""One rig for each display: the driver, an eye on the glass, and a hand on the cable."""

import contextlib
from collections.abc import Callable, Iterator
from typing import Protocol
from unittest import mock

import smbus2
from PIL import Image

from device.board.profile import load_profile
from device.drivers.oled import RESET_EVERY
from device.drivers.registry import build_board
from device.drivers.sim.board import SimBoard
from device.ports import Display
from tests.rigs.display.oled_chip import Bus, Chip, Kind, Wire
from tests.rigs.display.spi_cable import DC, RESET, SpiCable


class DisplayRig(Protocol):
    """`glass`: what can be seen, rows from the top, 8 pixels a byte.

    `tells`: the display answers, so that one which is gone is noticed. One that does not is whole
    again when its picture has been shown so many more times as `repeats` says.
    """

    tells: bool
    repeats: int

    @property
    def display(self) -> Display: ...

    def glass(self) -> bytes: ...

    def brightness(self) -> float: ...

    def plug(self, on: bool) -> None: ...


class SimGlass:
    """The simulated board's display."""

    tells, repeats = True, 1

    def __init__(self, board: SimBoard) -> None:
        self.display = board.display

    def glass(self) -> bytes:
        return self.display.picture.pixels

    def brightness(self) -> float:
        return self.display.brightness

    def plug(self, on: bool) -> None:
        self.display.plug(on)


class Cable(Protocol):
    """What an OLED hangs on."""

    chip: Chip
    open_buses: int

    def picture(self) -> Image.Image: ...

    def plug(self, on: bool) -> None: ...


class OledGlass:
    """An OLED's chip on a cable, driven by the board that names it."""

    def __init__(self, cable: Cable, display: Display) -> None:
        self.display = display
        self.tells = isinstance(cable, Wire)
        self.repeats = 1 if self.tells else RESET_EVERY
        self._cable = cable

    def glass(self) -> bytes:
        return self._cable.picture().tobytes()

    def brightness(self) -> float:
        """As the chip has it; the datasheets give 256 steps."""
        full = {"ssd1306": 0xCF, "sh1106": 0x7F}[self._cable.chip.kind]
        return self._cable.chip.registers[0x81][0] / full

    def plug(self, on: bool) -> None:
        self._cable.plug(on)


@contextlib.contextmanager
def simulated() -> Iterator[DisplayRig]:
    board = build_board(load_profile("simulated"), {})
    assert isinstance(board, SimBoard)
    yield SimGlass(board)


def on_board(cable: Cable, **options: object) -> DisplayRig:
    keys = {"port": "/dev/null/pad", "model": "68-rising", "address": 1}
    board = build_board(load_profile("linux-68-oled"), {"keys": keys, "display": options})
    assert board.display is not None
    return OledGlass(cable, board.display)


def on_i2c(chip: Kind) -> Callable[[], contextlib.AbstractContextManager[DisplayRig]]:
    @contextlib.contextmanager
    def rig() -> Iterator[DisplayRig]:
        wire = Wire(Chip(chip))
        with mock.patch.object(smbus2, "SMBus", lambda port: Bus(wire, port)):
            yield on_board(wire, chip=chip)
            assert wire.open_buses == 0

    return rig


def on_spi(chip: Kind) -> Callable[[], contextlib.AbstractContextManager[DisplayRig]]:
    @contextlib.contextmanager
    def rig() -> Iterator[DisplayRig]:
        cable = SpiCable(Chip(chip))
        with cable.installed():
            yield on_board(cable, chip=chip, bus="spi-0.0", dc_line=DC, reset_line=RESET)
            assert (cable.open_buses, cable.held) == (0, set())

    return rig


DISPLAY_RIGS: dict[str, Callable[[], contextlib.AbstractContextManager[DisplayRig]]] = {
    "simulated": simulated,
    "ssd1306-i2c": on_i2c("ssd1306"),
    "sh1106-i2c": on_i2c("sh1106"),
    "ssd1306-spi": on_spi("ssd1306"),
    "sh1106-spi": on_spi("sh1106"),
}
