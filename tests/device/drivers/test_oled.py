"""The OLED: what the chip holds is what was drawn, bit for bit, whatever happens to its cable."""

import queue
from collections.abc import Callable, Iterable
from typing import Any

import pytest
import smbus2
from luma.core.interface.serial import i2c
from luma.oled.device import sh1106, ssd1306
from PIL import Image
from PIL.Image import Transpose
from smbus2 import I2cFunc

from device.board.driver_options import OledOptions
from device.board.profile import DisplayProfile
from device.drivers.display_worker import DisplayWorker
from device.drivers.oled import SETTINGS_EVERY, Oled
from device.drivers.oled_bus import CHIPS
from device.errors import DriverError, PadCode
from device.ports import FaultReport
from tests.rigs.display.golden_pictures import golden_pages
from tests.rigs.display.oled_chip import Bus, Chip, Wire
from tests.rigs.time.wait import until

PATIENCE_S = 10.0
PICTURES = golden_pages()
FIRST, SECOND = PICTURES["zh-standby"], PICTURES["zh-invitation"]


@pytest.fixture(params=CHIPS)
def wire(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Wire:
    one = Wire(Chip(request.param))
    monkeypatch.setattr(smbus2, "SMBus", lambda port: Bus(one, port))
    return one


@pytest.fixture
def oled(wire: Wire) -> Oled:
    return Oled(DisplayProfile(), OledOptions(chip=wire.chip.kind))


def same(wire: Wire, picture: Image.Image) -> bool:
    return wire.chip.picture().tobytes() == picture.tobytes()


# --- bit for bit -------------------------------------------------------------------------------


def test_every_golden_picture_after_every_other_kind_stands_on_the_glass(
    wire: Wire, oled: Oled
) -> None:
    assert len(PICTURES) > 60
    for name, picture in PICTURES.items():
        oled.show(picture)
        assert same(wire, picture), name
    for name, picture in reversed(PICTURES.items()):
        oled.show(picture)
        assert same(wire, picture), name


def test_the_chip_of_the_bench_shows_what_lumas_own_way_of_sending_gives(wire: Wire) -> None:
    """The control of the bench: another sender, another addressing mode, the same glass."""
    device = {"ssd1306": ssd1306, "sh1106": sh1106}[wire.chip.kind](i2c())
    for picture in list(PICTURES.values())[:5]:
        device.display(picture)
        assert same(wire, picture)


def test_an_adapter_without_plain_transfers_gets_blocks_and_shows_the_same(
    wire: Wire, oled: Oled
) -> None:
    wire.funcs = I2cFunc.SMBUS_WRITE_I2C_BLOCK
    for name, picture in PICTURES.items():
        oled.show(picture)
        assert same(wire, picture), name
    with pytest.raises(OSError, match="not supported"):  # control: what luma does by itself
        i2c().data([0x55])


def test_a_display_that_hangs_upside_down_is_turned(wire: Wire) -> None:
    oled = Oled(DisplayProfile(), OledOptions(chip=wire.chip.kind, upside_down=True))
    oled.show(SECOND)
    assert same(wire, SECOND.transpose(Transpose.ROTATE_180))


def test_nothing_flashes_before_the_first_picture_is_there(wire: Wire, oled: Oled) -> None:
    oled.show(FIRST)
    lit, dark = wire.chip.commands.index(0xAF), wire.chip.commands.index(0xAE)
    assert dark == 0
    assert wire.chip.commands.count(0xAF) == 1
    assert lit == len(wire.chip.commands) - 1
    oled.show(SECOND)
    oled.show(SECOND)
    assert wire.chip.commands.count(0xAE) == 1  # and no blinking later


def test_stopping_goes_dark_and_lets_the_bus_go(wire: Wire, oled: Oled) -> None:
    oled.show(FIRST)
    assert wire.open_buses == 1
    oled.stop()
    oled.stop()
    assert not any(wire.chip.picture().tobytes())
    assert wire.open_buses == 0


# --- cables ------------------------------------------------------------------------------------


@pytest.mark.parametrize("sent", [0, 1, 30, 40, 100, 300, 450])
def test_a_cable_pulled_at_any_byte_is_a_fault_and_the_picture_comes_back(
    wire: Wire, oled: Oled, sent: int
) -> None:
    oled.show(FIRST)
    wire.fails_after = sent
    with pytest.raises(DriverError, match="0x3c on i2c-1") as caught:
        oled.show(SECOND)
    assert caught.value.code is PadCode.DISPLAY_GONE
    with pytest.raises(DriverError):
        oled.show(SECOND)
    assert wire.open_buses == 0
    wire.plug(True)
    oled.show(SECOND)
    assert same(wire, SECOND)
    oled.stop()
    assert wire.open_buses == 0


def test_a_display_that_was_without_power_unseen_is_lit_and_mended(wire: Wire, oled: Oled) -> None:
    oled.show(FIRST)
    wire.plug(False)
    wire.plug(True)
    assert not any(
        wire.chip.picture().tobytes()
    )  # the control: it is dark, and no error was raised
    oled.show(FIRST)
    assert wire.chip.on
    assert not same(wire, FIRST)  # and its memory holds anything
    for _ in range(7):
        oled.show(FIRST)
    assert same(wire, FIRST)


def test_a_display_that_lost_its_power_is_lit_even_while_pictures_keep_changing(
    wire: Wire, oled: Oled
) -> None:
    oled.show(FIRST)
    wire.plug(False)
    wire.plug(True)
    pictures = [SECOND, FIRST] * (SETTINGS_EVERY // 2)
    for picture in pictures:
        oled.show(picture)
    assert not wire.chip.on  # the control: the settings do not go with every picture
    oled.show(SECOND)
    assert wire.chip.on


def test_the_panels_thread_reports_a_pulled_cable_and_heals_it(wire: Wire, oled: Oled) -> None:
    faults = queue.Queue[FaultReport]()
    panel = DisplayWorker(oled, faults.put, refresh_s=0.01, retry_s=0.01)
    panel.start()
    try:
        panel.show(FIRST)
        until(lambda: same(wire, FIRST), PATIENCE_S, "the first picture is seen")
        wire.plug(False)
        fault = faults.get(timeout=PATIENCE_S)
        assert (fault.code, fault.broken) == (PadCode.DISPLAY_GONE, True)
        panel.show(SECOND)
        wire.plug(True)
        assert faults.get(timeout=PATIENCE_S) == FaultReport(PadCode.DISPLAY_GONE, False, "")
        until(lambda: same(wire, SECOND), PATIENCE_S, "the latest picture is seen")
    finally:
        panel.stop()
    assert faults.empty()


@pytest.mark.parametrize("options", [{"bus": "i2c-7"}, {"address": 0x3D}])
def test_a_wrong_bus_or_address_is_a_fault_that_names_it(
    wire: Wire, options: dict[str, Any]
) -> None:
    oled = Oled(DisplayProfile(), OledOptions(chip=wire.chip.kind, **options))
    for _ in range(3):
        with pytest.raises(DriverError, match=r"0x3d on i2c-1|on i2c-7") as caught:
            oled.show(FIRST)
        assert caught.value.code is PadCode.DISPLAY_GONE
    assert wire.open_buses == 0


def test_a_size_that_the_chip_does_not_have_is_refused_when_the_board_is_built() -> None:
    with pytest.raises(DriverError, match="100 x 64"):
        Oled(DisplayProfile(width=100), OledOptions())


# --- how much is sent --------------------------------------------------------------------------

VISIT = [
    *["standby"] * 7,  # what does not change is shown again every 5 s
    *["invitation"] * 3,
    "thanks",
    *["standby"] * 5,
    *["invitation"] * 7,
    "lapsed",
]
"""Two minutes at a window: a citizen who rates, and one who walks away."""


def cost(
    wire: Wire, show: Callable[[Image.Image], None], scenes: Iterable[str], language: str
) -> int:
    wire.bytes = 0
    for scene in scenes:
        show(PICTURES[f"{language}-{scene}"])
    return wire.bytes


@pytest.mark.parametrize("language", ["zh", "ko", "zh-ko"])
def test_a_window_at_work_costs_less_than_half_of_full_frames(
    wire: Wire, oled: Oled, language: str
) -> None:
    full = {"ssd1306": ssd1306, "sh1106": sh1106}[wire.chip.kind](i2c())
    frames = cost(wire, full.display, VISIT, language)
    assert frames > 1024 * len(VISIT)
    assert cost(wire, oled.show, VISIT, language) <= 0.4 * frames


def test_changing_the_scene_each_time_costs_less_than_full_frames(wire: Wire, oled: Oled) -> None:
    """The worst case: big glyphs in other places, so that most bytes do change."""
    scenes = ["standby", "invitation", "saving", "thanks"] * 3
    full = {"ssd1306": ssd1306, "sh1106": sh1106}[wire.chip.kind](i2c())
    frames = cost(wire, full.display, scenes, "zh")
    oled.show(PICTURES["zh-thanks"])
    assert cost(wire, oled.show, scenes, "zh") <= 0.9 * frames


def test_the_minute_costs_little(wire: Wire, oled: Oled) -> None:
    oled.show(FIRST)
    later = FIRST.copy()
    later.paste(1, (100, 4, 104, 14))
    wire.bytes = 0
    oled.show(later)
    assert wire.bytes < 100
    assert same(wire, later)
