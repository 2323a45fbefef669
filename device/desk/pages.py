"""The desk's own pages and papers, which everybody may read: there is no secret in them.

The clerk's page takes everything from the pad itself; its policy (CSP) lets it do nothing else.
"""

from collections.abc import Collection
from functools import cache
from importlib.resources import files

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from device.desk import openapi
from web.origins import NULL_ORIGIN

HTML, SCRIPT = "text/html", "text/javascript"

PAGES = {
    "/": ("index.html", HTML),
    "/clerk.css": ("clerk.css", "text/css"),
    "/clerk.js": ("clerk.js", SCRIPT),
    "/ratingpad.js": ("ratingpad.js", SCRIPT),
}
OPENAPI, ICON = "/openapi.json", "/favicon.ico"
PUBLIC = (*PAGES, OPENAPI, ICON)

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:;"
    " connect-src 'self' ws: wss:; base-uri 'none'; form-action 'none'; frame-ancestors "
)
"""`ws:` stands there because Chromium before 64 does not take 'self' for it."""

REFERRER = "same-origin"
"""Not `no-referrer`, with which Chromium 69 calls its own pad with `Origin: null`: a foreigner."""


def page_routes(origins: Collection[str]) -> list[Route]:
    """The routes. Pages of `origins` may show the clerk's page inside their own."""
    hosts = " ".join(["'self'", *sorted(set(origins) - {NULL_ORIGIN})])
    headers = {
        "content-security-policy": POLICY + hosts,
        "x-content-type-options": "nosniff",
        "referrer-policy": REFERRER,
        "cache-control": "no-cache",
    }

    async def page(request: Request) -> Response:
        name, kind = PAGES[request.url.path]
        return Response(_read(name), media_type=kind, headers=headers)

    async def paper(_: Request) -> Response:
        return Response(openapi.text(), media_type="application/json", headers=headers)

    async def no_icon(_: Request) -> Response:
        return Response(status_code=204)

    return [
        *(Route(path, page) for path in PAGES),
        Route(OPENAPI, paper),
        Route(ICON, no_icon),
    ]


@cache
def _read(name: str) -> bytes:
    return (files(__package__) / "static" / name).read_bytes()
