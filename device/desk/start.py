"""Opens the HTTP desk of a configuration: its rules, its app, its port.

Called by the agent, which imports it only when there is a `[desk]`.
"""

import logging
import socket
import ssl
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from device.config.desk_config import DeskConfig as Settings
from device.config.desk_config import read_tokens
from device.desk.admission import Admission
from device.desk.clerk_words import Language
from device.desk.event_stream import EventStream
from device.desk.http import build_app
from device.desk.pages import PUBLIC
from device.errors import ConfigError
from device.loop_bridge import in_daemon_thread
from device.os_errors import explain
from device.ports import Desk
from sync.regular_file import check_regular
from web.refusal_log import RefusalLog
from web.server import PortError, WebServer, serve
from web.tls import tls_context

log = logging.getLogger(__name__)


class OpenDesk(NamedTuple):
    """An open desk. `changed` is to be called on the loop after every event at the pad."""

    server: WebServer
    changed: Callable[[], None]
    refused: RefusalLog


class _Secrets(NamedTuple):
    """What the files of `[desk]` hold."""

    tokens: tuple[str, ...]
    plugin_tokens: tuple[str, ...]
    tls: ssl.SSLContext | None


async def open_desk(settings: Settings, desk: Desk, language: Language = "zh") -> OpenDesk:
    """Open it. `language`: of the clerk's page, where `[desk]` names none. Raises ConfigError when
    the port cannot be listened on, or a file cannot be used.
    """
    secrets = await in_daemon_thread(partial(_read_files, settings), "desk-files")
    address = await in_daemon_thread(partial(_address, settings), "desk-address")
    admission = Admission(
        secrets.tokens, origins=settings.origins, plugin_tokens=secrets.plugin_tokens, public=PUBLIC
    )
    stream = EventStream(desk)
    try:
        server = await serve(
            build_app(
                desk, admission, stream, settings.plugin_charset, settings.language or language
            ),
            address,
            settings.port,
            tls=secrets.tls,
            on_refused=lambda error, client: admission.record_refusal(error, client, ""),
        )
    except PortError as error:
        raise ConfigError(f"[desk] {error}") from error
    secured = " with TLS" if secrets.tls else ""
    log.info("the desk listens on %s:%d%s", settings.host, server.port, secured)
    return OpenDesk(server, stream.changed, admission.refused)


def _read_files(settings: Settings) -> _Secrets:
    """Read them; on a thread, for a card that does not answer."""
    plugin, certificate = settings.plugin_token_file, settings.certificate
    name, file = "token_file", settings.token_file
    try:
        tokens = read_tokens(file)
        plugin_tokens: tuple[str, ...] = ()
        tls = None
        if plugin is not None:
            name, file = "plugin_token_file", plugin
            plugin_tokens = read_tokens(plugin)
        if certificate is not None:
            name, file = "certificate", certificate
            for part in filter(None, (certificate, settings.certificate_key)):
                check_regular(part)
            tls = tls_context(certificate, settings.certificate_key)
    except OSError as error:
        why = explain(error)
        where = name if str(file) in why else f"{name} {file}"
        raise ConfigError(f"[desk] {where}: {why}") from error
    except ValueError as error:
        raise ConfigError(f"[desk] {name} {file}: {error}") from error
    return _Secrets(tokens, plugin_tokens, tls)


def _address(settings: Settings) -> str:
    """The address of `host`, which may be a name; a name server may take its time."""
    try:
        found = socket.getaddrinfo(settings.host, settings.port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise ConfigError(f"[desk] host {settings.host}: {error.strerror or error}") from error
    return str(found[0][4][0])
