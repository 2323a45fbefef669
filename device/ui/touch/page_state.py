"""What the touch page is sent: all that it draws, and nothing else. Pure.

Each state is complete; the page keeps nothing of earlier ones. `number` counts the questions: it
changes whenever a touch would mean something else, and every touch is reported with the number that
was on the screen when the finger came down.
"""

from typing import NamedTuple

import msgspec

from device.errors import PadCode
from device.events import Scene
from sync.entries import Level


class PadView(NamedTuple):
    """What the pad shows. `asks`: a level key would rate. `chosen`: the level that was pressed, and
    `left_ms`: how long it may still be corrected, while the grace time runs and no longer (law 7).
    `link`: the text of the QR code. `late`: in standby, that it belongs to an invitation that has
    lapsed. `minute`: the time of day, if it is known. `percent`: how much of the ledger has been
    checked.
    """

    scene: Scene
    code: PadCode | None = None
    asks: bool = False
    invitation: str | None = None
    chosen: Level | None = None
    left_ms: int | None = None
    window: str = ""
    minute: str = ""
    link: str | None = None
    late: bool = False
    percent: int | None = None


class PageChoices(NamedTuple):
    """How the citizen chose to see the page, and the topics picked so far. All of it is reset when
    the session ends. `tested`: faces touched in the self-test.
    """

    english: bool = False
    large: bool = False
    contrast: bool = False
    picked: frozenset[str] = frozenset()
    tested: frozenset[str] = frozenset()


class TextLine(msgspec.Struct, frozen=True):
    """A text and its language (BCP 47)."""

    lang: str
    text: str


TextLines = tuple[TextLine, ...]


class Face(msgspec.Struct, frozen=True, omit_defaults=True):
    """One of the five levels. `key` is what the page reports. `chosen`: the one that was pressed,
    while it may be corrected. A zero width space in its words is where a line may end.
    """

    key: str
    words: TextLines
    tested: bool = False
    chosen: bool = False


class TopicKey(msgspec.Struct, frozen=True, omit_defaults=True):
    """A topic that may be chosen (`sync/codes/topics.toml`)."""

    topic: str
    words: TextLines
    picked: bool = False


class Button(msgspec.Struct, frozen=True, omit_defaults=True):
    """Another button: `do` is what the page reports. `on`: the state of a switch."""

    do: str
    words: TextLines
    on: bool | None = None


class Card(msgspec.Struct, frozen=True, omit_defaults=True):
    """The clerk who serves here. `photo`: whether there is one, at `/photo`."""

    name: str
    serves: TextLines
    number: str = ""
    number_words: TextLines = ()
    photo: bool = False


class PageState(msgspec.Struct, frozen=True, omit_defaults=True):
    """The whole page. `live`: the faces may be touched. `mm`: pixels in a millimetre. `text_mm`,
    `target_mm`: the least sizes; `least_mm`: of the screen, its long side first. `place`: the
    window's name beside the title; `window` and `window_words`: the same as a large sign, its
    number apart. `hint`: what stands below, how to correct. `sign`: the picture of a closed window
    or of a result. `pad`: the pad's number, for the technician. `code`: the rows of a QR code, one
    character a module, 1 is dark.
    """

    number: int
    scene: str
    mm: float
    text_mm: float
    target_mm: float
    least_mm: tuple[float, float]
    title: TextLines = ()
    body: TextLines = ()
    place: TextLines = ()
    window: str = ""
    window_words: TextLines = ()
    hint: TextLines = ()
    sign: str = ""
    percent: int | None = None
    pad: str = ""
    pad_words: TextLines = ()
    faces: tuple[Face, ...] = ()
    live: bool = False
    coloured: bool = False
    topics: tuple[TopicKey, ...] = ()
    answers: tuple[Button, ...] = ()
    buttons: tuple[Button, ...] = ()
    hall: TextLines = ()
    minute: str = ""
    fault: str = ""
    notices: TextLines = ()
    notice_s: int = 0
    hold: tuple[TextLines, TextLines] | None = None
    card: Card | None = None
    code: tuple[str, ...] = ()
    code_words: TextLines = ()
    large: bool = False
    contrast: bool = False
