"""What the touch page is told: all that it draws, and nothing else. Pure.

The page keeps nothing that it was told before. `number` counts the questions: it changes whenever
a touch would mean something else, and every touch comes back with the number that was on the
screen when the finger came down.
"""

from typing import NamedTuple

import msgspec

from device.errors import PadCode
from device.events import Scene
from sync.entries import Level


class PadView(NamedTuple):
    """What stands at the pad. `asks`: a level key would rate. `reasons_for`: the level that reasons
    are asked for. `link`: what a QR code says; `late`: in standby, that it is the one of a lapse.
    `minute`: the time of day, if it is known.
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


class View(NamedTuple):
    """How the citizen wishes to see it, and what has been chosen so far; none of it outlasts the
    session.

    `turned`: the second half of the reasons. `tested`: faces touched in a self-test.
    """

    english: bool = False
    large: bool = False
    contrast: bool = False
    picked: frozenset[str] = frozenset()
    turned: bool = False
    tested: frozenset[str] = frozenset()


class TextLine(msgspec.Struct, frozen=True):
    """A text and its language (BCP 47)."""

    lang: str
    text: str


TextLines = tuple[TextLine, ...]


class Face(msgspec.Struct, frozen=True, omit_defaults=True):
    """One of the five. `key` is what comes back."""

    key: str
    words: TextLines
    tested: bool = False


class Reason(msgspec.Struct, frozen=True, omit_defaults=True):
    """A reason that may be chosen, by its official code."""

    code: str
    words: TextLines
    picked: bool = False


class Button(msgspec.Struct, frozen=True, omit_defaults=True):
    """Something else that may be touched: `do` comes back. `on`: for a switch."""

    do: str
    words: TextLines
    on: bool | None = None


class Card(msgspec.Struct, frozen=True, omit_defaults=True):
    """Who serves here. `photo`: there is one."""

    name: str
    serves: TextLines
    number: str = ""
    number_words: TextLines = ()
    photo: bool = False


class PageState(msgspec.Struct, frozen=True, omit_defaults=True):
    """All of it. `live`: the faces may be touched. `mm`: pixels to a millimetre. `text_mm`,
    `target_mm`: the least sizes. `code`: rows of a QR code, a sign a module, 1 is dark.
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
