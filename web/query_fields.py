"""The fields of a query string or an HTML form, as bytes, read strictly. Pure.

The standard library replaces what it cannot decode by U+FFFD, keeps a broken escape as it is, takes
the first of two fields of one name, and raises ValueError for too many. Here all of these are one
declared error, and nothing is decoded: which characters the bytes are depends on who sent them
(`text_charset.py`).
"""

import re

MAX_FIELDS = 32
MAX_NAME_BYTES = 64

_BROKEN_ESCAPE = re.compile(rb"%(?![0-9A-Fa-f]{2})")
_ESCAPE = re.compile(rb"%([0-9A-Fa-f]{2})")


class QueryError(ValueError):
    """A query, form or path that cannot be read; the message says why and quotes nothing of it."""


def split_fields(raw: bytes) -> dict[str, bytes]:
    """The fields by name. Raises QueryError for a broken escape, a name that is not ASCII, two
    fields of one name, and more than `MAX_FIELDS`.
    """
    if raw.count(b"&") >= MAX_FIELDS:
        raise QueryError(f"more than {MAX_FIELDS} fields")
    fields: dict[str, bytes] = {}
    for pair in raw.split(b"&"):
        if not pair:
            continue
        name_bytes, _, value = pair.replace(b"+", b" ").partition(b"=")
        name_bytes = unescape(name_bytes)
        if not name_bytes.isascii() or len(name_bytes) > MAX_NAME_BYTES:
            raise QueryError("a field's name is not ASCII, or too long")
        name = name_bytes.decode("ascii")
        if name in fields:
            raise QueryError("a field is there twice")
        fields[name] = unescape(value)
    return fields


def unescape(raw: bytes) -> bytes:
    """The bytes that percent escapes stand for (RFC 3986 §2.1). Raises QueryError for a broken
    one.
    """
    if b"%" not in raw:
        return raw
    if _BROKEN_ESCAPE.search(raw):
        raise QueryError("a % is not followed by two hexadecimal digits")
    return _ESCAPE.sub(lambda found: bytes.fromhex(found[1].decode("ascii")), raw)
