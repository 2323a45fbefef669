"""The desk's HTTP app: the API, the clerk's page, the shim for old plug-ins.

The hall's queueing system, or the clerk's page, asks for ratings here. Every request passes
`middleware.py` before any other part of the app sees it. Every answer of the API is JSON; an error
is {"error", "says", "remedy"}.

Imported only by an agent whose configuration has a desk.
"""

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import HTTPConnection

from device.desk.admission import Admission
from device.desk.api import DeskApi
from device.desk.api_errors import ERRORS
from device.desk.clerk_words import Language
from device.desk.event_stream import EventStream
from device.desk.middleware import AdmissionMiddleware
from device.desk.pages import page_routes
from device.desk.plugin import plugin_routes
from device.desk.press_priority import PressPriority
from device.ports import Desk
from web.api_answers import exception_handlers
from web.api_routes import api_routes
from web.text_charset import UTF_8


def build_app(
    desk: Desk,
    admission: Admission,
    stream: EventStream,
    plugin_charset: str = UTF_8,
    language: Language = "zh",
) -> Starlette:
    """The app over a desk's port. `plugin_charset`: of what old pages send to the plug-in shim.
    `language`: of the clerk's page.
    """

    def count_malformed(error: str, request: HTTPConnection) -> None:
        client = request.client.host if request.client else ""
        admission.record_refusal(error, client, request.scope["path"])

    shim = plugin_routes(desk, stream, plugin_charset, count_malformed)
    app = Starlette(
        routes=[
            *api_routes(DeskApi(desk, admission, stream)),
            *page_routes(admission.origins, language),
            *(shim if admission.has_plugin else ()),
        ],
        middleware=[
            Middleware(AdmissionMiddleware, admission=admission, priority=PressPriority(desk))
        ],
        exception_handlers=exception_handlers(ERRORS, count_malformed),
    )
    # A path with a slash at its end is another path: a redirect has no body and names no error.
    app.router.redirect_slashes = False
    return app
