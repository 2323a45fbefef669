"""What a picture costs the bus of an OLED: bytes on I²C, and how many a second that allows.

Counted are all bytes that cross the wire, addresses and control bytes too; a byte takes nine bits.
The pictures are those that the displays of the demo's three pads showed during its story.
"""

import asyncio
import contextlib
import itertools
import sys
from collections.abc import Callable, Iterator
from unittest import mock

import smbus2
from luma.core.interface.serial import i2c
from luma.oled.device import ssd1306
from PIL import Image

from benchmarks.result_table import Reach, Row, number
from benchmarks.run import Run
from benchmarks.scratch import BenchError
from demo.control_client import ControlError
from demo.desk_client import DeskRefusalError
from demo.processes import StageError
from demo.scene_reader import GLASS
from demo.stage import Stage
from demo.staged_pad import DARK, HALL
from demo.story import TIMINGS, StoryError, StoryRunner
from device.board.driver_options import OledOptions
from device.board.profile import DisplayProfile
from device.drivers.oled import Oled
from device.events import Scene
from device.ui.oled_picture import pictures
from device.ui.screens import screens
from device.ui.words import load

SEED = 7
STORY_S = 60
I2C_HZ = 400_000
BITS_A_BYTE = 9
SIZE = (128, 64)

VISIT = (
    (Scene.STANDBY, 9),
    (Scene.INVITATION, 3),
    (Scene.THANKS, 1),
    (Scene.STANDBY, 7),
    (Scene.INVITATION, 8),
    (Scene.LAPSED, 1),
)
"""Two minutes at a window: a citizen who rates, and one who walks away; how often each scene is
shown, its pages in turn, every four seconds. What has one page is shown again, as it is every five
seconds, which finds a pulled cable."""
MINUTES = ("09:41", "09:42")
"""Of the day, at the two standbys of a visit."""

_NOTE = (
    "SSD1306 on I²C, bytes on the wire with addresses and control bytes, against luma's own driver"
    " given the same pictures, its own beginning not counted. A picture of the story is a scene"
    " that has changed, a page that has turned, or the first after a power cut, which is sent"
    " whole. The two minutes at a window have the pages that turn every 4 s, and what is shown"
    " again. Pictures a second: at 400 kHz."
)

Film = list[bytes | None]
"""The pictures of one display; None where its power was cut."""


class _Wire:
    """An I²C adapter that counts."""

    funcs = smbus2.I2cFunc.I2C

    def __init__(self) -> None:
        self.bytes = 0

    def write_i2c_block_data(self, _: int, __: int, data: list[int]) -> None:
        self.bytes += 2 + len(data)

    def i2c_rdwr(self, *messages: smbus2.i2c_msg) -> None:
        self.bytes += sum(1 + len(bytes(message)) for message in messages)

    def close(self) -> None:
        """Nothing is held."""


@contextlib.contextmanager
def _counting() -> Iterator[_Wire]:
    wire = _Wire()
    with mock.patch.object(smbus2, "SMBus", return_value=wire):
        yield wire


def rows(run: Run) -> list[Row]:
    """The story, and a window at work."""
    run.say("glass: the demo's story is told")
    films = asyncio.run(_filmed())
    return [
        _row("OLED, the demo's story: bytes a picture", films, Reach("≤", 0.6)),
        _row("OLED, two minutes at a window: bytes a picture", [_visit()], Reach("≤", 0.5)),
    ]


def _visit() -> Film:
    """What the display shows in two minutes at a window."""
    words, minutes = load(["zh"]), iter(enumerate(MINUTES))
    film: Film = []
    for scene, count in VISIT:
        step, minute = next(minutes) if scene is Scene.STANDBY else (None, "")
        shown = screens(scene, words, window="1", hall=HALL, time_text=minute)
        pages = [page.tobytes() for page in pictures(shown, GLASS, step)]
        film += [pages[number % len(pages)] for number in range(count)]
    return film


async def _filmed() -> list[Film]:
    """What the displays showed during the story. Raises BenchError if it got stuck."""
    async with Stage(3, TIMINGS) as stage:
        try:
            async with asyncio.timeout(STORY_S):
                with contextlib.redirect_stdout(sys.stderr):
                    wrong = await StoryRunner(stage, SEED).run()
        except* (StoryError, TimeoutError, DeskRefusalError, ControlError, StageError) as stuck:
            raise BenchError(f"the story: {stuck.exceptions[0]}") from stuck
        if wrong:
            raise BenchError(f"the story: {wrong[0]}")
        return [
            [None if picture == DARK else picture for picture in pad.shown_pictures]
            for pad in stage.pads.values()
        ]


def _row(what: str, films: list[Film], reach: Reach) -> Row:
    count = sum(picture is not None for film in films for picture in film)
    ours = sum(_cost(film, _ours) for film in films) / count
    full = sum(_cost(film, _whole) for film in films) / count
    return Row(
        what,
        _told(ours),
        "luma.oled",
        _told(full),
        ours / full,
        "of theirs",
        reach,
        _NOTE,
    )


def _told(bytes_each: float) -> str:
    return f"{number(bytes_each)} B, {I2C_HZ / BITS_A_BYTE / bytes_each:.0f}/s"


def _cost(film: Film, begin: Callable[[], Callable[[Image.Image], None]]) -> int:
    """Bytes for a film; what was without power begins anew."""
    total = 0
    with _counting() as wire:
        for lit, scene in itertools.groupby(film, key=lambda picture: picture is not None):
            if not lit:
                continue
            show = begin()
            total -= wire.bytes
            for picture in scene:
                if picture is not None:
                    show(Image.frombytes("1", SIZE, picture))
            total += wire.bytes
    return total


def _ours() -> Callable[[Image.Image], None]:
    show: Callable[[Image.Image], None] = Oled(DisplayProfile(), OledOptions()).show
    return show


def _whole() -> Callable[[Image.Image], None]:
    display: Callable[[Image.Image], None] = ssd1306(i2c()).display
    return display
