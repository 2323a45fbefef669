"""The whole story through the page, with a real Chromium against the real programs."""

import os
import re
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.rigs.time.wait import until
from tests.rigs.web.chromium import chromium
from tests.rigs.web.contrast import CONTRAST
from tests.rigs.web.demo_visitor import NOT_ENGLISH, Visitor, running_demo

pytestmark = pytest.mark.browser

LEVELS = ("atisfied", "满意")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa", "best-practice"]
SCREENS = ((390, 844), (820, 1180), (1366, 768), (1920, 1080))
OFFICE_PX = 1366
"""From this width on, everything is on the screen at once."""

ROWS = """() => {
  const room = document.getElementById("entries").closest(".scroll").getBoundingClientRect();
  const rows = [...document.querySelectorAll("#entries tr")];
  return rows.filter((row) => row.getBoundingClientRect().bottom <= room.bottom + 1).length;
}"""
"""How many rows of the ledger can be read."""


@pytest.fixture
def demo(short_folder):
    """The demo as a new user starts it; ended with Ctrl-C, which must leave nothing behind."""
    with running_demo(short_folder) as address:
        yield address
    assert list(short_folder.glob("ratingpad-demo-*")) == []


@pytest.fixture
def browser():
    with chromium() as running:
        yield running


def test_a_newcomer_sees_it_all_in_english_and_every_rating_arrives_once(demo, browser, tmp_path):
    album = Path(os.environ.get("RATINGPAD_ALBUM") or tmp_path)
    me = Visitor(browser, demo, album, "en")

    me.hint("invite")
    until(lambda: "1" in me.oled(), 10, "the display at rest is on the page")
    at_rest = me.oled()
    me.look("start")

    # press, thanks, arrival
    me.invite()
    me.hint("press")
    until(lambda: me.oled() != at_rest, 10, "the display shows the invitation")
    me.page.wait_for_function("() => document.querySelectorAll('.key.lit').length === 5")
    me.see("#pad-01 .voice", "Please rate the service.")
    me.look("invited")
    me.page.keyboard.press("2")
    me.hint("thanked")
    me.counts(pressed=1, thanked=1, stored=1, waiting=0, lost=0, doubled=0)
    me.see("#pad-01 .voice", "Thank you")
    me.page.wait_for_function("() => document.querySelectorAll('.key.lit').length === 0")
    me.look("thanked")
    me.see("#ratings", "Satisfied")

    # the touchscreen beside it, which is the real touch page
    me.hint("touch")
    me.invite("pad-02")
    me.touch("dissatisfied")
    me.counts(thanked=2, stored=2, lost=0, doubled=0)
    me.see("#levels .some", "Dissatisfied")
    me.see("#entries", "Dissatisfied")  # its ledger, because its window was used last
    me.look("touched")

    # a day without the network, and without power
    me.hint("pull")
    me.switch("cable", False)
    me.hint("rate-offline")
    me.invite()
    me.page.click("#pad-01 [data-level=very_dissatisfied]")
    me.counts(thanked=3, stored=2, waiting=1, lost=0)
    me.see("#entries", "waiting")
    me.hint("cut")
    me.look("offline")
    me.switch("power", False)
    me.hint("power-on")
    until(lambda: "1" not in me.oled(), 10, "the display is dark")
    me.look("dark")
    me.switch("power", True)
    me.hint("plug")
    me.counts(thanked=3, stored=2, waiting=1, lost=0)
    me.switch("cable", True)
    me.counts(thanked=3, stored=3, waiting=0, lost=0, doubled=0)

    # a press that nobody asked for
    me.hint("stray")
    me.page.keyboard.press("1")
    me.hint("invite-first")
    me.see("#rest .some", "strays")
    me.counts(pressed=3, stored=3)

    # a card that cannot be written
    me.invite()
    me.hint("spoil-card")
    me.switch("card", False)
    me.hint("rate-unsaved")
    me.page.keyboard.press("2")
    me.hint("mend-card")
    me.counts(pressed=3, thanked=3)
    me.look("card")
    me.switch("card", True)
    me.hint("lose-time")
    me.counts(pressed=4, thanked=4, stored=4, lost=0, doubled=0)

    # 1970
    me.switch("time", False)
    me.hint("rate-1970")
    me.invite()
    me.page.keyboard.press("3")
    me.counts(thanked=5, stored=5)
    me.hint("find-time")
    me.see("#ratings", "not dated yet")
    me.look("1970")
    me.switch("time", True)
    me.see("#ratings", "dated later")

    # the proof, and its age
    me.hint("verify")
    me.page.click("#verify")
    me.hint("free")
    until(lambda: me.page.locator("#verdicts li").count() == 3, 10, "the verdicts are there")
    assert me.page.locator("#verdicts li.bad").count() == 0
    until(lambda: re.fullmatch(r"verified \d+ s ago", me.text("#verified")), 10, "its age")
    me.counts(pressed=5, thanked=5, stored=5, waiting=0, lost=0, doubled=0)
    me.look("proved")
    me.page.keyboard.press("1")
    me.see("#verdicts", "1 new since, not verified")

    # the clerk's own page is one click away
    with me.page.expect_popup() as opened:
        me.page.click("#pad-01 .who a")
    opened.value.wait_for_selector("#number")
    opened.value.close()

    # the clerk never saw a level; nothing came from elsewhere; all of it was English
    assert not [level for level in LEVELS if level in me.text("#pad-01 .desk")]
    ours = (demo, "data:", me.touch_page)
    assert [url for url in me.requests if not url.startswith(ours)] == []
    assert me.not_english == {}
    me.page.click("[data-language=zh]")
    assert len(me.page.evaluate(NOT_ENGLISH)) > 50, "the control"
    assert me.complaints == []


def test_the_page_can_be_read_and_used_by_everybody(demo, browser, tmp_path):
    album = Path(os.environ.get("RATINGPAD_ALBUM") or tmp_path)
    me = Visitor(browser, demo, album, "en")
    me.hint("invite")

    # by keyboard alone, and what the server pushes does not take the focus away
    me.page.focus("#pad-01 input")
    me.page.keyboard.press("Tab")
    assert me.page.evaluate("document.activeElement.dataset.part") == "invite"
    me.page.keyboard.press("Enter")
    me.hint("press")
    me.page.focus("#pad-01 [data-level=satisfied]")
    me.page.keyboard.press("Space")
    me.counts(thanked=1, stored=1)
    assert me.page.evaluate("document.activeElement.dataset.level") == "satisfied"
    me.page.click("#verify")
    until(lambda: me.page.locator("#verdicts li").count() == 3, 30, "the verdicts are there")

    # by weak eyes, and by whom moving things make dizzy; in every language, on every screen
    me.page.emulate_media(reduced_motion="reduce")
    axe, options = Axe(), {"runOnly": {"type": "tag", "values": RULES}}
    for language in ("zh", "ko", "en"):
        me.page.click(f"[data-language={language}]")
        assert me.page.evaluate(CONTRAST) == []
        for width, height in SCREENS:
            me.page.set_viewport_size({"width": width, "height": height})
            where = f"{language}, {width} × {height}"
            assert me.page.evaluate("document.documentElement.scrollWidth") <= width, where
            if width >= OFFICE_PX:
                assert me.page.evaluate("document.documentElement.scrollHeight") <= height, where
                assert me.page.evaluate(ROWS) >= 3, where
        told = axe.run(me.page, options=options)
        assert told.response["violations"] == [], told.generate_report()
    me.page.evaluate("document.getElementById('hint-do').style.color = '#4a8'")
    assert len(me.page.evaluate(CONTRAST)) == 1, "the control: faint text is noticed"
    assert axe.run(me.page, options=options).response["violations"] != [], "the control"

    # a refusal is told in words
    me.page.click("#pad-01 [data-part=invite]:enabled")
    me.see("#pad-01 .visit", "Open")
    me.switch("power", False)
    me.page.keyboard.press("1")
    me.see("#toast", "The pad has no power")
    assert me.complaints == []
