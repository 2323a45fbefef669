"""A kiosk: the real Chromium, with touch, on a machine that has one Latin font and no other.

Its requests are recorded, so that a test can show that nothing leaves loopback.
"""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tests.rigs.web.chromium import chromium

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, CDPSession, Page

LATIN = "/usr/share/fonts/truetype/dejavu"
"""Debian's Chromium never comes without these."""


@contextlib.contextmanager
def browser(folder: Path, fonts: Path | None = None) -> Iterator["Browser"]:
    """Chromium as on a kiosk: it has no Chinese or Korean font but the agent's.

    With `fonts`, a folder of fonts, as on an office's computer.
    """
    folder.mkdir(parents=True, exist_ok=True)
    config = folder / "fonts.conf"
    folders = "".join(f"<dir>{path}</dir>" for path in (LATIN, fonts) if path)
    config.write_text(f"<fontconfig>{folders}<cachedir>{folder / 'fonts'}</cachedir></fontconfig>")
    with chromium({"FONTCONFIG_FILE": str(config)}) as running:
        yield running


class Kiosk:
    """One screen of `size` pixels, which began at the entry."""

    def __init__(
        self,
        chromium: "Browser",
        entry: Path,
        size: tuple[int, int] = (800, 480),
        *,
        scale: float = 1,
        timeout_ms: float = 60_000,
    ) -> None:
        self.context: BrowserContext = chromium.new_context(
            viewport={"width": size[0], "height": size[1]},
            has_touch=True,
            device_scale_factor=scale,
        )
        self.page: Page = self.context.new_page()
        self.page.set_default_timeout(timeout_ms)
        self.asked: list[str] = []
        self.complaints: list[str] = []
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.on("websocket", lambda socket: self.asked.append(socket.url))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.goto(entry.as_uri())
        self._cdp: CDPSession | None = None

    def see(self, scene: str) -> None:
        """Wait until a scene is shown, in its own fonts."""
        self.page.wait_for_selector(f"html.{scene}")
        self.page.evaluate("document.fonts.ready")

    @property
    def scene(self) -> str:
        """The scene that is shown; `lost` without an agent."""
        return str(self.page.evaluate("document.documentElement.className.split(' ')[0]"))

    def read(self) -> None:
        """Wait as long as a face ignores touches after it was drawn (0.3 s)."""
        self.page.wait_for_timeout(350)

    def middle(self, key: str) -> tuple[float, float]:
        """The middle of a face."""
        box = self.page.locator(f'[data-key="{key}"]').bounding_box()
        assert box is not None, key
        return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2

    def fingers(self, kind: str, *points: tuple[float, float]) -> None:
        """Touch points: `touchStart` with all that are down, `touchEnd` with those that stay."""
        if self._cdp is None:
            self._cdp = self.context.new_cdp_session(self.page)
        where = [{"x": x, "y": y, "id": at} for at, (x, y) in enumerate(points)]
        self._cdp.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": where})

    def elsewhere(self) -> list[str]:
        """The requests to any other machine, or to another port of this one."""
        home = urlsplit(self.page.url).netloc
        return [
            url
            for url in self.asked
            if urlsplit(url).scheme not in ("file", "data") and urlsplit(url).netloc != home
        ]

    def close(self) -> None:
        """Close the page."""
        self.context.close()
