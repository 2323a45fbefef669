"""The OLED on SPI: the same glass, and what can be done about a bus that never answers."""

import importlib
import random
import subprocess
import sys
from collections.abc import Iterator

import pytest
from luma.core.interface.serial import spi
from luma.oled.device import sh1106, ssd1306
from PIL import Image

from device.board.driver_options import OledOptions
from device.board.profile import DisplayProfile
from device.drivers.oled import RESET_EVERY, ROWS_A_PAGE, Oled
from device.drivers.oled_bus import CHIPS
from device.errors import DriverError, PadCode
from tests.rigs.display.golden_pictures import golden_pages
from tests.rigs.display.oled_chip import Chip
from tests.rigs.display.spi_cable import DC, RESET, SpiCable

PICTURES = golden_pages()
FIRST, SECOND = PICTURES["zh-standby"], PICTURES["zh-invitation"]
ON_SPI = DisplayProfile(bus="spi-0.0", dc_line=DC, reset_line=RESET)


@pytest.fixture(params=CHIPS)
def cable(request: pytest.FixtureRequest) -> Iterator[SpiCable]:
    one = SpiCable(Chip(request.param))
    with one.installed():
        yield one


@pytest.fixture
def oled(cable: SpiCable) -> Oled:
    return Oled(ON_SPI, OledOptions(chip=cable.chip.kind))


def same(cable: SpiCable, picture: Image.Image) -> bool:
    return cable.picture().tobytes() == picture.tobytes()


def test_every_golden_picture_stands_on_the_glass_and_costs_less_than_whole_frames(
    cable: SpiCable, oled: Oled
) -> None:
    for name, picture in PICTURES.items():
        oled.show(picture)
        assert same(cable, picture), name
    sent, cable.bytes = cable.bytes, 0
    full = {"ssd1306": ssd1306, "sh1106": sh1106}[cable.chip.kind](spi())
    for name, picture in PICTURES.items():
        full.display(picture)  # the control of the bench: luma's own way gives the same glass
        assert same(cable, picture), name
    assert sent < cable.bytes


def test_the_display_is_reset_once_and_its_lines_and_bus_are_given_back(
    cable: SpiCable, oled: Oled
) -> None:
    assert cable.held == set()
    for picture in (FIRST, SECOND, SECOND):
        oled.show(picture)
    assert (cable.resets, cable.open_buses, cable.held) == (1, 1, {DC, RESET})
    oled.stop()
    oled.stop()
    assert not any(cable.picture().tobytes())
    assert (cable.open_buses, cable.held) == (0, set())


@pytest.mark.parametrize("sent", [0, 1, 30, 40, 100, 300, 700])
def test_a_cable_pulled_at_any_byte_is_not_noticed_and_the_picture_comes_back(
    cable: SpiCable, oled: Oled, sent: int
) -> None:
    oled.show(FIRST)
    cable.fails_after = sent
    for _ in range(9):
        oled.show(SECOND)
    cable.plug(True)
    oled.show(SECOND)
    assert not same(cable, SECOND)  # control: noise, and only a reset ends it
    for _ in range(RESET_EVERY):
        oled.show(SECOND)
    assert same(cable, SECOND)
    assert cable.resets == 2


def test_a_module_that_resets_itself_is_mended_without_a_reset_line(cable: SpiCable) -> None:
    cable.reset_line = None
    oled = Oled(DisplayProfile(bus="spi-0.0", dc_line=DC), OledOptions(chip=cable.chip.kind))
    oled.show(FIRST)
    cable.plug(False)
    cable.plug(True)
    assert not same(cable, FIRST)  # the control: it is dark, and no error was raised
    for _ in range(64 // ROWS_A_PAGE):
        oled.show(FIRST)
    assert same(cable, FIRST)
    assert cable.held == {DC}


def test_a_contact_that_came_and_went_leaves_nothing_behind(cable: SpiCable, oled: Oled) -> None:
    oled.show(FIRST)
    cable.loses = random.Random(3)
    for picture in list(PICTURES.values())[:20]:
        oled.show(picture)
    oled.show(FIRST)
    assert not same(cable, FIRST)  # control
    cable.loses = None
    for _ in range(64 // ROWS_A_PAGE):
        oled.show(FIRST)
    assert same(cable, FIRST)


@pytest.mark.parametrize("missing", ["spidev", "RPi"])
def test_a_library_that_is_not_installed_is_a_fault_that_names_it(
    cable: SpiCable, oled: Oled, missing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, missing, None)
    monkeypatch.delitem(sys.modules, "device.drivers.rpi_pins", raising=False)
    with pytest.raises(DriverError, match=rf"on spi-0\.0: .*{missing}") as caught:
        oled.show(FIRST)
    assert caught.value.code is PadCode.DISPLAY_GONE


def test_keys_that_are_released_take_no_line_from_the_display(cable: SpiCable, oled: Oled) -> None:
    pins = importlib.import_module("device.drivers.rpi_pins").Pins("keys", PadCode.KEYS_GONE)
    pins.claim_input(5, pull_up=True)
    oled.show(FIRST)
    pins.release_all()
    oled.show(SECOND)
    assert same(cable, SECOND)
    oled.stop()
    assert not any(cable.picture().tobytes())


def test_a_line_that_is_taken_is_a_fault_that_names_its_owner(cable: SpiCable, oled: Oled) -> None:
    pins = importlib.import_module("device.drivers.rpi_pins").Pins("keys", PadCode.KEYS_GONE)
    pins.claim_input(RESET, pull_up=True)
    with pytest.raises(DriverError, match=f"GPIO {RESET}: already taken by the keys") as caught:
        oled.show(FIRST)
    assert caught.value.code is PadCode.DISPLAY_GONE
    assert cable.held == set()
    pins.release_all()
    oled.show(FIRST)
    assert same(cable, FIRST)


def test_a_bus_that_is_not_there_is_a_fault(cable: SpiCable, oled: Oled) -> None:
    cable.select = 1
    with pytest.raises(DriverError, match=r"on spi-0\.0: SPI device not found"):
        oled.show(FIRST)
    assert cable.held == set()
    cable.select = 0
    oled.show(FIRST)
    assert same(cable, FIRST)


def test_a_display_on_i2c_imports_nothing_for_spi() -> None:
    program = """if True:
        import sys
        from device.drivers.oled import Oled
        from device.board.driver_options import OledOptions
        from device.errors import DriverError
        from device.board.profile import DisplayProfile
        from PIL import Image
        try:
            Oled(DisplayProfile(bus=sys.argv[1], dc_line=24), OledOptions()).show(
                Image.new("1", (128, 64))
            )
        except DriverError:
            pass
        print([name for name in ("spidev", "RPi") if name in sys.modules])
    """
    found = {
        bus: subprocess.run(
            [sys.executable, "-c", program, bus], capture_output=True, text=True, check=True
        ).stdout.strip()
        for bus in ("i2c-99", "spi-9.9")
    }
    assert found["i2c-99"] == "[]"
    assert "RPi" in found["spi-9.9"]  # the control
