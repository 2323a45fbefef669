"""JSON from outside as one of our types, or one declared error. Pure.

msgspec takes only UTF-8 and knows the bounds of each type. What it does not notice is a name that
is there twice: it takes the last, other readers the first.
"""

import json
from typing import Any, TypeVar

import msgspec

T = TypeVar("T")


class JsonError(ValueError):
    """The bytes are not JSON, or not of the type; the message says why."""


def read_json(raw: bytes | str, kind: type[T]) -> T:
    """The value of type `kind`. The caller bounds the length. Raises JsonError."""
    try:
        value = msgspec.json.decode(raw, type=kind)
        json.loads(raw, object_pairs_hook=_pairs, parse_int=str, parse_float=str)
    except (ValueError, RecursionError) as error:
        # msgspec's errors are ValueErrors, and so are those of UTF-8.
        raise JsonError(str(error) or "nested too deeply") from error
    return value


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise JsonError("a name is there twice")
    return found
