"""SSD1306 and SH1106 in memory: a chip that interprets its commands, on a bus that can be pulled.

Written after the datasheets and not after any driver: each command is parsed with its arguments,
and data goes where the chip's own pointers say. A command that the chip does not have is a fault of
the driver.
"""

import errno
import random
from typing import Literal

from PIL import Image
from smbus2 import I2cFunc, i2c_msg

Kind = Literal["ssd1306", "sh1106"]

ARGUMENTS = {
    "ssd1306": {0x20: 1, 0x21: 2, 0x22: 2, 0x81: 1, 0x8D: 1, 0xA8: 1, 0xD3: 1}
    | {0xD5: 1, 0xD9: 1, 0xDA: 1, 0xDB: 1},
    # No addressing modes and no charge pump of this kind: 0x20 and 0x8D mean nothing to it.
    "sh1106": {0x81: 1, 0xA8: 1, 0xAD: 1, 0xD3: 1, 0xD5: 1, 0xD9: 1, 0xDA: 1, 0xDB: 1},
}
COLUMNS = {"ssd1306": 128, "sh1106": 132}
FIRST_COLUMN = {"ssd1306": 0, "sh1106": 2}
PAGES = 8


class Chip:
    """One controller with 128x64 pixels, mounted so that A1 and C8 are the right way up."""

    def __init__(self, kind: Kind, seed: int = 1) -> None:
        self.kind = kind
        self.commands: list[int] = []
        self._rng = random.Random(seed)
        self.reset()

    def reset(self) -> None:
        """The state after power comes: the memory holds anything."""
        size = COLUMNS[self.kind] * PAGES
        self.memory = bytearray(self._rng.randbytes(size))
        self.registers = {0x20: [0x02], 0x8D: [0x10], 0xA8: [0x3F], 0xD3: [0x00]}
        self.on = self.mirrored = self.flipped = self.inverted = self.all_lit = False
        self._columns, self._pages = (0, COLUMNS[self.kind] - 1), (0, PAGES - 1)
        self._column = self._page = 0

    @property
    def _stays_in_page(self) -> bool:
        return self.kind == "sh1106" or self.registers[0x20] == [0x02]

    def obey(self, said: bytes) -> None:
        """A message of commands; arguments do not run over into the next one."""
        rest = iter(said)
        for command in rest:
            arguments = [next(rest) for _ in range(ARGUMENTS[self.kind].get(command, 0))]
            self.commands.append(command)
            self._do(command, arguments)

    def _do(self, command: int, arguments: list[int]) -> None:
        if command <= 0x0F:
            self._column = self._column & 0xF0 | command
        elif command <= 0x1F:
            self._column = self._column & 0x0F | (command & 0x0F) << 4
        elif 0xB0 <= command <= 0xB7:
            self._page = command & 7
        elif command == 0x21 and self.kind == "ssd1306":
            self._columns = (arguments[0], arguments[1])
            self._column = arguments[0]
        elif command == 0x22 and self.kind == "ssd1306":
            self._pages = (arguments[0], arguments[1])
            self._page = arguments[0]
        elif arguments:
            self.registers[command] = arguments
        elif command in (0xA0, 0xA1):
            self.mirrored = command == 0xA1
        elif command in (0xC0, 0xC8):
            self.flipped = command == 0xC8
        elif command in (0xA4, 0xA5):
            self.all_lit = command == 0xA5
        elif command in (0xA6, 0xA7):
            self.inverted = command == 0xA7
        elif command in (0xAE, 0xAF):
            self.on = command == 0xAF
        elif not (0x40 <= command <= 0x7F or (self.kind == "sh1106" and command in (0x20, 0x8D))):
            raise AssertionError(f"{self.kind} has no command 0x{command:02x}")

    def store(self, data: bytes) -> None:
        wide = COLUMNS[self.kind]
        for byte in data:
            if self._column < wide:
                self.memory[self._page * wide + self._column] = byte
            last = wide - 1 if self._stays_in_page else self._columns[1]
            if self._column < last:
                self._column += 1
            elif self.kind == "ssd1306":
                self._column = 0 if self._stays_in_page else self._columns[0]
                if not self._stays_in_page:
                    first, end = self._pages
                    self._page = first if self._page >= end else self._page + 1

    def picture(self) -> Image.Image:
        """What can be seen."""
        seen = Image.new("1", (128, 64))
        pumped = self.kind == "sh1106" or self.registers[0x8D] == [0x14]
        if not (self.on and pumped):
            return seen
        for y in range(self.registers[0xA8][0] + 1):
            for x in range(128):
                column = x if self.mirrored else 127 - x
                row = y if self.flipped else 63 - y
                place = row // 8 * COLUMNS[self.kind] + FIRST_COLUMN[self.kind] + column
                lit = self.all_lit or self.memory[place] >> row % 8 & 1
                seen.putpixel((x, y), bool(lit) != self.inverted)
        return seen


class Wire:
    """The cable between an I²C adapter and one chip; every byte on it is counted."""

    def __init__(self, chip: Chip, port: int = 1, address: int = 0x3C) -> None:
        self.chip = chip
        self.port, self.address = port, address
        self.plugged = True
        self.fails_after: int | None = None
        """The cable is pulled once so many more bytes have been sent."""
        self.bytes = 0
        self.open_buses = 0
        self.funcs = I2cFunc.I2C | I2cFunc.SMBUS_WRITE_I2C_BLOCK

    def plug(self, on: bool) -> None:
        if self.plugged and not on:
            self.chip.reset()
        self.plugged = on

    def picture(self) -> Image.Image:
        """What can be seen."""
        return self.chip.picture()

    def carry(self, address: int, message: bytes) -> None:
        """One write: the address, a control byte, and commands or data."""
        if self.fails_after is not None:
            self.fails_after -= len(message)
            if self.fails_after < 0:
                self.fails_after = None
                self.plug(False)
        if not self.plugged or address != self.address:
            raise OSError(errno.EREMOTEIO, "Remote I/O error")
        self.bytes += 1 + len(message)
        if message[0] == 0x40:
            self.chip.store(message[1:])
        else:
            assert message[0] == 0x00
            self.chip.obey(message[1:])


class Bus:
    """What `smbus2.SMBus(port)` is to a driver, with a wire behind it."""

    def __init__(self, wire: Wire, port: int) -> None:
        if port != wire.port:
            raise FileNotFoundError(errno.ENOENT, "No such file or directory", f"/dev/i2c-{port}")
        self._wire: Wire | None = wire
        self.funcs = wire.funcs
        wire.open_buses += 1

    def write_i2c_block_data(self, address: int, register: int, data: list[int]) -> None:
        assert len(data) <= 32, "SMBus blocks have 32 bytes"
        assert self._wire is not None, "the bus is closed"
        self._wire.carry(address, bytes((register, *data)))

    def i2c_rdwr(self, *messages: i2c_msg) -> None:
        assert self._wire is not None, "the bus is closed"
        if not self.funcs & I2cFunc.I2C:
            raise OSError(errno.EOPNOTSUPP, "Operation not supported")
        for message in messages:
            self._wire.carry(message.addr, bytes(message))

    def close(self) -> None:
        if self._wire is not None:
            self._wire.open_buses -= 1
        self._wire = None
