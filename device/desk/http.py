"""The desk's HTTP app: the API, the clerk's page, the shim for old plug-ins.

The hall's queueing system, or the clerk's page, asks for ratings here. Every request passes
`middleware.py` before any other part of the app sees it. Every answer of the API is JSON; an error
is {"error", "says", "remedy"}.

Imported only by an agent whose configuration has a desk.
"""

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request

from device.desk.admission import Admission
from device.desk.api import DeskApi
from device.desk.api_errors import ERRORS
from device.desk.event_stream import EventStream
from device.desk.middleware import AdmissionMiddleware
from device.desk.pages import page_routes
from device.desk.plugin import plugin_routes
from device.desk.press_priority import PressPriority
from device.ports import Desk
from web.api_answers import exception_handlers
from web.api_routes import api_routes


def build_app(desk: Desk, admission: Admission, stream: EventStream) -> Starlette:
    """The app over a desk's port."""

    def count_malformed(error: str, request: Request) -> None:
        client = request.client.host if request.client else ""
        admission.record_refusal(error, client, request.url.path)

    return Starlette(
        routes=[
            *api_routes(DeskApi(desk, admission, stream)),
            *page_routes(admission.origins),
            *(plugin_routes(desk, stream) if admission.has_plugin else ()),
        ],
        middleware=[
            Middleware(AdmissionMiddleware, admission=admission, priority=PressPriority(desk))
        ],
        exception_handlers=exception_handlers(ERRORS, count_malformed),
    )
