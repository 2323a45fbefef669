"""`python -m device.wiring`: write the files that follow from the profiles, in the project folder.

docs/hardware/NAME.md and .svg   the wiring of every board with a header
hw/overlays/ratingpad-keys.dts   the keys of a Raspberry Pi, the same on all models
"""

import sys
from collections.abc import Iterator
from pathlib import Path

from device.board.keypad import load_keypad
from device.board.profile import board_names, load_header, load_profile
from device.wiring.document import document
from device.wiring.drawing import drawing
from device.wiring.overlay import NAME, overlay

OVERLAID, CODES = "rpi-4", "input-gpio-keys"
"""The board whose lines are in the overlay, and the key map that has its codes."""


def files() -> Iterator[tuple[Path, str]]:
    """Each file: its path from the project's folder, and its text."""
    for profile in map(load_profile, board_names()):
        if profile.header is not None:
            header = load_header(profile)
            yield Path("docs/hardware", f"{profile.name}.md"), document(profile, header)
            yield Path("docs/hardware", f"{profile.name}.svg"), drawing(profile, header)
    text = overlay(load_profile(OVERLAID), load_keypad(CODES))
    yield Path("hw/overlays", f"{NAME}.dts"), text


def main(project: Path = Path()) -> int:
    """Write them all."""
    for path, text in files():
        (project / path).parent.mkdir(parents=True, exist_ok=True)
        (project / path).write_text(text, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
