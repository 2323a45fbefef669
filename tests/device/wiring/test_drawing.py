"""The drawing shows every wire at its pin, on one sheet, and nothing over its edge."""

import itertools
import re
import xml.etree.ElementTree as ET

import msgspec
import pytest

from device.board.profile import board_names, load_header, load_profile
from device.wiring.drawing import drawing
from device.wiring.pin_table import wires
from tests.rigs.drawing.svg_geometry import crossed, drawn, labels, number, strokes

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


@pytest.mark.parametrize("name", WIRED)
def test_no_line_runs_through_a_label_and_no_two_labels_touch(name: str) -> None:
    root = sheet(name)
    found = labels(root)
    numbers = {label for label in found if label.text.isdigit()}  # stand on their pins
    lines = drawn(root)
    for label in found:
        if label not in numbers:
            assert not [one for one in lines if crossed(one, label.box)], label
    for one, other in itertools.combinations(found, 2):
        apart = (
            one.box[2] <= other.box[0]
            or other.box[2] <= one.box[0]
            or one.box[3] <= other.box[1]
            or other.box[3] <= one.box[1]
        )
        assert apart, (one, other)


@pytest.mark.parametrize("name", WIRED)
def test_every_mark_is_on_the_paper(name: str) -> None:
    root = sheet(name)
    for x, y in itertools.chain(*drawn(root)):
        assert 5 < x < 205
        assert 5 < y < 292


@pytest.mark.parametrize("name", WIRED)
def test_the_pins_stand_in_two_columns_as_on_the_board(name: str) -> None:
    root = sheet(name)
    at = [
        (number(one, "cx"), number(one, "cy"))
        for one in root.iter(f"{SVG}circle")
        if one.get("r") == "3"
    ]
    assert len(at) == 40
    (left,), (right,) = ({x for x, _ in at[side::2]} for side in (0, 1))
    assert left + right == 210  # in the middle of the sheet
    assert right - left > 2 * 3 + 1  # and apart
    rows = [y for _, y in at[::2]]
    assert rows == [y for _, y in at[1::2]]
    steps = {round(below - above, 6) for above, below in itertools.pairwise(rows)}
    assert len(steps) == 1
    assert steps.pop() > 2 * 3 + 1
    header, square = [one for one in root.iter(f"{SVG}rect") if one.get("stroke")][:2]
    ((edges,), (one,)) = strokes(header), strokes(square)
    (x0, y0), (x1, y1) = edges[0], edges[2]
    assert (x0 + x1, y0 + y1) == pytest.approx((210, rows[0] + rows[-1]))
    assert x0 + 3 < left
    assert y0 + 3 < rows[0]
    middle = ((one[0][0] + one[2][0]) / 2, (one[0][1] + one[2][1]) / 2)
    assert middle == pytest.approx(at[0])  # the pad of pin 1 is square
    assert one[2][0] - one[0][0] > 2 * 3


@pytest.mark.parametrize("name", WIRED)
def test_a_line_leads_from_every_wired_pin_to_its_label(name: str) -> None:
    root = sheet(name)
    pins = {
        (number(one, "cx"), number(one, "cy"))
        for one in root.iter(f"{SVG}circle")
        if one.get("r") == "3" and one.get("fill") == "#000"
    }
    leads = [
        stroke
        for one in root.iter(f"{SVG}path")
        if one.get("stroke-width") == "0.5"
        for stroke in strokes(one)
    ]
    assert {(round(x, 2), round(y, 2)) for (x, y), _ in leads} == pins
    for (_, y), (end, level) in leads:
        assert level == y
        beside = [
            label
            for label in labels(root)
            if label.box[1] < y < label.box[3] + 0.5
            and 1 <= min(abs(label.box[0] - end), abs(label.box[2] - end)) <= 2
        ]
        assert len(beside) == 1, (end, y)
