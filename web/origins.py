"""Origins of pages in a browser, as a configuration names them."""

from urllib.parse import urlsplit

NULL_ORIGIN = "null"
"""The origin of a page that was opened from a file, as those of old window software are."""


def is_origin(text: str) -> bool:
    """Whether `text` is what a browser sends as `Origin`: scheme, host and, unless it is the
    scheme's default, the port; in lower case, without a slash at the end.
    """
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        return False
    if parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc:
        return False
    is_default = port == {"http": 80, "https": 443}[parts.scheme]
    return text == f"{parts.scheme}://{parts.netloc}" == text.lower() and not is_default
