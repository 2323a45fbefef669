"""The cable between SPI and one OLED, with its two lines; nothing on it ever answers.

While the reset line is low the chip is dark and takes no command. A Pi's pins are low until they
are driven, so the chip starts well; but one whose power comes back while the line is high was never
reset: it shows noise and takes nothing until it is. Without a reset line the module resets itself.
"""

import contextlib
import errno
import random
import sys
import types
from collections.abc import Iterator
from typing import Any
from unittest import mock

from PIL import Image

from tests.rigs.board.fake_rpi import FakePi, installed
from tests.rigs.display.oled_chip import Chip

DC, RESET = 24, 25


class CablePi(FakePi):
    """A Pi with the cable's two lines on its pins; a pin that is let go is pulled low."""

    LOW, HIGH = 0, 1

    def __init__(self, cable: "SpiCable") -> None:
        super().__init__()
        self._cable = cable

    def _drive(self, line: int, high: bool) -> None:
        super()._drive(line, high)
        self._cable.set_line(line, high)

    def cleanup(self, line: int | None = None) -> None:
        super().cleanup(line)
        for wire in (DC, RESET):
            if wire not in self.driven:
                self._cable.set_line(wire, False)


class SpiCable:
    """One chip select of a bus. `pi`: whose pins and bus it is on."""

    def __init__(self, chip: Chip, *, reset_line: int | None = RESET, select: int = 0) -> None:
        self.chip = chip
        self.reset_line = reset_line
        self.select = select
        self.levels = {DC: False, RESET: False}
        self.pi = CablePi(self)
        self.plugged = True
        self.fails_after: int | None = None
        """The cable is pulled once so many more bytes have been sent."""
        self.loses: random.Random | None = None
        """A contact that comes and goes: half of the messages are lost."""
        self.dazed = False
        self.bytes = 0
        self.resets = 0
        self.open_buses = 0

    def plug(self, on: bool) -> None:
        if self.plugged and not on:
            self.chip.reset()
            self.dazed = False
        elif on and not self.plugged:
            self.dazed = self.reset_line is not None and self.levels[RESET]
        self.plugged = on

    def picture(self) -> Image.Image:
        """What can be seen."""
        if not self.dazed:
            return self.chip.picture()
        return Image.frombytes("1", (128, 64), bytes(self.chip.memory[:1024]))

    def carry(self, message: bytes) -> None:
        """One transfer; SPI does not tell whether it arrived."""
        self.bytes += len(message)
        if self.fails_after is not None:
            self.fails_after -= len(message)
            if self.fails_after < 0:
                self.fails_after = None
                self.plug(False)
        held = self.reset_line is not None and not self.levels[RESET]
        lost = self.loses is not None and self.loses.random() < 0.5
        if not self.plugged or held or self.dazed or lost:
            return
        if self.levels[DC]:
            self.chip.store(message)
        else:
            self.chip.obey(message)

    def set_line(self, line: int, level: bool) -> None:
        if line == RESET and level and not self.levels[line]:
            self.resets += 1
            self.dazed = False
            self.chip.reset()
        self.levels[line] = level

    @property
    def held(self) -> set[int]:
        """The lines that are driven."""
        return set(self.pi.driven)

    @contextlib.contextmanager
    def installed(self) -> Iterator[None]:
        """This machine is a Raspberry Pi with `spidev`, and this cable is on it."""
        bus: Any = types.ModuleType("spidev")
        bus.SpiDev = lambda: SpiDev(self)
        with installed(self.pi), mock.patch.dict(sys.modules, {"spidev": bus}):
            yield


class SpiDev:
    """What `spidev.SpiDev()` is to a driver."""

    max_speed_hz = 0

    def __init__(self, cable: SpiCable) -> None:
        self._cable = cable
        self._open = False

    def open(self, port: int, select: int) -> None:
        if (port, select) != (0, self._cable.select):
            raise FileNotFoundError(errno.ENOENT, "No such file or directory")
        self._open = True
        self._cable.open_buses += 1

    def writebytes(self, data: list[int]) -> None:
        assert self._open, "the bus is closed"
        assert len(data) <= 4096, "spidev takes 4096 bytes"
        self._cable.carry(bytes(data))

    def close(self) -> None:
        if self._open:
            self._cable.open_buses -= 1
        self._open = False
