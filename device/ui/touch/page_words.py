"""The words of the touch page: those that every display has, and its own from `strings/`."""

import importlib.resources
from collections.abc import Iterable
from typing import NamedTuple

import msgspec

from device.errors import ConfigError
from device.ui.words import Words, load

LANGUAGE_TAGS = {"zh": "zh-CN", "ko": "ko-KR", "en": "en"}
"""Ours to BCP 47, by which a browser chooses the shape of a sign and a voice its pronunciation."""

ENGLISH = "en"


class PageWords(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the page says in one language besides the words of `device/ui/words.py`.

    `own`: the language's name in itself. `reason_words`: official code to wording.
    """

    own: str
    choose: str
    change: str
    reasons: str
    done: str
    skip: str
    more: str
    back: str
    large: str
    contrast: str
    speak: str
    hold: str
    go: str
    scan_rate: str
    scan_more: str
    scan_hall: str
    scan_late: str
    serves: str
    number: str
    touch_each: str
    reason_words: dict[str, str]


class Tongue(NamedTuple):
    """Everything in one language. `tag`: BCP 47."""

    tag: str
    words: Words
    page: PageWords

    def texts(self) -> list[str]:
        """Every text of it, for the font."""
        page = msgspec.structs.asdict(self.page)
        own = [text for text in page.values() if isinstance(text, str)]
        return [*self.words.texts(), *own, *self.page.reason_words.values()]


class Wording(NamedTuple):
    """`together`: what stands side by side, the main one first. `english`: on request, with the
    main one beside it, whose names of the levels are the policy's own; None where English stands
    there anyhow.
    """

    together: tuple[Tongue, ...]
    english: tuple[Tongue, ...] | None

    def languages(self) -> dict[str, Tongue]:
        """Every language by our name for it."""
        every = (*self.together, *(self.english or ()))
        return {one.words.language: one for one in every}


def read_wording(languages: Iterable[str]) -> Wording:
    """The words of a pad that speaks `languages`. Raises ConfigError without strings of one."""
    chosen = tuple(languages)
    together = tuple(_tongue(one) for one in chosen)
    english = None if ENGLISH in chosen else (_tongue(ENGLISH), together[0])
    return Wording(together, english)


def _tongue(language: str) -> Tongue:
    file = importlib.resources.files("device.ui.touch.strings") / f"{language}.toml"
    try:
        text = file.read_text("utf-8")
    except OSError as error:
        raise ConfigError(f"no words for the touch page in {language!r}") from error
    page = msgspec.toml.decode(text, type=PageWords)
    return Tongue(LANGUAGE_TAGS[language], load([language])[0], page)
