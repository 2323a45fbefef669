"""Finds and reads the TOML files in hw/ that describe hardware, and reports their errors."""

import importlib.resources
import tomllib
from typing import Any

from device.config_errors import ConfigErrors, did_you_mean
from sync.sentence import Sentence

KINDS = {
    "board": Sentence("board"),
    "header": Sentence("header"),
    "key pad": Sentence("key pad"),
}
"""What the folders of hw/ describe."""


def described(folder: str) -> list[str]:
    """The names of all descriptions in a folder of hw/, sorted."""
    files = (importlib.resources.files("hw") / folder).iterdir()
    return sorted(file.name[:-5] for file in files if file.name.endswith(".toml"))


def find_text(folder: str, kind: str, name: str, problems: ConfigErrors) -> str | None:
    """The text of the file of `name`; None, and a line in `problems`, if there is none.

    `kind`: what the folder describes, for that line.
    """
    names = described(folder)
    if name not in names:
        problems.add("", _unknown(kind, name, ", ".join(names), did_you_mean(name, names)))
        return None
    return (importlib.resources.files("hw") / folder / f"{name}.toml").read_text("utf-8")


def read_table(text: str, problems: ConfigErrors) -> dict[str, Any] | None:
    """The table in a TOML text; None, and a line in `problems`, if it is not TOML."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        problems.add("", Sentence("not TOML: {error}", error=error))
        return None


def _unknown(kind: str, name: str, there: str, hint: str) -> Sentence:
    """That nothing is described by this name."""
    return Sentence(
        "no {kind} {name!r}; there is {there}{hint}",
        kind=KINDS[kind],
        name=name,
        there=there,
        hint=hint,
    )
