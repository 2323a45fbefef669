"""The desk's own pages and its OpenAPI document, which everybody may read: they hold no secret.

The clerk's page takes everything from the pad itself; its content security policy (CSP) allows
nothing else.
"""

from collections.abc import Collection
from importlib.resources import files

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from device.desk import openapi
from device.desk.clerk_words import Language, words_script
from web.origins import NULL_ORIGIN
from web.security_headers import SELF, content_policy, page_headers

HTML, SCRIPT = "text/html", "text/javascript"
PAGES = {
    "/": ("index.html", HTML),
    "/clerk.css": ("clerk.css", "text/css"),
    "/clerk.js": ("clerk.js", SCRIPT),
    "/clerk-keys.js": ("clerk-keys.js", SCRIPT),
    "/clerk-kept.js": ("clerk-kept.js", SCRIPT),
    "/ratingpad.js": ("ratingpad.js", SCRIPT),
}
CONTENT = {name: (files(__package__) / "static" / name).read_bytes() for name, _ in PAGES.values()}
"""Read when this module is imported, which the agent does on a thread: read at the first request, a
card that hangs would stop the agent's loop."""

OPENAPI, ICON = "/openapi.json", "/favicon.ico"
WORDS = "/clerk-words.js"
PUBLIC = (*PAGES, WORDS, OPENAPI, ICON)

SOURCES = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "data:",
    # `ws:` too, because Chromium before 64 does not take 'self' for it.
    "connect-src": "'self' ws: wss:",
}

REFERRER = "same-origin"
"""Not `no-referrer`: with that Chromium 69 sends `Origin: null` to the pad's own API, which is
refused as a foreign origin."""


def page_routes(origins: Collection[str], language: Language) -> list[Route]:
    """The routes. Pages of `origins` may show the clerk's page in a frame. `language`: of the
    clerk's page, until the clerk chooses another one.
    """
    script = words_script(language)
    policy = content_policy(SOURCES, framed_by={SELF, *origins} - {NULL_ORIGIN})
    headers = page_headers(policy, referrer=REFERRER)

    async def page(request: Request) -> Response:
        name, kind = PAGES[request.scope["path"]]
        return Response(CONTENT[name], media_type=kind, headers=headers)

    async def words(_: Request) -> Response:
        return Response(script, media_type=SCRIPT, headers=headers)

    async def document(_: Request) -> Response:
        return Response(openapi.text(), media_type="application/json", headers=headers)

    async def no_icon(_: Request) -> Response:
        return Response(status_code=204)

    return [
        *(Route(path, page) for path in PAGES),
        Route(WORDS, words),
        Route(OPENAPI, document),
        Route(ICON, no_icon),
    ]
