"""The wiring of a board that no profile in `hw/boards` has, and the golden files of it.

`python -m tests.rigs.drawing.golden_wiring` writes them anew; look at the drawing before it is
committed.
"""

from pathlib import Path

import msgspec

from device.board.keypad import load_keypad
from device.board.profile import Profile, load_header, load_profile
from device.wiring.document import document
from device.wiring.drawing import drawing
from device.wiring.overlay import overlay

GOLDEN = Path(__file__).parents[2] / "device" / "wiring" / "golden"


def inverted() -> Profile:
    """Keys to 3.3 V, lights and beeper that are on while their line is low, and a shared pin."""
    usual = load_profile("rpi-4-spi")
    assert usual.lights is not None
    assert usual.beeper is not None
    return msgspec.structs.replace(
        usual,
        name="inverted",
        title="Keys & lights <inverted>",
        keys=msgspec.structs.replace(usual.keys, active_low=False, debounce_ms=47),
        lights=msgspec.structs.replace(usual.lights, active_low=True),
        beeper=msgspec.structs.replace(usual.beeper, active_low=True),
    )


def half() -> Profile:
    """Two circuits at the foot of the drawing instead of three or none, and no display."""
    usual = load_profile("rpi-4")
    return msgspec.structs.replace(usual, name="half", beeper=None, display=None)


def files() -> dict[str, str]:
    """Name -> text of each golden file."""
    found = {}
    for profile in (inverted(), half()):
        header = load_header(profile)
        found[f"{profile.name}.md"] = document(profile, header)
        found[f"{profile.name}.svg"] = drawing(profile, header)
    found["inverted.dts"] = overlay(inverted(), load_keypad("input-gpio-keys"))
    return found


def main() -> None:
    for name, text in files().items():
        (GOLDEN / name).write_text(text, "utf-8")


if __name__ == "__main__":
    main()
