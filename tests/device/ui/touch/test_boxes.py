"""No box ever stands on the touch page in place of a sign: what it says, its own letters write."""

import asyncio
import io
import re
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from fontTools.ttLib import TTFont

from device.config.config import load
from device.drivers.registry import build_board
from device.errors import PadCode
from device.events import Scene
from device.output.touch_output import TouchOutput
from device.session.session import Session, Timing
from device.system.clock import TrustedClock
from device.ui.touch.page_state import PadView, PageChoices
from sync.messages import Settings
from tests.rigs.time.wait import until
from tests.rigs.web.kiosk import Kiosk, browser
from tests.rigs.web.touch_page import STATES, TouchPage

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.browser

EVERY = {**STATES, "fault": PadView(Scene.FAULT, PadCode.LEDGER_FULL)}
VIEWS = (PageChoices(), PageChoices(english=True))
SIZE = (1024, 600)
RARE: dict[str, Any] = {
    "hall": "𡎚䶮县政务服务中心",
    "notices": ("請到㙟𬭚窗口", "서울 ①②"),
    "clerk": "李𠮷彧",
    "window": "婚姻3",
}
"""Signs that few texts have, and the pad's font has."""


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator["Browser"]:
    with browser(tmp_path_factory.mktemp("browser")) as one:
        yield one


WRITTEN = """async () => {
  const written = [];
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const style = getComputedStyle(walk.currentNode.parentElement);
    written.push([style.fontFamily.match(/Pad [\\w-]+/g) || [], walk.currentNode.textContent]);
  }
  return [written, await (await fetch("/fonts.css")).text()];
}"""
"""What stands on the page, seen or not, and the families that each text is written in."""

FONT = "async (url) => [...new Uint8Array(await (await fetch(url)).arrayBuffer())]"


def boxes(kiosk: Kiosk, known: dict[str, set[str]]) -> set[str]:
    """The signs on the page that its own letters do not have. A kiosk has no other font for them,
    and the browser does not tell: a box is a glyph like any other. `known`: what was read of fonts.
    """
    written, style = kiosk.page.evaluate(WRITTEN)
    families = dict(re.findall(r'"(Pad [^"]+)"; src: url\("([^"]+)', style))
    for url in set(families.values()) - set(known):
        with TTFont(io.BytesIO(bytes(kiosk.page.evaluate(FONT, url)))) as font:
            known[url] = set(map(chr, font.getBestCmap())) | {"\n"}
    return {
        sign
        for names, text in written
        for sign in set(text).difference(
            *(known[families[one]] for one in names if one in families)
        )
    }


@pytest.mark.parametrize("languages", [("zh",), ("ko", "zh")], ids=str)
def test_rare_characters_are_in_the_pages_own_font_in_every_state(
    chromium: "Browser", tmp_path: Path, languages: tuple[str, ...]
) -> None:
    room = TouchPage(tmp_path, languages, **RARE)
    kiosk = Kiosk(chromium, room.entry, SIZE)
    kiosk.see("standby")
    boxed, known = {}, dict[str, set[str]]()
    for name, now in EVERY.items():
        for view in VIEWS:
            number = room.stand(now._replace(window=now.window and RARE["window"]), view)
            kiosk.page.wait_for_function(
                "(n) => document.documentElement.dataset.number === n", arg=str(number)
            )
            if found := boxes(kiosk, known):
                boxed[name, view.english] = found
    assert boxed == {}
    kiosk.close()
    room.stop()


def test_control_a_character_that_no_font_has_is_noticed(
    chromium: "Browser", tmp_path: Path
) -> None:
    room = TouchPage(tmp_path, ("zh",), hall="延吉😀")
    kiosk = Kiosk(chromium, room.entry, SIZE)
    kiosk.see("standby")
    assert boxes(kiosk, {}) == {"😀"}
    kiosk.close()
    room.stop()


class Pad:
    """The touch page as the agent has it, on a loop of its own, without a window of its own."""

    def __init__(self, folder: Path) -> None:
        self.entry = folder / "entry.html"
        file = folder / "pad.toml"
        file.write_text(
            '[pad]\nid = "pad-1"\nboard = "simulated-touch"\n[ledger]\npath = "l.db"\n'
            f'[touch]\nentry_file = "{self.entry}"\nport = 0\npx_per_mm = 6.65\n'
        )
        config = load(file)
        board = build_board(config.profile, config.board)
        self.session = Session("", Timing(), bound=False)
        self.touching = TouchOutput(config, TrustedClock(board.boot, board.wall), None)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def on_loop(self, do: Callable[[], Any]) -> Any:
        async def call() -> Any:
            made = do()
            return await made if asyncio.iscoroutine(made) else made

        return asyncio.run_coroutine_threadsafe(call(), self._loop).result(20)

    def start(self) -> None:
        def ignore(_: object) -> None: ...

        self.on_loop(lambda: self.touching.open("", ignore))
        self.on_loop(lambda: self.touching.bind(self.session, ignore, lambda: None, ignore))
        self.on_loop(lambda: self.touching.show(Scene.UNBOUND, None))

    def bind(self, window: str) -> None:
        """The province has named the window, and a second has gone by."""
        self.on_loop(lambda: self.touching.apply_settings(Settings(window=window)))
        self.on_loop(lambda: self.touching.show(Scene.STANDBY, None))
        self.on_loop(lambda: self.touching.again(None))

    def title(self) -> str:
        """The window that the page is told to show."""
        page = self.touching._page
        assert page is not None
        state = self.on_loop(page.refresh)
        return str(state.window)

    def stop(self) -> None:
        self.on_loop(self.touching.stop)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


@pytest.fixture
def pad(tmp_path: Path) -> Iterator[Pad]:
    one = Pad(tmp_path)
    one.start()
    yield one
    one.stop()


def test_a_window_that_the_province_names_is_shown_once_its_font_is_ready(
    chromium: "Browser", pad: Pad
) -> None:
    kiosk = Kiosk(chromium, pad.entry, SIZE)
    kiosk.see("unbound")
    pad.bind("婚姻2")
    assert "婚姻" not in pad.title(), "its signs are not there yet"
    kiosk.page.wait_for_selector('h1:has-text("婚姻2")')
    assert boxes(kiosk, {}) == set()
    pad.bind("5")
    assert "5" in pad.title(), "what needs no letters stands there at once"
    kiosk.close()


def test_a_new_window_name_does_not_reopen_the_page_during_an_invitation(
    chromium: "Browser", pad: Pad
) -> None:
    kiosk = Kiosk(chromium, pad.entry, SIZE)
    pad.bind("3")
    kiosk.see("standby")
    opened = pad.touching._open
    pad.on_loop(lambda: pad.touching.show(Scene.INVITATION, None))
    pad.on_loop(lambda: pad.touching.apply_settings(Settings(window="税务")))
    pad.on_loop(lambda: pad.touching.again(None))
    not_yet = pad.touching._reopening
    assert not_yet is None

    def a_citizen_comes_at_once() -> None:
        pad.touching.show(Scene.STANDBY, None)
        pad.touching.again(None)
        pad.touching.show(Scene.INVITATION, None)

    pad.on_loop(a_citizen_comes_at_once)
    assert pad.touching._reopening is not None
    until(lambda: pad.touching._reopening is None, 20, "the letters are cut")
    assert pad.touching._open is opened, "the citizen came while they were being cut"
    pad.bind("税务")
    until(lambda: pad.touching._open is not opened, 20, "and now there is time")
    kiosk.close()
