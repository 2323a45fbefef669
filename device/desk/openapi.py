"""The desk's HTTP API as an OpenAPI 3.1 document, made of the operations of `api.py`.

`python -m device.desk.openapi` writes it to `docs/contract/desk.openapi.json`; the desk serves it
at `/openapi.json`. Tests compare it with what is committed and with the app's routes.
"""

import sys
from functools import cache
from pathlib import Path

from device.desk.api import DeskApi
from device.desk.api_errors import ERRORS
from sync import __version__
from web.api_errors import BAD_REQUEST, INTERNAL
from web.api_routes import operations_of
from web.openapi import ApiDescription, Json, document_text, make_document

FILE = Path("docs/contract/desk.openapi.json")

API = ApiDescription(
    title="ratingpad: the desk",
    version=__version__,
    description="How the window's own software asks its rating pad for a rating. No answer ever"
    " tells a level.",
    server=("http://127.0.0.1:8600", "the pad"),
    parameters={"invitation": "The id that the invitation was answered with."},
    security_schemes={
        "token": {"type": "http", "scheme": "bearer"},
        "ticket": {"type": "apiKey", "in": "query", "name": "ticket"},
    },
    errors=ERRORS,
    common_errors=("unauthorised", "foreign-origin", "too-often", BAD_REQUEST, INTERNAL),
)


@cache
def document() -> Json:
    """The whole document."""
    return make_document(API, operations_of(DeskApi))


@cache
def text() -> bytes:
    """The document's bytes, as they are committed and served."""
    return document_text(document())


if __name__ == "__main__":
    FILE.write_bytes(text())
    sys.stdout.write(f"{FILE}\n")
