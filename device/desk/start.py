"""Opens the HTTP desk of a configuration: its rules, its app, its port.

Called by the agent, which imports it only when there is a `[desk]`.
"""

import logging
from collections.abc import Callable
from typing import NamedTuple

from device.config.desk_config import DeskConfig as Settings
from device.config.desk_config import read_tokens
from device.desk.admission import Admission
from device.desk.event_stream import EventStream
from device.desk.http import build_app
from device.desk.pages import PUBLIC
from device.errors import ConfigError
from device.ports import Desk
from web.refusal_log import RefusalLog
from web.server import PortError, WebServer, serve
from web.tls import tls_context

log = logging.getLogger(__name__)


class OpenDesk(NamedTuple):
    """An open desk. `changed` is to be called on the loop after every event at the pad."""

    server: WebServer
    changed: Callable[[], None]
    refused: RefusalLog


async def open_desk(settings: Settings, desk: Desk) -> OpenDesk:
    """Open it. Raises ConfigError when the port cannot be listened on."""
    plugin = settings.plugin_token_file
    admission = Admission(
        read_tokens(settings.token_file),
        origins=settings.origins,
        plugin_tokens=read_tokens(plugin) if plugin else (),
        public=PUBLIC,
    )
    stream = EventStream(desk)
    certificate = settings.certificate
    try:
        server = await serve(
            build_app(desk, admission, stream),
            settings.host,
            settings.port,
            tls=tls_context(certificate, settings.certificate_key) if certificate else None,
            on_aborted=lambda error, client: admission.record_refusal(error, client, ""),
        )
    except PortError as error:
        raise ConfigError(f"[desk] {error}") from error
    secured = " with TLS" if certificate else ""
    log.info("the desk listens on %s:%d%s", settings.host, server.port, secured)
    return OpenDesk(server, stream.changed, admission.refused)
