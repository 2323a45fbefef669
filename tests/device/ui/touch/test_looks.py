"""The touch page in the real Chromium: every state, in every language, on every screen.

Golden pictures are written anew with RATINGPAD_GOLDENS=write (`tests/rigs/web/image_compare.py`).
"""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from axe_playwright_python.sync_playwright import Axe
from PIL import Image

from device.errors import PadCode
from device.events import Scene
from device.ui.touch.page_state import PadView, PageChoices
from device.ui.touch.sizes import TARGET_MM, TEXT_MM
from sync.entries import Level
from tests.rigs.time.wait import until
from tests.rigs.web.image_compare import looks_different, matches_golden
from tests.rigs.web.kiosk import Kiosk, browser
from tests.rigs.web.page_measure import FONTS, MISPLACED, TOO_SMALL
from tests.rigs.web.touch_page import HALL, STATES, TouchPage

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

GOLDEN = Path(__file__).parent / "golden"
SCREENS = {(800, 480): 5.19, (1024, 600): 6.65, (1280, 800): 5.9}
"""Pixels, and how many of them are a millimetre: 7, 7 and 10.1 inch."""

EVERY: dict[str, PadView] = {
    **STATES,
    "noted": STATES["standby"]._replace(code=PadCode.CLOCK_UNKNOWN),
    "fault": PadView(Scene.FAULT, PadCode.LEDGER_FULL, window="3"),
}
VIEWS = {
    "": PageChoices(),
    "large": PageChoices(large=True),
    "english": PageChoices(english=True),
    "english-large": PageChoices(english=True, large=True),
    "contrast": PageChoices(contrast=True),
}
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa", "best-practice"]


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator["Browser"]:
    with browser(tmp_path_factory.mktemp("browser")) as one:
        yield one


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the pages keep their letters: cutting them takes longer than any test here."""
    return tmp_path_factory.mktemp("pages")


def photo(folder: Path) -> Path:
    """A face that belongs to nobody."""
    picture = Image.new("RGB", (120, 160), "#9db4d0")
    picture.paste("#f1d3b8", (35, 25, 85, 90))
    picture.paste("#26405f", (15, 100, 105, 160))
    picture.save(folder / "photo.png")
    return folder / "photo.png"


class Show:
    """A page and the screen that it is on."""

    def __init__(
        self,
        chromium: "Browser",
        folder: Path,
        size: tuple[int, int],
        languages: tuple[str, ...] = ("zh", "ko"),
        *,
        scale: float = 1,
        mm: float = 0,
        hall: str = HALL,
    ) -> None:
        mm = mm or SCREENS.get(size) or SCREENS[size[1], size[0]]
        own = folder / "-".join(languages)
        own.mkdir(exist_ok=True, parents=True)
        self.room = TouchPage(own, languages, mm=mm * scale, photo=photo(own), hall=hall)
        self.kiosk = Kiosk(chromium, self.room.entry, size, scale=scale)
        self.kiosk.see("standby")

    def stand(self, name: str, view: PageChoices | None = None) -> None:
        """Let a state stand there, as a citizen wished to see it."""
        number = self.room.stand(EVERY[name], view or PageChoices())
        self.kiosk.page.wait_for_function(
            "(n) => document.documentElement.dataset.number === n", arg=str(number)
        )

    def close(self) -> None:
        self.kiosk.close()
        self.room.stop()


def both_ways(size: tuple[int, int]) -> tuple[tuple[int, int], tuple[int, int]]:
    return size, (size[1], size[0])


@pytest.mark.parametrize(
    ("size", "languages"),
    [
        *((way, ("zh", "ko")) for size in SCREENS for way in both_ways(size)),
        *((way, ("zh",)) for way in both_ways((800, 480))),
        *((way, ("ko", "zh")) for way in both_ways((800, 480))),
    ],
    ids=str,
)
def test_everything_fits_and_is_large_enough(
    chromium: "Browser", folder: Path, size: tuple[int, int], languages: tuple[str, ...]
) -> None:
    show = Show(chromium, folder, size, languages)
    complaints = {}
    for name in EVERY:
        for wish, view in VIEWS.items():
            show.stand(name, view)
            found = show.kiosk.page.evaluate(MISPLACED)
            found += show.kiosk.page.evaluate(TOO_SMALL, [TARGET_MM, TEXT_MM])
            if found:
                complaints[name, wish] = found
    assert complaints == {}
    assert show.kiosk.page.evaluate(FONTS) == []
    # The controls: what is too small or in the way is noticed.
    show.stand("invitation")
    show.kiosk.page.evaluate("document.querySelector('.face').style.margin = '-30px'")
    assert show.kiosk.page.evaluate(MISPLACED) != []
    show.kiosk.page.evaluate("document.querySelector('h1').style.fontSize = '12px'")
    assert show.kiosk.page.evaluate(TOO_SMALL, [TARGET_MM, TEXT_MM]) != []
    assert show.kiosk.elsewhere() == []
    assert show.kiosk.complaints == []
    show.close()


PLACES = """() => [...document.querySelectorAll(".face .picture")].map((one) => {
  const box = one.getBoundingClientRect();
  return [box.x, box.y, box.width, box.height].map((side) => Math.round(10 * side) / 10);
})"""


@pytest.mark.parametrize("size", [way for size in SCREENS for way in both_ways(size)], ids=str)
def test_a_face_has_one_size_and_one_place(
    chromium: "Browser", folder: Path, size: tuple[int, int]
) -> None:
    """In every state, setting and language: a finger that has learned the place finds it."""
    places = {}
    for languages in (("zh", "ko"), ("zh",), ("ko", "zh")):
        show = Show(chromium, folder, size, languages)
        show.kiosk.page.emulate_media(reduced_motion="reduce")
        for name in ("invitation", "saving", "thanks", "corrected", "selftest"):
            for wish, view in VIEWS.items():
                show.stand(name, view)
                places[languages, name, wish] = tuple(map(tuple, show.kiosk.page.evaluate(PLACES)))
        show.close()
    assert len(set(places.values())) == 1
    (faces,) = set(places.values())
    assert len(faces) == len(Level)
    assert len({face[2:] for face in faces}) == 1, "one size"
    least = SCREENS.get(size, 0) * 23.5 or SCREENS[size[1], size[0]] * 16
    assert faces[0][2] >= least, "as large as the card allows"


@pytest.mark.parametrize("size", both_ways((800, 480)), ids=str)
def test_a_page_on_a_screen_that_is_smaller_than_it_was_told_fits_and_says_so(
    chromium: "Browser", folder: Path, size: tuple[int, int]
) -> None:
    show = Show(chromium, folder, size, mm=5.9)
    complaints = {}
    for name in EVERY:
        for wish, view in VIEWS.items():
            show.stand(name, view)
            if found := show.kiosk.page.evaluate(MISPLACED):
                complaints[name, wish] = found
    assert complaints == {}
    show.kiosk.page.reload()
    show.kiosk.see("fault")
    until(lambda: show.room.shown and not show.room.shown.fits, 20, "the page says so")
    assert show.room.shown is not None
    assert "by px_per_mm" in show.room.shown.misfit
    show.close()


@pytest.mark.parametrize(("hall", "fits"), [("延边州政务服务大厅", True), ("政务" * 60, False)])
def test_a_text_that_is_too_long_is_told(
    chromium: "Browser", folder: Path, hall: str, fits: bool
) -> None:
    show = Show(chromium, folder / "long", (800, 480), hall=hall)
    show.kiosk.page.clock.install()
    show.stand("paused")
    show.stand("standby")
    show.kiosk.page.clock.run_for(10_500)
    until(lambda: show.room.shown and show.room.shown.fits is fits, 20, "the page says so")
    show.close()


def test_a_page_without_its_agent_sends_the_citizen_to_the_staff(
    chromium: "Browser", folder: Path
) -> None:
    show = Show(chromium, folder, (800, 480))
    page = show.kiosk.page
    page.clock.install()
    show.room.stop()
    show.kiosk.see("lost")
    assert page.locator("#lost p:visible").first.inner_text() == "请稍候"
    page.clock.run_for(30_500)
    assert page.locator("#lost p:visible").first.inner_text() == "请联系工作人员"
    show.kiosk.close()


def test_the_time_to_correct_is_counted_down(chromium: "Browser", folder: Path) -> None:
    show = Show(chromium, folder, (800, 480))
    page = show.kiosk.page
    page.clock.install()
    show.stand("invitation")
    show.stand("thanks")
    assert page.locator(".seconds").text_content() == "8"
    page.clock.run_for(3_000)
    assert page.locator(".seconds").text_content() == "5"
    page.clock.run_for(60_000)
    assert page.locator(".seconds").text_content() == "0"
    show.close()


def test_a_dense_screen_is_no_smaller(chromium: "Browser", folder: Path) -> None:
    """Two of the screen's pixels to one of the browser's: the same millimetres."""
    show = Show(chromium, folder, (800, 480), scale=2)
    show.stand("invitation")
    box = show.kiosk.page.locator(".face").first.bounding_box()
    assert box is not None
    assert box["width"] / 5.19 >= TARGET_MM
    show.close()


def test_axe_finds_nothing_against_wcag(chromium: "Browser", folder: Path) -> None:
    show = Show(chromium, folder, (1024, 600))
    axe = Axe()
    options = {"runOnly": {"type": "tag", "values": RULES}}
    found = {}
    for name in EVERY:
        for wish in ("", "contrast", "english"):
            show.stand(name, VIEWS[wish])
            told = axe.run(show.kiosk.page, options=options)
            if told.response["violations"]:
                found[name, wish] = told.generate_report()
    assert found == {}
    show.kiosk.page.evaluate("document.querySelector('h1').style.color = '#ddd'")
    assert axe.run(show.kiosk.page, options=options).response["violations"] != [], "the control"
    show.close()


def test_the_page_can_be_used_without_fingers(chromium: "Browser", folder: Path) -> None:
    show = Show(chromium, folder, (800, 480))
    show.stand("invitation")
    keyboard = show.kiosk.page.keyboard
    show.kiosk.read()
    keyboard.press("Tab")
    keyboard.press("Tab")
    assert show.kiosk.page.evaluate("document.activeElement.dataset.key") == "satisfied"
    outline = show.kiosk.page.evaluate("getComputedStyle(document.activeElement).outlineWidth")
    assert float(outline.removesuffix("px")) >= 3, "it is seen where one is"
    keyboard.press("Enter")
    show.room.wait_for(1)
    assert getattr(show.room.happened[0], "key", "") == "satisfied"
    show.close()


def test_nothing_moves_for_those_whom_it_makes_dizzy(chromium: "Browser", folder: Path) -> None:
    show = Show(chromium, folder, (800, 480))
    show.kiosk.page.emulate_media(reduced_motion="reduce")
    for name in EVERY:
        show.stand(name)
        assert show.kiosk.page.evaluate("document.getAnimations().length") == 0
    show.close()


def test_notices_take_turns_until_they_are_held(chromium: "Browser", folder: Path) -> None:
    show = Show(chromium, folder, (800, 480))
    page = show.kiosk.page
    page.clock.install()
    show.stand("paused")
    show.stand("standby")

    def seen() -> str:
        return page.locator(".notice:visible").inner_text()

    first = seen()
    page.clock.run_for(10_500)
    second = seen()
    assert first != second
    page.tap("[data-turning]")
    page.clock.run_for(60_000)
    assert seen() == second
    show.close()


PLAYED = "addEventListener('mousedown', () => (window.played = (window.played ?? 0) + 1), true)"


def test_no_mouse_is_played_after_a_touch(chromium: "Browser", folder: Path) -> None:
    """It would draw a frame of its own between the finger's lifting and thanks."""
    show = Show(chromium, folder, (800, 480))
    show.stand("invitation")
    page = show.kiosk.page
    bare = show.kiosk.context.new_page()
    bare.set_content("<button>x</button>")
    for one, target in ((page, '[data-key="satisfied"]'), (bare, "button")):
        one.evaluate(PLAYED)
        one.bring_to_front()
        one.tap(target)
    assert page.evaluate("window.played ?? 0") == 0
    assert bare.evaluate("window.played ?? 0") == 1, "the control: a page that lets it be played"
    show.close()


def test_a_page_that_is_loaded_anew_stands_where_it_stood(
    chromium: "Browser", folder: Path
) -> None:
    show = Show(chromium, folder, (800, 480))
    for name, now in EVERY.items():
        show.stand(name)
        before = show.kiosk.page.inner_html("#page")
        show.kiosk.page.reload()
        show.kiosk.see(now.scene.value)
        assert show.kiosk.page.inner_html("#page") == before, name
    assert show.kiosk.complaints == []
    show.close()


# --- golden pictures ---------------------------------------------------------------------------


LOOKS: dict[tuple[tuple[int, int], tuple[str, ...]], list[tuple[str, str]]] = {
    ((800, 480), ("zh", "ko")): [
        *((name, wish) for name in EVERY for wish in ("", "english")),
        ("invitation", "large"),
        ("invitation", "contrast"),
    ],
    ((800, 480), ("zh",)): [(name, "") for name in EVERY],
    ((480, 800), ("zh", "ko")): [
        (name, "") for name in ("standby", "invitation", "thanks", "details")
    ],
    ((1280, 800), ("ko", "zh")): [("standby", ""), ("invitation", "")],
    ((1024, 600), ("zh", "ko")): [("invitation", "english-large"), ("details", "")],
}


DRAWN = """async () => {
  await document.fonts.ready;
  await Promise.all([...document.images].map((one) => one.decode()));
}"""


@pytest.mark.parametrize(("size", "languages"), LOOKS)
def test_the_page_looks_as_it_did(
    chromium: "Browser", folder: Path, size: tuple[int, int], languages: tuple[str, ...]
) -> None:
    show = Show(chromium, folder, size, languages)
    show.kiosk.page.emulate_media(reduced_motion="reduce")
    changed = []
    for name, wish in LOOKS[size, languages]:
        show.stand(name, VIEWS[wish])
        show.kiosk.page.evaluate(DRAWN)
        file = GOLDEN / f"{'-'.join(filter(None, (*languages, name, wish, str(size[0]))))}.png"
        if not matches_golden(show.kiosk.page.screenshot(), file):
            changed.append(file.name)
    assert changed == []
    show.close()


def test_a_face_that_vanished_would_be_noticed() -> None:
    """The control."""
    with Image.open(GOLDEN / "zh-ko-invitation-800.png") as golden:
        picture = golden.convert("RGB")
    assert not looks_different(picture, picture)
    without = picture.copy()
    ground = without.getpixel((30, 200))
    assert isinstance(ground, tuple)
    without.paste(ground, (300, 180, 400, 290))
    assert looks_different(picture, without)
    with Image.open(GOLDEN / "zh-invitation-800.png") as other:
        assert looks_different(picture, other.convert("RGB"))
