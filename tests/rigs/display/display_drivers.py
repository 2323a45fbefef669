"""One rig for each display: the driver, what it shows, and a cable that can be pulled."""

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
    """`shown`: what can be seen, rows from the top, 8 pixels a byte.

    `answers`: the driver notices when the display is not there. A display that does not answer is
    right again after its picture has been shown `repeats` more times.
    """

    answers: bool
    repeats: int

    @property
    def display(self) -> Display: ...

    def shown(self) -> bytes: ...

    def brightness(self) -> float: ...

    def plug(self, on: bool) -> None: ...


class SimDisplayRig:
    """The simulated board's display."""

    answers, repeats = True, 1

    def __init__(self, board: SimBoard) -> None:
        self.display = board.display

    def shown(self) -> bytes:
        return self.display.picture.pixels

    def brightness(self) -> float:
        return self.display.brightness

    def plug(self, on: bool) -> None:
        self.display.plug(on)


class Cable(Protocol):
    """What connects an OLED's chip."""

    chip: Chip
    open_buses: int

    def picture(self) -> Image.Image: ...

    def plug(self, on: bool) -> None: ...


class OledRig:
    """An OLED's chip on a cable, driven by the board that names it."""

    def __init__(self, cable: Cable, display: Display) -> None:
        self.display = display
        self.answers = isinstance(cable, Wire)
        self.repeats = 1 if self.answers else RESET_EVERY
        self._cable = cable

    def shown(self) -> bytes:
        return self._cable.picture().tobytes()

    def brightness(self) -> float:
        """The chip's contrast register as a part of full; the datasheets give 256 steps."""
        full = {"ssd1306": 0xCF, "sh1106": 0x7F}[self._cable.chip.kind]
        return self._cable.chip.registers[0x81][0] / full

    def plug(self, on: bool) -> None:
        self._cable.plug(on)


@contextlib.contextmanager
def simulated() -> Iterator[DisplayRig]:
    board = build_board(load_profile("simulated"), {})
    assert isinstance(board, SimBoard)
    yield SimDisplayRig(board)


def on_board(cable: Cable, **options: object) -> DisplayRig:
    keys = {"port": "/dev/null/pad", "model": "68-rising", "address": 1}
    board = build_board(load_profile("linux-68-oled"), {"keys": keys, "display": options})
    assert board.display is not None
    return OledRig(cable, board.display)


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
