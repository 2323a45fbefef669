"""As much of a configuration as a screen needs, from a file with mistakes.

For an agent that cannot start: its code is shown on the screen that the file names, whatever else
is wrong in the file. Texts are left out, because one of them may be what is wrong.
"""

import difflib
import tomllib
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from device.board.driver_names import DRIVERS
from device.board.profile import (
    KeysProfile,
    PartOptions,
    Profile,
    board_names,
    find_profile,
)
from device.config.config import (
    CHECKS,
    Config,
    DisplayConfig,
    LedgerConfig,
    PadConfig,
    ProvinceConfig,
    SessionConfig,
)
from device.config.phone_config import PhoneConfig
from device.config.touch_config import TouchConfig
from device.config_errors import ConfigErrors, read_struct
from sync.regular_file import read_regular

S = TypeVar("S", bound=msgspec.Struct)


def screen_config(path: Path) -> Config | None:
    """The configuration of a pad that shows only its screen: no keys, no desk, no lights. None when
    the file cannot be read or names no board.
    """
    try:
        text = read_regular(path).decode("utf-8-sig", errors="replace")
        base = path.resolve().parent
    except OSError:
        return None
    table = _tables(text)
    pad_table = _table(table, "pad")
    languages = {key: pad_table[key] for key in pad_table if key == "languages"}
    pad = _readable(PadConfig, languages, base, {"id": "unknown"}) or PadConfig(id="unknown")
    profile = _profile(pad_table.get("board", PadConfig(id="unknown").board))
    if profile is None:
        return None
    ledger = _readable(LedgerConfig, _table(table, "ledger"), base, {"path": "ledger.db"})
    touch = None
    if profile.touchscreen is not None and "entry_file" in _table(table, "touch"):
        entry = {"entry_file": _table(table, "touch")["entry_file"]}
        touch = _readable(TouchConfig, _table(table, "touch"), base, entry)
    if touch is not None:
        touch = msgspec.structs.replace(touch, notices=(), card=None, watch_s=0)
    return Config(
        pad=pad,
        ledger=ledger or LedgerConfig(path=base / "ledger.db"),
        session=SessionConfig(),
        province=ProvinceConfig(),
        desk=None,
        bus68=None,
        phone=PhoneConfig(),
        display=DisplayConfig(),
        board=_display_options(profile, _table(table, "board"), base),
        touch=touch,
        profile=only_screen(profile),
    )


def only_screen(profile: Profile) -> Profile:
    """The profile without the parts that have a driver of their own and are no screen."""
    if DRIVERS[profile.driver].options is not None:
        return profile
    return msgspec.structs.replace(
        profile, keys=KeysProfile(), lights=None, beeper=None, voice=None
    )


def _display_options(profile: Profile, table: dict[str, Any], base: Path) -> msgspec.Struct:
    whole = DRIVERS[profile.driver].options
    if whole is not None:
        return _readable(whole, table, base, {}) or whole()
    driver = profile.display.driver if profile.display is not None else None
    kind = DRIVERS[driver].options if driver is not None else None
    if kind is None:
        return PartOptions()
    return PartOptions(display=_readable(kind, _table(table, "display"), base, {}) or kind())


def _profile(name: object) -> Profile | None:
    """The board of this name, or of the one that was probably meant."""
    near = difflib.get_close_matches(str(name).lower(), board_names(), n=1, cutoff=0.6)
    return find_profile(near[0], ConfigErrors()) if near else None


def _readable(kind: type[S], table: dict[str, Any], base: Path, needed: dict[str, Any]) -> S | None:
    """A `kind` of those values that are correct by themselves, over the `needed` ones."""
    good = dict(needed)
    for key, value in table.items():
        if _read(kind, {**needed, key: value}, base) is not None:
            good[key] = value
    return _read(kind, good, base) or _read(kind, needed, base)


def _read(kind: type[S], table: dict[str, Any], base: Path) -> S | None:
    return read_struct(kind, table, ConfigErrors(), base=base, checks=CHECKS)


def _table(table: dict[str, Any], name: str) -> dict[str, Any]:
    found = table.get(name)
    return found if isinstance(found, dict) else {}


def _tables(text: str) -> dict[str, Any]:
    """The tables of a TOML text; of one that is not TOML, those of its lines that are."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        pass
    tables: dict[str, Any] = {}
    header = ""
    for line in text.splitlines():
        if line.strip().startswith("["):
            header = line.strip()
            continue
        try:
            _merge(tables, tomllib.loads(f"{header}\n{line}"))
        except tomllib.TOMLDecodeError:
            continue
    return tables


def _merge(into: dict[str, Any], more: dict[str, Any]) -> None:
    for key, value in more.items():
        if isinstance(value, dict) and isinstance(into.get(key), dict):
            _merge(into[key], value)
        else:
            into.setdefault(key, value)
