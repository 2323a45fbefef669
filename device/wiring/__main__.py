"""`python -m device.wiring docs/hardware`: write page and drawing of every board with a header."""

import sys
from pathlib import Path

from device.profile import board_names, load_header, load_profile
from device.wiring.document import document
from device.wiring.drawing import drawing


def write(folder: Path) -> None:
    """Write `NAME.md` and `NAME.svg` for each of them."""
    for profile in map(load_profile, board_names()):
        if profile.header is not None:
            header = load_header(profile)
            (folder / f"{profile.name}.md").write_text(document(profile, header), "utf-8")
            (folder / f"{profile.name}.svg").write_text(drawing(profile, header), "utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
