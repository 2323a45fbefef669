"""Key maps: what the codes of a key pad mean, one TOML file for each model in hw/keypads.

Two generations of one maker's key pads were found on one bus, with their codes in opposite order.
So there is no default model: the pad's configuration must name it, and a code that is not in its
key map is never a level.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from device.board.descriptions import described, find_text, read_table
from device.board.key_levels import check_levels
from device.config_errors import Check, ConfigErrors, bounds, read_struct
from device.events import ClerkKeyAction
from sync.entries import Level
from sync.sentence import Sentence

Protocol = Literal["68", "input"]
"""The kind of codes: of "68" frames on a serial line, or of Linux input devices."""

HIGHEST: Mapping[str, int] = {"68": 0xFF, "input": 0x2FF}
"""The highest code: one byte in a "68" frame; KEY_MAX of linux/input-event-codes.h."""

LineUrl = Annotated[
    str,
    Meta(
        pattern=r"^(/|(socket|rfc2217|spy)://)[^\x00-\x20]+\Z",
        description='a path like "/dev/ttyUSB0", or a socket://, rfc2217:// or spy:// address',
    ),
]
"""The serial line that "68" pads are on, as `device/serial/serial_line.py` opens it."""

WindowAddress = Annotated[int, bounds(0, 127, "the window's address on the line,")]

Code = Annotated[int, bounds(0, 0x2FF, "a code")]


class CodedKey(msgspec.Struct, frozen=True, kw_only=True):
    """One key of a model: its name, the code it sends, and its level if it has one.

    `does`: for a clerk's key, which has no level: it asks for a rating or pauses the window.
    `says`: the name of the code in linux/input-event-codes.h, for people who read the map.
    """

    name: Annotated[str, Meta(pattern=r"^[a-z0-9_]{1,32}\Z", description="1 to 32 of a-z, 0-9, _")]
    code: Code
    level: Level | None = None
    does: ClerkKeyAction | None = None
    says: str | None = None


class Keypad(msgspec.Struct, frozen=True, kw_only=True):
    """A model of key pad.

    `ignore`: codes that it sends besides its keys, such as Enter after each digit. `baud` and
    `resend_ms` are for "68" pads: the same code again within `resend_ms` is the same press.
    """

    name: str
    title: str
    key: tuple[CodedKey, ...]
    protocol: Annotated[Protocol, Meta(description='"68" or "input"')] = "68"
    ignore: tuple[Code, ...] = ()
    baud: Annotated[int, bounds(300, 4_000_000, "bits a second")] = 9600
    resend_ms: Annotated[int, bounds(100, 10_000, "a whole number of milliseconds")] = 1000

    def by_code(self) -> Mapping[int, CodedKey]:
        """The keys by the code that they send."""
        return {key.code: key for key in self.key}


def keypad_names() -> list[str]:
    """The names of all models, sorted."""
    return described("keypads")


def load_keypad(name: str, protocol: Protocol | None = None) -> Keypad:
    """The key map of the model `name`. Raises ConfigError that lists all its errors.

    With a `protocol`, codes of the other kind are an error as well.
    """
    problems = ConfigErrors()
    keypad = find_keypad(name, problems, protocol)
    return problems.result_or_raise(keypad, Sentence("the key map of model {name}", name=name))


def find_keypad(
    name: str, problems: ConfigErrors, protocol: Protocol | None = None
) -> Keypad | None:
    """The key map of the model `name`; None, and lines in `problems`, if it is missing or wrong."""
    text = find_text("keypads", "key pad", name, problems)
    keypad = None if text is None else parse_keypad(name, text, problems)
    if keypad is None or protocol in (None, keypad.protocol):
        return keypad
    problems.wrong("", name, f'a key map of "{keypad.protocol}" codes; this needs "{protocol}"')
    return None


def parse_keypad(name: str, text: str, problems: ConfigErrors) -> Keypad | None:
    """The key map in a TOML text; None, and lines in `problems`, if it is wrong."""
    table = read_table(text, problems)
    if table is None:
        return None
    checks: dict[type, Check] = {Keypad: _check_codes}
    return read_struct(Keypad, {**table, "name": name}, problems, checks=checks)


def _check_codes(values: dict[str, Any], problems: ConfigErrors) -> None:
    keys: tuple[CodedKey, ...] = values.get("key", ())
    check_levels(keys, ("name", "code", "level"), problems)
    protocol = values.get("protocol")
    if protocol is not None:
        for key in keys:
            if key.code > HIGHEST[protocol]:
                highest = Sentence(
                    'a "{protocol}" key pad has codes up to {highest}',
                    protocol=protocol,
                    highest=HIGHEST[protocol],
                )
                problems.wrong(f"key {key.name}.code", key.code, highest)
    taken = {key.code: key.name for key in keys}
    for code in values.get("ignore", ()):
        if code in taken:
            problems.wrong(
                "ignore", code, Sentence("it is the code of key {key!r}", key=taken[code])
            )
