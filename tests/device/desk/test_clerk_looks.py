"""The clerk's page in every state, on every screen of an office; her hands on the keyboard."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from axe_playwright_python.sync_playwright import Axe
from PIL import Image

from device.desk.clerk_words import TAGS, WORDS, Language
from device.ui.fonts import font_file
from tests.rigs.web.clerk_page import BEFORE, GAP, STATES, TEN, ClerkPage, visit
from tests.rigs.web.contrast import CONTRAST
from tests.rigs.web.image_compare import looks_different, matches_golden
from tests.rigs.web.kiosk import browser
from tests.rigs.web.page_measure import UNFIT

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.browser

GOLDEN = Path(__file__).parent / "golden"
OFFICE = ((1366, 768), (1920, 1080))
ENLARGED = (683, 384)
"""An office's screen at a zoom of 200 %."""
NARROW = (360, 640)
SCREENS = (
    NARROW,
    ENLARGED,
    (480, 800),
    (800, 480),
    (1024, 600),
    (1280, 800),
    *OFFICE,
)
TARGET_PX, TEXT_PX = 34, 15
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa", "best-practice"]
BY_AXE = (
    *("first-time", "morning", "open", "pause-question", "rated", "gap", "no-date"),
    *("fault", "waiting-ready", "already-rated", "bad-request"),
)
"""Together they have every part of the page."""
AT_ONCE = ["#case", "#invite", "#pause", "#question", "#problem", "#now-words", "#waiting-title"]
"""What a clerk sees without scrolling, on every screen, when it is there at all."""
AT_ONCE_ENLARGED = ["#case", "#invite", "#pause", "#question"]
"""The same of a screen that is enlarged to twice its size."""

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


@pytest.mark.parametrize("language", TAGS)
def test_nothing_is_cut_off_and_what_counts_is_seen_at_once(
    chromium: "Browser", language: Language
) -> None:
    complaints = {}
    clerk = ClerkPage(chromium, language=language)
    for name, show in STATES.items():
        show(clerk)
        for size in SCREENS if language == "zh" else (NARROW, OFFICE[0]):
            on(clerk, size)
            found = clerk.page.evaluate(UNFIT, [TARGET_PX, TEXT_PX])
            wanted = AT_ONCE_ENLARGED if size == ENLARGED else AT_ONCE
            found += clerk.page.evaluate(OUT_OF_SIGHT, wanted)
            if found:
                complaints[name, size] = found
    assert complaints == {}
    assert clerk.complaints == []
    # The controls: what does not fit is noticed.
    STATES["bad-request"](clerk)
    clerk.page.add_style_tag(content="#case { min-width: 3000px } #says { font-size: 9px }")
    for size in SCREENS:
        on(clerk, size)
        assert len(clerk.page.evaluate(UNFIT, [TARGET_PX, TEXT_PX])) >= 3, size
    clerk.page.add_style_tag(content="#case { margin-top: 3000px }")
    for size in SCREENS:
        on(clerk, size)
        assert "#case" in clerk.page.evaluate(OUT_OF_SIGHT, AT_ONCE), size
    clerk.close()


def test_on_an_offices_screen_nothing_scrolls_and_little_is_left_empty(clerk: ClerkPage) -> None:
    scrolls = "document.documentElement.scrollHeight > innerHeight"
    many = [visit(f"DH-{n}", number=n) for n in range(16)]
    for show in STATES.values():
        show(clerk)
        for size in OFFICE:
            on(clerk, size)
            clerk.page.wait_for_function(f"!({scrolls})")  # a resize is drawn a moment later
    clerk.window()
    for size in OFFICE:
        on(clerk, size)
        clerk.today(many)
        assert clerk.page.locator("#visit-rows tr").count() >= 9, "as many as there is room for"
        assert not clerk.page.evaluate(scrolls)


def test_axe_finds_nothing_and_weak_eyes_can_read(clerk: ClerkPage) -> None:
    axe = Axe()
    options = {"runOnly": {"type": "tag", "values": RULES}}
    found = {}
    for name in BY_AXE:
        STATES[name](clerk)
        for size in ((1024, 600), NARROW):
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
    for code in ("already-rated", "busy", "bad-request"):
        STATES["rated"](clerk)
        assert clerk.page.inner_text("#now-words") == "已评价"
        clerk.scan("2201-2026-00499")
        clerk.refuse(code)
        clerk.page.wait_for_selector("#waiting:visible, #problem:visible")
        assert "已评价" not in clerk.page.inner_text(".ask"), code
        assert "2201-2026-00499" in clerk.page.inner_text(".ask")


def test_the_list_is_the_pads_newest_first_with_the_day_before_set_apart(clerk: ClerkPage) -> None:
    STATES["ready-first"](clerk)
    assert clerk.page.is_visible("#none")
    clerk.today([*TEN[:2], *BEFORE])
    rows = clerk.page.locator("#visit-rows tr").all_inner_texts()
    assert [row.split() for row in rows[:4]] == [
        ["11:52", "2201-2026-00417", "已评价"],
        ["11:49", "2201-2026-00416", "已评价"],
        ["11月20日"],
        ["16:50", "2201-2026-00400", "已评价"],
    ]


def test_in_the_morning_no_outcome_of_the_day_before_is_the_case_at_hand(clerk: ClerkPage) -> None:
    STATES["morning"](clerk)
    assert clerk.page.inner_text("#now-words") == "可以邀请"


def counts(clerk: ClerkPage) -> list[str]:
    names = ("invited", "rated", "unrated", "withdrawn")
    return [clerk.page.inner_text(f"#count-{name}") for name in names]


def test_the_days_counts_are_the_pads(clerk: ClerkPage) -> None:
    STATES["rated"](clerk)
    assert counts(clerk) == ["10", "8", "1", "1"]
    clerk.today([], invited=0)
    assert counts(clerk) == ["0", "0", "0", "0"]
    clerk.today([], date=None)
    assert counts(clerk) == ["–"] * 4
    assert "不知道时间" in clerk.page.inner_text("#counts-note")
    clerk.today(TEN, complete=False)
    assert "不完整" in clerk.page.inner_text("#counts-note")


def test_a_hint_about_a_long_gap_can_be_closed_until_the_next_invitation(
    clerk: ClerkPage, chromium: "Browser"
) -> None:
    STATES["gap"](clerk)
    assert "已有 41 分钟没有邀请" in clerk.page.inner_text("#gap")
    clerk.page.click("#gap-close")
    assert clerk.focus == "case"
    clerk.today(TEN, gap={**GAP, "minutes": 42})
    assert not clerk.page.is_visible("#gap")
    other = clerk.another_tab(chromium)
    other.window()
    other.today(TEN, gap=GAP)
    assert not other.page.is_visible("#gap"), "closed for all tabs"
    other.close()
    clerk.today([visit("DH-9", number=99), *TEN], gap=GAP)
    assert clerk.page.is_visible("#gap")


def test_the_outcome_stands_in_the_title_for_the_task_bar(clerk: ClerkPage) -> None:
    STATES["open"](clerk)
    assert clerk.page.title() == "评价中 2201-2026-00419 · 窗口 3"
    clerk.tell("standing", invitation="I99", standing="rated")
    assert clerk.page.title() == "已评价 2201-2026-00419 · 窗口 3"
    assert clerk.page.inner_text("#state") == "评价已结束，请稍候"
    clerk.window("paused")
    assert clerk.page.title() == "暂停服务 · 窗口 3"


# --- every tab shows the same -------------------------------------------------------------------


def test_a_new_tab_shows_the_open_case_and_can_withdraw_it(
    clerk: ClerkPage, chromium: "Browser"
) -> None:
    clerk.come()
    other = clerk.another_tab(chromium)
    assert other.page.inner_text("#clerk") == "C003", "signed in already"
    other.window("busy", invitation="I7", open={"case": "DH-7", "left_s": 12})
    assert other.page.inner_text("#now-case") == "DH-7"
    assert "还有 12 秒" in other.page.inner_text("#now-more")
    withdrawn = "window.calls.length === 1 && window.calls[0].wish"
    other.page.click("#withdraw")
    assert other.page.evaluate(withdrawn) == "I7"
    other.close()


def test_a_case_that_waits_and_the_one_who_leaves_are_known_to_every_tab(
    clerk: ClerkPage, chromium: "Browser"
) -> None:
    STATES["busy"](clerk)
    other = clerk.another_tab(chromium)
    other.window()
    other.today(TEN)
    assert "2201-2026-00418" in other.page.inner_text("#waiting")
    clerk.page.click("#drop-0")
    other.page.wait_for_selector("#waiting", state="hidden")
    clerk.page.click("#leave")
    other.page.wait_for_selector("#sign-in:visible")
    assert clerk.kept == {"token": "the-token"}
    other.close()


def test_on_the_next_day_somebody_has_to_sign_in_again(clerk: ClerkPage) -> None:
    clerk.come(waiting=[{"case": "DH-1", "code": "busy"}])
    assert clerk.page.is_visible("#waiting")
    clerk.page.clock.set_fixed_time("2026-11-24T08:30:00+08:00")
    clerk.page.reload()
    assert clerk.page.is_visible("#sign-in")
    clerk.page.fill("#number", "C004")
    clerk.page.keyboard.press("Enter")
    assert not clerk.page.is_visible("#waiting")


# --- cases that wait ----------------------------------------------------------------------------


def test_a_refused_case_waits_and_is_never_invited_by_itself(clerk: ClerkPage) -> None:
    STATES["rated"](clerk)
    clerk.scan("DH-1")
    clerk.refuse("busy")
    clerk.page.wait_for_selector("#waiting:visible")
    assert "上一位群众还在评价" in clerk.page.inner_text("#waiting")
    assert clerk.page.input_value("#case") == ""
    clerk.window("busy")
    assert clerk.page.is_disabled("#wait-0")
    clerk.page.keyboard.press("Enter")
    clerk.window("ready")
    assert clerk.page.inner_text("#waiting-title") == "可以邀请了"
    assert clerk.page.title().startswith("可以邀请了 DH-1")
    assert len(clerk.called()) == 1
    clerk.page.wait_for_timeout(350)  # longer than a scanner's second Enter takes
    clerk.page.keyboard.press("Enter")
    assert clerk.called()[1:] == [("invite", {"case": "DH-1"})]
    clerk.answer("I50")
    clerk.page.wait_for_selector("#waiting", state="hidden")
    assert "waiting" not in clerk.kept


def test_a_scanners_second_enter_invites_nothing_that_waits(clerk: ClerkPage) -> None:
    STATES["waiting-ready"](clerk)
    clerk.scan("DH-9")
    clerk.answer("I51")
    clerk.page.wait_for_function("document.getElementById('case').value === ''")
    clerk.page.evaluate(
        """() => { for (let n = 0; n < 2; n += 1) {
          const again = new Event("submit", { cancelable: true });
          Object.defineProperty(again, "timeStamp", { value: performance.now() });
          document.getElementById("ask").dispatchEvent(again); } }"""
    )
    assert len(clerk.called()) <= 2, "two Enters in a row are one"


def test_a_case_that_was_rated_is_invited_again_by_its_own_button_only(clerk: ClerkPage) -> None:
    STATES["already-rated"](clerk)
    clerk.page.wait_for_timeout(350)
    clerk.page.keyboard.press("Enter")
    assert len(clerk.called()) == 1, "not by Enter: that is on record"
    clerk.page.click("#wait-0")
    assert clerk.called()[-1] == ("invite", {"case": "2201-2026-00418", "again": True})


def test_what_waits_and_is_opened_by_another_desk_waits_no_more(clerk: ClerkPage) -> None:
    STATES["unreachable"](clerk)
    clerk.today([visit("2201-2026-00418", "open", number=60), *TEN])
    assert not clerk.page.is_visible("#waiting")


def test_a_number_that_is_wrong_in_itself_stays_in_the_field(clerk: ClerkPage) -> None:
    STATES["bad-request"](clerk)
    assert clerk.page.input_value("#case") == "2201-2026-00418"
    assert "waiting" not in clerk.kept


# --- a pause while somebody is rating -----------------------------------------------------------


def test_a_pause_asks_first_while_somebody_is_rating(clerk: ClerkPage) -> None:
    for key, called in (("Escape", []), ("Enter", []), ("Tab Enter", ["pause"])):
        STATES["open"](clerk)
        clerk.page.click("#pause")
        assert clerk.focus == "question-no", "the safe answer"
        assert "会撤回这次邀请" in clerk.page.inner_text("#question")
        for one in key.split():
            clerk.page.keyboard.press(one)
        assert [name for name, _ in clerk.called()] == called, key
        assert not clerk.page.is_visible("#question")
        assert clerk.focus == "case"


def test_the_question_ends_with_the_rating_and_nothing_is_paused(clerk: ClerkPage) -> None:
    STATES["pause-question"](clerk)
    clerk.tell("standing", invitation="I99", standing="rated")
    clerk.window("busy", invitation="I99")
    assert not clerk.page.is_visible("#question")
    assert clerk.called() == []
    clerk.page.click("#pause")
    assert [name for name, _ in clerk.called()] == ["pause"], "nobody's rating is at stake"


def test_a_scan_over_the_question_answers_nothing(clerk: ClerkPage) -> None:
    STATES["pause-question"](clerk)
    clerk.scan("DH-2")
    assert clerk.called() == [("invite", {"case": "DH-2"})]


# --- languages ----------------------------------------------------------------------------------


@pytest.mark.parametrize("language", TAGS)
def test_the_page_is_in_the_pads_language_and_in_no_other(
    chromium: "Browser", language: Language
) -> None:
    one = ClerkPage(chromium, language=language)
    others = [
        text
        for other in set(TAGS) - {language}
        for text in (WORDS[other].invite, WORDS[other].newest, WORDS[other].standings["rated"])
    ]
    for name in ("rated", "waiting-ready", "pause-question", "gap", "sign-in"):
        STATES[name](one)
        seen = one.page.inner_text("body")
        assert [text for text in others if text in seen] == [], name
    assert one.page.evaluate("document.documentElement.lang") == TAGS[language]
    one.close()


def test_the_clerk_chooses_a_language_for_this_computer(clerk: ClerkPage) -> None:
    STATES["rated"](clerk)
    clerk.page.click('#languages [lang="ko-KR"]')
    assert clerk.page.inner_text("#now-words") == WORDS["ko"].standings["rated"]
    assert clerk.focus == "case"
    clerk.page.reload()
    assert clerk.page.evaluate("document.documentElement.lang") == "ko-KR"


# --- what she does -----------------------------------------------------------------------------


def test_in_every_state_a_scan_goes_into_the_field(clerk: ClerkPage) -> None:
    for name, show in STATES.items():
        if name in ("first-time", "sign-in"):
            continue
        show(clerk)
        assert clerk.focus == ("question-no" if name == "pause-question" else "case"), name
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
    clerk.page.wait_for_selector("#visit-rows tr")
    assert clerk.page.input_value("#case") == "DH-3", "what she types meanwhile stays"


def test_a_scanner_that_ends_with_two_enters_or_a_line_feed_asks_once(clerk: ClerkPage) -> None:
    STATES["ready-first"](clerk)
    clerk.scan("DH-1")
    clerk.page.keyboard.press("Enter")
    assert clerk.called() == [("invite", {"case": "DH-1"})]
    clerk.answer()
    clerk.page.wait_for_selector("#visit-rows tr")
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
    assert clerk.page.inner_text("#visit-rows .case") == "DH-1"
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
    clerk.open("DH-1")
    for name in ("invite", "withdraw"):
        clerk.page.keyboard.press("Tab")
        assert clerk.focus == name
        outline = clerk.page.evaluate("getComputedStyle(document.activeElement).outlineWidth")
        assert outline == "3px", "it is seen where one is"
    clerk.page.keyboard.press("Enter")
    assert clerk.focus == "case"
    clerk.window()
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
    one.page.evaluate("localStorage.setItem('waiting', '{')")
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
    (360, 640): ("open", "already-rated", "pause-question"),
    (800, 480): ("first-time", "rated", "paused"),
    (1366, 768): ("open", "unrated", "fault", "waiting-ready", "gap"),
}


@pytest.mark.parametrize("size", LOOKS, ids=str)
def test_the_page_looks_as_it_did(chromium: "Browser", size: tuple[int, int]) -> None:
    one = ClerkPage(chromium, size)
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
