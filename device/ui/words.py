"""The texts for the public in each language, read from `strings/*.toml`."""

import importlib.resources
from collections.abc import Iterable

import msgspec

from device.errors import ConfigError


class SceneWords(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The texts of one scene; `body` may be left out."""

    title: str
    body: str = ""


class Words(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All texts in one language.

    `window` names a window and contains `{window}`; so does `short`, for half the width. `hints`
    are the rows that an invitation shows in turn with its title: the names of the levels. `ask` is
    its title in half the width. `scan` says that one may rate by key or by QR code, `late` that
    the code can still be used, and `previous` that it is for the citizen before. `prompts` are
    spoken.
    """

    window: str
    short: str
    hints: tuple[str, ...]
    ask: tuple[str, ...]
    scan: str
    late: str
    previous: str
    levels: dict[str, str]
    scenes: dict[str, SceneWords]
    prompts: dict[str, str]
    language: str = ""

    def spoken(self) -> dict[str, str]:
        """Every spoken prompt by its name; the names of the levels are for the self-test."""
        return self.prompts | self.levels

    def texts(self) -> list[str]:
        """Every text of this language, for the check that all of it can be drawn."""
        scenes = [text for scene in self.scenes.values() for text in (scene.title, scene.body)]
        others = (
            self.window,
            self.short,
            *self.hints,
            *self.ask,
            self.scan,
            self.late,
            self.previous,
        )
        return [*others, *self.levels.values(), *scenes]


def load(languages: Iterable[str]) -> tuple[Words, ...]:
    """The texts in these languages, the main one first.

    Raises ConfigError for a language without a file.
    """
    folder = importlib.resources.files("device.ui.strings")
    found = []
    for language in languages:
        file = folder / f"{language}.toml"
        try:
            text = file.read_text("utf-8")
        except OSError as error:
            raise ConfigError(f"no strings for language {language!r}") from error
        words = msgspec.toml.decode(text, type=Words)
        found.append(msgspec.structs.replace(words, language=language))
    return tuple(found)
