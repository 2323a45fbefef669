"""Finds the key pad among the input devices, in sysfs, where no device is opened.

A device is found by its name or its physical path, not by the number of its event node, which may
change each time it is plugged in. When several devices match, that is an error, not a guess.
"""

import struct
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import NamedTuple

from device.board.driver_options import InputOptions
from device.board.keypad import Keypad
from device.errors import DriverError, PadCode

SYSFS = Path("/sys/class/input")

LONG_BITS = struct.calcsize("l") * 8
"""The kernel prints bitmaps in words of a `long`: of 32 bits to a 32-bit program."""

_GONE = PadCode.KEYS_GONE

LISTED = 8
"""At most so many devices are listed in the error when none matches."""


class Node(NamedTuple):
    """One event node, and what sysfs says about its device."""

    event: str
    name: str
    phys: str
    keys: frozenset[int]

    def __str__(self) -> str:
        where = f" at {self.phys}" if self.phys else ""
        return f'{self.event} "{self.name}"{where}'


def find_node(keypad: Keypad, options: InputOptions, sysfs: Path = SYSFS) -> Node:
    """The node of the key pad. Raises DriverError (K03) unless exactly one device matches."""
    found = sorted(_nodes(sysfs))
    wanted = options.name if options.name is not None else options.phys
    field = "name" if options.name is not None else "phys"
    matching = [node for node in found if fnmatchcase(getattr(node, field), wanted or "")]
    codes = set(keypad.by_code())
    # One USB key pad is often several devices with nearly the same name: keys, volume, power.
    with_keys = [node for node in matching if codes & node.keys]
    if not with_keys:
        there = "; ".join(map(str, (matching or found)[:LISTED])) or "none at all"
        which = f"with keys of {keypad.name}" if matching else "of this"
        raise DriverError(f'no input device {which} {field} "{wanted}"; there is {there}', _GONE)
    if len(with_keys) > 1:
        listed = "; ".join(map(str, with_keys))
        raise DriverError(f'{len(with_keys)} input devices of {field} "{wanted}": {listed}', _GONE)
    node = with_keys[0]
    missing = [key.name for key in keypad.key if key.level and key.code not in node.keys]
    if missing:
        raise DriverError(
            f"{node} has no key for {', '.join(missing)}; is it a {keypad.name}?", _GONE
        )
    return node


def _nodes(sysfs: Path) -> Iterator[Node]:
    for folder in sysfs.glob("event*"):
        device = folder / "device"
        try:
            name = (device / "name").read_text().rstrip("\n")
            phys = (device / "phys").read_text().rstrip("\n")
            keys = read_bitmap((device / "capabilities" / "key").read_text())
        except (OSError, UnicodeDecodeError):
            continue  # unplugged just now
        yield Node(folder.name, name, phys, keys)


def read_bitmap(text: str, word_bits: int = LONG_BITS) -> frozenset[int]:
    """The bits that are set in a bitmap as sysfs prints it: hexadecimal words, highest first."""
    bits = 0
    for word in text.split():
        bits = bits << word_bits | int(word, 16)
    return frozenset(bit for bit in range(bits.bit_length()) if bits >> bit & 1)
