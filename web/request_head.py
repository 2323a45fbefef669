"""What a request's head must be, beyond what the HTTP parser asks for. Pure.

The parser (h11) takes a few things that two readers may understand differently: a body with two
lengths, a length that is there twice, a header folded over two lines, a Host that is no host. Such
a request is refused, because a proxy in front may have read it otherwise (request smuggling,
RFC 9112 §11.2). On the other hand browsers of 2010 put the bytes of a page's charset into the
request line as they are; those are escaped here, so that the query arrives like any other.
"""

import base64
import re
from collections.abc import Collection

MAX_HEAD_BYTES = 16 * 1024
MAX_LINE_BYTES = 8 * 1024

Headers = Collection[tuple[bytes, bytes]]
"""Names in lower case, and values."""

_END = re.compile(rb"\n\r?\n")
_FOLD = re.compile(rb"\n[ \t]")
_LENGTHS = re.compile(rb"\ncontent-length[ \t]*:([^\n]*)", re.IGNORECASE)
_LENGTH = re.compile(rb"[ \t]*[0-9]{1,20}[ \t]*\r?")
_HOST = re.compile(rb"[A-Za-z0-9._~%:\[\]-]{0,255}")
_NOT_ASCII = re.compile(rb"[\x80-\xff]")
_NONCE_BYTES = 16


class HeadError(ValueError):
    """A head that is refused; the message says why and quotes nothing of it."""


class RequestHead:
    """One request's head while it comes in. `is_complete`: its last line has come."""

    def __init__(self) -> None:
        self.is_complete = False
        self._seen = bytearray()
        self._is_first_line = True

    def feed(self, data: bytes) -> bytes:
        """Take what came, the body's beginning with it; returns what the parser is to be given.
        Raises HeadError.
        """
        before = len(self._seen)
        self._seen += data[: MAX_HEAD_BYTES + 1 - before]
        if self._is_first_line:
            line, newline, rest = data.partition(b"\n")
            if before + len(line) > MAX_LINE_BYTES:
                raise HeadError("the request line is too long")
            self._is_first_line = not newline
            data = _NOT_ASCII.sub(lambda byte: b"%%%02X" % ord(byte[0]), line) + newline + rest
        end = _END.search(self._seen, max(0, before - 2))
        head = self._seen[: end.end()] if end else self._seen
        if len(head) > MAX_HEAD_BYTES:
            raise HeadError("the head is too long")
        if end:
            self.is_complete = True
            if _FOLD.search(head):
                raise HeadError("a header is folded")
            lengths = _LENGTHS.findall(head)
            if len(lengths) > 1:
                raise HeadError("Content-Length is there twice")
            if lengths and not _LENGTH.fullmatch(lengths[0]):  # h11 takes `2, 2` for 2
                raise HeadError("Content-Length is no number")
        return data


def check_request(http_version: bytes, headers: Headers) -> None:
    """Raise HeadError for a request that two readers may understand differently."""
    names = {name for name, _ in headers}
    if http_version not in (b"1.0", b"1.1"):
        raise HeadError("another version of HTTP")
    if {b"content-length", b"transfer-encoding"} <= names:
        raise HeadError("the body has two lengths")
    if b"transfer-encoding" in names and http_version == b"1.0":
        raise HeadError("HTTP/1.0 has no Transfer-Encoding")
    if not all(_HOST.fullmatch(value) for name, value in headers if name == b"host"):
        raise HeadError("the Host header is no host")


def check_handshake(method: bytes, headers: Headers) -> None:
    """Raise HeadError for a request to upgrade to a WebSocket that is none of RFC 6455 §4.2.1."""
    found: dict[bytes, bytes] = {}
    for name, value in headers:
        if name in (b"host", b"sec-websocket-key", b"sec-websocket-version") and name in found:
            raise HeadError("a header of the handshake is there twice")
        found[name] = value
    if method != b"GET" or b"content-length" in found or b"transfer-encoding" in found:
        raise HeadError("a WebSocket is opened by a GET without a body")
    if found.get(b"sec-websocket-version") != b"13":
        raise HeadError("another version of WebSockets")
    try:
        key = base64.b64decode(found.get(b"sec-websocket-key", b""), validate=True)
        found.get(b"host", b"").decode("idna")  # as the WebSocket's parser does
        b"".join(found.values()).decode("ascii")
    except ValueError:  # of base64, idna, ASCII
        raise HeadError("a header of the handshake cannot be read") from None
    if len(key) != _NONCE_BYTES:
        raise HeadError("the key of the handshake has another length")
