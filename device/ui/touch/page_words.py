"""The words of the touch page: those that every display has, and its own from `strings/`."""

import importlib.resources
from collections.abc import Iterable
from typing import NamedTuple

import msgspec

from device.errors import ConfigError
from device.ui.words import Words, load

LANGUAGE_TAGS = {"zh": "zh-CN", "ko": "ko-KR", "en": "en"}
"""Our names to BCP 47. By the tag a browser chooses the shape of a character, and a screen reader
its pronunciation."""

ENGLISH = "en"


class PageWords(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The page's texts in one language, besides the words of `device/ui/words.py`.

    `own`: the language's name in itself. `topics`: the words of each topic.
    """

    own: str
    choose: str
    change: str
    changed: str
    about: str
    choose_topics: str
    done: str
    skip: str
    large: str
    contrast: str
    speak: str
    hold: str
    go: str
    scan_rate: str
    scan_more: str
    scan_hall: str
    scan_late: str
    scan_lapsed: str
    serves: str
    number: str
    touch_each: str
    pad: str
    topics: dict[str, str]


class LanguageTexts(NamedTuple):
    """All texts in one language. `tag`: BCP 47."""

    tag: str
    words: Words
    page: PageWords

    def texts(self) -> list[str]:
        """Every text, for the font."""
        page = msgspec.structs.asdict(self.page)
        own = [text for text in page.values() if isinstance(text, str)]
        return [*self.words.texts(), *own, *self.page.topics.values()]


class Wording(NamedTuple):
    """The languages of one pad. `together`: those shown side by side, the main one first.
    `english`: those shown on request, English with the main one beside it, because its names of the
    levels are the policy's own; None where English is among `together`.
    """

    together: tuple[LanguageTexts, ...]
    english: tuple[LanguageTexts, ...] | None

    def languages(self) -> dict[str, LanguageTexts]:
        """Every language, by our name of it."""
        every = (*self.together, *(self.english or ()))
        return {texts.words.language: texts for texts in every}


def read_wording(languages: Iterable[str]) -> Wording:
    """The texts of a pad with these languages. Raises ConfigError for one without strings."""
    chosen = tuple(languages)
    together = tuple(_texts_in(language) for language in chosen)
    english = None if ENGLISH in chosen else (_texts_in(ENGLISH), together[0])
    return Wording(together, english)


def _texts_in(language: str) -> LanguageTexts:
    file = importlib.resources.files("device.ui.touch.strings") / f"{language}.toml"
    try:
        text = file.read_text("utf-8")
    except OSError as error:
        raise ConfigError(f"no words for the touch page in {language!r}") from error
    page = msgspec.toml.decode(text, type=PageWords)
    return LanguageTexts(LANGUAGE_TAGS[language], load([language])[0], page)
