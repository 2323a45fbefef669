"""The way in: a secret in a file that the kiosk's user can read, and nobody else.

The file is a page with which the kiosk's browser begins. It waits for the agent, then leads to the
touch page with the secret behind the `#`, which no browser sends anywhere and no list of processes
shows. An agent that starts again takes the secret that stands there, so that a page which is open
comes back by itself.
"""

import hmac
import os
import re
import secrets
from pathlib import Path

from device.errors import ConfigError

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

AGAIN = "again"
"""The file beside the entry that asks for another start of the browser."""

READABLE = 0o640
"""By its group: the kiosk's user is in the group of the folder."""


def secret_in(file: Path) -> str:
    """The secret that stands in `file`, or a new one. Raises ConfigError when it cannot be read."""
    try:
        found = _SECRET.search(file.read_text("utf-8"))
    except FileNotFoundError:
        found = None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"[touch] entry_file {file} cannot be read: {error}") from error
    return found.group(1) if found else secrets.token_urlsafe(32)


def write_entry(file: Path, port: int, secret: str) -> None:
    """Make the entry: beside, then renamed. Raises ConfigError when it cannot be written."""
    fresh = file.with_suffix(".new")
    try:
        fresh.unlink(missing_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
        with os.fdopen(os.open(fresh, flags, READABLE), "w", encoding="utf-8") as opened:
            opened.write(_PAGE.format(port=port, secret=secret))
        fresh.chmod(READABLE)
        fresh.replace(file)
    except OSError as error:
        raise ConfigError(f"[touch] entry_file {file} cannot be written: {error}") from error


def ask_for_browser(entry_file: Path) -> None:
    """Have the kiosk's browser started again, which the agent may not do itself: systemd waits for
    this file beside the entry (`hw/systemd/ratingpad-kiosk-again.path`). Raises OSError.
    """
    entry_file.with_name(AGAIN).write_text("the touch page was not seen\n", "utf-8")


class KioskSecret:
    """Who may come in. `port`: the page's own, to which the browser must say that it belongs; until
    it is known nobody may.
    """

    def __init__(self, secret: str, port: int = 0) -> None:
        self.port = port
        self._secret = secret.encode()

    def admits(self, origin: str | None, host: str | None, shown: str) -> bool:
        """Whether the page that opens a WebSocket is ours, by its origin, and knows the secret."""
        knows = hmac.compare_digest(shown.encode(errors="replace"), self._secret)
        return knows and self.is_ours(host) and origin == f"http://{host}"

    def is_ours(self, host: str | None) -> bool:
        """Whether a request was meant for this address, and not for a name that leads here."""
        return host == f"127.0.0.1:{self.port}"
