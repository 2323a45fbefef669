"""A board put together from the parts that its profile names."""

import importlib.util
import sys
from pathlib import Path

import msgspec
import pytest

from device.board.driver_names import DRIVERS
from device.board.profile import DisplayProfile, Profile, load_profile
from device.drivers.kernel_clocks import KernelBoot, KernelWall
from device.drivers.linux import LinuxBoard
from device.drivers.oled import Oled
from device.drivers.registry import build_board, missing_libraries
from device.drivers.serial68 import SerialKeys
from device.errors import ConfigError, DriverError, PadCode
from tests.rigs.board.fake_rpi import installed

PROFILE = load_profile("linux-68")
OPTIONS = {"keys": {"port": "/dev/null/pad", "model": "68-rising", "address": 3}}


def with_keys(**changes: object) -> Profile:
    return msgspec.structs.replace(PROFILE, keys=msgspec.structs.replace(PROFILE.keys, **changes))


def test_a_board_has_the_parts_that_its_profile_names_and_the_kernels_clocks() -> None:
    board = build_board(PROFILE, OPTIONS)
    assert isinstance(board, LinuxBoard)
    assert board.name == "linux-68"
    assert isinstance(board.keys, SerialKeys)
    assert board.display is None
    assert board.boot.boot == Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    assert isinstance(board.boot, KernelBoot)
    assert isinstance(board.wall, KernelWall)
    board.start()
    board.stop()
    board.stop()


def moved(monkeypatch: pytest.MonkeyPatch, name: str, module: str) -> None:
    """The driver `name` has another module for the rest of the test."""
    monkeypatch.setitem(DRIVERS, name, DRIVERS[name]._replace(module=module))


@pytest.mark.parametrize("module", ["device.drivers.nowhere", "device.drivers.chords"])
def test_a_part_that_cannot_be_imported_is_an_error_that_names_it(
    monkeypatch: pytest.MonkeyPatch, module: str
) -> None:
    moved(monkeypatch, "serial-68", module)
    with pytest.raises(DriverError, match=rf"serial-68 \({module}\)") as caught:
        build_board(PROFILE, OPTIONS)
    assert caught.value.code is PadCode.KEYS_GONE
    monkeypatch.undo()
    moved(monkeypatch, "oled", module)
    display = DisplayProfile(driver="oled")
    with pytest.raises(DriverError, match=rf"oled \({module}\)") as caught:
        build_board(msgspec.structs.replace(PROFILE, display=display), OPTIONS)
    assert caught.value.code is PadCode.DISPLAY_GONE


def test_a_board_with_a_display_has_the_one_that_its_profile_names() -> None:
    table = {**OPTIONS, "display": {"chip": "sh1106"}}
    board = build_board(load_profile("linux-68-oled"), table)
    assert isinstance(board.display, Oled)
    assert (board.display.width, board.display.height) == (128, 64)


def test_a_board_without_keys_is_a_mistake_in_its_profile() -> None:
    with pytest.raises(ConfigError, match="no driver for the keys"):
        build_board(with_keys(driver=None), {})


def test_a_raspberry_pi_has_its_lights_its_beeper_and_its_voice_and_takes_no_pin_for_it() -> None:
    with installed() as pi:
        table = {"voice": {"folder": "/srv/voice", "device": "plughw:CARD=Device"}}
        board = build_board(load_profile("rpi-4"), table)
        parts = [type(part).__name__ for part in (board.lights, board.beeper, board.voice)]
        assert parts == ["GpioLights", "GpioBeeper", "AlsaVoice"]
        assert (pi.opened, pi.driven) == (0, {})
        plain = msgspec.structs.replace(
            load_profile("rpi-4"), lights=None, beeper=None, voice=None, display=None
        )
        board = build_board(plain, {})
        assert (board.lights, board.beeper, board.voice, board.display) == (None,) * 4


@pytest.mark.parametrize("part", ["lights", "beeper", "voice"])
def test_lights_beeper_and_voice_that_cannot_be_imported_have_a_code_of_their_own(
    monkeypatch: pytest.MonkeyPatch, part: str
) -> None:
    profile = load_profile("rpi-4")
    moved(monkeypatch, getattr(profile, part).driver, "device.drivers.nowhere")
    with installed(), pytest.raises(DriverError, match=r"device\.drivers\.nowhere") as caught:
        build_board(profile, {})
    assert caught.value.code is PadCode.SIGNAL_GONE


def without(monkeypatch: pytest.MonkeyPatch, *libraries: str) -> None:
    """Let imports of these libraries fail, as where they are not installed."""
    for name in [*sys.modules]:
        if name.startswith((*libraries, "device.drivers.oled", "device.drivers.gpio")):
            monkeypatch.delitem(sys.modules, name)
    for library in libraries:
        monkeypatch.setitem(sys.modules, library, None)


def test_keys_without_their_library_are_an_error_with_the_pip_line(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    without(monkeypatch, "RPi")
    with pytest.raises(DriverError, match=r"pip install 'ratingpad\[pad,lgpio\]'") as caught:
        build_board(load_profile("rpi-4"), {})
    assert caught.value.code is PadCode.LIBRARY_MISSING
    assert "cable" not in str(caught.value)


def test_a_display_without_its_library_is_a_fault_and_the_board_does_without(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    without(monkeypatch, "luma", "smbus2")
    board = build_board(load_profile("linux-68-oled"), {**OPTIONS, "display": {}})
    assert board.display is None
    (fault,) = board.missing
    assert (fault.code, fault.broken) == (PadCode.PART_LIBRARY_MISSING, True)
    assert "pip install 'ratingpad[pad,oled]'" in fault.detail


def test_check_names_every_library_that_is_missing_and_imports_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    present = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name in ("RPi", "luma") else present(name)
    )
    imported = {*sys.modules}
    errors = missing_libraries(load_profile("rpi-4"), ("fontTools",))
    assert {*sys.modules} == imported
    assert [error.code for error in errors] == [
        PadCode.LIBRARY_MISSING, *[PadCode.PART_LIBRARY_MISSING] * 3
    ]  # fmt: skip
    assert [error.detail.partition(":")[0] for error in errors] == [
        "keys", "display", "lights", "beeper"
    ]  # fmt: skip
