"""The whole story through the page, with a real Chromium against the real programs."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.rigs.time.wait import until
from tests.rigs.web.chromium import chromium
from tests.rigs.web.contrast import CONTRAST

pytestmark = pytest.mark.browser

MAIN = "from demo.cli import main; raise SystemExit(main())"
SLOWLY_MS = 60_000
"""A machine that builds beside the tests is slow; the page itself answers in milliseconds."""
LEVELS = ("atisfied", "满意")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa", "best-practice"]
SCREENS = ((390, 844), (820, 1180), (1366, 768), (1920, 1080))
OFFICE_PX = 1366
"""From this width on, everything is on the screen at once."""

NOT_ENGLISH = """() => {
  const foreign = /[\\u3000-\\u9fff\\uac00-\\ud7af\\uff00-\\uffef]/;
  const found = [document.title].filter((text) => foreign.test(text));
  for (const node of document.querySelectorAll("body *")) {
    if (node.closest("#languages")) continue;
    const own = [...node.childNodes].filter((one) => one.nodeType === Node.TEXT_NODE);
    const said = ["aria-label", "title", "alt", "placeholder"].map((one) => node.getAttribute(one));
    for (const text of [...own.map((one) => one.data), ...said, node.value]) {
      if (typeof text === "string" && foreign.test(text)) found.push(text);
    }
  }
  return found;
}"""
"""Every text that is not in English, but the names of the other languages."""

ROWS = """() => {
  const room = document.getElementById("entries").closest(".scroll").getBoundingClientRect();
  const rows = [...document.querySelectorAll("#entries tr")];
  return rows.filter((row) => row.getBoundingClientRect().bottom <= room.bottom + 1).length;
}"""
"""How many rows of the ledger can be read."""


@pytest.fixture
def demo(short_folder):
    """The demo as a new user starts it; ended with Ctrl-C, which must leave nothing behind."""
    process = subprocess.Popen(
        [sys.executable, "-c", MAIN, "--no-open"],
        stdout=subprocess.PIPE,
        env=os.environ | {"TMPDIR": str(short_folder)},
        text=True,
    )
    assert process.stdout is not None
    try:
        yield process
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(30)
        finally:
            process.kill()
            process.wait()
            process.stdout.close()
    assert process.returncode == 0
    assert list(short_folder.glob("ratingpad-demo-*")) == []


@pytest.fixture
def browser():
    with chromium() as running:
        yield running


class Visitor:
    """Somebody at the page."""

    def __init__(self, browser, address, album, language="zh"):
        self.page = browser.new_page(viewport={"width": 1366, "height": 768}, locale="zh-CN")
        self.page.set_default_timeout(SLOWLY_MS)
        self.requests, self.complaints = list[str](), list[str]()
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.goto(f"{address}?lang={language}")
        self._album = album
        self._shots = 0
        self.not_english: dict[str, list[str]] = {}

    def look(self, name):
        """Note what is not in English; keep a picture."""
        self._shots += 1
        self.page.screenshot(path=self._album / f"{self._shots:02}-{name}.png")
        if found := self.page.evaluate(NOT_ENGLISH):
            self.not_english[name] = found

    def hint(self, name):
        self.page.wait_for_selector(f'#hint[data-hint="{name}"]')

    def counts(self, **expected):
        for name, value in expected.items():
            self.page.wait_for_function(
                "([name, value]) => "
                "document.querySelector(`[data-count=${name}]`).textContent === String(value)",
                arg=[name, value],
            )

    def see(self, selector, words):
        """Wait until an element has these words."""
        self.page.wait_for_selector(f"{selector} >> text={words}")

    def oled(self):
        """The lit pixels of the OLED on the page; they come when the page has drawn them."""
        return self.page.evaluate(
            """() => {
              const pixels = document.querySelector("canvas").getContext("2d")
                .getImageData(0, 0, 128, 64).data;
              let lit = "";
              for (let at = 0; at < pixels.length; at += 4) lit += pixels[at] > 100 ? "1" : "0";
              return lit;
            }"""
        )

    def invite(self, pad="pad-01"):
        self.page.click(f"#{pad} [data-part=invite]:enabled")
        self.see(f"#{pad} .visit", "Open")

    def switch(self, name, on, pad="pad-01"):
        self.page.click(f"#{pad} [data-switch={name}]:enabled")
        self.page.wait_for_selector(
            f'#{pad} [data-switch={name}][aria-checked="{str(on).lower()}"]'
        )

    def touch(self, level, pad="pad-02"):
        """Touch a face on the touchscreen, as soon as a touch counts."""
        glass = self.page.frame_locator(f"#{pad} iframe")
        glass.locator("html.invitation").wait_for(timeout=SLOWLY_MS)
        self.page.wait_for_timeout(400)  # as long as a citizen reads at least, until a face counts
        glass.locator(f'[data-key="{level}"]').click()
        glass.locator("html.thanks").wait_for(timeout=SLOWLY_MS)

    def text(self, selector):
        return self.page.inner_text(selector)


def address_of(demo):
    for line in demo.stdout:
        if found := re.search(r"http://127\.0\.0\.1:\d+/", line):
            return found[0]
    raise AssertionError("the demo printed no address")


def test_a_newcomer_sees_it_all_in_english_and_every_rating_arrives_once(demo, browser, tmp_path):
    album = Path(os.environ.get("RATINGPAD_ALBUM") or tmp_path)
    address = address_of(demo)
    me = Visitor(browser, address, album, "en")

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

    # the clerk never saw a level; nothing came from elsewhere; all of it was English
    assert not [level for level in LEVELS if level in me.text("#pad-01 .desk")]
    ours = (address, "data:", me.page.get_attribute("#pad-02 iframe", "src").split("#")[0])
    assert [url for url in me.requests if not url.startswith(ours)] == []
    assert me.not_english == {}
    me.page.click("[data-language=zh]")
    assert len(me.page.evaluate(NOT_ENGLISH)) > 50, "the control"
    assert me.complaints == []


def test_the_page_can_be_read_and_used_by_everybody(demo, browser, tmp_path):
    album = Path(os.environ.get("RATINGPAD_ALBUM") or tmp_path)
    me = Visitor(browser, address_of(demo), album, "en")
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
