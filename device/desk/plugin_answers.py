"""What the plug-in shim answers: a number, as JSON or as a script that calls a function (JSONP)."""

import re

import msgspec
from starlette.responses import Response

from device.events import Standing
from web.api_errors import BAD_REQUEST
from web.query_fields import QueryError, split_fields
from web.security_headers import NO_SNIFF

WAITING, RATED, REFUSED, TIMED_OUT, WITHDRAWN, UNKNOWN = 0, 1, -1, -2, -3, -4
CODES: dict[Standing | None, int] = {
    "open": WAITING,
    "rated": RATED,
    "unrated": TIMED_OUT,
    "withdrawn": WITHDRAWN,
    None: UNKNOWN,
}
"""-2 for a citizen who did not answer is the code of one widespread plug-in."""

CALLBACK = re.compile(rb"[A-Za-z_$][A-Za-z0-9_$.]{0,63}")
_CALLBACK_FIELD = re.compile(rb"(?:^|&)callback=([^&]*)")


class PluginAnswer(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is answered. `says`: for a refusal, the desk's name of the error, such as `busy`."""

    code: int
    id: str = ""
    says: str = ""


MALFORMED = PluginAnswer(REFUSED, says=BAD_REQUEST)


def plugin_response(outcome: PluginAnswer, callback: bytes | None) -> Response:
    """As JSON, or as a script that calls the page's function `callback`. The status is always 200,
    because a script tag does not run what comes with another.
    """
    headers = {"cache-control": "no-store", **NO_SNIFF}
    if callback is not None and not CALLBACK.fullmatch(callback):
        callback, outcome = None, MALFORMED
    text = msgspec.json.encode(outcome)
    if callback is None:
        return Response(text, media_type="application/json", headers=headers)
    # The comment in front keeps the answer from being read as any other format (a known attack on
    # JSONP begins with a callback whose name is a file's first bytes).
    script = b"/**/" + callback + b"(" + text + b");"
    return Response(script, media_type="text/javascript", headers=headers)


def malformed_answer(query: bytes) -> Response:
    """The answer to a query that cannot be read, in the form that it asks for as far as can be
    told: by its first `callback`.
    """
    found = _CALLBACK_FIELD.search(query)
    try:
        callback = split_fields(found[0].lstrip(b"&"))["callback"] if found else None
    except QueryError:
        callback = None
    return plugin_response(MALFORMED, callback)
