"""Origins of pages in a browser, as a configuration names them."""

from urllib.parse import urlsplit

NULL_ORIGIN = "null"
"""The origin of a page that was opened from a file, as old window software's are."""


def is_origin(text: str) -> bool:
    """Exactly what a browser sends: scheme, host and perhaps port, in lower case, no slash."""
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        return False
    if parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc:
        return False
    is_default = port == {"http": 80, "https": 443}[parts.scheme]
    return text == f"{parts.scheme}://{parts.netloc}" == text.lower() and not is_default
