"""Which requests to the desk are admitted, and the log of those that are refused.

A request is admitted when its address stays below the rate limit, when the page that sends it (if a
page does) has an allowed origin, and when it has the token, or a ticket for the events. The clerk's
page and the OpenAPI document need no token. A refusal is counted, and logged without anything that
the client sent.
"""

import hmac
import ipaddress
import logging
import secrets
import time
from collections.abc import Callable, Collection
from typing import NamedTuple
from urllib.parse import urlsplit

from web.api_errors import BAD_REQUEST
from web.rate_limit import Rate, RateLimiter
from web.refusal_log import RefusalLog
from web.ws_tickets import Tickets

log = logging.getLogger(__name__)

CALLS = Rate(burst=100, per_s=50)
"""A window system that asks for a standing every 20 ms is still served; one that asks as fast as
it can is not."""

WRONG_TOKENS = Rate(burst=10, per_s=0.2)
"""Of one address. Over this limit the answer is `too-often`, which comes with a delay."""

PLUGIN = "/plugin/"
EVENTS = "/v1/events"
LOGGED_PATHS = ("/v1/invitations", "/v1/window", "/v1/today", "/v1/tickets", EVENTS, PLUGIN)


class RequestInfo(NamedTuple):
    """What the rules look at. `client`, `server`: addresses. `origin`: of the page that sends the
    request, if one does. `bearers`: every bearer token in it. `ticket`, `plugin_token`: from the
    query. `is_malformed`: its path or query cannot be read.
    """

    method: str
    path: str
    client: str
    server: str = ""
    scheme: str = "http"
    host: str = ""
    origin: str | None = None
    bearers: tuple[bytes, ...] = ()
    ticket: str | None = None
    plugin_token: bytes = b""
    is_malformed: bool = False


class Admission:
    """The rules of one desk. `public`: paths that need no token to be read. `draw` makes tickets
    that cannot be guessed. Called on the pad's loop. Raises ValueError for an empty token.
    """

    def __init__(
        self,
        tokens: Collection[str],
        *,
        origins: Collection[str] = (),
        plugin_tokens: Collection[str] = (),
        public: Collection[str] = (),
        now_s: Callable[[], float] = time.monotonic,
        draw: Callable[[], str] = secrets.token_urlsafe,
    ) -> None:
        if not tokens or not all(map(str.strip, tokens)):
            raise ValueError("the desk's token is empty")
        self.refused = RefusalLog()
        self.has_plugin = bool(plugin_tokens)
        self._tokens = [token.strip().encode() for token in tokens]
        self._plugin_tokens = [token.strip().encode() for token in plugin_tokens]
        self.origins = frozenset(origins)
        self._public = frozenset(public)
        self._now_s = now_s
        self._tickets = Tickets(draw)
        self._calls = RateLimiter(CALLS)
        self._wrong_tokens = RateLimiter(WRONG_TOKENS)

    def error_of(self, request: RequestInfo) -> str | None:
        """The error that a request is refused with; None for one that is admitted.

        The order is part of the protection: the rate limit comes before everything that costs time,
        and an address that guesses tokens too often cannot tell a wrong token from a limit.
        """
        now_s = self._now_s()
        if not self._calls.take(request.client, now_s):
            return "too-often"
        if not self.is_origin_allowed(request):
            return "foreign-origin"
        if request.is_malformed:
            return BAD_REQUEST
        if self._is_authorised(request, now_s):
            return None
        return "unauthorised" if self._wrong_tokens.take(request.client, now_s) else "too-often"

    def is_origin_allowed(self, request: RequestInfo) -> bool:
        """Whether the page that sends the request may. Without an origin it is a program, or the
        pad's own page.
        """
        if request.origin is None or request.origin in self.origins:
            return True
        # The pad's own origin counts only with an address as its host. Whoever owns a name can let
        # it lead to the pad (DNS rebinding); the page of such a name would have the same origin as
        # the Host header that it sends.
        return request.origin == f"{request.scheme}://{request.host}" and _is_address(request.host)

    def is_cross_origin(self, request: RequestInfo) -> bool:
        """Whether a page of one of the configured origins sends it: the browser then lets the page
        read the answer only if the answer has CORS headers.
        """
        return request.origin is not None and request.origin in self.origins

    def is_preflight(self, request: RequestInfo) -> bool:
        """Whether it is the question that a browser asks before it sends such a page's request (a
        CORS preflight, https://fetch.spec.whatwg.org/#cors-preflight-fetch).
        """
        return request.method == "OPTIONS" and self.is_cross_origin(request)

    def issue_ticket(self) -> str:
        """A ticket for one connection to the events."""
        return self._tickets.issue(self._now_s())

    def record_refusal(self, error: str, client: str, path: str) -> None:
        """Count a refusal, and log it unless the same was logged a short time ago."""
        line = self.refused.note(error, client, logged_path(path), self._now_s())
        if line is not None:
            log.warning("%s", line)

    def _is_authorised(self, request: RequestInfo, now_s: float) -> bool:
        if request.path.startswith(PLUGIN):
            is_here = _is_loopback(request.client) and _is_loopback(request.server)
            return is_here and _is_among(request.plugin_token, self._plugin_tokens)
        if self.is_preflight(request):
            return True  # a browser sends it without the token
        if request.method in ("GET", "HEAD") and request.path in self._public:
            return True
        if request.path == EVENTS and request.ticket is not None:
            return self._tickets.redeem(request.ticket, now_s)
        return len(request.bearers) == 1 and _is_among(request.bearers[0], self._tokens)


def logged_path(path: str) -> str:
    """The one of our own paths that a log line names: nothing that a client sent is logged."""
    return next((ours for ours in LOGGED_PATHS if path.startswith(ours)), "another path")


def _is_among(token: bytes, tokens: Collection[bytes]) -> bool:
    """Compared in constant time, and with every token, so that the time tells nothing."""
    return sum([hmac.compare_digest(token, valid) for valid in tokens]) > 0


def _is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False


def _is_address(host: str) -> bool:
    """Whether a Host header names an address, or this machine, and not a name."""
    try:
        name = urlsplit(f"//{host}").hostname or ""
        return name == "localhost" or bool(ipaddress.ip_address(name))
    except ValueError:
        return False
