"""Which pins of a board's header a profile uses, and the check that none is used twice. Pure.

A header is data (hw/headers/*.toml): its pins, the line or power of each, and the buses that some
lines can be. `claims` lists what a profile uses; `check_claims` reports pins that are used twice,
reserved or missing, with the parts' names. A line is a BCM number, by which drivers count; a pin is
the number that is counted on the board.
"""

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal, NamedTuple

import msgspec
from msgspec import Meta

from device.config_errors import ConfigErrors, bounds, read_struct
from sync.sentence import Sentence

Power = Literal["3V3", "5V", "GND"]
Line = Annotated[int, bounds(0, 1023, "a line's number")]


class Pin(msgspec.Struct, frozen=True, kw_only=True):
    """One pin: either a line or power. `functions`: what else the line can be, "BUS SIGNAL".

    `reserved`: why nothing may be connected to it.
    """

    pin: Annotated[int, bounds(1, 200, "a pin's number")]
    line: Line | None = None
    power: Annotated[Power, Meta(description='"3V3", "5V" or "GND"')] | None = None
    functions: Annotated[
        tuple[Annotated[str, Meta(pattern=r"^[a-z0-9-]+ [A-Z0-9]+\Z")], ...],
        Meta(description='a list of functions like "i2c-1 SDA"'),
    ] = ()
    reserved: str | None = None

    def signal(self, bus: str) -> str | None:
        """The signal of `bus` ("i2c-1") at this pin, such as "SDA"; None if it has none."""
        for function in self.functions:
            of, _, signal = function.partition(" ")
            if of == bus:
                return signal
        return None


class Header(msgspec.Struct, frozen=True, kw_only=True):
    """The pins of a board in two columns: odd numbers in one, even numbers in the other."""

    name: str
    title: str
    pin: tuple[Pin, ...]

    def at_line(self, line: int) -> Pin | None:
        """The pin of `line`; None if the header does not have it."""
        return next((pin for pin in self.pin if pin.line == line), None)

    def of_bus(self, bus: str) -> dict[str, Pin]:
        """The pins of a bus by signal. A bus is "i2c-1", or "spi-0.1" with its chip select.

        A bus uses all its pins: the kernel also drives a second chip select that has no device.
        Empty if the header does not have the bus or this chip select.
        """
        name, _, select = bus.partition(".")
        found = {signal: pin for pin in self.pin if (signal := pin.signal(name))}
        return found if not select or f"CE{select}" in found else {}


class PinClaim(NamedTuple):
    """What one part of a board uses: a line, or a whole bus. `wire` names it within its part."""

    part: str
    wire: str = ""
    line: int | None = None
    bus: str | None = None

    @property
    def owner(self) -> str:
        """The part and its wire, for a report: "key satisfied"."""
        return f"{self.part} {self.wire}".strip()


def claims(values: Mapping[str, Any]) -> list[PinClaim]:
    """What the parts of a profile use, in the profile's order.

    `values`: the fields of a `Profile` by name; a field with an error is missing.
    """
    found: list[PinClaim] = []
    if keys := values.get("keys"):
        found += [PinClaim("key", key.name, line=key.line) for key in keys.key]
    if display := values.get("display"):
        if display.bus is not None:
            found.append(PinClaim("display", bus=display.bus))
        lines = {"data/command": display.dc_line, "reset": display.reset_line}
        found += [PinClaim("display", wire, line=n) for wire, n in lines.items() if n is not None]
    if lights := values.get("lights"):
        found += [PinClaim("light", light.name, line=light.line) for light in lights.light]
    if beeper := values.get("beeper"):
        found.append(PinClaim("beeper", line=beeper.line))
    return found


def check_claims(header: Header, claimed: Iterable[PinClaim], problems: ConfigErrors) -> None:
    """Note in `problems` each line or bus that is missing, reserved, or used by two parts."""
    owners: dict[int, str] = {}
    for claim in claimed:
        for pin, owner in _taken(header, claim, problems):
            where = Sentence("line {line} (pin {pin})", line=pin.line, pin=pin.pin)
            if pin.reserved is not None:
                problems.add(
                    "header",
                    Sentence(
                        "{where}: {owner}: reserved, {reserved}",
                        where=where,
                        owner=owner,
                        reserved=pin.reserved,
                    ),
                )
            elif pin.pin in owners:
                problems.add(
                    "header",
                    Sentence(
                        "{where}: {first} and {second}",
                        where=where,
                        first=owners[pin.pin],
                        second=owner,
                    ),
                )
            owners.setdefault(pin.pin, owner)


def _taken(header: Header, claim: PinClaim, problems: ConfigErrors) -> list[tuple[Pin, str]]:
    """The pins that a claim uses, each with its owner; a line in `problems` if there are none."""
    if claim.line is not None:
        pin = header.at_line(claim.line)
        if pin is None:
            problems.add(
                "header",
                Sentence(
                    "line {line}: {owner}: {header} does not bring it out",
                    line=claim.line,
                    owner=claim.owner,
                    header=header.name,
                ),
            )
        return [(pin, claim.owner)] if pin else []
    bus = claim.bus or ""
    pins = header.of_bus(bus)
    if not pins:
        problems.add(
            "header",
            Sentence(
                "bus {bus}: {owner}: {header} does not bring it out",
                bus=bus,
                owner=claim.owner,
                header=header.name,
            ),
        )
    return [(pin, f"{claim.owner} ({bus} {signal})") for signal, pin in pins.items()]


def read_header(name: str, table: Mapping[str, Any], problems: ConfigErrors) -> Header | None:
    """The header in `table`; None, and lines in `problems`, if it is wrong."""
    return read_struct(Header, {**table, "name": name}, problems, checks={Header: _check_header})


def _check_header(values: dict[str, Any], problems: ConfigErrors) -> None:
    pins: tuple[Pin, ...] = values.get("pin", ())
    for field in ("pin", "line"):
        seen: set[int] = set()
        for pin in pins:
            number = getattr(pin, field)
            if number in seen:
                problems.wrong(f"pin {pin.pin}.{field}", number, "stands there twice")
            if number is not None:
                seen.add(number)
    for pin in pins:
        if (pin.line is None) == (pin.power is None):
            problems.add(f"pin {pin.pin}", "must have either a line or power")
