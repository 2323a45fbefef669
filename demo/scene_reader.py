"""Which scene a picture of the OLED shows, by drawing them all and comparing.

So "thanked" means that the display shows thanks, bit for bit, and not that the agent reports it.
The demo, the tests and the benchmarks use it.
"""

import time
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from device.board.glass import LEAST_WIDTH_MM, Glass
from device.board.profile import glass_of, load_profile
from device.errors import PadCode
from device.events import RESTING, Scene
from device.ui import burn_in
from device.ui.oled_picture import light, pictures
from device.ui.screens import screens
from device.ui.words import load

CHINA_S = 8 * 3600
GLASS = glass_of(load_profile("simulated")) or Glass(128, 64, LEAST_WIDTH_MM)


class DisplayReading(NamedTuple):
    """What a picture shows: the scene, the code of the fault if it names one, the time of day, or
    how much has been checked.
    """

    scene: Scene
    code: PadCode | None = None
    time_text: str = ""


ZH = ("zh",)


def scene_of(picture: bytes, window: str, hall: str, languages: tuple[str, ...] = ZH) -> str:
    """The scene's name; empty for a dark display. `languages`: those of the pad.

    Standby has the time of day and perhaps a notice, so it is taken to be whatever is none of the
    others. `read` is stricter.
    """
    if not any(picture):
        return ""
    found = _but_standby(window, hall, languages).get(light(picture))
    return (found.scene if found else Scene.STANDBY).value


def read(picture: bytes, window: str, hall: str) -> DisplayReading | None:
    """What a picture shows; None for a dark display.

    A time of day is read when it is now, a minute later, or up to two minutes ago, in China.
    Raises LookupError for a picture that no scene draws.
    """
    if not any(picture):
        return None
    seen = light(picture)
    found = _but_standby(window, hall).get(seen) or _standby(window, hall).get(seen)
    if found is not None:
        return found
    now_s = time.time() + CHINA_S
    for minute in (0, -1, 1, -2):
        time_text = time.strftime("%H:%M", time.gmtime(now_s + 60 * minute))
        reading = DisplayReading(Scene.STANDBY, None, time_text)
        if seen in _lights(reading, window, hall):
            return reading
    for percent in range(101):
        reading = DisplayReading(Scene.CHECKING, None, f"{percent} %")
        if seen in _lights(reading, window, hall):
            return reading
    raise LookupError("a picture that no scene draws")


@cache
def _but_standby(
    window: str, hall: str, languages: tuple[str, ...] = ZH
) -> dict[bytes, DisplayReading]:
    """The ink of every scene but standby; a fault's with each code and without one."""
    readings = [DisplayReading(scene) for scene in Scene if scene is not Scene.STANDBY]
    readings += [DisplayReading(Scene.FAULT, code) for code in PadCode]
    return dict(_by_light(readings, window, hall, languages))


@cache
def _standby(window: str, hall: str) -> dict[bytes, DisplayReading]:
    """The ink of standby without a time of day: a code in its place, or nothing."""
    readings = [DisplayReading(Scene.STANDBY)]
    readings += [DisplayReading(Scene.STANDBY, code) for code in PadCode]
    return dict(_by_light(readings, window, hall))


def _by_light(
    readings: list[DisplayReading], window: str, hall: str, languages: tuple[str, ...] = ZH
) -> Iterator[tuple[bytes, DisplayReading]]:
    """Each ink and its reading; of two that look the same the first one comes last and stays."""
    for reading in reversed(readings):
        for drawn in _lights(reading, window, hall, languages):
            yield drawn, reading


@cache
def _lights(
    reading: DisplayReading, window: str, hall: str, languages: tuple[str, ...] = ZH
) -> frozenset[bytes]:
    """The ink of one reading, upright and turned.

    Ink is what is lit, wherever it stands. Against burn-in the parts of a resting scene change
    their places among each other, so each way in which they do is drawn.
    """
    words = load(languages)
    steps: tuple[int | None, ...] = burn_in.ARRANGEMENTS if reading.scene in RESTING else (None,)
    shown = [
        one
        for turned in (False, True)
        for one in screens(
            reading.scene,
            words,
            window=window,
            hall=hall,
            code=reading.code,
            time_text=reading.time_text,
            turned=turned,
            percent=int(reading.time_text[:-2]) if reading.time_text.endswith(" %") else None,
        )
    ]
    return frozenset(
        light(drawn.tobytes()) for step in steps for drawn in pictures(tuple(shown), GLASS, step)
    )
