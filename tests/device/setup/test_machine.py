"""What is found out about a computer."""

import pytest

from device.setup.machine import Keyboard, find_machine
from device.setup.screen_size import ScreenSize
from tests.device.setup.test_screen_size import edid
from tests.rigs.system.bare_root import TOUCHSCREEN, USB_KEYS, BareRoot

PC = {"proc/device-tree/model": "", "proc/device-tree/serial-number": ""}


def test_a_raspberry_pi_says_what_it_is(tmp_path):
    found = find_machine(BareRoot(tmp_path).folder)
    assert found.suggested_board == "rpi-4"
    assert found.suggested_id == "pad-a1b2c3d4"
    assert (found.version, found.memory_mib, found.is_pi_5) == (12, 1866, False)
    assert found.boot_config == tmp_path / "boot/firmware/config.txt"
    assert found.has_systemd
    assert (found.touchscreen, found.screen, found.keyboards) == (False, None, ())


@pytest.mark.parametrize(
    ("model", "board"),
    [
        ("Raspberry Pi 5 Model B Rev 1.0", "rpi-5"),
        ("Raspberry Pi 3 Model B Plus Rev 1.3", "rpi-3b-plus"),
        ("Raspberry Pi Zero 2 W Rev 1.0", "rpi-zero-2w"),
        ("Raspberry Pi 3 Model B Rev 1.2", None),
        ("Rockchip RK3588", None),
    ],
)
def test_a_model_that_is_not_known_is_asked_for(model, board, tmp_path):
    root = BareRoot(tmp_path, {"proc/device-tree/model": f"{model}\0"})
    assert find_machine(root.folder).suggested_board == board


def test_a_pi_with_its_makers_touchscreen_is_a_touch_pad(tmp_path):
    screen = {"sys/class/drm/card0-DSI-1/status": "connected\n"}
    files = {"proc/bus/input/devices": TOUCHSCREEN, **screen}
    assert find_machine(BareRoot(tmp_path, files).folder).suggested_board == "touch-7"
    files["sys/class/drm/card0-DSI-1/status"] = "disconnected\n"
    assert find_machine(BareRoot(tmp_path, files).folder).suggested_board == "rpi-4"


def test_a_pc_with_a_touchscreen_says_its_size(tmp_path):
    root = BareRoot(tmp_path, {"proc/bus/input/devices": TOUCHSCREEN, **PC})
    connector = tmp_path / "sys/class/drm/card0-HDMI-A-1"
    connector.mkdir(parents=True)
    (connector / "edid").write_bytes(edid(1280, 800, 217, 136))
    found = find_machine(root.folder)
    assert found.suggested_board == "linux-touch"
    assert found.screen == ScreenSize(1280, 800, 217, 136)
    second = tmp_path / "sys/class/drm/card0-HDMI-A-2"
    second.mkdir()
    (second / "edid").write_bytes(edid(1920, 1080, 477, 268))
    assert find_machine(root.folder).screen is None  # which of the two?


def test_a_usb_key_pad_is_known_by_its_keys(tmp_path):
    mouse = 'I: Bus=0003 Vendor=046d Product=c077\nN: Name="Mouse"\nB: KEY=70000 0 0 0 0\n\n'
    power = 'I: Bus=0019 Vendor=0000 Product=0001\nN: Name="Power"\nB: KEY=fffffffffffffffe\n\n'
    root = BareRoot(tmp_path, {"proc/bus/input/devices": mouse + USB_KEYS + power})
    found = find_machine(root.folder)
    assert found.keyboards == (Keyboard("HID Five Keys", "1a2c", "0e24"),)
    assert not found.touchscreen


def test_serial_adapters_have_names_that_stay(tmp_path):
    root = BareRoot(tmp_path, {"dev/serial/by-id/usb-FTDI_A10KX2-if00": ""})
    assert find_machine(root.folder).serial_lines == ("/dev/serial/by-id/usb-FTDI_A10KX2-if00",)
    for name in ("line-ftdi-A10KX2", "keys-usb"):
        path = tmp_path / "dev/ratingpad" / name
        path.parent.mkdir(exist_ok=True)
        path.touch()
    assert find_machine(root.folder).serial_lines == ("/dev/ratingpad/line-ftdi-A10KX2",)


def test_an_id_is_the_hosts_name_where_somebody_has_given_one(tmp_path):
    root = BareRoot(tmp_path, {"proc/sys/kernel/hostname": "jl-0431-017\n"})
    assert find_machine(root.folder).suggested_id == "jl-0431-017"


def test_a_pc_gets_an_id_of_its_own_that_stays(tmp_path):
    ids = set()
    for number in range(20):
        root = BareRoot(tmp_path / str(number), {**PC, "etc/machine-id": f"{number:032x}\n"})
        first = find_machine(root.folder).suggested_id
        assert first == find_machine(root.folder).suggested_id
        assert f"{number:032x}" not in first
        ids.add(first)
    assert len(ids) == 20


def test_a_computer_that_says_nothing_is_no_error(tmp_path):
    found = find_machine(tmp_path)
    assert (found.suggested_board, found.version, found.memory_mib) == (None, None, 0)
    assert not found.has_systemd
