"""A board put together from the parts that its profile names."""

from pathlib import Path

import msgspec
import pytest

from device.board.driver_names import DRIVERS
from device.board.profile import DisplayProfile, Profile, load_profile
from device.drivers.kernel_clocks import KernelBoot, KernelWall
from device.drivers.linux import LinuxBoard
from device.drivers.oled import Oled
from device.drivers.registry import build_board
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
