"""The words of a self-test in each language, read from the TOML files beside this module."""

import importlib.resources
from collections.abc import Iterable

import msgspec

from device.ui import words


class Texts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a self-test says in one language; `levels` are the names on the keys."""

    press: str
    wrong: str
    several: str
    gone: str
    measuring: str
    border: str
    checker: str
    text: str
    light: str
    beep: str
    voice: str
    yes: str
    no: str
    passed: str
    failed: str
    language: str = ""
    levels: dict[str, str] = {}

    def of(self, name: str) -> str:
        """The text of this name."""
        return str(getattr(self, name))


def texts(languages: Iterable[str]) -> list[Texts]:
    """The words of these languages. Raises ConfigError for one that there are none of."""
    return [_texts(one) for one in words.load(languages)]


def _texts(one: words.Words) -> Texts:
    file = importlib.resources.files("device.selftest") / f"{one.language}.toml"
    found = msgspec.toml.decode(file.read_text("utf-8"), type=Texts)
    return msgspec.structs.replace(found, language=one.language, levels=one.levels)
