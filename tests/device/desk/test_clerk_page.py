"""The clerk's page in a real Chromium, against a real pad: a clerk's whole day in a minute."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sync.entries import Invited, Level, Paused
from tests.rigs.pad.desk_pad import desk_pad
from tests.rigs.pad.pad_process import TOKEN, PadProcess
from tests.rigs.web.chromium import chromium
from tests.rigs.web.contrast import CONTRAST

pytestmark = pytest.mark.browser

SLOWLY_MS = 60_000
LEVELS = ("满意", "satisf", *(level.value for level in Level))
SIZES = ((1024, 600), (1280, 800))


@pytest.fixture
def pad(tmp_path: Path) -> Iterator[PadProcess]:
    timings = "invitation_s = 10\ngrace_s = 0\nthanks_s = 1"  # of which pictures take some
    with desk_pad(tmp_path / "pad", timings=timings) as one:
        yield one


@pytest.fixture
def browser() -> Iterator[Any]:
    with chromium() as one:
        yield one


class Clerk:
    """Somebody at the page. `said`: every byte that came to the browser."""

    def __init__(self, browser: Any, pad: PadProcess, album: Path) -> None:
        self.pad = pad
        self.address = str(pad.desk.base_url).rstrip("/")
        context = browser.new_context(viewport={"width": 1024, "height": 600}, locale="zh-CN")
        self.page = context.new_page()
        self.page.set_default_timeout(SLOWLY_MS)
        self.requests: list[str] = []
        self.complaints: list[str] = []
        self.said: list[str] = []
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("websocket", self._hear)
        self._album = album

    def _hear(self, socket: Any) -> None:
        self.requests.append(socket.url)
        socket.on("framereceived", lambda frame: self.said.append(str(frame)))

    def come(self, *, token: str = TOKEN, number: str = "C003") -> None:
        self.page.goto(f"{self.address}/#token={token}")
        self.page.fill("#number", number)
        self.page.keyboard.press("Enter")

    def state(self, name: str) -> None:
        self.page.wait_for_selector(f'body[data-state="{name}"]')

    def scan(self, case: str) -> None:
        """A scanner is a keyboard that types wherever the focus is, and then Enter."""
        self.page.keyboard.type(case)
        self.page.keyboard.press("Enter")

    def standing(self, case: str, standing: str) -> None:
        row = f'#visit-rows tr[data-standing="{standing}"]:has(.case:text-is("{case}"))'
        self.page.wait_for_selector(row)

    def problem(self, words: str) -> None:
        self.page.wait_for_selector(f'#problem:visible:has-text("{words}")')

    def waits(self, case: str, words: str) -> None:
        self.page.wait_for_selector(f'#waiting-cases li:has-text("{case}"):has-text("{words}")')

    def counts(self, *counts: int) -> None:
        """Invited, rated, unrated and withdrawn are so many."""
        names = ("invited", "rated", "unrated", "withdrawn")
        for name, count in zip(names, counts, strict=True):
            self.page.wait_for_selector(f'#count-{name}:text-is("{count}")')

    def look(self, name: str) -> None:
        for width, height in SIZES:
            self.page.set_viewport_size({"width": width, "height": height})
            self.page.screenshot(path=self._album / f"clerk-{name}-{width}.png")
            inside = self.page.evaluate("document.documentElement.scrollWidth")
            assert inside <= width
        self.page.set_viewport_size({"width": 1024, "height": 600})


@pytest.fixture
def clerk(browser: Any, pad: PadProcess, tmp_path: Path) -> Clerk:
    return Clerk(browser, pad, Path(os.environ.get("RATINGPAD_ALBUM") or tmp_path))


def test_a_clerks_day(clerk: Clerk, pad: PadProcess) -> None:
    page = clerk.page
    page.goto(f"{clerk.address}/#token={TOKEN}")
    page.wait_for_selector("#number:focus")
    assert page.url == f"{clerk.address}/"  # the token is out of the address and of the history
    clerk.look("sign-in")
    clerk.come()
    clerk.state("ready")
    assert page.inner_text("#clerk") == "C003"
    assert page.inner_text("#window") == "3 号窗口"
    clerk.look("ready")

    # scanned while the focus is elsewhere
    page.evaluate("document.activeElement.blur()")
    clerk.scan("DH-1")
    clerk.standing("DH-1", "open")
    clerk.state("busy")
    assert page.inner_text("#now-case") == "DH-1"
    clerk.look("open")
    pad.press("satisfied")
    clerk.standing("DH-1", "rated")
    clerk.state("ready")

    # once more: refused, then on record
    clerk.scan("DH-1")
    clerk.waits("DH-1", "已经评价过")
    clerk.look("rated-already")
    page.click("#wait-0")
    page.wait_for_selector("#withdraw:visible")
    page.click("#withdraw")
    clerk.standing("DH-1", "withdrawn")
    asked = [body for body in pad.bodies() if isinstance(body, Invited)]
    assert [body.clerk for body in asked] == ["C003", "C003"]
    assert asked[1].rated_before == asked[0].invitation

    # nobody answers; and a second one while the first still may
    clerk.state("ready")
    clerk.scan("DH-2")
    clerk.standing("DH-2", "open")
    clerk.scan("DH-3")
    clerk.waits("DH-3", "上一位群众还在评价")
    clerk.standing("DH-2", "unrated")

    # it waits, and is invited when the clerk says so; then a pause that asks first
    clerk.state("ready")
    page.click("#wait-0")
    clerk.standing("DH-3", "open")
    page.click("#pause")
    page.wait_for_selector("#question:visible")
    clerk.look("pause-question")
    page.keyboard.press("Escape")
    clerk.state("busy")
    page.click("#pause")
    page.click("#question-yes")
    clerk.state("paused")
    clerk.standing("DH-3", "withdrawn")
    clerk.scan("DH-4")
    clerk.waits("DH-4", "暂停服务")
    clerk.look("paused")
    page.click("#pause")
    clerk.state("ready")
    page.click("#drop-0")
    assert [body.by for body in pad.bodies() if isinstance(body, Paused)] == ["desk: C003"]

    # the pad loses its power over an open invitation, and the page finds out what became of it
    clerk.scan("DH-5")
    clerk.standing("DH-5", "open")
    pad.end()
    clerk.state("away")
    clerk.look("away")
    pad.start()
    clerk.standing("DH-5", "withdrawn")
    clerk.state("ready")
    clerk.counts(5, 1, 1, 3)

    # a second tab shows the same and withdraws what the first one has asked for
    clerk.scan("DH-6")
    clerk.standing("DH-6", "open")
    other = page.context.new_page()
    other.goto(clerk.address)
    other.click("#withdraw", timeout=SLOWLY_MS)
    clerk.standing("DH-6", "withdrawn")
    other.close()

    # a reload forgets nothing; leaving forgets the clerk and keeps the pad's token
    page.reload()
    clerk.standing("DH-2", "unrated")
    clerk.counts(6, 1, 1, 4)
    page.click("#leave")
    page.wait_for_selector("#sign-in:visible")
    assert not page.is_visible("#token")
    stored = json.loads(page.evaluate("JSON.stringify([{...sessionStorage}, {...localStorage}])"))
    assert stored == [{}, {"token": TOKEN}]

    # never a level; nothing from elsewhere; nothing complained; the token in no address
    assert clerk.said
    assert not [word for word in LEVELS for said in clerk.said if word in said]
    assert not [word for word in LEVELS if word in page.content()]
    home = (clerk.address, clerk.address.replace("http", "ws"), "data:")
    assert [url for url in clerk.requests if not url.startswith(home)] == []
    assert not [url for url in clerk.requests[1:] if TOKEN in url.partition("#")[0]]
    assert clerk.complaints == []


def test_a_wrong_token_is_asked_for_again_and_the_page_can_be_read(clerk: Clerk) -> None:
    clerk.come(token="a-token-that-is-not-the-pads")
    clerk.page.wait_for_selector("#token:visible")
    clerk.page.wait_for_selector('#state:has-text("口令不正确")')
    clerk.look("wrong-token")
    clerk.page.fill("#token", TOKEN)
    clerk.page.fill("#number", "C004")
    clerk.page.keyboard.press("Enter")
    clerk.state("ready")

    # by keyboard alone, and by weak eyes
    assert clerk.page.evaluate("document.activeElement.id") == "case"
    clerk.page.keyboard.press("Tab")
    assert clerk.page.evaluate("document.activeElement.id") == "invite"
    assert clerk.page.evaluate(CONTRAST) == []
    clerk.page.evaluate("document.getElementById('now-words').style.color = '#bbb'")
    assert len(clerk.page.evaluate(CONTRAST)) == 1, "the control: faint text is noticed"
