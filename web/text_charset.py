"""In which characters the bytes of a query or form were meant. Pure.

UTF-8, unless the caller names another charset or the configuration does; nothing is ever replaced.
Pages of 2010 send a query in the charset of the page, mostly GBK, and do not say so. Many GBK texts
are also UTF-8: 鲁 is the two bytes C2 B3, which are ³ in UTF-8. So where the configuration names
another charset, an undeclared text is taken as UTF-8 only if it has no character between U+0080 and
U+07FF. Chinese in UTF-8 has three bytes for each character. In GBK such a text cannot begin with
one of the 3,755 common characters (GB 2312 level 1: first byte B0 to D7, where UTF-8 has two bytes
or none), so the two are not confused.
"""

from collections.abc import Mapping

from web.query_fields import QueryError

UTF_8, GB18030 = "utf-8", "gb18030"
CHARSETS = {
    "utf-8": UTF_8,
    "utf8": UTF_8,
    "us-ascii": UTF_8,
    "gb18030": GB18030,
    "gbk": GB18030,
    "gb2312": GB18030,
}
"""What a caller may name, and the codec for it. GB 18030 has GBK and GB 2312 as parts."""

_FIRST_OF_THREE_BYTES = "\u0800"


def charset_of(content_type: str) -> str | None:
    """The `charset` of a Content-Type header's value; None without one."""
    for parameter in content_type.split(";")[1:]:
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset":
            return value.strip().strip('"').lower()
    return None


def decode_fields(
    fields: Mapping[str, bytes], configured: str = UTF_8, declared: str | None = None
) -> dict[str, str]:
    """The fields as text. `declared`: the charset that the caller named, None if it named none.

    All fields of a request are of one charset. Raises QueryError for bytes that are no text in it,
    and for a charset that is not in `CHARSETS`.
    """
    if declared is not None:
        codec = CHARSETS.get(declared.strip().lower())
        if codec is None:
            raise QueryError("the charset is not known here")
        return _decoded(fields, codec)
    if configured == UTF_8:
        return _decoded(fields, UTF_8)
    try:
        found = _decoded(fields, UTF_8)
    except QueryError:
        return _decoded(fields, configured)
    text = "".join(found.values())
    if all(char < "\x80" or char >= _FIRST_OF_THREE_BYTES for char in text):
        return found
    return _decoded(fields, configured)


def _decoded(fields: Mapping[str, bytes], codec: str) -> dict[str, str]:
    try:
        return {name: value.decode(codec) for name, value in fields.items()}
    except UnicodeDecodeError:
        raise QueryError(f"a field is not {codec}") from None
