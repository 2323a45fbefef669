"""Board profiles: which driver, which lines, which times. One TOML file each in hw/boards.

A profile names its driver and the type of its options by dotted name. The options' module imports
no vendor library, so a configuration can be checked on any machine; the driver's module is
imported by `drivers/registry.py` only, when the board is built.
"""

import importlib
import importlib.resources
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from device.problems import Check, Problems, did_you_mean, read_struct
from sync.entries import Level

Reference = Annotated[str, Meta(pattern=r"^[a-z][\w.]*:\w+\Z", description='"package.module:name"')]


class Key(msgspec.Struct, frozen=True, kw_only=True):
    """One key: its name, its line on the board, and its level if it has one."""

    name: Annotated[str, Meta(pattern=r"^[a-z0-9_]{1,32}\Z", description="1 to 32 of a-z, 0-9, _")]
    line: Annotated[int, Meta(ge=0, le=1023, description="a line's number from 0 to 1023")]
    level: Level | None = None


class KeysProfile(msgspec.Struct, frozen=True, kw_only=True):
    """The keys of a board and how they are read; `drivers/debounce.py` says what the times do."""

    key: tuple[Key, ...]
    scan_ms: Annotated[
        int, Meta(ge=1, le=20, description="a whole number of milliseconds from 1 to 20")
    ] = 5
    debounce_ms: Annotated[
        int, Meta(ge=5, le=100, description="a whole number of milliseconds from 5 to 100")
    ] = 20
    stuck_s: Annotated[
        float, Meta(ge=0.5, le=600, description="a number of seconds from 0.5 to 600")
    ] = 15.0
    chatter_ms: Annotated[
        int, Meta(ge=50, le=5000, description="a whole number of milliseconds from 50 to 5000")
    ] = 250
    chatter_quiet_s: Annotated[
        float, Meta(ge=0.2, le=600, description="a number of seconds from 0.2 to 600")
    ] = 3.0


class DisplayProfile(msgspec.Struct, frozen=True, kw_only=True):
    """The size of a board's display in pixels."""

    width: Annotated[int, Meta(ge=64, le=1024, description="pixels, from 64 to 1024")] = 128
    height: Annotated[int, Meta(ge=32, le=1024, description="pixels, from 32 to 1024")] = 64


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """A board. `has_rtc`: a battery-backed clock sets the time of day at boot."""

    name: str
    title: str
    driver: Reference
    options: Reference
    keys: KeysProfile
    display: DisplayProfile | None = None
    has_rtc: bool = False


def board_names() -> list[str]:
    """Every board there is a profile for."""
    folder = importlib.resources.files("hw") / "boards"
    return sorted(file.name[:-5] for file in folder.iterdir() if file.name.endswith(".toml"))


def load_profile(name: str) -> Profile:
    """The profile of the board `name`. Raises ConfigError with every mistake in it."""
    problems = Problems()
    profile = find_profile(name, problems)
    return problems.settle(profile, f"the profile of board {name}")


def read_options(profile: Profile, table: Mapping[str, Any], base: Path = Path()) -> msgspec.Struct:
    """A board's own options as the type that its profile names. Raises ConfigError."""
    problems = Problems()
    options = find_options(profile, dict(table), problems, base)
    return problems.settle(options, f"the options of board {profile.name}")


def find_profile(name: str, problems: Problems) -> Profile | None:
    """The profile of the board `name`; None, and lines in `problems`, if it is wrong."""
    names = board_names()
    if name not in names:
        there = ", ".join(names)
        problems.add("", f"no board {name!r}; there is {there}{did_you_mean(name, names)}")
        return None
    text = (importlib.resources.files("hw") / "boards" / f"{name}.toml").read_text("utf-8")
    return parse_profile(name, text, problems)


def parse_profile(name: str, text: str, problems: Problems) -> Profile | None:
    """The profile that `text` spells; None, and lines in `problems`, if it is wrong."""
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        problems.add("", f"not TOML: {error}")
        return None
    checks: dict[type, Check] = {KeysProfile: _check_keys}
    return read_struct(Profile, {**table, "name": name}, problems, checks=checks)


def find_options(
    profile: Profile, table: object, problems: Problems, base: Path
) -> msgspec.Struct | None:
    """The options in `table` as the profile's type; None, and lines in `problems`, if wrong."""
    module, name = profile.options.split(":")
    kind: type[msgspec.Struct] = getattr(importlib.import_module(module), name)
    return read_struct(kind, table, problems, base=base)


def _check_keys(values: dict[str, Any], problems: Problems) -> None:
    """No line, name or level twice, and each of the five levels once."""
    keys: tuple[Key, ...] = values.get("key", ())
    for what in ("name", "line", "level"):
        taken: dict[object, str] = {}
        for key in keys:
            value = getattr(key, what)
            if value is None:
                continue
            shown = value.value if isinstance(value, Level) else value
            if value in taken:
                problems.wrong(
                    f"key {key.name}.{what}", shown, f"already taken by key {taken[value]!r}"
                )
            taken.setdefault(value, key.name)
    missing = [level.value for level in Level if level not in {key.level for key in keys}]
    if missing:
        problems.add("key", f"no key gives {', '.join(missing)}")
    scan, debounce = values.get("scan_ms"), values.get("debounce_ms")
    if scan and debounce and debounce < 2 * scan:
        problems.wrong("debounce_ms", debounce, f"must be at least twice scan_ms ({scan})")
