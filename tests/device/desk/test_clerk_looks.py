"""The clerk's page in every state, on every screen of an office; her hands on the keyboard."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from axe_playwright_python.sync_playwright import Axe
from PIL import Image

from device.ui.fonts import font_file
from tests.rigs.web.clerk_page import STATES, TEN, ClerkPage
from tests.rigs.web.contrast import CONTRAST
from tests.rigs.web.image_compare import looks_different, matches_golden
from tests.rigs.web.kiosk import browser
from tests.rigs.web.page_measure import UNFIT

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.browser

GOLDEN = Path(__file__).parent / "golden"
SCREENS = (
    (360, 640),
    (480, 800),
    (800, 480),
    (1024, 600),
    (1280, 800),
    (1366, 768),
    (1920, 1080),
)
TARGET_PX, TEXT_PX = 34, 15
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa", "best-practice"]
AT_ONCE = ["#case", "#invite", "#pause", "#problem", "#now", "#withdraw", "#again"]
"""What a clerk sees without scrolling, on every screen, when it is there at all."""

OUT_OF_SIGHT = """(names) => names.filter((name) => {
  const one = document.querySelector(name);
  return one.checkVisibility() && one.getBoundingClientRect().bottom > innerHeight;
})"""


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator["Browser"]:
    with browser(tmp_path_factory.mktemp("browser"), fonts=font_file().parent) as one:
        yield one


@pytest.fixture
def clerk(chromium: "Browser") -> Iterator[ClerkPage]:
    one = ClerkPage(chromium)
    yield one
    assert one.complaints == []
    one.close()


# --- what she sees -----------------------------------------------------------------------------


def on(one: ClerkPage, size: tuple[int, int]) -> None:
    """The same page on another screen, from its top."""
    one.page.set_viewport_size({"width": size[0], "height": size[1]})
    one.page.evaluate("scrollTo(0, 0)")


def test_nothing_is_cut_off_and_what_counts_is_seen_at_once(clerk: ClerkPage) -> None:
    complaints = {}
    for name, show in STATES.items():
        show(clerk)
        for size in SCREENS:
            on(clerk, size)
            found = clerk.page.evaluate(UNFIT, [TARGET_PX, TEXT_PX])
            found += clerk.page.evaluate(OUT_OF_SIGHT, AT_ONCE)
            if found:
                complaints[name, size] = found
    assert complaints == {}
    # The controls: what does not fit is noticed.
    clerk.page.add_style_tag(content="#case { min-width: 3000px } #says { font-size: 9px }")
    for size in SCREENS:
        on(clerk, size)
        assert len(clerk.page.evaluate(UNFIT, [TARGET_PX, TEXT_PX])) >= 3, size
    clerk.page.add_style_tag(content="#case { margin-top: 3000px }")
    for size in SCREENS:
        on(clerk, size)
        assert "#case" in clerk.page.evaluate(OUT_OF_SIGHT, AT_ONCE), size


def test_axe_finds_nothing_and_weak_eyes_can_read(clerk: ClerkPage) -> None:
    axe = Axe()
    options = {"runOnly": {"type": "tag", "values": RULES}}
    found = {}
    for name, show in STATES.items():
        show(clerk)
        for size in ((360, 640), (1024, 600)):
            on(clerk, size)
            told = axe.run(clerk.page, options=options)
            faint = clerk.page.evaluate(CONTRAST)
            if told.response["violations"] or faint:
                found[name, size] = told.generate_report(), faint
    assert found == {}
    clerk.page.evaluate("document.querySelector('h1').style.color = '#ddd'")
    assert axe.run(clerk.page, options=options).response["violations"] != [], "the control"


def test_an_old_outcome_never_stands_beside_a_refusal(clerk: ClerkPage) -> None:
    """She would take its tick for the new one's."""
    STATES["rated"](clerk)
    assert clerk.page.is_visible("#now .rated")
    clerk.scan("2201-2026-00417")
    clerk.refuse("already-rated")
    clerk.page.wait_for_selector("#problem .refused:visible")
    assert not clerk.page.is_visible("#now")
    assert "2201-2026-00417" in clerk.page.inner_text("#says")


def test_the_last_ten_stay_and_the_newest_is_first(clerk: ClerkPage) -> None:
    STATES["open"](clerk)
    assert clerk.page.locator("#visits li").count() == 10
    assert clerk.page.inner_text("#visits li:first-child .case") == "2201-2026-00418"
    clerk.page.reload()
    assert clerk.page.inner_text("#visits li:first-child .case") == "2201-2026-00418"


def test_the_outcome_stands_in_the_title_for_the_task_bar(clerk: ClerkPage) -> None:
    STATES["open"](clerk)
    assert clerk.page.title() == "等待评价 2201-2026-00418 · 窗口 3"
    clerk.tell("standing", invitation="I99", standing="rated")
    assert clerk.page.title() == "已评价 2201-2026-00418 · 窗口 3"
    assert clerk.page.inner_text("#state") == "评价已结束，请稍候"
    clerk.window("paused")
    assert clerk.page.title() == "暂停服务 · 窗口 3"


def test_what_was_refused_while_busy_goes_when_the_window_is_ready(clerk: ClerkPage) -> None:
    STATES["busy"](clerk)
    clerk.window("busy")
    assert clerk.page.is_visible("#problem")
    clerk.window("ready")
    assert not clerk.page.is_visible("#problem")
    clerk.page.keyboard.press("Enter")
    assert clerk.called()[-1] == ("invite", {"case": "2201-2026-00417"}), "it still stands there"


def test_what_the_case_itself_is_refused_for_stays(clerk: ClerkPage) -> None:
    """The control of the one before."""
    STATES["already-rated"](clerk)
    clerk.window("busy")
    clerk.window("ready")
    assert clerk.page.is_visible("#problem")


# --- what she does -----------------------------------------------------------------------------


def test_in_every_state_a_scan_goes_into_the_field(clerk: ClerkPage) -> None:
    for name, show in STATES.items():
        if name in ("first-time", "sign-in"):
            continue
        show(clerk)
        assert clerk.focus == "case", name
        before = len(clerk.called())
        clerk.scan("SCAN-1")
        assert clerk.called()[before:] == [("invite", {"case": "SCAN-1"})], name


def test_a_second_scan_takes_the_place_of_one_that_is_not_answered_yet(clerk: ClerkPage) -> None:
    STATES["ready-first"](clerk)
    clerk.scan("DH-1")
    clerk.scan("DH-2")
    assert clerk.called() == [("invite", {"case": "DH-1"}), ("invite", {"case": "DH-2"})]
    clerk.page.keyboard.type("DH-3")
    clerk.answer()
    clerk.page.wait_for_selector("#visits li")
    assert clerk.page.input_value("#case") == "DH-3", "what she types meanwhile stays"


def test_a_scanner_that_ends_with_two_enters_or_a_line_feed_asks_once(clerk: ClerkPage) -> None:
    STATES["ready-first"](clerk)
    clerk.scan("DH-1")
    clerk.page.keyboard.press("Enter")
    assert clerk.called() == [("invite", {"case": "DH-1"})]
    clerk.answer()
    clerk.page.wait_for_selector("#visits li")
    clerk.page.keyboard.press("Enter")
    assert len(clerk.called()) == 1, "nothing is asked for an empty field"
    prevented = (
        "() => !document.dispatchEvent("
        "new KeyboardEvent('keydown', {key: 'j', ctrlKey: true, cancelable: true}))"
    )
    assert clerk.page.evaluate(prevented)


def test_wide_letters_of_an_input_method_become_plain_ones(clerk: ClerkPage) -> None:
    STATES["ready-first"](clerk)
    clerk.page.keyboard.insert_text(" ＤＨ－２０２６－ａ（一） ")
    clerk.page.keyboard.press("Enter")
    assert clerk.called() == [("invite", {"case": "DH-2026-a（一）"})]


def test_the_page_shows_the_case_that_the_pad_has_taken(clerk: ClerkPage) -> None:
    STATES["ready-first"](clerk)
    clerk.scan("DH\u20111")
    assert clerk.called() == [("invite", {"case": "DH\u20111"})]
    clerk.page.evaluate(
        "window.calls[0].done({ invitation: '01J1', standing: 'open', case: 'DH-1' })"
    )
    assert clerk.page.inner_text("#visits li .case") == "DH-1"
    assert clerk.page.inner_text("#now-case") == "DH-1"
    assert clerk.page.input_value("#case") == "", "the next scan begins in an empty field"


SCANNED = """(text) => {
  const field = document.getElementById("case");
  for (const key of text) {
    field.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
    field.value += key;
    field.dispatchEvent(new Event("input", { bubbles: true }));
  }
}"""
"""As fast as a scanner, however busy the machine that plays it is."""


def test_a_scan_that_an_input_method_has_garbled_is_not_asked_for(clerk: ClerkPage) -> None:
    STATES["ready-first"](clerk)
    compose = clerk.context.new_cdp_session(clerk.page)
    compose.send("Input.imeSetComposition", {"text": "dh", "selectionStart": 2, "selectionEnd": 2})
    compose.send("Input.insertText", {"text": "大会"})
    clerk.page.evaluate(SCANNED, "2026-17")
    clerk.page.keyboard.press("Enter")
    clerk.page.wait_for_selector('#problem:has-text("输入法")')
    assert clerk.called() == []
    clerk.page.wait_for_timeout(400)  # longer than a scanner's second Enter takes
    clerk.page.keyboard.press("Enter")
    assert clerk.called() == [("invite", {"case": "大会2026-17"})], "she says that it is right"


def test_a_number_that_is_typed_in_chinese_is_asked_for_at_once(clerk: ClerkPage) -> None:
    """Control: people type more slowly than a scanner."""
    STATES["ready-first"](clerk)
    compose = clerk.context.new_cdp_session(clerk.page)
    compose.send("Input.imeSetComposition", {"text": "ji", "selectionStart": 2, "selectionEnd": 2})
    compose.send("Input.insertText", {"text": "吉"})
    clerk.page.keyboard.type("2026-17", delay=150)
    clerk.page.wait_for_timeout(150)
    clerk.page.keyboard.press("Enter")
    assert clerk.called() == [("invite", {"case": "吉2026-17"})]


def test_everything_can_be_done_by_keyboard(clerk: ClerkPage) -> None:
    clerk.come(token=None, clerk=None)
    assert clerk.focus == "token"
    clerk.page.keyboard.type("the-token")
    clerk.page.keyboard.press("Tab")
    clerk.page.keyboard.type("C003")
    clerk.page.keyboard.press("Enter")
    assert clerk.focus == "case"
    clerk.window()
    clerk.scan("DH-1")
    clerk.answer()
    clerk.page.wait_for_selector("#withdraw:visible")
    for name in ("invite", "withdraw"):
        clerk.page.keyboard.press("Tab")
        assert clerk.focus == name
        outline = clerk.page.evaluate("getComputedStyle(document.activeElement).outlineWidth")
        assert outline == "3px", "it is seen where one is"
    clerk.page.keyboard.press("Enter")
    assert clerk.focus == "case"
    for name in ("leave", "pause"):
        clerk.page.keyboard.press("Shift+Tab")
        assert clerk.focus == name
    clerk.page.keyboard.press("Enter")
    assert [name for name, _ in clerk.called()] == ["invite", "withdraw", "pause"]
    clerk.page.keyboard.type("wrong")
    clerk.page.keyboard.press("Escape")
    assert clerk.page.input_value("#case") == ""


def test_a_link_with_the_token_works_in_a_page_that_is_open(clerk: ClerkPage) -> None:
    clerk.come(token=None, clerk=None)
    clerk.page.evaluate("location.hash = 'token=another'")
    clerk.page.wait_for_selector("#number:focus")
    assert clerk.page.evaluate("localStorage.getItem('token')") == "another"
    assert "token" not in clerk.page.url


def test_it_works_where_the_browser_keeps_nothing(chromium: "Browser") -> None:
    """As in another page's frame, or with kept visits that are damaged."""
    one = ClerkPage(chromium)
    one.come()
    one.page.evaluate("sessionStorage.setItem('visits', '{')")
    one.page.reload()
    one.window()
    assert one.focus == "case"
    barred = "{ get: function () { throw new Error('barred'); } }"
    one.page.add_init_script(
        f"Object.defineProperty(window, 'localStorage', {barred});"
        f"Object.defineProperty(window, 'sessionStorage', {barred});"
    )
    one.page.reload()
    one.page.keyboard.type("the-token")
    one.page.fill("#number", "C003")
    one.page.keyboard.press("Enter")
    one.window()
    one.scan("DH-1")
    assert one.called() == [("invite", {"case": "DH-1"})]
    assert one.complaints == []
    one.close()


# --- golden pictures ---------------------------------------------------------------------------

LOOKS = {
    (360, 640): ("open", "already-rated"),
    (800, 480): ("first-time", "rated", "paused"),
    (1366, 768): ("open", "unrated", "fault"),
}


@pytest.mark.parametrize("size", LOOKS, ids=str)
def test_the_page_looks_as_it_did(chromium: "Browser", size: tuple[int, int]) -> None:
    one = ClerkPage(chromium, size)
    one.page.clock.set_fixed_time("2026-11-23T11:58:00+08:00")
    changed = []
    for name in LOOKS[size]:
        STATES[name](one)
        if not matches_golden(one.page.screenshot(), GOLDEN / f"clerk-{name}-{size[0]}.png"):
            changed.append(name)
    assert changed == []
    one.close()


def test_a_tick_that_became_a_dash_would_be_noticed() -> None:
    """The control."""
    with Image.open(GOLDEN / "clerk-rated-800.png") as golden:
        picture = golden.convert("RGB")
    assert not looks_different(picture, picture)
    without = picture.copy()
    without.paste((230, 243, 234), (30, 150, 100, 220))
    assert looks_different(picture, without)
    assert len(TEN) == 10
