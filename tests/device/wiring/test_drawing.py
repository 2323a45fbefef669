"""The drawing shows every wire at its pin, on one sheet, and nothing over its edge."""

import re
import xml.etree.ElementTree as ET

import msgspec
import pytest

from device.board.profile import board_names, load_header, load_profile
from device.wiring.drawing import drawing
from device.wiring.pin_table import wires

WIRED = [name for name in board_names() if load_profile(name).header is not None]
SVG = "{http://www.w3.org/2000/svg}"


def sheet(name: str, **changed) -> ET.Element:
    profile = msgspec.structs.replace(load_profile(name), **changed)
    return ET.fromstring(drawing(profile, load_header(profile)))


def texts(root: ET.Element) -> list[str]:
    return [element.text or "" for element in root.iter(f"{SVG}text")]


@pytest.mark.parametrize("name", WIRED)
def test_every_wire_of_the_table_is_drawn_in_both_languages(name):
    profile = load_profile(name)
    shown = texts(sheet(name))
    for wire in wires(profile, load_header(profile)):
        assert any(wire.name.zh in text and wire.name.zh for text in shown)
        assert any(wire.name.en in text and wire.line in text for text in shown)


@pytest.mark.parametrize("name", WIRED)
def test_a_pin_is_black_exactly_when_it_has_a_wire(name):
    profile = load_profile(name)
    root = sheet(name)
    numbers = [e for e in root.iter(f"{SVG}text") if (e.text or "").isdigit()]
    assert [int(e.text or "") for e in numbers] == list(range(1, 41))
    black = {int(e.text or "") for e in numbers if e.get("fill") == "#fff"}
    assert black == {wire.pin.pin for wire in wires(profile, load_header(profile))}
    dots = [e for e in root.iter(f"{SVG}circle") if e.get("r") == "3" and e.get("fill") == "#000"]
    assert len(dots) == len(black)


def reach(element: ET.Element) -> tuple[float, float]:
    """How far a text reaches to the left and to the right: an em for a Chinese sign, 0.65 for
    another, which is more than any of them is wide."""
    size = float(element.get("font-size", 0))
    width = sum(size * (1.0 if ord(sign) > 0x2E7F else 0.65) for sign in element.text or "")
    x = float(element.get("x", 0))
    before = {"start": 0.0, "middle": 0.5, "end": 1.0}[element.get("text-anchor", "start")]
    return x - width * before, x + width * (1 - before)


@pytest.mark.parametrize("name", WIRED)
def test_nothing_is_printed_over_the_edge_of_the_paper(name):
    root = sheet(name)
    assert root.get("viewBox") == "0 0 210 297"
    for element in root.iter(f"{SVG}text"):
        left, right = reach(element)
        assert left > 5, element.text
        assert right < 205, element.text
        assert 5 < float(element.get("y", 0)) < 290, element.text


@pytest.mark.parametrize("name", WIRED)
def test_it_prints_in_black_and_grey_on_white(name):
    profile = load_profile(name)
    colours = set(re.findall(r'"(#[0-9a-f]+)"', drawing(profile, load_header(profile))))
    assert colours == {"#000", "#777", "#fff"}


def test_parts_that_share_a_pin_are_drawn_at_it_together():
    usual = load_profile("rpi-4")
    assert usual.lights is not None
    assert usual.beeper is not None
    root = sheet(
        "rpi-4",
        lights=msgspec.structs.replace(usual.lights, active_low=True),
        beeper=msgspec.structs.replace(usual.beeper, active_low=True),
    )
    assert "light 3.3 V + beeper 3.3 V" in texts(root)


def test_only_circuits_of_parts_that_are_there_are_drawn():
    assert "S8050" in texts(sheet("rpi-4"))
    assert "S8050" not in texts(sheet("rpi-4", beeper=None))
    assert "330 Ω" not in texts(sheet("rpi-4", lights=None))


def test_what_a_profile_calls_itself_cannot_break_the_drawing():
    assert "<&>" in texts(sheet("rpi-4", title="<&>"))
