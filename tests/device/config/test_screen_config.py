"""A screen is found in a file with mistakes, whatever they are."""

from pathlib import Path

import pytest

from device.board.driver_options import OledOptions, SimOptions
from device.board.profile import KeysProfile, PartOptions
from device.config.screen_config import screen_config
from device.drivers.linux import LinuxBoard

GOOD = """
[pad]
id = "pad-1"
board = "linux-68-oled"
languages = ["ko"]
[ledger]
path = "here/ledger.db"
[board.display]
chip = "sh1106"
bus = "i2c-3"
[board.keys]
port = "/dev/ttyUSB0"
model = "68-rising"
address = 7
"""


def written(folder: Path, text: str) -> Path:
    file = folder / "pad.toml"
    file.write_text(text, "utf-8")
    return file


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ('id = "pad-1"', 'id = "Pad 1"\nwindo = 3'),
        ('id = "pad-1"', "id = pad-1"),
        ('languages = ["ko"]', 'languages = ["ko"]\nhall = "😀"'),
        ('model = "68-rising"', 'model = "nothing"'),
        ('port = "/dev/ttyUSB0"\n', ""),
        ("[board.keys]", "[board.keyes]"),
        ("address = 7", "address = 7\n[desk]\nport = 999999"),
        ('board = "linux-68-oled"', 'board = "linux-68oled"'),
        ('bus = "i2c-3"', 'bus = "i2c-3"\naddress = "7"'),
        ("[pad]", "[pad"),
        ("[ledger]", "{ledger}"),
    ],
)
def test_the_display_of_the_board_is_found(tmp_path: Path, right: str, wrong: str) -> None:
    assert right in GOOD
    config = screen_config(written(tmp_path, GOOD.replace(right, wrong)))
    if wrong == "[pad":
        assert config is None or config.pad.board  # without a header no line says which board
        return
    assert config is not None
    assert (config.profile.name, config.profile.keys) == ("linux-68-oled", KeysProfile())
    assert isinstance(config.board, PartOptions)
    assert isinstance(config.board.display, OledOptions)
    assert (config.board.display.chip, config.board.display.bus) == ("sh1106", "i2c-3")
    assert config.pad.hall == ""
    LinuxBoard(config.profile, config.board)  # a board without keys is one, for a screen


def test_a_simulated_board_keeps_its_socket_and_a_touchscreen_its_page(tmp_path: Path) -> None:
    text = (
        '[pad]\nid = "p"\nboard = "simulated-touch"\n[board]\ncontrol = "s"\nwal = 1\n'
        '[touch]\nentry_file = "e.html"\nport = 1234\npx_per_mm = "5"\n'
    )
    config = screen_config(written(tmp_path, text))
    assert config is not None
    assert isinstance(config.board, SimOptions)
    assert config.board.control == tmp_path / "s"
    assert config.touch is not None
    assert (config.touch.port, config.touch.entry_file) == (1234, tmp_path / "e.html")


@pytest.mark.parametrize("text", ['[pad]\nboard = "toaster"', "pad = 3", "\0", "[[pad]]\n", ""])
def test_a_file_that_names_no_board_has_no_screen_of_its_own(tmp_path: Path, text: str) -> None:
    config = screen_config(written(tmp_path, text))
    assert config is None or config.profile.name == "simulated"


def test_a_file_that_is_not_there_has_none(tmp_path: Path) -> None:
    assert screen_config(tmp_path / "none.toml") is None
    assert screen_config(tmp_path) is None
