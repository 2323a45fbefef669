"""Which wire of which part goes to which pin of the header. Pure.

Lines and buses are from the profile. Power and ground are chosen here: for each part the free pin
that is nearest to its lines, and of two equally near the lower one. If none is free, parts share.
"""

from typing import TYPE_CHECKING, NamedTuple

import msgspec

from device.board.pins import Header, Pin, PinClaim, claims
from device.wiring import wiring_words as words
from device.wiring.wiring_words import Text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from device.board.profile import Profile

UNWIRED = {"MISO"}
"""Signals without a wire: a display is only written to. Other chip selects have none either."""


class Wire(NamedTuple):
    """One wire: its part, its name there, its pin, and the components in between."""

    part: str
    name: Text
    pin: Pin
    note: Text

    @property
    def line(self) -> str:
        """The pin's line as it is printed on pin charts; empty for power."""
        return "" if self.pin.line is None else f"GPIO{self.pin.line}"


def wires(profile: "Profile", header: Header) -> list[Wire]:
    """Every wire of a board that uses no pin twice, by part, then by pin."""
    claimed = claims(msgspec.structs.asdict(profile))
    found: list[Wire] = []
    taken: set[int] = set()
    for part in words.PARTS:
        own = [claim for claim in claimed if claim.part == part]
        if not own:
            continue
        notes = _notes(part, profile)
        lines = [wire for claim in own for wire in _lines(claim, header, profile, notes)]
        at = [wire.pin for wire in lines]
        for power in [name for name in ("3V3", "5V", "GND") if name in _powers(part, notes)]:
            candidates = [pin for pin in header.pin if pin.power == power]
            pin = min(
                [pin for pin in candidates if pin.pin not in taken] or candidates,
                key=lambda pin: (sum(_distance(pin, other) for other in at), pin.pin),
            )
            taken.add(pin.pin)
            names = words.ON_DISPLAY if part == "display" else words.POWER
            lines.append(Wire(part, names[power], pin, notes.get(power, words.NO_NOTE)))
        found += sorted(lines, key=lambda wire: wire.pin.pin)
    return found


def _lines(
    claim: PinClaim, header: Header, profile: "Profile", notes: "Mapping[str, Text]"
) -> list[Wire]:
    """The wires of one claim."""
    if claim.bus is not None:
        select = f"CE{claim.bus.partition('.')[2]}"
        return [
            Wire(claim.part, words.ON_DISPLAY[signal], pin, notes.get(signal, words.NO_NOTE))
            for signal, pin in header.of_bus(claim.bus).items()
            if signal not in UNWIRED and (signal == select or not signal.startswith("CE"))
        ]
    pin = next(pin for pin in header.pin if pin.line == claim.line)
    if claim.part == "display":
        return [Wire(claim.part, words.ON_DISPLAY[claim.wire], pin, words.NO_NOTE)]
    levels = {key.name: key.level for key in profile.keys.key}
    level = levels.get(claim.wire)
    named = words.both(claim.wire) if claim.wire else words.SIGNAL
    name = named if level is None else words.LEVELS[level]
    return [Wire(claim.part, name, pin, notes["line"])]


def _notes(part: str, profile: "Profile") -> dict[str, Text]:
    """The notes for a part's wires: its lines and its power."""
    if part == "key":
        return words.BUTTON_TO_GROUND if profile.keys.active_low else words.BUTTON_TO_POWER
    if part == "light":
        low = profile.lights is not None and profile.lights.active_low
        return words.LIGHT_TO_POWER if low else words.LIGHT_TO_GROUND
    if part == "beeper":
        low = profile.beeper is not None and profile.beeper.active_low
        return words.BEEPER_MODULE if low else words.BEEPER_BY_TRANSISTOR
    return words.DISPLAY_NOTES


def _powers(part: str, notes: "Mapping[str, Text]") -> set[str]:
    """The power that a part needs: the kinds in its notes; a display needs both."""
    return {"3V3", "GND"} if part == "display" else set(notes)


def _distance(pin: Pin, other: Pin) -> int:
    """The distance of two pins in pitches; the other column counts as two more.

    The same column is preferred because a plug with one row is the easiest to make.
    """
    rows = abs((pin.pin - 1) // 2 - (other.pin - 1) // 2)
    return rows + 2 * (pin.pin % 2 != other.pin % 2)
