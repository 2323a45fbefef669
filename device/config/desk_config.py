"""The configuration's `[desk]`, and the checks of values that depend on each other.

HTTP without TLS is for this machine only: on the hall's network anybody could read the token there.
It takes a certificate, or `plain_on_lan = true`, by which the hall accepts that risk.
"""

import ipaddress
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from device.config_errors import ConfigErrors, bounds
from sync.regular_file import check_regular, read_regular_text
from sync.sentence import Sentence
from sync.system_reasons import reason
from web.origins import NULL_ORIGIN, is_origin
from web.tls import tls_context

SHORTEST_TOKEN = 16
LOOPBACK_NAME = "localhost"


class DeskConfig(msgspec.Struct, frozen=True, kw_only=True):
    """The desk's HTTP API; without this section there is none. Port 0 takes any free port.

    `token_file`: one token per line, so that an old and a new one may be valid at the same time.
    `origins`: the web pages, besides the pad's own, that may call from a browser.
    `plugin_token_file`: the tokens of the plug-in shim, which is off without it.
    `language`: of the clerk's page; without it the first one of `[pad] languages`.
    `plugin_charset`: in which old pages send their queries to it, beside UTF-8.
    """

    token_file: Annotated[Path, Meta(description="the path of a file that holds the desk's token")]
    host: Annotated[str, Meta(min_length=1, description="an address of this machine")] = "127.0.0.1"
    port: Annotated[int, bounds(0, 65_535, "a port")] = 8600
    certificate: (
        Annotated[Path, Meta(description="the path of a PEM file with the certificate chain")]
        | None
    ) = None
    certificate_key: (
        Annotated[Path, Meta(description="the path of the certificate's key")] | None
    ) = None
    plain_on_lan: bool = False
    origins: Annotated[
        tuple[str, ...], Meta(max_length=32, description='a list like ["https://win.hall.lan"]')
    ] = ()
    language: (
        Annotated[Literal["zh", "ko", "en"], Meta(description='"zh", "ko" or "en"')] | None
    ) = None
    plugin_token_file: (
        Annotated[Path, Meta(description="the path of a file that holds the plug-in's token")]
        | None
    ) = None
    plugin_charset: Literal["utf-8", "gb18030"] = "utf-8"


def is_loopback(host: str) -> bool:
    """Whether an address or name is this machine's own."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == LOOPBACK_NAME


def read_tokens(path: Path) -> tuple[str, ...]:
    """The tokens in a file, one per line, with a byte order mark before them or without. Raises
    OSError, and ValueError for one that is too short or that no HTTP header can carry.
    """
    tokens = tuple(filter(None, map(str.strip, read_regular_text(path).splitlines())))
    for token in tokens:
        if not all("!" <= character <= "~" for character in token):
            raise ValueError(
                Sentence(
                    "holds a token with a space or a character that no HTTP header can carry;"
                    " make one with `openssl rand -hex 16`"
                )
            )
    if not tokens or min(map(len, tokens)) < SHORTEST_TOKEN:
        raise ValueError(
            Sentence(
                "holds a token shorter than {count} characters;"
                " make one with `openssl rand -hex 16`",
                count=SHORTEST_TOKEN,
            )
        )
    return tokens


def check_desk(values: dict[str, Any], errors: ConfigErrors) -> None:
    """Add a line to `errors` for each mistake in `[desk]`."""
    _check_tokens(values, errors)
    _check_transport(values, errors)
    for origin in values.get("origins", ()):
        if origin != NULL_ORIGIN and not is_origin(origin):
            errors.wrong(
                "origins", origin, 'must be an origin like "https://win.hall.lan:8080", or "null"'
            )


def _check_tokens(values: dict[str, Any], errors: ConfigErrors) -> None:
    for name in ("token_file", "plugin_token_file"):
        path: Path | None = values.get(name)
        if path is None:
            continue
        try:
            read_tokens(path)
        except UnicodeDecodeError:
            errors.wrong_file(name, str(path), "cannot be read: not UTF-8")
        except OSError as error:
            errors.wrong_file(
                name, str(path), Sentence("cannot be read: {reason}", reason=reason(error))
            )
        except ValueError as error:
            errors.wrong_file(name, str(path), reason(error))


def _check_transport(values: dict[str, Any], errors: ConfigErrors) -> None:
    host, certificate = values.get("host"), values.get("certificate")
    key = values.get("certificate_key")
    if certificate is None and key is not None:
        errors.wrong("certificate_key", str(key), "is of no use without `certificate`")
    elif certificate is not None:
        try:
            for file in filter(None, (certificate, key)):
                check_regular(file)
            tls_context(certificate, key)
        except OSError as error:
            errors.wrong_file(
                "certificate",
                str(certificate),
                Sentence("cannot be used with its key: {reason}", reason=reason(error)),
            )
        if values.get("plain_on_lan"):
            errors.wrong("plain_on_lan", True, "there is a certificate; take out one of the two")
    elif host is not None and not is_loopback(host) and not values.get("plain_on_lan"):
        errors.wrong(
            "host",
            host,
            "the token would cross the hall's network in the clear; give a `certificate`,"
            " or say `plain_on_lan = true`",
        )
