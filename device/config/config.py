"""A pad's configuration: one TOML file, and the profile of the board that it names.

Read once, at the agent's start or by `ratingpad check`. All mistakes are in one report, so that a
technician has to go to a window only once. Nothing here opens hardware or a socket. Relative paths
count from the folder of the configuration file.
"""

import tomllib
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import SplitResult, urlsplit

import msgspec
from msgspec import Meta

from device.board.keypad import LineUrl, WindowAddress, find_keypad
from device.board.profile import Profile, find_options, find_profile, load_profile, read_options
from device.config.clerk_keys import ClerkKeysConfig, duties, with_clerk_keys
from device.config.desk_config import DeskConfig, check_desk
from device.config.phone_config import PhoneConfig, check_key_owner, check_phone
from device.config.touch_config import (
    INVITATION_S,
    CardConfig,
    TouchConfig,
    check_card,
    check_screen,
    check_touch,
)
from device.config_errors import Check, ConfigErrors, bounds, read_struct
from device.errors import ConfigError
from device.events import ClerkKeyAction
from device.os_errors import explain
from sync.entries import HashName
from sync.identity_text import MAX_CHARS, IdentityTextError, canonical, make_canonical
from sync.regular_file import read_regular_text
from sync.sentence import Sentence
from sync.system_reasons import reason

__all__ = [
    "Config",
    "DeskConfig",
    "PhoneConfig",
    "Profile",
    "TouchConfig",
    "load",
    "load_profile",
    "read_options",
]

LOOPBACK = ("127.0.0.1", "::1", "localhost")
"""The only hosts to which MQTT without TLS may connect: on a network anybody could read along."""

_ONE_LINE = r"^[^\x00-\x1f\x7f]*\Z"


class PadConfig(msgspec.Struct, frozen=True, kw_only=True):
    """Which pad this is and where it is. With an empty `window` the pad is not bound yet."""

    id: Annotated[str, Meta(pattern=r"^[a-z0-9-]{1,32}\Z", description="1 to 32 of a-z, 0-9 and -")]
    board: Annotated[str, Meta(description="the name of a board in hw/boards")] = "simulated"
    window: Annotated[
        str, Meta(max_length=8, pattern=_ONE_LINE, description="at most 8 characters on one line")
    ] = ""
    hall: Annotated[
        str, Meta(max_length=40, pattern=_ONE_LINE, description="at most 40 characters on one line")
    ] = ""
    notice: Annotated[
        str, Meta(max_length=40, pattern=_ONE_LINE, description="at most 40 characters on one line")
    ] = ""
    languages: Annotated[
        tuple[Literal["zh", "ko", "en"], ...],
        Meta(min_length=1, max_length=3, description='a list of one to three of "zh", "ko", "en"'),
    ] = ("zh",)

    def __post_init__(self) -> None:
        """Take the window's canonical form. Raises ValueError when it has none."""
        if self.window:
            make_canonical(self)


class LedgerConfig(msgspec.Struct, frozen=True, kw_only=True):
    """The ledger's file, the digest of a new one, and how long receipted entries are kept."""

    path: Annotated[Path, Meta(description="the path of the ledger's file")]
    hash: HashName = HashName.SHA256
    retention_days: Annotated[int, bounds(1, 36_500, "a whole number of days")] = 400


class SessionConfig(msgspec.Struct, frozen=True, kw_only=True):
    """The times of a rating session. `invitation_s`: until an invitation without a press lapses.
    `grace_s`: how long a second press may correct the first. `thanks_s`: how long thanks is shown.
    """

    invitation_s: Annotated[int, bounds(1, 600, "a whole number of seconds")] = 30
    grace_s: Annotated[int, bounds(0, 30, "a whole number of seconds")] = 3
    thanks_s: Annotated[int, bounds(1, 30, "a whole number of seconds")] = 4


class ProvinceConfig(msgspec.Struct, frozen=True, kw_only=True):
    """The connection to the province. `reconnect_max_s`: the longest wait before it is tried again.
    `probe_s`: how long the answer to a birth message is waited for. `health_s`: between two health
    reports.
    """

    broker: Annotated[str, Meta(description='an address like "mqtt://127.0.0.1:1883"')] = (
        "mqtt://127.0.0.1:1883"
    )
    keepalive_s: Annotated[int, bounds(2, 600, "a whole number of seconds")] = 30
    reconnect_max_s: Annotated[float, bounds(0.1, 3600, "a number of seconds")] = 60.0
    probe_s: Annotated[float, bounds(0.1, 60, "a number of seconds")] = 5.0
    health_s: Annotated[float, bounds(1, 86_400, "a number of seconds")] = 300.0

    @property
    def host(self) -> str:
        """The broker's host."""
        return urlsplit(self.broker).hostname or ""

    @property
    def port(self) -> int:
        """The broker's port; 1883 when the address names none."""
        return urlsplit(self.broker).port or 1883


class Bus68Config(msgspec.Struct, frozen=True, kw_only=True):
    """A bus of old "68" evaluators on which the pad replaces one of them; without this section the
    pad is on no bus.

    `tells`: whether the old controller is sent the level of a press, as the old key pad did, or
    nothing. The pad cannot know what the controller does with a level (law 7), so there is no
    default.
    """

    port: LineUrl
    model: Annotated[str, Meta(description="the name of a key map in hw/keypads")]
    address: WindowAddress
    tells: Annotated[
        Literal["levels", "nothing"], Meta(description='"levels" or "nothing", there is no default')
    ]
    acknowledge_starts: bool = False


class DisplayConfig(msgspec.Struct, frozen=True, kw_only=True):
    """After how many minutes without use the display is dimmed, and switched off; 0 for never."""

    dim_min: Annotated[int, bounds(0, 1440, "a whole number of minutes")] = 10
    sleep_min: Annotated[int, bounds(0, 1440, "a whole number of minutes")] = 0


class _File(msgspec.Struct, frozen=True, kw_only=True):
    """The file's tables. `board` is read separately, by the type that the board's profile names."""

    pad: PadConfig
    ledger: LedgerConfig
    session: SessionConfig = SessionConfig()
    province: ProvinceConfig = ProvinceConfig()
    desk: DeskConfig | None = None
    bus68: Bus68Config | None = None
    phone: PhoneConfig = PhoneConfig()
    display: DisplayConfig = DisplayConfig()
    clerk_keys: ClerkKeysConfig = ClerkKeysConfig()
    touch: TouchConfig | None = None
    board: dict[str, Any] = {}


class Config(msgspec.Struct, frozen=True, kw_only=True):
    """A pad's whole configuration, checked. `board`: the board's own options, for `build_board`.
    `clerk_keys`: what the clerk's keys do, by the key's name; they are in `profile` too.
    """

    pad: PadConfig
    ledger: LedgerConfig
    session: SessionConfig
    province: ProvinceConfig
    desk: DeskConfig | None
    bus68: Bus68Config | None
    phone: PhoneConfig
    display: DisplayConfig
    board: msgspec.Struct
    touch: TouchConfig | None = None
    clerk_keys: dict[str, ClerkKeyAction] = {}
    profile: Profile


def load(path: Path, *, files: bool = True) -> Config:
    """The configuration in `path` together with its board's profile.

    Raises ConfigError (S01); its detail has one line for each mistake in the file or the profile.
    `files` False, for a pad that is to serve: a file that the configuration names and that cannot
    be used is left to the part that reads it, unless there is another mistake.
    """
    errors = ConfigErrors()
    table = read_toml(path)
    base = path.resolve().parent
    file = read_struct(_File, table, errors, base=base, checks=CHECKS)
    profile = find_profile(_board_named(table), errors.at("pad.board"))
    options = profile and find_options(profile, table.get("board", {}), errors.at("board"), base)
    keys_line = getattr(getattr(options, "keys", None), "port", None)
    if file is not None and file.bus68 is not None and file.bus68.port == keys_line:
        errors.wrong("bus68.port", keys_line, "is the line of the key pad already")
    if file is not None and file.touch is not None:
        if profile is not None:
            check_screen(file.touch, profile.touchscreen, errors.at("touch"))
        if "invitation_s" not in table.get("session", {}):
            longer = msgspec.structs.replace(file.session, invitation_s=INVITATION_S)
            file = msgspec.structs.replace(file, session=longer)
    if file is not None:
        check_key_owner(file.phone, file.pad.id, errors.at("phone"))
    if file is not None and profile is not None:
        profile = with_clerk_keys(profile, file.clerk_keys, errors.at("clerk_keys"))
    file = errors.result_or_raise(file, str(path), files=files)
    profile = errors.result_or_raise(profile, str(path), files=files)
    options = errors.result_or_raise(options, str(path), files=files)
    return Config(
        pad=file.pad,
        ledger=file.ledger,
        session=file.session,
        province=file.province,
        desk=file.desk,
        bus68=file.bus68,
        phone=file.phone,
        display=file.display,
        touch=file.touch,
        board=options,
        clerk_keys=duties(profile, options),
        profile=profile,
    )


def read_toml(path: Path) -> dict[str, Any]:
    """The tables of a TOML file, with a byte order mark or without: editors on Windows write one.
    Raises ConfigError (S01).
    """
    try:
        return tomllib.loads(read_regular_text(path))
    except OSError as error:
        raise ConfigError(explain(error)) from error
    except UnicodeDecodeError as error:
        words = Sentence(
            "{path}: not UTF-8 at byte {place}; save it as UTF-8", path=path, place=error.start
        )
        raise ConfigError(words) from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(Sentence("{path}: not TOML: {error}", path=path, error=error)) from error


def _board_named(table: dict[str, Any]) -> str:
    pad = table.get("pad")
    board = pad.get("board") if isinstance(pad, dict) else None
    return board if isinstance(board, str) else "simulated"


def _check_pad(values: dict[str, Any], errors: ConfigErrors) -> None:
    """Check what belongs together, and take the window's canonical form."""
    if window := values.get("window"):
        try:
            values["window"] = canonical(window, MAX_CHARS["window"])
        except IdentityTextError as error:
            errors.wrong("window", window, reason(error))
    languages = values.get("languages", ())
    if len(set(languages)) != len(languages):
        errors.wrong("languages", list(languages), "a language stands there twice")


def _check_broker(values: dict[str, Any], errors: ConfigErrors) -> None:
    broker = values.get("broker")
    if broker is None:
        return
    wrong = partial(errors.wrong, "broker", broker)
    try:
        parts: SplitResult = urlsplit(broker)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        wrong(Sentence("no address: {error}", error=error))
        return
    if parts.scheme != "mqtt" or not host or port == 0:
        wrong(Sentence('must be an address like "mqtt://127.0.0.1:1883"'))
    elif parts.path or parts.query or parts.fragment or parts.username or parts.password:
        wrong(Sentence("must be a host and a port only"))
    elif host not in LOOPBACK:
        wrong(
            Sentence(
                "plain MQTT may not leave this machine; let a broker or tunnel on 127.0.0.1 carry"
                " it on with TLS"
            )
        )


def _check_bus(values: dict[str, Any], errors: ConfigErrors) -> None:
    if "model" in values:
        find_keypad(values["model"], errors.at("model"), "68")


CHECKS: dict[type, Check] = {
    PadConfig: _check_pad,
    ProvinceConfig: _check_broker,
    DeskConfig: check_desk,
    Bus68Config: _check_bus,
    PhoneConfig: check_phone,
    TouchConfig: check_touch,
    CardConfig: check_card,
}
"""The checks of values that depend on each other, by the table that has them."""
