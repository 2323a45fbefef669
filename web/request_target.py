"""The path that a request names, read strictly. Pure.

The server decodes paths with U+FFFD for what is not UTF-8, so that two paths may become one; here
such a path is refused. A target in absolute form (`GET http://pad:8600/v1/window`, RFC 9112 §3.2.2:
every server must take it) is its path, if it names the same host as the Host header.
"""

import re

from web.query_fields import QueryError, unescape

_ABSOLUTE = re.compile(rb"https?://([^/?#]*)(/.*)?", re.IGNORECASE | re.DOTALL)


def read_path(raw_path: bytes, host: str) -> str:
    """The path of a request's target, without the query. `host`: the Host header.

    Raises QueryError for one that is not UTF-8, has a broken escape or a control character, names
    another host, or is no path (`*`, or a host and a port).
    """
    absolute = _ABSOLUTE.fullmatch(raw_path)
    if absolute:
        if absolute[1].lower() != host.lower().encode("latin-1"):
            raise QueryError("the target and the Host header name different hosts")
        raw_path = absolute[2] or b"/"
    if not raw_path.startswith(b"/"):
        raise QueryError("the target is no path")
    try:
        path = unescape(raw_path).decode("utf-8")
    except UnicodeDecodeError:
        raise QueryError("the path is not UTF-8") from None
    if any(char < " " or char == "\x7f" for char in path):
        raise QueryError("the path has a control character")
    return path
