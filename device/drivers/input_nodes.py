"""Which input device is the key pad: found in sysfs, where looking opens nothing.

A device is known by its name or its physical path, never by the number of its event node, which is
another after every plugging in. What cannot be told apart is not guessed at.
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
"""The kernel prints bitmaps in words of this width; to a 32-bit program in words of 32 bits."""

_GONE = PadCode.KEYS_GONE

LISTED = 8
"""So many devices are named to whoever looks for one that is not there."""


class Node(NamedTuple):
    """One event node, and what the kernel knows of the device behind it."""

    event: str
    name: str
    phys: str
    keys: frozenset[int]

    def __str__(self) -> str:
        where = f" at {self.phys}" if self.phys else ""
        return f'{self.event} "{self.name}"{where}'


def find_node(keypad: Keypad, options: InputOptions, sysfs: Path = SYSFS) -> Node:
    """The node of the key pad. Raises DriverError (K03) unless exactly one device is it."""
    found = sorted(_nodes(sysfs))
    wanted = options.name if options.name is not None else options.phys
    way = "name" if options.name is not None else "phys"
    matching = [node for node in found if fnmatchcase(getattr(node, way), wanted or "")]
    codes = set(keypad.by_code())
    # One USB pad is often several devices of nearly the same name: keys, volume, power.
    able = [node for node in matching if codes & node.keys]
    if not able:
        there = "; ".join(map(str, (matching or found)[:LISTED])) or "none at all"
        which = f"with keys of {keypad.name}" if matching else "of this"
        raise DriverError(f'no input device {which} {way} "{wanted}"; there is {there}', _GONE)
    if len(able) > 1:
        both = "; ".join(map(str, able))
        raise DriverError(f'{len(able)} input devices of {way} "{wanted}": {both}', _GONE)
    node = able[0]
    without = [key.name for key in keypad.key if key.level and key.code not in node.keys]
    if without:
        raise DriverError(
            f"{node} has no key for {', '.join(without)}; is it a {keypad.name}?", _GONE
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
            continue  # unplugged at this moment
        yield Node(folder.name, name, phys, keys)


def read_bitmap(text: str, word_bits: int = LONG_BITS) -> frozenset[int]:
    """The bits that are set in a bitmap as sysfs prints it: hexadecimal words, highest first."""
    bits = 0
    for word in text.split():
        bits = bits << word_bits | int(word, 16)
    return frozenset(bit for bit in range(bits.bit_length()) if bits >> bit & 1)
