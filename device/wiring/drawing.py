"""A board's header with its wires on one sheet of A4, as SVG. Pure.

The header is seen from above, with the end of the SD card at the top. A black pin has a wire, a
grey one is free. Every wire is labelled in Chinese and, smaller, in English.
"""

from typing import TYPE_CHECKING

from device.board.pins import Header, Pin
from device.wiring import circuits, svg
from device.wiring import wiring_words as words
from device.wiring.pin_table import Wire, wires

if TYPE_CHECKING:
    from device.board.profile import Profile

_WIDTH, _HEIGHT = 210.0, 297.0
_MIDDLE = _WIDTH / 2
_TOP = 41.0
_PITCH = 8.6
_COLUMN = 5.5
"""From the middle of the sheet to a column of pins."""

_RADIUS = 3.0
_LABEL = 24.0
"""From the middle of the sheet to the labels."""


def drawing(profile: "Profile", header: Header) -> str:
    """The whole sheet for a profile that uses no pin twice."""
    by_pin: dict[int, list[Wire]] = {}
    for wire in wires(profile, header):
        by_pin.setdefault(wire.pin.pin, []).append(wire)
    marks = _head(profile)
    last = max((pin.pin - 1) // 2 for pin in header.pin)
    marks.append(
        svg.box(
            _MIDDLE - _COLUMN - 5,
            _TOP - 5,
            2 * _COLUMN + 10,
            last * _PITCH + 10,
            colour=svg.GREY,
        )
    )
    for pin in header.pin:
        marks += _pin(pin, by_pin.get(pin.pin, []))
    below = _TOP + last * _PITCH + 9
    marks.append(_caption(words.OTHER_END, below + 1.5, "↓"))
    marks += circuits.figures(profile, below + 8)
    title = f"{profile.title}: {words.TITLE.zh} {words.TITLE.en}"
    return svg.sheet(_WIDTH, _HEIGHT, marks, title)


def _head(profile: "Profile") -> list[str]:
    return [
        svg.text(_MIDDLE, 15, profile.title, 6, anchor="middle", bold=True),
        svg.text(
            _MIDDLE,
            22,
            f"{words.TITLE.zh} · {words.TITLE.en} · {profile.name}",
            3.6,
            anchor="middle",
        ),
        _caption(words.CARD_END, 29, "↑"),
        svg.text(
            _MIDDLE - _COLUMN - 7,
            34.5,
            f"{words.INSIDE.zh} · {words.INSIDE.en}",
            2.6,
            anchor="end",
            colour=svg.GREY,
        ),
        svg.text(
            _MIDDLE + _COLUMN + 7,
            34.5,
            f"{words.EDGE.zh} · {words.EDGE.en}",
            2.6,
            colour=svg.GREY,
        ),
    ]


def _caption(says: words.Text, y: float, arrow: str) -> str:
    return svg.text(
        _MIDDLE, y, f"{arrow} {says.zh} · {says.en} {arrow}", 2.8, anchor="middle", colour=svg.GREY
    )


def _pin(pin: Pin, found: list[Wire]) -> list[str]:
    """A pin and the labels of its wires, on its side of the header."""
    side = -1 if pin.pin % 2 else 1
    x, y = _MIDDLE + side * _COLUMN, _TOP + (pin.pin - 1) // 2 * _PITCH
    anchor = "end" if side < 0 else "start"
    label = _MIDDLE + side * _LABEL
    marks = []
    if found:
        zh = " + ".join(f"{words.PARTS[wire.part].zh} {wire.name.zh}" for wire in found)
        en = " + ".join(f"{words.PARTS[wire.part].en} {wire.name.en}" for wire in found)
        says = f"{en} · {found[0].line}" if found[0].line else en
        marks += [
            svg.path(f"M {x} {y} H {label - side * 1.5:.2f}", width=0.5),
            svg.text(label, y + 0.4, zh, 4, anchor=anchor, bold=True),
            svg.text(label, y + 3.8, says, 2.6, anchor=anchor),
        ]
    else:
        beyond = x + side * (_RADIUS + 3.5)
        marks.append(svg.text(beyond, y + 0.9, _label(pin), 2.4, anchor=anchor, colour=svg.GREY))
    colour = svg.BLACK if found else svg.GREY
    if pin.pin == 1:  # as on the board, whose pad 1 is square
        reach = _RADIUS + 0.9
        marks.append(svg.box(x - reach, y - reach, 2 * reach, 2 * reach, colour=colour))
    marks += [
        svg.circle(x, y, _RADIUS, filled=bool(found), colour=colour),
        svg.text(
            x,
            y + 1.1,
            str(pin.pin),
            3,
            anchor="middle",
            bold=bool(found),
            colour="#fff" if found else svg.GREY,
        ),
    ]
    return marks


def _label(pin: Pin) -> str:
    """The name of a pin, as it is printed on pin charts."""
    if pin.power is not None:
        power = words.POWER[pin.power]
        return power.en if power.en == power.zh else f"GND {power.zh}"
    kept = f" {words.RESERVED.zh} {words.RESERVED.en}" if pin.reserved else ""
    return f"GPIO{pin.line}{kept}"
