"""The overlay compiles without a word, fits a Pi's tree, and says what profile and map say."""

import subprocess
from pathlib import Path

import msgspec
import pytest

from device.board.keypad import Keypad, load_keypad
from device.board.profile import Profile, board_names, load_profile
from device.wiring.overlay import NAME, overlay
from tests.rigs.board.device_tree import BASE, Node, compile_tree, lay_over, read_tree

CODES = load_keypad("input-gpio-keys")
PIS = [name for name in board_names() if name.startswith("rpi-")]


def merged(profile: Profile, folder: Path, base: str = BASE) -> Node:
    """A Pi's tree with the overlay of a profile; fails on any warning of the compiler."""
    tree, says = compile_tree(base, folder, "base")
    assert says == ""
    over, says = compile_tree(overlay(profile, CODES), folder, NAME)
    assert says == ""
    return read_tree(lay_over(tree, over).read_bytes())


@pytest.mark.dtc
@pytest.mark.parametrize("name", PIS)
def test_the_overlay_has_the_lines_of_the_profile_and_the_codes_of_the_map(name, tmp_path):
    profile = load_profile(name)
    root = merged(profile, tmp_path)
    keys = root.at(NAME)
    assert keys.text("compatible") == "gpio-keys"
    assert keys.text("label") == NAME
    assert "autorepeat" not in keys.properties
    found = {}
    for node in keys.children.values():
        chip, line, flags = node.cells("gpios")
        assert root.by_phandle(chip) is root.at("soc/gpio@7e200000")
        assert flags == 1, "active low"
        assert node.cells("debounce-interval") == (profile.keys.debounce_ms,)
        found[node.text("label")] = (line, *node.cells("linux,code"))
    codes = {coded.name: (coded.code, coded.level) for coded in CODES.key}
    assert found == {key.name: (key.line, codes[key.name][0]) for key in profile.keys.key}
    assert {key.name: key.level for key in profile.keys.key} == {
        name: level for name, (_, level) in codes.items()
    }


@pytest.mark.dtc
def test_every_line_is_pulled_up(tmp_path):
    root = merged(load_profile("rpi-4"), tmp_path)
    (pins,) = root.at(NAME).cells("pinctrl-0")
    node = root.by_phandle(pins)
    assert node is root.at(f"soc/gpio@7e200000/{NAME}-pins")
    lines = tuple(key.line for key in load_profile("rpi-4").keys.key)
    assert node.cells("brcm,pins") == lines
    assert node.cells("brcm,function") == (0,)
    assert node.cells("brcm,pull") == (2,)


@pytest.mark.dtc
def test_keys_that_are_high_when_down_are_pulled_the_other_way(tmp_path):
    usual = load_profile("rpi-4")
    keys = msgspec.structs.replace(usual.keys, active_low=False)
    root = merged(msgspec.structs.replace(usual, keys=keys), tmp_path)
    assert root.at(f"soc/gpio@7e200000/{NAME}-pins").cells("brcm,pull") == (1,)
    assert {node.cells("gpios")[2] for node in root.at(NAME).children.values()} == {0}


@pytest.mark.dtc
def test_it_does_not_fit_a_tree_without_pins(tmp_path):
    """Control: applying it does check what it needs."""
    with pytest.raises(subprocess.CalledProcessError):
        merged(load_profile("rpi-4"), tmp_path, BASE.replace("gpio: gpio@", "gpio@"))


@pytest.mark.dtc
def test_an_error_of_the_compiler_is_noticed(tmp_path):
    """Control: a node with an address that it does not have is a warning."""
    wrong = BASE.replace("gpio: gpio@7e200000", "gpio: gpio@1")
    _, says = compile_tree(wrong, tmp_path, "wrong")
    assert "Warning" in says


def test_a_key_that_the_map_does_not_have_is_refused():
    fewer = msgspec.structs.replace(CODES, key=CODES.key[1:])
    assert isinstance(fewer, Keypad)
    with pytest.raises(KeyError, match="very_satisfied"):
        overlay(load_profile("rpi-4"), fewer)


@pytest.mark.parametrize("name", PIS)
def test_one_overlay_serves_every_pi(name):
    assert load_profile(name).keys.key == load_profile("rpi-4").keys.key
    assert load_profile(name).keys.debounce_ms == load_profile("rpi-4").keys.debounce_ms
