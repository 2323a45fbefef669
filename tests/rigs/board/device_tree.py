"""Device trees in their compiled form: compile, lay one over another, and read the result back.

The reader is written from the format (Devicetree Specification 0.4, chapter 5), so that what the
compiler wrote is not read by the compiler.
"""

import struct
import subprocess
from pathlib import Path
from typing import NamedTuple

_BEGIN, _END, _PROPERTY, _NOP = 1, 2, 3, 4

BASE = """
/dts-v1/;

/ {
	compatible = "raspberrypi,4-model-b", "brcm,bcm2711";
	model = "the least that the keys need of a Raspberry Pi";
	#address-cells = <1>;
	#size-cells = <1>;

	soc {
		compatible = "simple-bus";
		#address-cells = <1>;
		#size-cells = <1>;
		ranges;

		gpio: gpio@7e200000 {
			compatible = "brcm,bcm2711-gpio";
			reg = <0x7e200000 0xb4>;
			gpio-controller;
			#gpio-cells = <2>;
		};
	};
};
"""


class Node(NamedTuple):
    """A node: its properties as bytes, its children by name."""

    properties: dict[str, bytes]
    children: dict[str, "Node"]

    def at(self, path: str) -> "Node":
        """The node at a path from here; raises KeyError."""
        node = self
        for name in filter(None, path.split("/")):
            node = node.children[name]
        return node

    def text(self, name: str) -> str:
        """A property that is one text."""
        return self.properties[name].removesuffix(b"\0").decode("ascii")

    def cells(self, name: str) -> tuple[int, ...]:
        """A property that is a row of 32-bit numbers."""
        found = self.properties[name]
        return struct.unpack(f">{len(found) // 4}I", found)

    def by_phandle(self, phandle: int) -> "Node":
        """The node below here (or this one) that others point to by this number."""
        if self.properties.get("phandle") == struct.pack(">I", phandle):
            return self
        for child in self.children.values():
            try:
                return child.by_phandle(phandle)
            except KeyError:
                continue
        raise KeyError(phandle)


def compile_tree(source: str, folder: Path, name: str) -> tuple[Path, str]:
    """The compiled form of a source, and the compiler's messages. Raises on an error."""
    text, blob = folder / f"{name}.dts", folder / f"{name}.dtb"
    text.write_text(source, "utf-8")
    run = subprocess.run(
        ["dtc", "-@", "-I", "dts", "-O", "dtb", "-o", blob, text],
        capture_output=True,
        text=True,
        check=True,
    )
    return blob, run.stdout + run.stderr


def lay_over(base: Path, overlay: Path) -> Path:
    """A base with an overlay applied, as a Pi's firmware does. Raises if it does not fit."""
    merged = base.with_suffix(".merged")
    subprocess.run(
        ["fdtoverlay", "-i", base, "-o", merged, overlay], capture_output=True, check=True
    )
    return merged


def read_tree(blob: bytes) -> Node:
    """The root of a compiled tree."""
    magic, _, structure, strings = struct.unpack_from(">4I", blob)
    assert magic == 0xD00DFEED
    place = structure
    above: list[Node] = []
    while True:
        (token,) = struct.unpack_from(">I", blob, place)
        place += 4
        if token == _BEGIN:
            name = _text_at(blob, place)
            place += _whole_cells(len(name) + 1)
            node = Node({}, {})
            if above:
                above[-1].children[name] = node
            above.append(node)
        elif token == _END:
            node = above.pop()
            if not above:
                return node
        elif token == _PROPERTY:
            length, name_at = struct.unpack_from(">2I", blob, place)
            place += 8
            name = _text_at(blob, strings + name_at)
            above[-1].properties[name] = blob[place : place + length]
            place += _whole_cells(length)
        else:
            assert token == _NOP, "the tree ends inside a node"


def _text_at(blob: bytes, place: int) -> str:
    return blob[place : blob.index(b"\0", place)].decode("ascii")


def _whole_cells(length: int) -> int:
    return (length + 3) // 4 * 4
