"""Whether anybody can see the page."""

import itertools
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from device.config.touch_config import SHOWN_S
from device.ui.touch.page_liveness import LONGEST_MS, LivenessCheck, PageLiveness
from device.ui.touch.page_server import page_file
from tests.rigs.time.wait import until
from tests.rigs.web.kiosk import Kiosk, browser
from tests.rigs.web.touch_page import TouchPage

if TYPE_CHECKING:
    from playwright.sync_api import Browser

LOST_MS = 30_000


def test_a_page_that_was_not_seen_for_so_long_is_lost_until_it_is_seen() -> None:
    one = PageLiveness(LOST_MS, 1_000)
    assert one.check(30_999) == LivenessCheck(lost=False)
    assert one.check(31_000) == LivenessCheck(lost=True)
    one.shown(40_000)
    assert one.check(40_000) == LivenessCheck(lost=False)
    assert one.check(70_000) == LivenessCheck(lost=True)


def test_the_browser_is_started_again_later_and_later_and_at_last_every_hour() -> None:
    one = PageLiveness(LOST_MS, 0)
    starts = [now_ms for now_ms in range(0, 30_000_000, 1_000) if one.check(now_ms).restart]
    waits = [later - before for before, later in itertools.pairwise(starts)]
    assert starts[0] == 2 * LOST_MS
    assert waits[:3] == [120_000, 240_000, 480_000]
    assert waits[-2:] == [LONGEST_MS, LONGEST_MS]


def test_a_page_that_was_seen_has_its_browser_started_as_soon_as_the_first_time() -> None:
    one = PageLiveness(LOST_MS, 0)
    assert [one.check(now_ms).restart for now_ms in (60_000, 180_000, 420_000)] == [True] * 3
    one.shown(500_000)
    assert not one.check(559_999).restart
    assert one.check(560_000).restart


def test_a_page_that_is_seen_never_has_its_browser_started_again() -> None:
    one = PageLiveness(LOST_MS, 0)
    for now_ms in range(0, 3_600_000, 10_000):
        one.shown(now_ms)
        assert one.check(now_ms + 9_999) == LivenessCheck(lost=False)


# --- what a browser says of itself -------------------------------------------------------------


def test_the_page_says_it_as_often_as_the_configuration_counts_on() -> None:
    assert f"const SHOWN_MS = {SHOWN_S * 1000};" in page_file("touch.js").decode()


HASTY = "const slow = setInterval; setInterval = (f, ms) => slow(f, ms === 10000 ? 50 : ms);"
"""The page's ten seconds are a twentieth of one, so that nobody waits for them."""


@pytest.fixture
def chromium(tmp_path: Path) -> Iterator["Browser"]:
    with browser(tmp_path / "browser") as one:
        yield one


def painters() -> list[int]:
    """The processes that draw for the browsers of this test run, and of no other beside it."""
    parents: dict[int, int] = {}
    drawing = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            stat = (folder / "stat").read_text()
            parents[int(folder.name)] = int(stat.rpartition(")")[2].split()[1])
            if b"--type=gpu-process" in (folder / "cmdline").read_bytes():
                drawing.append(int(folder.name))
        except OSError:
            continue  # it has just ended

    def is_ours(pid: int) -> bool:
        return pid == os.getpid() or (pid in parents and is_ours(parents[pid]))

    return [pid for pid in drawing if is_ours(pid)]


@pytest.mark.browser
def test_a_browser_that_runs_and_draws_nothing_says_nothing(
    request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    assert painters() == []
    chromium: Browser = request.getfixturevalue("chromium")
    room = TouchPage(tmp_path)
    kiosk = Kiosk(chromium, room.entry)
    kiosk.see("standby")
    kiosk.page.add_init_script(HASTY)
    kiosk.page.reload()
    kiosk.see("standby")
    until(lambda: room.seen >= 3, 10, "the page says that it is seen")
    (painter,) = painters()
    os.kill(painter, signal.SIGSTOP)
    try:
        kiosk.page.wait_for_timeout(200)  # a frame that was on its way
        before, at = room.seen, kiosk.page.evaluate("performance.now()")
        kiosk.page.wait_for_timeout(500)
        assert kiosk.page.evaluate("performance.now()") > at + 400, "the page itself runs on"
        assert room.seen <= before + 1
    finally:
        os.kill(painter, signal.SIGCONT)
    until(lambda: room.seen >= before + 3, 10, "it is seen again")
    kiosk.close()
    room.stop()
