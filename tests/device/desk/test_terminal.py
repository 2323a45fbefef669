"""The terminal of the documents, in a real Chromium against a real pad with a touch page."""

import contextlib
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from device.ui.touch.kiosk_secret import secret_in, write_entry
from sync.entries import Channel, Invited, Level, Rated
from sync.mqtt import BrokerAddress
from tests.rigs.pad.desk_pad import web_server
from tests.rigs.pad.pad_process import TOKEN, PadProcess
from tests.rigs.source.source_tree import ROOT
from tests.rigs.system.loopback import free_port
from tests.rigs.time.wait import until
from tests.rigs.web.chromium import chromium

pytestmark = pytest.mark.browser

SLOWLY_MS = 20_000
AGAIN_S = 3


class Terminal:
    """The terminal's web server, its browser, and the pad inside."""

    def __init__(self, pad: PadProcess, home: str, page: Any) -> None:
        self.pad = pad
        self.page = page
        self._address = f"{home}/terminal.html#"
        self._touch = f"http://127.0.0.1:{pad.touch_port}/#{secret_in(pad.entry)}"

    def open(self, *, with_touch: bool = True) -> None:
        given = {"token": TOKEN, **({"touch": self._touch} if with_touch else {})}
        self.page.goto(self._address + urlencode(given))

    @property
    def frame(self) -> Any:
        return self.page.frame_locator("#touch")

    def is_asking(self) -> bool:
        return bool(self.page.evaluate("document.body.className") == "asked")

    def tap_until_thanks(self, key: str) -> None:
        """As a citizen does: again when nothing happens, as after one too fast to be meant."""
        thanks = self.frame.locator("html.thanks")
        for _ in range(5):
            self.frame.locator(f'[data-key="{key}"]').tap()
            with contextlib.suppress(AssertionError):
                until(lambda: thanks.count() == 1, AGAIN_S, "thanks")
                return
        raise AssertionError("five touches, and no thanks")

    def said(self) -> str:
        return str(self.page.inner_text("#says"))


@contextlib.contextmanager
def terminal(folder: Path, *, framed: bool = True) -> Iterator[Terminal]:
    """A pad with the configuration of the document, but for its ports."""
    port, desk_port = free_port(), free_port()
    origin = f"http://127.0.0.1:{port}"
    province = BrokerAddress("127.0.0.1", free_port())  # which never answers
    timings = "invitation_s = 60\ngrace_s = 0\nthanks_s = 4"
    framed_by = f'framed_by = ["{origin}"]\n' if framed else ""
    touch = f"reasons = false\n{framed_by}"
    pad = PadProcess(folder / "pad", "pad-1", province, timings=timings, touch=touch)
    config = pad.config.read_text()
    desk = f'[desk]\nport = {desk_port}\norigins = ["{origin}"]'
    pad.config.write_text(config.replace("[desk]\nport = 0", desk))
    text = (ROOT / "docs" / "terminal" / "terminal.html").read_text("utf-8")
    (folder / "terminal.html").write_text(text.replace("127.0.0.1:8600", f"127.0.0.1:{desk_port}"))
    try:
        pad.start()
        with web_server(folder, port), chromium() as browser:
            page = browser.new_page(viewport={"width": 1024, "height": 600}, has_touch=True)
            page.set_default_timeout(SLOWLY_MS)
            yield Terminal(pad, origin, page)
    finally:
        pad.remove()


def entries(pad: PadProcess, kind: type[Any]) -> list[Any]:
    return [body for body in pad.bodies() if isinstance(body, kind)]


def test_a_terminal_asks_in_its_own_screen_and_goes_on_when_thanks_was_said(
    tmp_path: Path,
) -> None:
    with terminal(tmp_path) as one:
        one.open()
        one.frame.locator("html.standby").wait_for(state="attached")
        assert not one.is_asking()
        one.page.click("#done")
        one.tap_until_thanks("satisfied")
        until(lambda: one.said() == "已评价，谢谢", 10, "the terminal hears of it")
        until(lambda: not one.is_asking(), 10, "its own screen is back")
        (invited,) = entries(one.pad, Invited)
        assert (invited.channel, invited.service.case) == (Channel.HALL_TERMINAL, "DH-1")
        assert [body.level for body in entries(one.pad, Rated)] == [Level.SATISFIED]
        one.page.click("#done")
        until(lambda: one.said() == "已评价过，谢谢", 10, "the same case once more")
        assert not one.is_asking()


def test_a_terminal_beside_a_pad_with_keys_sends_the_citizen_there(tmp_path: Path) -> None:
    with terminal(tmp_path) as one:
        one.open(with_touch=False)
        one.page.click("#done")
        until(lambda: one.said() == "请按评价器上的按键", 10, "where to rate")
        one.pad.press("dissatisfied")
        until(lambda: one.said() == "已评价，谢谢", 10, "the terminal hears of it")
        assert not one.is_asking()


def test_control_a_page_that_nobody_named_shows_no_touch_page(tmp_path: Path) -> None:
    with terminal(tmp_path, framed=False) as one:
        complaints: list[str] = []
        one.page.on("console", lambda message: complaints.append(message.text))
        one.open()
        until(lambda: "frame-ancestors" in " ".join(complaints), 10, "the browser says why")
        one.page.click("#done")
        until(one.is_asking, 10, "it is asked")
        assert one.frame.locator("button").count() == 0


def test_the_command_that_is_told_gives_the_touch_pages_address(tmp_path: Path) -> None:
    entry = tmp_path / "rate.html"
    write_entry(entry, 8610, "a" * 32)
    told = (ROOT / "docs" / "terminal" / "README.md").read_text("utf-8")
    (command,) = re.findall(r"^\$ (sed .*)$", told, re.MULTILINE)
    run = command.replace("/run/ratingpad-kiosk/rate.html", str(entry))
    said = subprocess.run(["bash", "-c", run], capture_output=True, text=True, check=True).stdout
    assert said == f"http://127.0.0.1:8610/#{'a' * 32}\n"
