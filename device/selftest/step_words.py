"""The texts of a self-test in each language, read from the TOML files beside this module."""

import importlib.resources
from collections.abc import Iterable

import msgspec

from device.ui import words


class Texts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The texts in one language; `levels` are the names on the keys."""

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
    """The texts in these languages. Raises ConfigError for a language that has none."""
    return [_texts(public) for public in words.load(languages)]


def _texts(public: words.Words) -> Texts:
    file = importlib.resources.files("device.selftest") / f"{public.language}.toml"
    found = msgspec.toml.decode(file.read_text("utf-8"), type=Texts)
    return msgspec.structs.replace(found, language=public.language, levels=public.levels)
