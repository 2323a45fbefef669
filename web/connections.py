"""One connection of a server: uvicorn's protocols for HTTP and WebSockets, made strict and bounded.

uvicorn has no public way to limit the time of a slow request, to count the requests that it cannot
read, or to refuse what its parser takes. So this overrides methods that are not public; setup.cfg
allows only versions in which that was tested (`tests/web/test_server_versions.py`).

A request that cannot be read is answered with 400 and the connection closed; from a client that
sends such requests again and again it is held for `HOLD_S` first, which bounds their rate by the
number of connections that one client may have.
"""

import asyncio
import time
from collections.abc import Callable

import h11
import msgspec
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.websockets.wsproto_impl import WSProtocol
from wsproto.utilities import ProtocolError

from web.api_errors import BAD_REQUEST, ApiError
from web.rate_limit import Rate, RateLimiter
from web.request_head import (
    MAX_HEAD_BYTES,
    HeadError,
    RequestHead,
    check_handshake,
    check_request,
)

REQUEST_TIMEOUT_S = 10.0
"""The limit for a TLS handshake, and the time between two checks of a connection for an incomplete
request. Such a request is aborted after at most twice this; on a new connection, the head of the
first one must be complete after this time."""

UNREADABLE_RATE = Rate(burst=10, per_s=1)
HOLD_S = 1.0

UNREADABLE, TOO_SLOW = "unreadable", "too-slow"
"""What `ConnectionConfig.on_refused` is called with."""

_BODY = msgspec.json.encode(
    ApiError(
        error=BAD_REQUEST,
        says="the request cannot be read as HTTP",
        remedy="Send a request of HTTP/1.1 with a head of at most 16 KiB and one length.",
    )
)
_ANSWER = (
    b"HTTP/1.1 400 Bad Request\r\ncontent-type: application/json\r\nconnection: close\r\n"
    b"content-length: %d\r\n\r\n" % len(_BODY)
) + _BODY


class ConnectionConfig(uvicorn.Config):
    """uvicorn's settings. `on_refused` is called with UNREADABLE or TOO_SLOW and the address of the
    client.
    """

    on_refused: Callable[[str, str], object]
    unreadable: RateLimiter


class _StrictParser(h11.Connection):
    """h11's parser, which refuses more requests. The head of each request is checked before h11
    reads it, also of one that was sent before the last was answered (pipelining).
    """

    _head: RequestHead | None
    """The head that is coming in; None once it is complete."""
    _refusal: str | None = None

    def __init__(self) -> None:
        super().__init__(h11.SERVER, MAX_HEAD_BYTES)
        self._head = RequestHead()

    def receive_data(self, data: bytes) -> None:
        """As h11's. A head that is refused is reported by `next_event`."""
        if self._head is not None:
            try:
                data = self._head.feed(data)
            except HeadError as error:
                self._refusal = str(error)
                return
            if self._head.is_complete:
                self._head = None
        super().receive_data(data)

    def start_next_cycle(self) -> None:
        """As h11's. What came after the last request is taken back from h11's buffer, because it
        is the beginning of the next one.
        """
        super().start_next_cycle()
        self._head = RequestHead()
        early, _ = self.trailing_data
        if early:
            self._receive_buffer.maybe_extract_at_most(len(early))  # h11 has no public way
            self.receive_data(early)

    def next_event(self) -> h11.Event | type[h11.NEED_DATA] | type[h11.PAUSED]:
        """As h11's; raises RemoteProtocolError for a request that is refused as well."""
        if self._refusal is not None:
            raise h11.RemoteProtocolError(self._refusal)
        event = super().next_event()
        if isinstance(event, h11.Request):
            try:
                check_request(event.http_version, list(event.headers))
            except HeadError as error:
                raise h11.RemoteProtocolError(str(error)) from None
        return event


class HttpConnection(H11Protocol):
    """One connection. It is aborted when its client does not complete a request in time."""

    config: ConnectionConfig
    _timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # uvicorn's
        """Begin: with the stricter parser, and with the time limit."""
        super().connection_made(transport)
        self.conn = _StrictParser()
        self._last_cycle: object = None
        self._schedule_check()

    def connection_lost(self, exc: Exception | None) -> None:
        """End, also the time limit."""
        self._cancel_check()
        super().connection_lost(exc)

    def handle_websocket_upgrade(self, event: h11.Request) -> None:
        """From here on uvicorn's WebSocket protocol owns the connection, and its pings find out
        whether the client is still there.
        """
        try:
            check_handshake(event.method, self.headers)
        except HeadError as error:
            self.send_400_response(str(error))
            return
        self._cancel_check()
        super().handle_websocket_upgrade(event)

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 -- uvicorn's
        """Refuse a request that cannot be read. uvicorn's own method raises an error when the
        answer to the request has begun already.
        """
        self.config.on_refused(UNREADABLE, self._address)
        cycle = self.cycle
        if cycle is not None and not cycle.response_complete:
            # What is still answering it must not write after this, and must not wait for its body.
            cycle.disconnected = True
            cycle.message_event.set()
        if self.conn.our_state in {h11.IDLE, h11.SEND_RESPONSE}:
            self.transport.write(_ANSWER)
        if self.config.unreadable.take(self._address, time.monotonic()):
            self.transport.close()
        else:
            self.transport.pause_reading()
            self.loop.call_later(HOLD_S, self.transport.close)

    @property
    def _address(self) -> str:
        return str((self.client or ("?",))[0])

    def _schedule_check(self) -> None:
        self._timer = self.loop.call_later(REQUEST_TIMEOUT_S, self._check)

    def _cancel_check(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _check(self) -> None:
        """Abort the connection when it is the client's turn to send and no new request has begun
        since the last check. uvicorn makes a new `cycle` for each request whose head is complete.
        """
        is_client_to_send = self.conn.their_state in {h11.IDLE, h11.SEND_BODY}
        if is_client_to_send and self.cycle is self._last_cycle:
            # A connection on which nothing was sent is only closed: browsers open some in reserve.
            if self.conn.their_state is h11.SEND_BODY or self.conn.trailing_data[0]:
                self.config.on_refused(TOO_SLOW, self._address)
            self.transport.abort()
            return
        self._last_cycle = self.cycle
        self._schedule_check()


class WebSocketConnection(WSProtocol):
    """A WebSocket. What comes before it is accepted is bounded, and no frame raises an error."""

    _early_bytes = 0

    def data_received(self, data: bytes) -> None:
        """Abort the connection where uvicorn's own method would go on without a bound or fail."""
        if not self.handshake_complete:
            self._early_bytes += len(data)
            if self._early_bytes > 2 * MAX_HEAD_BYTES:
                self.transport.abort()
                return
        try:
            super().data_received(data)
        except (ProtocolError, h11.ProtocolError, UnicodeError):
            self.transport.abort()
