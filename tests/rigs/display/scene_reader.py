"""What a citizen would read on the glass: a picture of the display, told bit by bit.

Drawn with the same code and compared, so that "thanked" in a test is what stood on the display,
not what the agent says of itself.
"""

import time
from functools import cache
from typing import NamedTuple

from device.errors import PadCode
from device.events import RESTING, Scene
from device.ui import burn_in as wear
from device.ui.oled_picture import draw, ink
from device.ui.screens import screen
from device.ui.words import load

CHINA_S = 8 * 3600


class Seen(NamedTuple):
    """What a picture shows: the scene, the fault's code if one stands there, the time of day."""

    scene: Scene
    code: PadCode | None = None
    time_text: str = ""


DARK: None = None


@cache
def _pictures(
    scene: Scene, code: PadCode | None, time_text: str, window: str, hall: str
) -> set[bytes]:
    """The ink of a scene, every way round; where it stands is another matter."""
    words = load(["zh"])
    steps: tuple[int | None, ...] = wear.WAYS if scene in RESTING else (None,)
    return {
        ink(draw(drawn, step=step).tobytes())
        for turned in (False, True)
        for drawn in [
            screen(
                scene,
                words,
                window=window,
                hall=hall,
                code=code,
                time_text=time_text,
                turned=turned,
            )
        ]
        for step in steps
    }


@cache
def _timeless(window: str, hall: str) -> dict[bytes, Seen]:
    """The ink of every scene without a time of day; 暂停服务 with a code is another one."""
    seen = [Seen(scene) for scene in Scene]
    seen += [Seen(scene, code) for scene in (Scene.FAULT, Scene.STANDBY) for code in PadCode]
    return {way: one for one in reversed(seen) for way in _pictures(*one, window, hall)}


def read(pixels: bytes, window: str, hall: str) -> Seen | None:
    """What `pixels` show; None for a dark display. Raises LookupError for anything unknown."""
    if not any(pixels):
        return DARK
    known = _timeless(window, hall).get(ink(pixels))
    if known is not None:
        return known
    now_s = time.time()
    for minute in (0, -1, 1, -2):
        text = time.strftime("%H:%M", time.gmtime(now_s + CHINA_S + 60 * minute))
        if ink(pixels) in _pictures(Scene.STANDBY, None, text, window, hall):
            return Seen(Scene.STANDBY, None, text)
    raise LookupError("a picture that no scene draws")
