"""JSON that any terminal can show, whatever is in its texts. Pure."""

import json
import re

_HIDDEN = re.compile(r"[^\x20-\x7e\w]")
"""What may have to be escaped: neither ASCII that is seen nor a letter or digit of any script."""


def json_text(value: object, *, ascii_only: bool = False) -> str:
    """`value` as JSON on one line. What cannot be seen, such as a line break, an escape sequence or
    a character that turns the direction of writing round, is `\\uNNNN`, so it comes back whole.
    `ascii_only`: so is all that is not ASCII, for an output that is not UTF-8.
    """
    text = json.dumps(value, ensure_ascii=ascii_only, allow_nan=False)
    return text if ascii_only else _HIDDEN.sub(_escaped, text)


def _escaped(match: re.Match[str]) -> str:
    character = match[0]
    return character if character.isprintable() else json.dumps(character)[1:-1]
