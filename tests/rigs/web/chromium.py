"""Debian's Chromium, driven by Playwright."""

import contextlib
import os
import shutil
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Browser

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")


@contextlib.contextmanager
def chromium(env: Mapping[str, str] | None = None) -> Iterator["Browser"]:
    """A browser without a window, `env` added to its environment."""
    from playwright.sync_api import sync_playwright

    program = next(filter(None, map(shutil.which, PROGRAMS)))
    with sync_playwright() as play:
        browser = play.chromium.launch(
            executable_path=program,
            args=["--no-sandbox", "--disable-gpu"],
            env={**os.environ, **(env or {})},
        )
        yield browser
        browser.close()
