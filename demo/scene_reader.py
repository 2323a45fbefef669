"""Which scene a picture of the OLED shows, by drawing them all and comparing.

The demo believes its eyes: "thanked" is what a citizen would read on the glass, bit for bit, not
what the agent says of itself. Only standby, which carries the time of day, is known by being none
of the others.
"""

from functools import cache

from device.errors import PadCode
from device.events import RESTING, Scene
from device.ui import burn_in as wear
from device.ui.oled_picture import draw, ink
from device.ui.screens import screen
from device.ui.words import load


@cache
def _pictures(window: str, hall: str) -> dict[bytes, Scene]:
    """The ink of every scene but standby; what is at rest walks about on the glass."""
    words = load(["zh"])
    codes: dict[Scene, list[PadCode | None]] = {Scene.FAULT: [*PadCode]}
    return {
        ink(draw(drawn, step=step).tobytes()): scene
        for scene in Scene
        if scene is not Scene.STANDBY
        for code in codes.get(scene, [None])
        for turned in (False, True)
        for drawn in [screen(scene, words, window=window, hall=hall, code=code, turned=turned)]
        for step in (wear.WAYS if scene in RESTING else (None,))
    }


def scene_of(picture: bytes, window: str, hall: str) -> str:
    """The scene's name; empty for a dark display."""
    if not any(picture):
        return ""
    return _pictures(window, hall).get(ink(picture), Scene.STANDBY).value
