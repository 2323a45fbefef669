"""Who may call the desk: the rules of its door, and the count of whom it turned away.

A call is let past when its caller is not too many, when its page (if it comes from one) may call,
and when it shows the token, or a ticket for the events. What everybody may have are the clerk's
page and the papers. A refusal is counted, and logged without its words.
"""

import hmac
import ipaddress
import logging
import secrets
import time
from collections.abc import Callable, Collection
from typing import NamedTuple
from urllib.parse import urlsplit

from web.rate_limit import Rate, RateLimiter
from web.refusal_log import RefusalLog
from web.ws_tickets import Tickets

log = logging.getLogger(__name__)

CALLS = Rate(burst=100, per_s=50)
"""A window system that asks for a standing every 20 ms is still served; one that asks as fast as
it can is not."""

MISSES = Rate(burst=10, per_s=0.2)
"""Wrong tokens; whoever has guessed so often waits for each further answer."""

PLUGIN = "/plugin/"
EVENTS = "/v1/events"
PLACES = ("/v1/invitations", "/v1/window", "/v1/tickets", EVENTS, PLUGIN)


class RequestInfo(NamedTuple):
    """What the door looks at. `caller`, `server`: addresses. `origin`: of the page that calls, if
    one does. `bearers`: every token shown. `ticket`, `plugin_token`: from the query.
    """

    method: str
    path: str
    caller: str
    server: str = ""
    scheme: str = "http"
    host: str = ""
    origin: str | None = None
    bearers: tuple[bytes, ...] = ()
    ticket: str | None = None
    plugin_token: str | None = None


class Admission:
    """The rules. `public`: paths that everybody may GET. Raises ValueError for an empty token."""

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
        self._misses = RateLimiter(MISSES)

    def why_not(self, call: RequestInfo) -> str | None:
        """The error that a call is refused with; None for one that is let past."""
        now_s = self._now_s()
        if not self._calls.take(call.caller, now_s):
            return "too-often"
        if not self.may_call(call):
            return "foreign-origin"
        if self._shows(call, now_s):
            return None
        return "unauthorised" if self._misses.take(call.caller, now_s) else "too-often"

    def may_call(self, call: RequestInfo) -> bool:
        """Whether the page that calls may. Without an origin it is no page, or the pad's own."""
        if call.origin is None or call.origin in self.origins:
            return True
        # By its own address only: a name may be made to lead here by whoever owns the name.
        return call.origin == f"{call.scheme}://{call.host}" and _is_address(call.host)

    def is_foreign(self, call: RequestInfo) -> bool:
        """Whether it is a page of another origin, whose browser asks for our leave."""
        return call.origin is not None and call.origin in self.origins

    def asks_for_leave(self, call: RequestInfo) -> bool:
        """Whether it is such a page's browser that asks, before it sends what its page wants to."""
        return call.method == "OPTIONS" and self.is_foreign(call)

    def issue_ticket(self) -> str:
        """A ticket for one connection to the events."""
        return self._tickets.issue(self._now_s())

    def refuse(self, error: str, caller: str, path: str) -> None:
        """Count and log a refusal."""
        line = self.refused.note(error, caller, place_of(path), self._now_s())
        if line is not None:
            log.warning("%s", line)

    def _shows(self, call: RequestInfo, now_s: float) -> bool:
        if call.path.startswith(PLUGIN):
            token = (call.plugin_token or "").encode(errors="surrogateescape")
            is_here = _is_loopback(call.caller) and _is_loopback(call.server)
            return is_here and _is_among(token, self._plugin_tokens)
        if self.asks_for_leave(call):
            return True
        if call.method in ("GET", "HEAD") and call.path in self._public:
            return True
        if call.path == EVENTS and call.ticket is not None:
            return self._tickets.redeem(call.ticket, now_s)
        return len(call.bearers) == 1 and _is_among(call.bearers[0], self._tokens)


def place_of(path: str) -> str:
    """One of our own paths for a log line: a caller's words never stand there."""
    return next((place for place in PLACES if path.startswith(place)), "another path")


def _is_among(token: bytes, tokens: Collection[bytes]) -> bool:
    """Compared in constant time, and with all of them."""
    return sum([hmac.compare_digest(token, one) for one in tokens]) > 0


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
