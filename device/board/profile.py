"""Board profiles: which driver, which lines, which times. One TOML file each in hw/boards.

A profile names its driver and the type of its options by dotted name: for the whole board, or for
its parts. The options' module imports no vendor library, so a configuration can be checked on any
machine; the driver's module is imported by `drivers/registry.py` only, when the board is built.
"""

import importlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Protocol

import msgspec
from msgspec import Meta

from device.board.descriptions import described, find_text, read_table
from device.board.pins import Header, Line, check_claims, claims, read_header
from device.config_errors import Check, ConfigErrors, bounds, did_you_mean, read_struct
from device.errors import ConfigError
from device.events import Does
from sync.entries import Level

Reference = Annotated[str, Meta(pattern=r"^[a-z][\w.]*:\w+\Z", description='"package.module:name"')]


class Levelled(Protocol):
    """A key, whatever it is found by."""

    @property
    def name(self) -> str:
        """The key's name."""

    @property
    def level(self) -> Level | None:
        """Its level, if it has one."""

    @property
    def does(self) -> Does | None:
        """What it does for the clerk, if it is his."""


class Key(msgspec.Struct, frozen=True, kw_only=True):
    """One key: its name, its line on the board, and its level if it has one. `does`: it is the
    clerk's, without a level, and asks for a rating or pauses the window.
    """

    name: Annotated[str, Meta(pattern=r"^[a-z0-9_]{1,32}\Z", description="1 to 32 of a-z, 0-9, _")]
    line: Line
    level: Level | None = None
    does: Does | None = None


class KeysProfile(msgspec.Struct, frozen=True, kw_only=True):
    """The keys of a board and how they are read; `drivers/debounce.py` says what the times do.

    `coded`: the key pad sends codes; the key map of its model (`keypad.py`) has its keys.
    `active_low`: a key that is down pulls its line to ground, against a pull-up.
    """

    key: tuple[Key, ...] = ()
    driver: Reference | None = None
    options: Reference | None = None
    coded: bool = False
    active_low: bool = True
    scan_ms: Annotated[int, bounds(1, 20, "a whole number of milliseconds")] = 5
    debounce_ms: Annotated[int, bounds(5, 100, "a whole number of milliseconds")] = 20
    stuck_s: Annotated[float, bounds(0.5, 600, "a number of seconds")] = 15.0
    chatter_ms: Annotated[int, bounds(50, 5000, "a whole number of milliseconds")] = 250
    chatter_quiet_s: Annotated[float, bounds(0.2, 600, "a number of seconds")] = 3.0


DisplayBus = Annotated[
    str,
    Meta(
        pattern=r"^(i2c-\d{1,3}|spi-\d{1,2}\.\d)\Z", description='a bus like "i2c-1" or "spi-0.0"'
    ),
]


class DisplayProfile(msgspec.Struct, frozen=True, kw_only=True):
    """The size of a board's display in pixels, what drives it, and what it hangs on.

    `bus`: "i2c-1" or "spi-0.0" (SPI bus 0, chip select 0); none where each pad's own file says it.
    `dc_line`, `reset_line`: the two lines that a display on SPI has besides its bus.
    """

    driver: Reference | None = None
    options: Reference | None = None
    width: Annotated[int, bounds(64, 1024, "pixels,")] = 128
    height: Annotated[int, bounds(32, 1024, "pixels,")] = 64
    bus: DisplayBus | None = None
    dc_line: Line | None = None
    reset_line: Line | None = None


class Light(msgspec.Struct, frozen=True, kw_only=True):
    """The light at the key of this name, and its line."""

    name: str
    line: Line


class LightsProfile(msgspec.Struct, frozen=True, kw_only=True):
    """The lights at the keys. `active_low`: a light whose line is low is lit."""

    driver: Reference | None = None
    light: tuple[Light, ...]
    active_low: bool = False


class BeeperProfile(msgspec.Struct, frozen=True, kw_only=True):
    """A beeper with an oscillator of its own. `active_low`: it sounds while its line is low."""

    driver: Reference | None = None
    line: Line
    active_low: bool = False


class VoiceProfile(msgspec.Struct, frozen=True, kw_only=True):
    """What speaks."""

    driver: Reference | None = None
    options: Reference | None = None


class TouchscreenProfile(msgspec.Struct, frozen=True, kw_only=True):
    """A touchscreen, on which a browser shows the touch page (`device/ui/touch/`).

    `px_per_mm`: its density, from which the page has its sizes; none where each pad's own file
    says it, because the board takes whatever screen the hall has.
    """

    px_per_mm: Annotated[float, bounds(1, 30, "pixels per millimetre,")] | None = None


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """A board. It has `keys`, or a `touchscreen`, or both.

    `header`: the row of pins that its lines and buses come out at, a file in hw/headers; what is
    booked twice is then refused (`pins.py`). `has_rtc`: a battery-backed clock sets the time
    of day at boot.
    """

    name: str
    title: str
    driver: Reference
    keys: KeysProfile = KeysProfile()
    options: Reference | None = None
    display: DisplayProfile | None = None
    lights: LightsProfile | None = None
    beeper: BeeperProfile | None = None
    voice: VoiceProfile | None = None
    touchscreen: TouchscreenProfile | None = None
    header: str | None = None
    has_rtc: bool = False


class Parts(msgspec.Struct, frozen=True, kw_only=True):
    """The options of a board whose parts have their own: `[board.keys]`, `[board.display]` …"""

    keys: msgspec.Struct | None = None
    display: msgspec.Struct | None = None
    voice: msgspec.Struct | None = None


PARTS = ("keys", "display", "voice")
"""The parts that may have options."""


def board_names() -> list[str]:
    """Every board there is a profile for."""
    return described("boards")


def load_profile(name: str) -> Profile:
    """The profile of the board `name`. Raises ConfigError with every mistake in it."""
    problems = ConfigErrors()
    profile = find_profile(name, problems)
    return problems.settle(profile, f"the profile of board {name}")


def load_header(profile: Profile) -> Header:
    """The header that a board's parts hang on. Raises ConfigError; also for a board without one."""
    if profile.header is None:
        raise ConfigError(f"board {profile.name} has no header: there is nothing to wire to pins")
    problems = ConfigErrors()
    return problems.settle(find_header(profile.header, problems), f"the header {profile.header}")


def read_options(profile: Profile, table: Mapping[str, Any], base: Path = Path()) -> msgspec.Struct:
    """A board's own options as the type that its profile names. Raises ConfigError."""
    problems = ConfigErrors()
    options = find_options(profile, dict(table), problems, base)
    return problems.settle(options, f"the options of board {profile.name}")


def find_profile(name: str, problems: ConfigErrors) -> Profile | None:
    """The profile of the board `name`; None, and lines in `problems`, if it is wrong."""
    text = find_text("boards", "board", name, problems)
    return None if text is None else parse_profile(name, text, problems)


def parse_profile(name: str, text: str, problems: ConfigErrors) -> Profile | None:
    """The profile that `text` spells; None, and lines in `problems`, if it is wrong."""
    table = read_table(text, problems)
    if table is None:
        return None
    checks: dict[type, Check] = {
        KeysProfile: _check_keys,
        DisplayProfile: check_bus,
        Profile: _check_board,
    }
    return read_struct(Profile, {**table, "name": name}, problems, checks=checks)


def find_options(
    profile: Profile, table: object, problems: ConfigErrors, base: Path
) -> msgspec.Struct | None:
    """The options in `table` as the profile's type; None, and lines in `problems`, if wrong."""
    if profile.options is not None:
        return _read_options(profile.options, table, problems, base)
    if not isinstance(table, dict):
        problems.wrong("", table, "must be a table")
        return None
    before = len(problems.lines)
    parts = {part: getattr(getattr(profile, part), "options", None) for part in PARTS}
    named = {part: reference for part, reference in parts.items() if reference}
    for key in table:
        if key not in named:
            problems.add(key, f"not known{did_you_mean(key, named)}")
    found = {
        part: _read_options(reference, table.get(part, {}), problems.at(part), base)
        for part, reference in named.items()
    }
    _check_fixed(profile, table, problems)
    return Parts(**found) if len(problems.lines) == before else None


def _read_options(
    reference: str, table: object, problems: ConfigErrors, base: Path
) -> msgspec.Struct | None:
    """A table as the type that `reference` names, by its own `check` too if it has one."""
    module, name = reference.split(":")
    kind: type[msgspec.Struct] = getattr(importlib.import_module(module), name)
    check: Check | None = getattr(kind, "check", None)
    return read_struct(kind, table, problems, base=base, checks={kind: check} if check else None)


def check_levels(keys: Sequence[Levelled], fields: Sequence[str], problems: ConfigErrors) -> None:
    """Nothing twice in any of the `fields` of `keys`, and each of the five levels once; a clerk's
    key has none.
    """
    for key in keys:
        if key.level is not None and key.does is not None:
            problems.wrong(f"key {key.name}.does", key.does, "a key with a level does nothing else")
    for what in (*fields, "does"):
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
    given = {key.level for key in keys}
    missing = [level.value for level in Level if level not in given]
    if missing:
        problems.add("key", f"no key gives {', '.join(missing)}")


def find_header(name: str, problems: ConfigErrors) -> Header | None:
    """The header `name` of hw/headers; None, and lines in `problems`, if it is wrong."""
    text = find_text("headers", "header", name, problems)
    table = None if text is None else read_table(text, problems)
    return None if table is None else read_header(name, table, problems)


def _check_fixed(profile: Profile, table: Mapping[str, Any], problems: ConfigErrors) -> None:
    """What a board's display hangs on is the profile's to say, where it says it."""
    display, said = profile.display, table.get("display")
    if display is None or display.bus is None or not isinstance(said, dict):
        return
    for key in ("bus", "dc_line", "reset_line"):
        if key in said:
            problems.at("display").wrong(
                key, said[key], f"this board's display is on {display.bus}"
            )


def check_bus(values: dict[str, Any], problems: ConfigErrors) -> None:
    """A display on SPI has a data/command line, and only such a display has one."""
    bus = values.get("bus") or ""
    if bus.startswith("spi") and values.get("dc_line") is None:
        problems.add("dc_line", "missing; a display on SPI has a data/command line")
    for key in ("dc_line", "reset_line"):
        if values.get(key) is not None and not bus.startswith("spi"):
            problems.wrong(key, values[key], "only a display on SPI has this line")


def _check_board(values: dict[str, Any], problems: ConfigErrors) -> None:
    """Keys or a touchscreen; options are the whole board's or its parts', not both; no pin of the
    header taken twice.
    """
    if values.get("keys") == KeysProfile() and values.get("touchscreen") is None:
        problems.add("keys", "missing; a board without a touchscreen has keys")
    for part in PARTS:
        if values.get("options") and getattr(values.get(part), "options", None):
            problems.add(f"{part}.options", "the board has options of its own already")
    _check_lights(values.get("keys"), values.get("lights"), problems)
    if values.get("header"):
        header = find_header(values["header"], problems.at("header"))
        if header is not None:
            check_claims(header, claims(values), problems)


def _check_lights(
    keys: KeysProfile | None, lights: LightsProfile | None, problems: ConfigErrors
) -> None:
    """Each light is at a key of its own."""
    names = [light.name for light in lights.light] if lights else []
    known = {key.name for key in keys.key} if keys else set()
    for place, name in enumerate(names):
        if name in names[:place]:
            problems.wrong(f"lights.light[{place + 1}].name", name, "has a light already")
        elif known and name not in known:
            problems.wrong(
                f"lights.light[{place + 1}].name", name, f"no key{did_you_mean(name, known)}"
            )


def _check_keys(values: dict[str, Any], problems: ConfigErrors) -> None:
    """Keys on lines with all five levels, or a key pad that has its own key map."""
    keys: tuple[Key, ...] = values.get("key", ())
    if not values.get("coded"):
        check_levels(keys, ("name", "line", "level"), problems)
    elif keys:
        problems.add("key", "a key pad that sends codes has its keys in hw/keypads")
    scan, debounce = values.get("scan_ms"), values.get("debounce_ms")
    if scan and debounce and debounce < 2 * scan:
        problems.wrong("debounce_ms", debounce, f"must be at least twice scan_ms ({scan})")
