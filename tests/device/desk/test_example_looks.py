"""The example pages as somebody sees them who opens one: whole, readable, in words."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from axe_playwright_python.sync_playwright import Axe

from device.ui.fonts import font_file
from tests.rigs.source.source_tree import ROOT
from tests.rigs.web.contrast import CONTRAST
from tests.rigs.web.image_compare import matches_golden
from tests.rigs.web.kiosk import browser
from tests.rigs.web.page_measure import UNFIT

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser

GOLDEN = Path(__file__).parent / "golden"
PAGES = ("examples/window-system", "examples/plugin", "terminal/terminal")
SCREENS = ((800, 480), (1280, 800))
TARGET_PX, TEXT_PX = 34, 18
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa"]


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator["Browser"]:
    with browser(tmp_path_factory.mktemp("browser"), fonts=font_file().parent) as one:
        yield one


def opened(chromium: "Browser", name: str, size: tuple[int, int]) -> "Page":
    """The page with the client, at a pad that never answers."""
    page = chromium.new_page(viewport={"width": size[0], "height": size[1]})
    client = (ROOT / "device" / "desk" / "static" / "ratingpad.js").read_text("utf-8")
    page.route("http://127.0.0.1:8600/**", lambda route: route.abort())
    page.route("**/ratingpad.js", lambda route: route.fulfill(body=client))
    page.goto((ROOT / "docs" / f"{name}.html").as_uri())
    return page


@pytest.mark.parametrize("size", SCREENS, ids=str)
@pytest.mark.parametrize("name", PAGES)
def test_an_example_fits_and_weak_eyes_can_read_it(
    chromium: "Browser", name: str, size: tuple[int, int]
) -> None:
    page = opened(chromium, name, size)
    assert page.evaluate(UNFIT, [TARGET_PX, TEXT_PX]) == []
    assert page.evaluate(CONTRAST) == []
    options = {"runOnly": {"type": "tag", "values": RULES}}
    told = Axe().run(page, options=options)
    assert told.response["violations"] == [], told.generate_report()
    if size == SCREENS[0]:
        assert matches_golden(page.screenshot(), GOLDEN / f"{name.partition('/')[2]}-{size[0]}.png")
    page.evaluate("document.documentElement.removeAttribute('lang')")
    assert Axe().run(page, options=options).response["violations"] != [], "the control"
    page.close()


def test_a_terminal_that_cannot_ask_says_so_in_words(chromium: "Browser") -> None:
    page = opened(chromium, "terminal/terminal", (800, 480))
    page.click("#done")
    page.wait_for_selector('#says:text-is("本次不评价，请继续")')
    page.close()
