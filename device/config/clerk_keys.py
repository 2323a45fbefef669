"""The clerk's own keys: one asks for a rating, one closes the window and opens it again.

Such a key has no level and cannot make one. On a board whose keys are on lines, the pad's own file
names its line, and the board's profile is not changed. For a key pad that sends codes it is in the
key map.
"""

from collections.abc import Sequence
from typing import get_args

import msgspec
from msgspec import structs

from device.board.key_levels import AnyKey
from device.board.keypad import load_keypad
from device.board.pins import Line, check_claims, claims
from device.board.profile import Key, Profile, find_header
from device.config_errors import ConfigErrors
from device.events import ClerkKeyAction
from sync.sentence import Sentence

DUTIES: tuple[ClerkKeyAction, ...] = get_args(ClerkKeyAction)


class ClerkKeysConfig(msgspec.Struct, frozen=True, kw_only=True):
    """The lines of the clerk's keys; None for a key that the window does not have."""

    invite: Line | None = None
    pause: Line | None = None


def with_clerk_keys(profile: Profile, lines: ClerkKeysConfig, errors: ConfigErrors) -> Profile:
    """The board with the clerk's keys added; mistakes, such as a line in use, go to `errors`."""
    lines_by_duty = {does: line for does in DUTIES if (line := getattr(lines, does)) is not None}
    if not lines_by_duty:
        return profile
    if not profile.keys.key:
        errors.add(
            "",
            Sentence(
                "the keys of board {board} are on no lines; see its key map", board=profile.name
            ),
        )
        return profile
    taken = {key.line: key.name for key in profile.keys.key}
    for does, line in lines_by_duty.items():
        if line in taken:
            errors.wrong(
                does, line, Sentence("is the line of key {key!r} already", key=taken[line])
            )
            return profile
        taken[line] = does
    added = [
        Key(name=f"clerk_{does}", line=line, does=does) for does, line in lines_by_duty.items()
    ]
    keys = structs.replace(profile.keys, key=(*profile.keys.key, *added))
    profile = structs.replace(profile, keys=keys)
    header = find_header(profile.header, errors) if profile.header else None
    if header is not None:
        check_claims(header, claims(structs.asdict(profile)), errors)
    return profile


def duties(profile: Profile, board: msgspec.Struct) -> dict[str, ClerkKeyAction]:
    """What the clerk's keys do, by the key's name. `board`: the board's own options.

    Raises ConfigError for a mistake in the key map.
    """
    keys: Sequence[AnyKey] = profile.keys.key
    model = getattr(getattr(board, "keys", None), "model", None)
    if profile.keys.coded and model is not None:
        keys = load_keypad(model).key
    return {key.name: key.does for key in keys if key.does is not None}
