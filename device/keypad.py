"""Key maps: what the codes of a serial key pad mean, one TOML file for each model in hw/keypads.

Two generations of one maker's pads were found on one bus with their codes permuted. So there is
no default model and no guess: the pad's configuration names it, and a code that its map does not
have is never a level.
"""

from collections.abc import Mapping
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from device.descriptions import described, find_text, read_table
from device.problems import Check, Problems, read_struct
from device.profile import check_levels
from sync.entries import Level


class CodedKey(msgspec.Struct, frozen=True, kw_only=True):
    """One key of a model: its name, the code it sends, and its level if it has one."""

    name: Annotated[str, Meta(pattern=r"^[a-z0-9_]{1,32}\Z", description="1 to 32 of a-z, 0-9, _")]
    code: Annotated[int, Meta(ge=0, le=255, description="a code from 0 to 255")]
    level: Level | None = None


class Keypad(msgspec.Struct, frozen=True, kw_only=True):
    """A model of key pad. `resend_ms`: the same code again within this is the same press."""

    name: str
    title: str
    key: tuple[CodedKey, ...]
    baud: Annotated[
        int, Meta(ge=300, le=4_000_000, description="bits a second from 300 to 4000000")
    ] = 9600
    resend_ms: Annotated[
        int, Meta(ge=100, le=10_000, description="a whole number of milliseconds from 100 to 10000")
    ] = 1000

    def by_code(self) -> Mapping[int, CodedKey]:
        """The keys by the code that they send."""
        return {key.code: key for key in self.key}


def keypad_names() -> list[str]:
    """Every model there is a key map for."""
    return described("keypads")


def load_keypad(name: str) -> Keypad:
    """The model `name`. Raises ConfigError with every mistake in it."""
    problems = Problems()
    keypad = find_keypad(name, problems)
    return problems.settle(keypad, f"the key map of model {name}")


def find_keypad(name: str, problems: Problems) -> Keypad | None:
    """The model `name`; None, and lines in `problems`, if there is none or its map is wrong."""
    text = find_text("keypads", "key pad", name, problems)
    return None if text is None else parse_keypad(name, text, problems)


def parse_keypad(name: str, text: str, problems: Problems) -> Keypad | None:
    """The key map that `text` spells; None, and lines in `problems`, if it is wrong."""
    table = read_table(text, problems)
    if table is None:
        return None
    checks: dict[type, Check] = {Keypad: _check_codes}
    return read_struct(Keypad, {**table, "name": name}, problems, checks=checks)


def _check_codes(values: dict[str, Any], problems: Problems) -> None:
    check_levels(values.get("key", ()), ("name", "code", "level"), problems)
