"""JSON in which a name is there twice, which msgspec does not notice. Pure.

msgspec takes the last of two values, other readers the first, so two readers would carry out two
different orders.
"""

import json
from typing import Any


def check_unique_names(raw: bytes) -> None:
    """Raise ValueError for JSON that has a name twice in one object, at any depth. `raw`: JSON that
    msgspec has read, of bounded length. Raises RecursionError for JSON that is nested too deeply.
    """
    json.loads(raw, object_pairs_hook=_check, parse_int=str, parse_float=str)


def _check(pairs: list[tuple[str, Any]]) -> None:
    # Returns nothing, so that no more of the JSON is kept than is looked at.
    if len({name for name, _ in pairs}) < len(pairs):
        raise ValueError("a name is there twice")
