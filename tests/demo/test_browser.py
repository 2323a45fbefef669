"""The whole story through the page, with a real Chromium against the real programs."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.rigs.time.wait import until
from tests.rigs.web.chromium import chromium
from tests.rigs.web.contrast import CONTRAST

pytestmark = pytest.mark.browser

MAIN = "from demo.cli import main; raise SystemExit(main())"
SLOWLY_MS = 60_000
"""A machine that builds beside the tests is slow; the page itself answers in milliseconds."""
LEVELS = ("非常满意", "满意", "基本满意", "不满意", "非常不满意")


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

    def __init__(self, browser, address, album):
        self.page = browser.new_page(viewport={"width": 1280, "height": 800}, locale="zh-CN")
        self.page.set_default_timeout(SLOWLY_MS)
        self.requests, self.complaints = list[str](), list[str]()
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.goto(address)
        self._album = album
        self._shots = 0

    def look(self, name, *, whole=False):
        self._shots += 1
        self.page.screenshot(path=self._album / f"{self._shots:02}-{name}.png", full_page=whole)

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

    def glass(self):
        """The lit pixels of the OLED on the page; they come when the page has drawn them."""
        return self.page.evaluate(
            """() => {
              const pixels = document.getElementById("oled").getContext("2d")
                .getImageData(0, 0, 128, 64).data;
              let lit = "";
              for (let at = 0; at < pixels.length; at += 4) lit += pixels[at] > 100 ? "1" : "0";
              return lit;
            }"""
        )

    def invite(self):
        self.page.click("#invite:enabled")
        self.hint("press")

    def switch(self, name, on):
        self.page.click(f"#{name}:enabled")
        self.page.wait_for_selector(f'#{name}[aria-checked="{str(on).lower()}"]')

    def text(self, selector):
        return self.page.inner_text(selector)


def address_of(demo):
    for line in demo.stdout:
        if found := re.search(r"http://127\.0\.0\.1:\d+/", line):
            return found[0]
    raise AssertionError("the demo printed no address")


def test_a_newcomer_breaks_everything_and_every_rating_arrives_once(demo, browser, tmp_path):
    album = Path(os.environ.get("RATINGPAD_ALBUM") or tmp_path)
    address = address_of(demo)
    me = Visitor(browser, address, album)

    me.hint("invite")
    until(lambda: "1" in me.glass(), 10, "the display at rest is on the page")
    at_rest = me.glass()
    me.look("start")

    # press, thanks, arrival
    me.invite()
    until(lambda: me.glass() != at_rest, 10, "the display shows the invitation")
    me.page.wait_for_function("() => document.querySelectorAll('.key.lit').length === 5")
    me.see("#says", "请您评价")
    me.look("invited")
    me.page.keyboard.press("2")
    me.counts(pressed=1, thanked=1, stored=1, waiting=0, lost=0, doubled=0)
    me.hint("pull")
    me.see("#says", "谢谢您")
    me.page.wait_for_function("() => document.querySelectorAll('.key.lit').length === 0")
    me.look("thanked")
    me.see("#ratings", "满意")

    # a day without the network, and without power
    me.switch("cable", False)
    me.hint("rate-offline")
    me.invite()
    me.page.click("#key-very_dissatisfied")
    me.counts(thanked=2, stored=1, waiting=1, lost=0)
    me.hint("cut")
    me.look("offline")
    me.switch("power", False)
    me.hint("power-on")
    until(lambda: "1" not in me.glass(), 10, "the display is dark")
    me.look("dark")
    me.switch("power", True)
    me.hint("plug")
    me.counts(thanked=2, stored=1, waiting=1, lost=0)
    me.switch("cable", True)
    me.counts(thanked=2, stored=2, waiting=0, lost=0, doubled=0)

    # a press that nobody asked for
    me.hint("stray")
    me.page.keyboard.press("1")
    me.hint("lose-time")
    me.page.wait_for_function(
        '() => document.getElementById("rest").textContent.includes("1 误按")'
    )
    me.counts(pressed=2, stored=2)

    # 1970
    me.switch("time", False)
    me.hint("rate-1970")
    me.invite()
    me.page.keyboard.press("3")
    me.counts(thanked=3, stored=3)
    me.hint("find-time")
    me.see("#ratings", "时间待定")
    me.look("1970")
    me.switch("time", True)
    me.see("#ratings", "补算")

    # the proof
    me.hint("verify")
    me.page.click("#verify")
    me.hint("free")
    until(lambda: me.page.locator("#verdicts li").count() == 2, 10, "both verdicts are there")
    assert me.page.locator("#verdicts li.bad").count() == 0
    me.counts(pressed=3, thanked=3, stored=3, waiting=0, lost=0, doubled=0)
    me.look("proved")

    # the clerk never saw a level; nothing came from elsewhere; nothing complained
    assert not [level for level in LEVELS if level in me.text("#visits")]
    assert [url for url in me.requests if not url.startswith((address, "data:"))] == []
    assert me.complaints == []


def test_the_touchscreen_of_the_same_pad_rates_too(demo, browser, tmp_path):
    me = Visitor(browser, address_of(demo), tmp_path)
    me.hint("invite")
    with me.page.expect_popup() as opened:
        me.page.click("#touch")
    glass = opened.value
    glass.set_default_timeout(SLOWLY_MS)
    glass.wait_for_selector("html.standby")
    me.page.bring_to_front()
    me.invite()
    glass.bring_to_front()
    glass.wait_for_selector("html.invitation")
    glass.wait_for_timeout(400)  # as long as a citizen reads at least, until a face counts
    glass.click('[data-key="dissatisfied"]')
    glass.wait_for_selector("html.thanks")
    me.counts(thanked=1, stored=1, lost=0, doubled=0)
    until(lambda: me.text("#level-dissatisfied b") == "1", 10, "the level has its count")
    assert me.complaints == []


def test_the_page_can_be_read_and_used_by_everybody(demo, browser, tmp_path):
    album = Path(os.environ.get("RATINGPAD_ALBUM") or tmp_path)
    me = Visitor(browser, address_of(demo), album)
    me.hint("invite")

    # by keyboard alone, and what the server pushes does not take the focus away
    me.page.focus("#case")
    me.page.keyboard.press("Tab")
    assert me.page.evaluate("document.activeElement.id") == "invite"
    me.page.keyboard.press("Enter")
    me.hint("press")
    me.page.focus("#key-satisfied")
    me.page.keyboard.press("Space")
    me.counts(thanked=1, stored=1)
    assert me.page.evaluate("document.activeElement.id") == "key-satisfied"

    # by weak eyes, and by whom moving things make dizzy
    me.page.emulate_media(reduced_motion="reduce")
    assert me.page.evaluate(CONTRAST) == []
    me.page.evaluate("document.getElementById('hint-zh').style.color = '#bbb'")
    assert len(me.page.evaluate(CONTRAST)) == 1, "the control: faint text is noticed"

    # on a telephone and on a tablet nothing sticks out
    for name, width, height in (("phone", 390, 844), ("tablet", 820, 1180), ("desktop", 1280, 800)):
        me.page.set_viewport_size({"width": width, "height": height})
        assert me.page.evaluate("document.documentElement.scrollWidth") <= width
        me.look(name, whole=True)

    # a refusal is told in words
    me.page.click("#invite:enabled")
    me.hint("press")
    me.page.evaluate("document.getElementById('invite').disabled = false")
    me.page.click("#power")
    me.hint("power-on")
    me.page.keyboard.press("1")
    until(lambda: "没有电" in me.text("#toast"), 10, "the page says that the pad has no power")
