"""The lines and labels of an SVG drawing as geometry: what touches, what crosses. Pure.

Reads the elements and path commands that `device/wiring/svg.py` writes.
"""

import itertools
import math
import re
import xml.etree.ElementTree as ET
from typing import NamedTuple

SVG = "{http://www.w3.org/2000/svg}"

LINE_MM = 0.35
"""Two marks whose distance is not larger look joined."""

Point = tuple[float, float]
Stroke = list[Point]
Box = tuple[float, float, float, float]


class Label(NamedTuple):
    """A text and the rectangle that it covers: left, top, right, bottom."""

    text: str
    box: Box


def number(element: ET.Element, name: str) -> float:
    return float(element.get(name, "nan"))


def strokes_of_path(points: str) -> list[Stroke]:
    """The lines of a path, one list of points for each time the pen is put down."""
    found: list[Stroke] = []
    x = y = 0.0
    for command, given in re.findall(r"([A-Za-z])([^A-Za-z]*)", points):
        values = [float(value) for value in given.split()]
        if command == "z":
            found[-1].append(found[-1][0])
            continue
        if command in "Mm":
            x, y = values if command == "M" else (x + values[0], y + values[1])
            found.append([(x, y)])
            continue
        if command in "Hh":
            x = values[0] if command == "H" else x + values[0]
        elif command in "Vv":
            y = values[0] if command == "V" else y + values[0]
        else:
            assert command == "l"
            x, y = x + values[0], y + values[1]
        found[-1].append((x, y))
    return found


def strokes(element: ET.Element) -> list[Stroke]:
    """The lines that an element draws; a circle has 36 corners."""
    if element.tag == f"{SVG}path":
        return strokes_of_path(element.get("d", ""))
    if element.tag == f"{SVG}rect":
        left, top = number(element, "x"), number(element, "y")
        right, bottom = left + number(element, "width"), top + number(element, "height")
        return [[(left, top), (right, top), (right, bottom), (left, bottom), (left, top)]]
    if element.tag == f"{SVG}circle":
        x, y, r = (number(element, name) for name in ("cx", "cy", "r"))
        turns = [math.radians(10 * step) for step in range(37)]
        return [[(x + r * math.cos(turn), y + r * math.sin(turn)) for turn in turns]]
    return []


def labels(root: ET.Element) -> list[Label]:
    found = []
    for element in root.iter(f"{SVG}text"):
        size, x, y = (number(element, name) for name in ("font-size", "x", "y"))
        text = element.text or ""
        width = sum(size * (1.0 if ord(sign) > 0x2E7F else 0.6) for sign in text)
        left = x - width * {"start": 0.0, "middle": 0.5, "end": 1.0}[element.get("text-anchor", "")]
        found.append(Label(text, (left, y - 0.8 * size, left + width, y + 0.15 * size)))
    return found


def between(point: Point, one: Point, other: Point) -> float:
    """The distance of a point from a line between two."""
    across, down = other[0] - one[0], other[1] - one[1]
    length = across**2 + down**2
    along = ((point[0] - one[0]) * across + (point[1] - one[1]) * down) / length if length else 0.0
    along = min(max(along, 0.0), 1.0)
    return math.dist(point, (one[0] + along * across, one[1] + along * down))


def dots(stroke: Stroke) -> list[Point]:
    """Points on a stroke, at most 0.2 mm apart."""
    found = [stroke[0]]
    for one, other in itertools.pairwise(stroke):
        steps = math.ceil(math.dist(one, other) / 0.2) or 1
        for step in range(1, steps + 1):
            share = step / steps
            found.append(
                (one[0] + share * (other[0] - one[0]), one[1] + share * (other[1] - one[1]))
            )
    return found


def joined(one: Stroke, other: Stroke) -> bool:
    """Do two strokes touch: the end of one lies on the other, or they cross?"""
    return any(
        between(dot, *part) <= LINE_MM / 2
        for dot in dots(one)
        for part in itertools.pairwise(other)
    )


def pieces(drawn: list[Stroke]) -> list[list[Stroke]]:
    """The strokes in groups that hang together."""
    left, found = list(drawn), []
    while left:
        group = [left.pop()]
        for member in group:
            touching = [other for other in left if joined(member, other) or joined(other, member)]
            left = [other for other in left if other not in touching]
            group += touching
        found.append(group)
    return found


def drawn(root: ET.Element) -> list[Stroke]:
    """Every stroke of a sheet but the paper's edge."""
    marks = [element for element in root if element.get("stroke")]
    return [stroke for element in marks for stroke in strokes(element)]


def crossed(stroke: Stroke, box: Box) -> bool:
    return any(box[0] < x < box[2] and box[1] < y < box[3] for x, y in dots(stroke))
