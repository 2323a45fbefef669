"""The circuits of a button, a light and a beeper, for the foot of a drawing. Pure.

Only for parts that are wired the usual way: a button to ground, a light and a beeper that are on
while their line is high. For others the components are in the wiring table only.
"""

from typing import TYPE_CHECKING

from device.wiring import svg
from device.wiring import wiring_words as words

if TYPE_CHECKING:
    from device.board.profile import Profile

_WIDTH = 210.0


def figures(profile: "Profile", top: float) -> list[str]:
    """The circuits that a board needs, side by side, `top` mm from the upper edge."""
    drawn = []
    if profile.keys.active_low and profile.keys.key:
        drawn.append(("key", _button))
    if profile.lights is not None and not profile.lights.active_low:
        drawn.append(("light", _light))
    if profile.beeper is not None and not profile.beeper.active_low:
        drawn.append(("beeper", _beeper))
    marks = []
    for place, (name, figure) in enumerate(drawn):
        left = _WIDTH * (place + 0.5) / len(drawn) - 22
        says = words.CIRCUITS[name]
        marks.append(svg.text(left, top + 4, f"{says.zh} · {says.en}", 3.2, bold=True))
        marks += figure(left, top + 16)
    return marks


def _terminal(x: float, y: float, name: str) -> list[str]:
    """The end of a wire to the header."""
    return [svg.circle(x, y, 0.9), svg.text(x, y - 2, name, 2.8, anchor="middle")]


def _ground(x: float, y: float) -> list[str]:
    """The ground symbol below a point."""
    return [
        svg.path(f"M {x:.2f} {y:.2f} v 3 m -3 0 h 6 m -5 1.2 h 4 m -3 1.2 h 2"),
        svg.text(x + 4.2, y + 5, "GND", 2.6),
    ]


def _resistor(x: float, y: float, value: str, *, upright: bool = False) -> list[str]:
    """A resistor, 8 mm long, from a point to the right or downwards."""
    if upright:
        return [svg.box(x - 1.2, y, 2.4, 8), svg.text(x + 2, y + 5, value, 2.6)]
    return [svg.box(x, y - 1.2, 8, 2.4), svg.text(x + 4, y - 2, value, 2.6, anchor="middle")]


def _button(x: float, y: float) -> list[str]:
    return [
        *_terminal(x + 2, y, "GPIO"),
        svg.path(f"M {x + 2.9:.2f} {y:.2f} h 9.1 l 8 -4 m 0 4 h 9 v 4"),
        svg.circle(x + 12, y, 0.6, filled=True),
        svg.circle(x + 20, y, 0.6, filled=True),
        *_ground(x + 29, y + 4),
    ]


def _light(x: float, y: float) -> list[str]:
    return [
        *_terminal(x + 2, y, "GPIO"),
        svg.path(f"M {x + 2.9:.2f} {y:.2f} h 5.1 m 8 0 h 7 m 6 0 h 5 v 4"),
        *_resistor(x + 8, y, "330 Ω"),
        svg.path(f"M {x + 23:.2f} {y - 3:.2f} v 6 l 6 -3 z", filled=True),
        svg.path(f"M {x + 29:.2f} {y - 3:.2f} v 6", width=0.6),
        svg.path(f"M {x + 25:.2f} {y - 4:.2f} l 2 -3 m -0.2 1.6 l 0.2 -1.6 l -1.5 0.6"),
        svg.path(f"M {x + 28:.2f} {y - 4:.2f} l 2 -3 m -0.2 1.6 l 0.2 -1.6 l -1.5 0.6"),
        svg.text(x + 21.5, y + 5.5, "+", 3, anchor="middle"),
        svg.text(x + 31, y + 5.5, "−", 3, anchor="middle"),
        *_ground(x + 34, y + 4),
    ]


def _beeper(x: float, y: float) -> list[str]:
    line = y + 19
    wire, right = x + 24, x + 34
    return [
        *_terminal(x + 2, line, "GPIO"),
        svg.path(f"M {x + 2.9:.2f} {line:.2f} h 3.1 m 8 0 h 6"),
        *_resistor(x + 6, line, "1 kΩ"),
        # the transistor: base, collector, emitter with its arrow
        svg.path(f"M {x + 20:.2f} {line - 3.5:.2f} v 7", width=0.8),
        svg.path(f"M {x + 20:.2f} {line - 1.5:.2f} l 4 -3 V {y + 9:.2f}"),
        svg.path(f"M {x + 20:.2f} {line + 1.5:.2f} l 4 3 v 7.5"),
        svg.path(
            f"M {x + 23.6:.2f} {line + 4.2:.2f} l -2.1 -0.4 l 1.1 -1.5 z", filled=True, width=0.1
        ),
        svg.text(x + 26, line + 1, "S8050", 2.6),
        # 10 kΩ from base to emitter
        svg.circle(x + 17, line, 0.6, filled=True),
        svg.path(f"M {x + 17:.2f} {line:.2f} v 2 m 0 8 v 2 H {wire:.2f}"),
        *_resistor(x + 17, line + 2, "", upright=True),
        svg.text(x + 15, line + 7, "10 kΩ", 2.6, anchor="end"),
        svg.circle(wire, line + 12, 0.6, filled=True),
        *_ground(wire, line + 12),
        # the beeper between 5 V and the collector, a diode across it
        *_terminal(wire, y - 2, "5 V"),
        svg.path(f"M {wire:.2f} {y - 1.1:.2f} v 2.1 m 0 6 v 2"),
        svg.box(wire - 5, y + 1, 10, 6),
        svg.text(wire, y + 4.9, words.PARTS["beeper"].zh, 2.6, anchor="middle"),
        svg.text(wire - 7, y + 2.6, "+", 3, anchor="middle"),
        svg.text(wire - 7, y + 7.6, "−", 3, anchor="middle"),
        svg.circle(wire, y, 0.6, filled=True),
        svg.circle(wire, y + 9, 0.6, filled=True),
        svg.path(f"M {wire:.2f} {y:.2f} H {right:.2f} v 9 H {wire:.2f}"),
        svg.path(f"M {right - 2:.2f} {y + 6:.2f} h 4 l -2 -3.5 z", filled=True),
        svg.path(f"M {right - 2:.2f} {y + 2.5:.2f} h 4", width=0.6),
        svg.text(right + 3, y + 5.5, "1N4148", 2.6),
    ]
