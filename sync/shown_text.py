"""Any stored text or number as something that is safe to show. Pure.

What came over the wire, or from a file, may hold anything that JSON can: a line break that forges a
line of a listing or of a log, an escape sequence that a terminal obeys, a character that turns the
direction of writing round, a date in the year 9999. Whatever is printed, logged or put on a page
goes through here first.
"""

import unicodedata
from datetime import UTC, datetime, timedelta

HIDDEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Unicode's categories that are escaped: control (line breaks, tab, ESC), format (direction of
writing, zero width), surrogate, line and paragraph separator."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def shown(text: str, max_chars: int | None = None) -> str:
    """`text` on one line, with what cannot be seen as `\\xNN`, `\\uNNNN` or `\\UNNNNNNNN`.

    `max_chars`: longer text is cut and ends with `…`.
    """
    if max_chars is not None and len(text) > max_chars:
        text = text[:max_chars] + "…"
    if text.isprintable():  # the usual case, and much faster; it knows the same categories
        return text
    return "".join(map(_shown_character, text))


def shown_utc(utc_ms: int) -> str:
    """`2026-11-30T08:00:00Z` for milliseconds since 1970; the number itself beyond the years that
    a date can have (1 to 9999).
    """
    try:
        moment = EPOCH + timedelta(milliseconds=utc_ms)
    except OverflowError:
        return f"{utc_ms} ms"
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")


def _shown_character(character: str) -> str:
    if unicodedata.category(character) not in HIDDEN:
        return character
    if character < "\x80":
        return f"\\x{ord(character):02x}"
    return character.encode("ascii", "backslashreplace").decode()
