"""A circuit at the foot of the drawing is whole, and stands below its title."""

import itertools
import xml.etree.ElementTree as ET

import msgspec
import pytest

from device.board.profile import Profile, load_profile
from device.wiring import circuits, svg
from tests.rigs.drawing.svg_geometry import (
    LINE_MM,
    SVG,
    Stroke,
    between,
    drawn,
    labels,
    number,
    pieces,
)


def only(profile: Profile, part: str) -> ET.Element:
    """The circuit of one part alone."""
    keys = msgspec.structs.replace(profile.keys, active_low=part == "key")
    lights = profile.lights if part == "light" else None
    beeper = profile.beeper if part == "beeper" else None
    alone = msgspec.structs.replace(profile, keys=keys, lights=lights, beeper=beeper)
    return ET.fromstring(svg.sheet(210, 100, circuits.figures(alone, 10), part))


def group_at(groups: list[list[Stroke]], root: ET.Element, name: str) -> int:
    """Which group of strokes is nearest to the label of this text."""
    (box,) = [label.box for label in labels(root) if label.text == name]
    middle = ((box[0] + box[2]) / 2, box[3])

    def distance(group: list[Stroke]) -> float:
        return min(
            between(middle, *part) for stroke in group for part in itertools.pairwise(stroke)
        )

    return min(range(len(groups)), key=lambda place: distance(groups[place]))


GROUND_BARS = 2
"""The lower two strokes of the ground symbol touch nothing."""


@pytest.mark.parametrize("part", ["key", "light", "beeper"])
def test_a_circuit_stands_below_its_title(part: str) -> None:
    root = only(load_profile("rpi-4"), part)
    title, *others = labels(root)
    (first,) = [one for one in root.iter(f"{SVG}text") if one.get("font-weight") == "bold"]
    assert title.text == first.text
    assert title.box[3] < min(y for stroke in drawn(root) for _, y in stroke)
    assert all(title.box[3] < other.box[1] for other in others)
    xs = [x for stroke in drawn(root) for x, _ in stroke]
    assert (min(xs) + max(xs)) / 2 == pytest.approx(105, abs=6)  # the only one: in the middle


def test_circuits_stand_side_by_side() -> None:
    both = ET.fromstring(svg.sheet(210, 99, circuits.figures(load_profile("rpi-4"), 10), "all"))
    titles = root_bold(both)
    lefts = [number(one, "x") for one in titles]
    assert len({number(one, "y") for one in titles}) == 1
    assert [below - above for above, below in itertools.pairwise(lefts)] == pytest.approx([70, 70])


def root_bold(root: ET.Element) -> list[ET.Element]:
    return [one for one in root.iter(f"{SVG}text") if one.get("font-weight") == "bold"]


@pytest.mark.parametrize(
    ("part", "apart", "ends"),
    [
        ("key", 2, []),  # an open button has two sides
        ("light", 3, ["GPIO", "330 Ω"]),  # and two arrows of light
        ("beeper", 1, ["GPIO", "5 V", "S8050", "1N4148", "1 kΩ"]),
    ],
)
def test_a_circuit_hangs_together(part: str, apart: int, ends: list[str]) -> None:
    root = only(load_profile("rpi-4"), part)
    groups = pieces(drawn(root))
    assert len(groups) == apart + GROUND_BARS
    largest = max(range(len(groups)), key=lambda place: len(groups[place]))
    assert {group_at(groups, root, name) for name in ends} <= {largest}


def test_an_open_button_does_not_join_its_line_to_ground() -> None:
    root = only(load_profile("rpi-4"), "key")
    groups = pieces(drawn(root))
    line = group_at(groups, root, "GPIO")
    (bars,) = [label.box for label in labels(root) if label.text == "GND"]
    assert max(x for stroke in groups[line] for x, _ in stroke) + LINE_MM < bars[0]


def test_control_a_gap_in_a_circuit_is_seen() -> None:
    assert len(pieces([[(0, 0), (5, 0)], [(5.5, 0), (9, 0)]])) == 2
    assert len(pieces([[(0, 0), (5, 0)], [(5, 0), (9, 0)]])) == 1
    assert len(pieces([[(0, 0), (5, 0)], [(3, -2), (3, 2)]])) == 1
