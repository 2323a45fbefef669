"""Official numbers for our names: dated tables, and the only place where those numbers exist.

levels.toml    the five levels under both official numberings, which run in opposite directions
options.toml   the reasons that may go with a level
topics.toml    the topics that a pad offers instead, the same for every level
channels.toml  through which channel a rating was given

Inside the project a level is a `Level`, never a number. Code for an interface that has numbers
names the numbering; a number that a table does not have is an error, never a default.
"""

import datetime
import enum
from collections.abc import Mapping
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import TypeVar

import msgspec

from sync.entries import Channel, Level


class UnknownNumberError(ValueError):
    """A number or code that the table does not have, or that its source leaves open."""


class Numbering(enum.Enum):
    """The official ways to number the levels."""

    GBT_39046 = "gbt-39046"
    """GB/T 39046-2020 A.8: 1 is 非常满意, 5 is 非常不满意."""
    LIVE_INTERFACE = "live-interface"
    """The interfaces in service: 5 is 非常满意, 1 is 非常不满意."""


class Option(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A reason that may go with a level. `gloss`: its meaning for developers, never shown.

    `extended`: outside the base set of three. `retired`: occurs in old data, no longer offered.
    """

    code: str
    level: Level
    gloss: str = ""
    extended: bool = False
    retired: bool = False


class RatingTopic(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a reason may be about; the same topics are offered after every level (law 7).

    `codes`: the nearest official reason by level. `exact`: the levels whose code says no more than
    the topic does.
    """

    id: str
    codes: dict[Level, str] = {}
    exact: tuple[Level, ...] = ()


class _Topics(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    as_of: datetime.date
    source: str
    topic: list[RatingTopic]


class _Numbers(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    id: Numbering
    source: str
    numbers: dict[Level, int]


class _Levels(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    as_of: datetime.date
    numbering: list[_Numbers]
    names: dict[Level, str]


class _Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    as_of: datetime.date
    source: str
    option: list[Option]
    retired: dict[Level, list[str]]


class _Unsettled(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    numbers: list[int]
    remark: str


class _Channels(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    as_of: datetime.date
    source: str
    numbers: dict[Channel, int]
    unsettled: _Unsettled


T = TypeVar("T")


def _read(name: str, kind: type[T]) -> T:
    text = resources.files(__name__).joinpath(name).read_bytes()
    return msgspec.toml.decode(text, type=kind)


@cache
def _levels() -> _Levels:
    table = _read("levels.toml", _Levels)
    for row in table.numbering:
        if set(row.numbers) != set(Level) or len(set(row.numbers.values())) != len(Level):
            raise ValueError(f"levels.toml: {row.id.value} does not number every level once")
    if {row.id for row in table.numbering} != set(Numbering) or set(table.names) != set(Level):
        raise ValueError("levels.toml: a numbering or a name is missing")
    return table


@cache
def level_numbers(numbering: Numbering) -> Mapping[Level, int]:
    """The number of every level under `numbering`."""
    row = next(row for row in _levels().numbering if row.id is numbering)
    return MappingProxyType(row.numbers)


def level_of(numbering: Numbering, number: int) -> Level:
    """The level that `number` means under `numbering`.

    Raises UnknownNumberError for anything else: an unknown number never becomes a level (law 1).
    """
    for level, known in level_numbers(numbering).items():
        if known == number and not isinstance(number, bool):
            return level
    raise UnknownNumberError(f"{number!r} is no level under {numbering.value}")


def level_name(level: Level) -> str:
    """What the public reads for a level, in Chinese."""
    return _levels().names[level]


@cache
def options() -> Mapping[str, Option]:
    """Every reason by its code, retired ones included."""
    table = _read("options.toml", _Options)
    rows = list(table.option)
    for level, codes in table.retired.items():
        rows.extend(Option(code, level, retired=True) for code in codes)
    found = {row.code: row for row in rows}
    if len(found) != len(rows):
        raise ValueError("options.toml: a code stands twice")
    return MappingProxyType(found)


def option_of(code: str) -> Option:
    """The reason with this code. Raises UnknownNumberError for one that the table does not have."""
    try:
        return options()[code]
    except KeyError:
        raise UnknownNumberError(f"{code!r} is no reason in options.toml") from None


@cache
def topics() -> Mapping[str, RatingTopic]:
    """Every topic by its id, in the order in which they are offered."""
    found = {topic.id: topic for topic in _read("topics.toml", _Topics).topic}
    for topic in found.values():
        for level, code in topic.codes.items():
            if option_of(code).level is not level:
                raise ValueError(f"topics.toml: {code} is no reason of {level.value}")
        if not set(topic.exact) <= set(topic.codes):
            raise ValueError(f"topics.toml: {topic.id} is exact for a level without a code")
    return MappingProxyType(found)


def official_code(reason: str, level: Level) -> str | None:
    """The official code to report for a reason of a rating: its own, or that of a topic where the
    code says no more than the citizen did. None where there is none (law 1: nothing is made up).

    Raises UnknownNumberError for what is neither a code nor a topic.
    """
    topic = topics().get(reason)
    if topic is None:
        return option_of(reason).code
    return topic.codes.get(level) if level in topic.exact else None


@cache
def _channels() -> _Channels:
    table = _read("channels.toml", _Channels)
    if set(table.numbers) != set(Channel) or set(table.numbers.values()) & set(
        table.unsettled.numbers
    ):
        raise ValueError("channels.toml: a channel is missing, or settled and unsettled at once")
    return table


def channel_number(channel: Channel) -> int:
    """The number of a channel (`pf`)."""
    return _channels().numbers[channel]


def channel_of(number: int) -> Channel:
    """The channel that a number (`pf`) means.

    Raises UnknownNumberError, and says so when the number differs from province to province.
    """
    table = _channels()
    for channel, known in table.numbers.items():
        if known == number:
            return channel
    if number in table.unsettled.numbers:
        raise UnknownNumberError(f"channel {number}: its meanings {table.unsettled.remark}")
    raise UnknownNumberError(f"{number!r} is no channel")
