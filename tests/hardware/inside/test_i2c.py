"""The OLED's driver on a real I²C adapter of the kernel: i2c-stub, a chip of registers at 0x3c.

The stub has SMBus transfers only, as some adapters on USB have, and keeps the last byte written to
each register: a chip on I²C takes the control byte of a message for the register's number.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import smbus2
from luma.core.interface.serial import i2c
from PIL import Image

from device.board.driver_options import OledOptions
from device.board.profile import DisplayProfile
from device.drivers.oled import Oled
from device.errors import DriverError, PadCode
from tests.rigs.display.golden_pictures import golden_pages

COMMANDS, DATA = 0x00, 0x40
DARK, LIGHT = 0xAE, 0xAF
PICTURES = list(golden_pages(glob="zh-*").values())


def stub() -> int:
    """The number of the stub's bus."""
    for bus in Path("/sys/bus/i2c/devices").glob("i2c-*"):
        if "SMBus stub" in (bus / "name").read_text():
            return int(bus.name.removeprefix("i2c-"))
    raise LookupError("i2c-stub has no bus")


@pytest.fixture
def line() -> Iterator[smbus2.SMBus]:
    with smbus2.SMBus(stub()) as one:
        yield one


def oled(**options: Any) -> Oled:
    return Oled(DisplayProfile(), OledOptions(**{"bus": f"i2c-{stub()}", **options}))


@pytest.mark.parametrize("chip", ["ssd1306", "sh1106"])
def test_what_the_chip_got_last_is_the_end_of_the_picture(line: smbus2.SMBus, chip: str) -> None:
    one = oled(chip=chip)
    for picture in PICTURES:
        one.stop()  # so that each is sent whole
        one.show(picture)
        below = picture.crop((96, 56, 128, 64))
        columns = [
            sum(bool(below.getpixel((x, y))) << y for y in range(8)) for x in range(below.width)
        ]
        assert line.read_i2c_block_data(0x3C, DATA, 32) == columns
        assert line.read_byte_data(0x3C, COMMANDS) == LIGHT
    one.stop()
    assert line.read_byte_data(0x3C, COMMANDS) == DARK


def test_only_what_has_changed_reaches_the_chip(line: smbus2.SMBus) -> None:
    one = oled()
    one.show(Image.new("1", (128, 64)))
    picture = Image.new("1", (128, 64))
    picture.paste(1, (40, 16, 43, 24))
    line.write_i2c_block_data(0x3C, DATA, [0x55] * 32)
    one.show(picture)
    assert line.read_i2c_block_data(0x3C, DATA, 4) == [0xFF, 0xFF, 0xFF, 0x55]
    assert line.read_i2c_block_data(0x3C, COMMANDS, 3) == [0xB0 | 2, 40 & 0x0F, 0x10 | 40 >> 4]
    one.stop()


def test_no_chip_at_the_address_and_no_bus_are_the_displays_fault() -> None:
    for options in ({"address": 0x3D}, {"bus": "i2c-99"}):
        one = oled(**options)
        with pytest.raises(DriverError) as caught:
            one.show(PICTURES[0])
        assert caught.value.code is PadCode.DISPLAY_GONE
        one.stop()


def test_control_this_adapter_does_not_take_what_luma_sends_by_itself(line: smbus2.SMBus) -> None:
    assert not line.funcs & smbus2.I2cFunc.I2C
    with pytest.raises(OSError, match="not supported"):
        i2c(port=stub()).data([0x55])
