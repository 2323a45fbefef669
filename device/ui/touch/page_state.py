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
    """What the pad shows. `asks`: a level key would rate. `reasons_for`: the level that reasons are
    asked for. `link`: the text of the QR code. `late`: in standby, that it belongs to an invitation
    that has lapsed. `minute`: the time of day, if it is known. `percent`: how much of the ledger
    has been checked.
    """

    scene: Scene
    code: PadCode | None = None
    asks: bool = False
    invitation: str | None = None
    reasons_for: Level | None = None
    window: str = ""
    minute: str = ""
    link: str | None = None
    late: bool = False
    percent: int | None = None


class PageChoices(NamedTuple):
    """How the citizen chose to see the page, and the reasons picked so far. All of it is reset when
    the session ends.

    `shows_more`: the reasons outside the base set are shown. `tested`: faces touched in the
    self-test.
    """

    english: bool = False
    large: bool = False
    contrast: bool = False
    picked: frozenset[str] = frozenset()
    shows_more: bool = False
    tested: frozenset[str] = frozenset()


class TextLine(msgspec.Struct, frozen=True):
    """A text and its language (BCP 47)."""

    lang: str
    text: str


TextLines = tuple[TextLine, ...]


class Face(msgspec.Struct, frozen=True, omit_defaults=True):
    """One of the five levels. `key` is what the page reports."""

    key: str
    words: TextLines
    tested: bool = False


class Reason(msgspec.Struct, frozen=True, omit_defaults=True):
    """A reason that may be chosen. `code`: its official code."""

    code: str
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
    `target_mm`: the least sizes. `code`: the rows of a QR code, one character a module, 1 is dark.
    """

    number: int
    scene: str
    mm: float
    text_mm: float
    target_mm: float
    title: TextLines = ()
    body: TextLines = ()
    faces: tuple[Face, ...] = ()
    live: bool = False
    reasons: tuple[Reason, ...] = ()
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
