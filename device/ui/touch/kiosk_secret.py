"""The secret that opens the touch page, in a file that only the kiosk's user can read.

The file (the entry) is the page that the kiosk's browser starts with. It waits for the agent, then
goes to the touch page with the secret behind the `#`: no browser sends that part anywhere, and no
list of processes shows it. An agent that is restarted uses the secret that is in the file, so that
an open page reconnects by itself.
"""

import hmac
import os
import re
import secrets
from pathlib import Path

from device.errors import ConfigError
from sync.regular_file import read_regular_text

_PAGE = """<!doctype html>
<html lang="zh-CN">
<meta charset="utf-8">
<title>ratingpad</title>
<style>html {{ background: #0b2545 }}</style>
<script>
"use strict";
const page = "http://127.0.0.1:{port}/";
const secret = "{secret}";
function come() {{
  fetch(page + "here", {{ mode: "no-cors", cache: "no-store" }}).then(
    () => location.replace(page + "#" + secret),
    () => setTimeout(come, 300),
  );
}}
come();
</script>
</html>
"""

_SECRET = re.compile(r'^const secret = "([\w-]{32,})";$', re.MULTILINE)

RESTART_REQUEST = "again"
"""The file beside the entry that requests a restart of the browser."""

ENTRY_MODE = 0o640
"""Readable by the group: the kiosk's user is in the group of the folder."""


def secret_in(file: Path) -> str:
    """The secret in `file`, or a new one. Raises ConfigError when the file cannot be read."""
    try:
        found = _SECRET.search(read_regular_text(file))
    except FileNotFoundError:
        found = None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"[touch] entry_file {file} cannot be read: {error}") from error
    return found.group(1) if found else secrets.token_urlsafe(32)


def write_entry(file: Path, port: int, secret: str) -> None:
    """Write the entry as a new file, then rename it: the browser never reads half of it. Raises
    ConfigError when it cannot be written.
    """
    fresh = file.with_suffix(".new")
    try:
        fresh.unlink(missing_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
        with os.fdopen(os.open(fresh, flags, ENTRY_MODE), "w", encoding="utf-8") as opened:
            opened.write(_PAGE.format(port=port, secret=secret))
        fresh.chmod(ENTRY_MODE)
        fresh.replace(file)
    except OSError as error:
        raise ConfigError(f"[touch] entry_file {file} cannot be written: {error}") from error


def ask_for_browser(entry_file: Path) -> None:
    """Request a restart of the kiosk's browser. The agent has no right to do that itself: systemd
    waits for this file beside the entry (`hw/systemd/ratingpad-kiosk-again.path`). Raises OSError.
    """
    file = entry_file.with_name(RESTART_REQUEST)
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
    with os.fdopen(os.open(file, flags, 0o640), "w", encoding="utf-8") as opened:
        opened.write("the touch page was not seen\n")


class KioskSecret:
    """Which pages may open a WebSocket. `port`: of the touch page; until it is set, none may."""

    def __init__(self, secret: str, port: int = 0) -> None:
        self.port = port
        self._secret = secret.encode()

    def admits(self, origin: str | None, host: str | None, secret: str) -> bool:
        """Whether a page that opens a WebSocket is ours, by its origin, and has the secret."""
        is_right = hmac.compare_digest(secret.encode(errors="surrogatepass"), self._secret)
        return is_right and self.is_our_host(host) and origin == f"http://{host}"

    def is_our_host(self, host: str | None) -> bool:
        """Whether a request's Host header is our address, and not a name that was made to lead here
        (DNS rebinding).
        """
        return host == f"127.0.0.1:{self.port}"
