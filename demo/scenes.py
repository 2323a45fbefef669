"""Which scene a picture of the OLED shows, by drawing them all and comparing.

The demo believes its eyes: "thanked" is what a citizen would read on the glass, bit for bit, not
what the agent says of itself. Only standby, which carries the time of day, is known by being none
of the others.
"""

from functools import cache

from device.errors import Code
from device.events import Scene
from device.ui.oled import draw
from device.ui.screens import screen
from device.ui.words import load


@cache
def _pictures(window: str, hall: str) -> dict[bytes, Scene]:
    words = load(["zh"])
    fixed = {
        draw(screen(scene, words, window=window, hall=hall)).tobytes(): scene
        for scene in Scene
        if scene not in (Scene.STANDBY, Scene.FAULT)
    }
    faults = {
        draw(screen(Scene.FAULT, words, window=window, hall=hall, code=code)).tobytes(): Scene.FAULT
        for code in Code
    }
    return faults | fixed


def scene_of(picture: bytes, window: str, hall: str) -> str:
    """The scene's name; empty for a dark display."""
    if not any(picture):
        return ""
    return _pictures(window, hall).get(picture, Scene.STANDBY).value
