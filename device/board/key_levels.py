"""What a key of any kind has, and the rule that each of the five levels has one key. Pure."""

from collections.abc import Sequence
from typing import Protocol

from device.config_errors import ConfigErrors
from device.events import ClerkKeyAction
from sync.entries import Level
from sync.sentence import Sentence


class AnyKey(Protocol):
    """A key: on a line of the board, or with a code in a key map."""

    @property
    def name(self) -> str:
        """The key's name."""

    @property
    def level(self) -> Level | None:
        """Its level, if it has one."""

    @property
    def does(self) -> ClerkKeyAction | None:
        """What it does for the clerk, if it is a clerk's key."""


def check_levels(keys: Sequence[AnyKey], fields: Sequence[str], problems: ConfigErrors) -> None:
    """Note in `problems` whatever stands twice in one of the `fields`, and each missing level.

    Each of the five levels has exactly one key, each clerk's function at most one, and no key has
    both a level and a function.
    """
    for key in keys:
        if key.level is not None and key.does is not None:
            problems.wrong(f"key {key.name}.does", key.does, "a key with a level does nothing else")
    for field in (*fields, "does"):
        taken: dict[object, str] = {}
        for key in keys:
            value = getattr(key, field)
            if value is None:
                continue
            shown = value.value if isinstance(value, Level) else value
            if value in taken:
                problems.wrong(
                    f"key {key.name}.{field}",
                    shown,
                    Sentence("already taken by key {key!r}", key=taken[value]),
                )
            taken.setdefault(value, key.name)
    given = {key.level for key in keys}
    missing = [level.value for level in Level if level not in given]
    if missing:
        problems.add("key", Sentence("no key gives {levels}", levels=", ".join(missing)))
