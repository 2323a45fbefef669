"""Board profiles: which drivers, which lines, which times. One TOML file each in hw/boards.

A profile names the driver of the board, and those of its parts, by the words of `driver_names.py`.
Reading a profile or a pad's options imports no driver: `drivers/registry.py` does, when the board
is built.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from device.board.descriptions import described, find_text, read_table
from device.board.driver_names import DRIVERS, Part, check_driver
from device.board.driver_options import DisplayBus, WidthMm, check_bus
from device.board.glass import LEAST_WIDTH_MM, Glass
from device.board.key_levels import check_levels
from device.board.pins import Header, Line, check_claims, claims, read_header
from device.config_errors import Check, ConfigErrors, bounds, did_you_mean, read_struct
from device.errors import ConfigError
from device.events import ClerkKeyAction
from sync.entries import Level
from sync.sentence import Sentence


class Key(msgspec.Struct, frozen=True, kw_only=True):
    """One key: its name, its line on the board, and its level if it has one.

    `does`: for a clerk's key, which has no level: it asks for a rating or pauses the window.
    """

    name: Annotated[str, Meta(pattern=r"^[a-z0-9_]{1,32}\Z", description="1 to 32 of a-z, 0-9, _")]
    line: Line
    level: Level | None = None
    does: ClerkKeyAction | None = None


class KeysProfile(msgspec.Struct, frozen=True, kw_only=True):
    """The keys of a board and how they are read; `drivers/debounce.py` explains the times.

    `coded`: the key pad sends codes; its keys are in the key map of its model (`keypad.py`).
    `active_low`: a key that is down pulls its line to ground, against a pull-up.
    """

    key: tuple[Key, ...] = ()
    driver: str | None = None
    coded: bool = False
    active_low: bool = True
    scan_ms: Annotated[int, bounds(1, 20, "a whole number of milliseconds")] = 5
    debounce_ms: Annotated[int, bounds(5, 100, "a whole number of milliseconds")] = 20
    stuck_s: Annotated[float, bounds(0.5, 600, "a number of seconds")] = 15.0
    chatter_ms: Annotated[int, bounds(50, 5000, "a whole number of milliseconds")] = 250
    chatter_quiet_s: Annotated[float, bounds(0.2, 600, "a number of seconds")] = 3.0


class DisplayProfile(msgspec.Struct, frozen=True, kw_only=True):
    """The size of a board's display in pixels and millimetres, its driver and its bus.

    `width_mm`: of its lit area; none where the pad's own file or the controller tells it.
    `bus`: "i2c-1" or "spi-0.0" (SPI bus 0, chip select 0); none where the pad's own file gives it.
    `dc_line`, `reset_line`: two lines that a display on SPI has besides its bus.
    """

    driver: str | None = None
    width: Annotated[int, bounds(64, 1024, "pixels,")] = 128
    height: Annotated[int, bounds(32, 1024, "pixels,")] = 64
    width_mm: WidthMm | None = None
    bus: DisplayBus | None = None
    dc_line: Line | None = None
    reset_line: Line | None = None


class Light(msgspec.Struct, frozen=True, kw_only=True):
    """The light at the key of this name, and its line."""

    name: str
    line: Line


class LightsProfile(msgspec.Struct, frozen=True, kw_only=True):
    """The lights at the keys. `active_low`: a light whose line is low is lit."""

    driver: str | None = None
    light: tuple[Light, ...]
    active_low: bool = False


class BeeperProfile(msgspec.Struct, frozen=True, kw_only=True):
    """A beeper with an oscillator of its own. `active_low`: it sounds while its line is low."""

    driver: str | None = None
    line: Line
    active_low: bool = False


class VoiceProfile(msgspec.Struct, frozen=True, kw_only=True):
    """The voice of a board: spoken prompts."""

    driver: str | None = None


class TouchscreenProfile(msgspec.Struct, frozen=True, kw_only=True):
    """A touchscreen, on which a browser shows the touch page (`device/ui/touch/`).

    `px_per_mm`: its density, from which the page computes sizes; none where the pad's own file
    gives it, because the screen differs from hall to hall.
    """

    px_per_mm: Annotated[float, bounds(1, 30, "pixels per millimetre,")] | None = None


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """A board. It has `keys`, or a `touchscreen`, or both.

    `header`: its pins, a file in hw/headers; a pin that two parts use is then an error (`pins.py`).
    `has_rtc`: a battery-backed clock sets the time of day at boot.
    """

    name: str
    title: str
    driver: str
    keys: KeysProfile = KeysProfile()
    display: DisplayProfile | None = None
    lights: LightsProfile | None = None
    beeper: BeeperProfile | None = None
    voice: VoiceProfile | None = None
    touchscreen: TouchscreenProfile | None = None
    header: str | None = None
    has_rtc: bool = False


PARTS: tuple[Part, ...] = ("keys", "display", "lights", "beeper", "voice")
"""The parts of a board that have a driver of their own."""


class PartOptions(msgspec.Struct, frozen=True, kw_only=True):
    """The options of a board whose parts have their own: `[board.keys]`, `[board.display]` …"""

    keys: msgspec.Struct | None = None
    display: msgspec.Struct | None = None
    lights: msgspec.Struct | None = None
    beeper: msgspec.Struct | None = None
    voice: msgspec.Struct | None = None


def board_names() -> list[str]:
    """The names of all boards, sorted."""
    return described("boards")


def load_profile(name: str) -> Profile:
    """The profile of the board `name`. Raises ConfigError that lists all its errors."""
    problems = ConfigErrors()
    profile = find_profile(name, problems)
    return problems.result_or_raise(profile, Sentence("the profile of board {name}", name=name))


def load_header(profile: Profile) -> Header:
    """The header of a board. Raises ConfigError if it is wrong or the board has none."""
    if profile.header is None:
        raise ConfigError(
            Sentence(
                "board {board} has no header: there is nothing to wire to pins", board=profile.name
            )
        )
    problems = ConfigErrors()
    return problems.result_or_raise(
        find_header(profile.header, problems), Sentence("the header {name}", name=profile.header)
    )


def read_options(profile: Profile, table: Mapping[str, Any], base: Path = Path()) -> msgspec.Struct:
    """A board's own options as the type that its driver takes. Raises ConfigError."""
    problems = ConfigErrors()
    options = find_options(profile, dict(table), problems, base)
    return problems.result_or_raise(
        options, Sentence("the options of board {name}", name=profile.name)
    )


def find_profile(name: str, problems: ConfigErrors) -> Profile | None:
    """The profile of the board `name`; None, and lines in `problems`, if it is wrong."""
    text = find_text("boards", "board", name, problems)
    return None if text is None else parse_profile(name, text, problems)


def parse_profile(name: str, text: str, problems: ConfigErrors) -> Profile | None:
    """The profile in a TOML text; None, and lines in `problems`, if it is wrong."""
    table = read_table(text, problems)
    if table is None:
        return None
    checks: dict[type, Check] = {
        KeysProfile: _check_keys,
        DisplayProfile: _check_display,
        LightsProfile: _driver_check("lights"),
        BeeperProfile: _driver_check("beeper"),
        VoiceProfile: _driver_check("voice"),
        Profile: _check_board,
    }
    return read_struct(Profile, {**table, "name": name}, problems, checks=checks)


def glass_of(profile: Profile, options: msgspec.Struct | None = None) -> Glass | None:
    """The display of a board with these options; None if it has none. Where neither says how wide
    it is, it is taken to be the smallest one.
    """
    display = profile.display
    if display is None:
        return None
    own = getattr(getattr(options, "display", None), "glass_mm", None)
    return Glass(display.width, display.height, display.width_mm or own or LEAST_WIDTH_MM)


def find_options(
    profile: Profile, table: object, problems: ConfigErrors, base: Path
) -> msgspec.Struct | None:
    """The options in `table` as the driver's type; None, and lines in `problems`, if wrong.

    Relative paths count from the folder `base`.
    """
    whole = DRIVERS[profile.driver].options
    if whole is not None:
        return _read_options(whole, table, problems, base)
    if not isinstance(table, dict):
        problems.wrong("", table, "must be a table")
        return None
    before = len(problems.lines)
    kinds = {part: kind for part in PARTS if (kind := _options_of(getattr(profile, part)))}
    for key in table:
        if key not in kinds:
            problems.add(key, f"not known{did_you_mean(key, kinds)}")
    found = {
        part: _read_options(kind, table.get(part, {}), problems.at(part), base)
        for part, kind in kinds.items()
    }
    _check_fixed(profile, table, problems)
    return PartOptions(**found) if len(problems.lines) == before else None


def _options_of(
    part: KeysProfile | DisplayProfile | LightsProfile | BeeperProfile | VoiceProfile | None,
) -> type[msgspec.Struct] | None:
    """The type of the options of a part's driver, if it has a driver that takes any."""
    return None if part is None or part.driver is None else DRIVERS[part.driver].options


def _read_options(
    kind: type[msgspec.Struct], table: object, problems: ConfigErrors, base: Path
) -> msgspec.Struct | None:
    """A table as a `kind`, by the type's own `check` too if it has one."""
    check: Check | None = getattr(kind, "check", None)
    return read_struct(kind, table, problems, base=base, checks={kind: check} if check else None)


def find_header(name: str, problems: ConfigErrors) -> Header | None:
    """The header `name` of hw/headers; None, and lines in `problems`, if it is wrong."""
    text = find_text("headers", "header", name, problems)
    table = None if text is None else read_table(text, problems)
    return None if table is None else read_header(name, table, problems)


def _check_fixed(profile: Profile, table: Mapping[str, Any], problems: ConfigErrors) -> None:
    """A pad's file may not change the bus or the width of a display if the profile names it."""
    display, given = profile.display, table.get("display")
    if display is None or not isinstance(given, dict):
        return
    if display.width_mm is not None and "width_mm" in given:
        fixed = f"this board's display is {display.width_mm:g} mm wide"
        problems.at("display").wrong("width_mm", given["width_mm"], fixed)
    for key in ("bus", "dc_line", "reset_line") if display.bus is not None else ():
        if key in given:
            problems.at("display").wrong(
                key, given[key], Sentence("this board's display is on {bus}", bus=display.bus)
            )


def _driver_check(part: Part) -> Check:
    """A check that the `driver` of this part is one there is."""
    return lambda values, problems: check_driver(part, values.get("driver"), problems)


def _check_display(values: dict[str, Any], problems: ConfigErrors) -> None:
    check_driver("display", values.get("driver"), problems)
    check_bus(values, problems)


def _check_board(values: dict[str, Any], problems: ConfigErrors) -> None:
    """Keys or a touchscreen; a driver for the whole board or one for each part, not both; no pin of
    the header taken twice.
    """
    check_driver("board", values.get("driver"), problems)
    if values.get("keys") == KeysProfile() and values.get("touchscreen") is None:
        problems.add("keys", "missing; a board without a touchscreen has keys")
    board = DRIVERS.get(values.get("driver", ""))
    for part in PARTS:
        named = getattr(values.get(part), "driver", None)
        if named is not None and board is not None and board.options is not None:
            whole = Sentence(
                'the driver "{driver}" builds the whole board', driver=values["driver"]
            )
            problems.wrong(f"{part}.driver", named, whole)
    _check_lights(values.get("keys"), values.get("lights"), problems)
    if values.get("header"):
        header = find_header(values["header"], problems.at("header"))
        if header is not None:
            check_claims(header, claims(values), problems)


def _check_lights(
    keys: KeysProfile | None, lights: LightsProfile | None, problems: ConfigErrors
) -> None:
    """Each light belongs to a key, and no key has two."""
    names = [light.name for light in lights.light] if lights else []
    known = {key.name for key in keys.key} if keys else set()
    for place, name in enumerate(names):
        if name in names[:place]:
            problems.wrong(f"lights.light[{place + 1}].name", name, "has a light already")
        elif known and name not in known:
            problems.wrong(
                f"lights.light[{place + 1}].name",
                name,
                Sentence.joined("", (Sentence("no key"), did_you_mean(name, known))),
            )


def _check_keys(values: dict[str, Any], problems: ConfigErrors) -> None:
    """Either keys on lines, with all five levels, or a key pad with a key map."""
    check_driver("keys", values.get("driver"), problems)
    keys: tuple[Key, ...] = values.get("key", ())
    if not values.get("coded"):
        check_levels(keys, ("name", "line", "level"), problems)
    elif keys:
        problems.add("key", "a key pad that sends codes has its keys in hw/keypads")
    scan, debounce = values.get("scan_ms"), values.get("debounce_ms")
    if scan and debounce and debounce < 2 * scan:
        problems.wrong(
            "debounce_ms", debounce, Sentence("must be at least twice scan_ms ({scan})", scan=scan)
        )
