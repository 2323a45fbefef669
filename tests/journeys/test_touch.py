"""The touch page of a real agent in a real browser, with many kinds of touches."""

import contextlib
import random
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from device.ui.touch.page_start import FONT_FOLDER
from sync.entries import Detailed, Lapsed, Level, Rated, Strayed
from sync.mqtt import BrokerAddress
from tests.rigs.pad.pad_process import PadProcess
from tests.rigs.time.wait import until
from tests.rigs.web.kiosk import Kiosk, browser

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.browser

LEVELS = [level.value for level in Level]
NOBODY = BrokerAddress("127.0.0.1", 9)
"""No broker: a pad without a network takes ratings too."""


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator["Browser"]:
    with browser(tmp_path_factory.mktemp("browser")) as one:
        yield one


@pytest.fixture(scope="module")
def fonts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One folder for all pads' font subsets, which take longer to make than most tests here."""
    return tmp_path_factory.mktemp("fonts")


class Window:
    """A pad with a touchscreen and its kiosk."""

    def __init__(
        self, chromium: "Browser", folder: Path, fonts: Path, timings: str, touch: str = ""
    ) -> None:
        self.chromium = chromium
        self.pad = PadProcess(folder / "pad", "touch-1", NOBODY, timings=timings, touch=touch)
        (self.pad.folder / FONT_FOLDER).symlink_to(fonts)
        self.pad.start()
        self.kiosk = Kiosk(chromium, self.pad.entry)
        self.kiosk.see("standby")

    def ask(self, case: str) -> str:
        """Invite, and read as long as a citizen does."""
        self.pad.free()
        invitation = self.pad.invite(case)
        self.kiosk.see("invitation")
        self.kiosk.read()
        return invitation

    def rated(self) -> list[tuple[str, str]]:
        """Every rating on the card: invitation and level."""
        bodies = [body for body in self.pad.bodies() if isinstance(body, Rated)]
        return [(body.invitation, body.level.value) for body in bodies]

    def strayed(self) -> list[str]:
        """Every stray: which keys were touched."""
        return [body.key for body in self.pad.bodies() if isinstance(body, Strayed)]

    def close(self) -> None:
        """Close the browser and end the pad."""
        self.kiosk.close()
        self.pad.remove()


QUICK = "invitation_s = 30\ngrace_s = 0\nthanks_s = 2"
"""Thanks is shown long enough for a browser on a busy machine."""


@pytest.fixture
def window(
    chromium: "Browser", tmp_path: Path, fonts: Path, request: pytest.FixtureRequest
) -> Iterator[Window]:
    timings, touch = getattr(request, "param", (QUICK, "reasons = false\n"))
    made = Window(chromium, tmp_path, fonts, timings, touch)
    yield made
    assert made.kiosk.elsewhere() == [], "no request leaves loopback"
    assert made.kiosk.complaints == []
    made.close()


@pytest.mark.parametrize("key", LEVELS)
def test_a_touch_is_a_rating_and_thanks_comes_after_it(window: Window, key: str) -> None:
    invitation = window.ask("c1")
    window.kiosk.page.tap(f'[data-key="{key}"]')
    window.kiosk.see("thanks")
    assert window.rated() == [(invitation, key)]
    assert window.pad.standing(invitation) == "rated"


@pytest.mark.parametrize(
    "window", [("invitation_s = 30\ngrace_s = 6\nthanks_s = 2", "")], indirect=True
)
def test_a_wrong_touch_is_corrected_and_reasons_follow(window: Window) -> None:
    invitation = window.ask("c1")
    page = window.kiosk.page
    page.tap('[data-key="satisfied"]')
    window.kiosk.see("thanks")
    window.kiosk.read()
    page.tap('[data-key="dissatisfied"]')
    until(lambda: len(window.rated()) == 2, 5, "the correction is on the card")
    assert window.rated()[-1] == (invitation, "dissatisfied")
    window.kiosk.see("details")
    assert not [level for level in LEVELS if level in page.content()], "law 7"
    page.tap('[data-topic="documents"]')
    page.wait_for_selector('[data-topic="documents"][aria-pressed="true"]')  # the agent has it
    page.reload()
    page.wait_for_selector('[data-topic="documents"][aria-pressed="true"]')
    page.tap('[data-topic="attitude"]')
    page.tap('[data-do="done"]')
    window.kiosk.see("thanks")
    (given,) = [body for body in window.pad.bodies() if isinstance(body, Detailed)]
    assert (given.invitation, given.options) == (invitation, ("attitude", "documents"))
    window.kiosk.see("standby")
    assert not [level for level in LEVELS if level in page.content()], "law 7"


def test_two_keys_touched_together_are_one_press_without_a_level(window: Window) -> None:
    window.ask("c1")
    first, second = window.kiosk.middle("satisfied"), window.kiosk.middle("dissatisfied")
    window.kiosk.fingers("touchStart", first)
    window.kiosk.fingers("touchStart", first, second)
    window.kiosk.fingers("touchEnd", second)
    window.kiosk.fingers("touchEnd")
    until(lambda: window.strayed() == ["satisfied+dissatisfied"], 5, "a stray of both")
    assert window.rated() == []
    assert window.kiosk.scene == "invitation"


def test_a_flat_hand_on_all_five_is_one_press_without_a_level(window: Window) -> None:
    window.ask("c1")
    window.kiosk.fingers("touchStart", *map(window.kiosk.middle, LEVELS))
    window.kiosk.fingers("touchEnd")
    until(lambda: window.strayed() == ["+".join(LEVELS)], 5, "a stray of all five")
    assert window.rated() == []


def test_a_touch_that_slides_off_its_key_is_no_press(window: Window) -> None:
    invitation = window.ask("c1")
    window.kiosk.fingers("touchStart", window.kiosk.middle("satisfied"))
    window.kiosk.fingers("touchMove", window.kiosk.middle("dissatisfied"))
    window.kiosk.fingers("touchEnd")
    window.kiosk.page.tap('[data-key="very_satisfied"]')
    window.kiosk.see("thanks")
    assert window.rated() == [(invitation, "very_satisfied")]
    assert window.strayed() == []


@pytest.mark.parametrize("seed", range(3))
def test_random_touches_rate_each_invitation_at_most_once(window: Window, seed: int) -> None:
    rng = random.Random(seed)
    invitations = []
    for visit in range(3):
        window.pad.free()
        invitations.append(window.pad.invite(f"c{visit}"))
        for _ in range(12):
            box = window.kiosk.page.viewport_size
            assert box is not None
            points = [
                (rng.uniform(0, box["width"] - 1), rng.uniform(0, box["height"] - 1))
                for _ in range(rng.choice((1, 1, 1, 2, 3)))
            ]
            window.kiosk.fingers("touchStart", *points)
            window.kiosk.page.wait_for_timeout(rng.choice((5, 60, 150)))
            window.kiosk.fingers("touchEnd")
        if window.pad.standing(invitations[-1]) == "open":
            window.pad.desk.post(f"/v1/invitations/{invitations[-1]}/withdraw", json={})
        until(lambda: window.pad.window()["state"] == "ready", 10, "the window is free")
    rated = [invitation for invitation, _ in window.rated()]
    assert len(rated) == len(set(rated))
    for invitation in rated:
        assert window.pad.standing(invitation) == "rated"


@pytest.mark.parametrize(
    "window", [("invitation_s = 3\ngrace_s = 0\nthanks_s = 1", "reasons = false\n")], indirect=True
)
def test_a_touch_at_the_very_end_rates_or_lapses_and_never_both(window: Window) -> None:
    def outcome(late_ms: int) -> str:
        window.pad.free()
        invitation = window.pad.invite(f"{late_ms} ms")
        end_s = time.monotonic() + 3 + late_ms / 1000
        window.kiosk.see("invitation")
        where = window.kiosk.middle("satisfied")
        until(lambda: time.monotonic() >= end_s, 5, "the moment of the touch", 0.002)
        window.kiosk.fingers("touchStart", where)
        window.kiosk.fingers("touchEnd")
        until(lambda: window.pad.standing(invitation) != "open", 5, "it is over")
        standing = window.pad.standing(invitation)
        count = [rated for rated, _ in window.rated()].count(invitation)
        lapses = [
            b for b in window.pad.bodies() if isinstance(b, Lapsed) and b.invitation == invitation
        ]
        assert (standing, count, len(lapses)) in {("rated", 1, 0), ("unrated", 0, 1)}
        return standing

    # The first is early enough on a machine that is a second late.
    outcomes = {outcome(late_ms) for late_ms in (-1400, -400, -100, 0, 150, 400, 700)}
    assert outcomes == {"rated", "unrated"}, "the moments lie on both sides of the end"


def test_the_page_reconnects_and_never_thanks_for_a_rating_that_is_not_stored(
    window: Window,
) -> None:
    seen = window.kiosk.page.evaluate(
        """() => {
          window.scenes = [];
          new MutationObserver(() =>
            window.scenes.push(document.documentElement.className.split(" ")[0]),
          ).observe(document.documentElement, { attributeFilter: ["class"] });
          return 1;
        }"""
    )
    assert seen == 1
    for visit, held_ms in enumerate((0, 20, 60, 105, 110, 130)):
        invitation = window.ask(f"c{visit}")
        window.kiosk.page.evaluate("scenes.length = 0")
        window.kiosk.fingers("touchStart", window.kiosk.middle("satisfied"))
        window.kiosk.fingers("touchEnd")
        window.kiosk.page.wait_for_timeout(held_ms)
        window.pad.end(signal.SIGKILL)
        window.kiosk.see("lost")
        kept = invitation in dict(window.rated())
        thanked = "thanks" in window.kiosk.page.evaluate("scenes")
        assert kept or not thanked
        window.kiosk.page.evaluate("scenes.length = 0")
        window.pad.start()
        window.kiosk.see("standby")
        assert "thanks" not in window.kiosk.page.evaluate("scenes")


def test_a_page_without_its_agent_asks_again_and_opens_no_socket_before_an_answer(
    window: Window,
) -> None:
    """A browser makes a page wait longer and longer for a socket that failed before."""
    asked = window.kiosk.asked
    window.pad.end(signal.SIGKILL)
    window.kiosk.see("lost")
    asked.clear()

    def asks_again() -> bool:
        window.kiosk.page.wait_for_timeout(50)
        return len(asked) >= 6

    until(asks_again, 20, "it asks again")
    assert {url.rsplit("/", 1)[1] for url in asked} == {"here"}
    window.pad.start()
    window.kiosk.see("standby")
    assert [url for url in asked if url.startswith("ws:")], "the control: then it opens one"


def test_without_a_browser_keys_and_ledger_go_on(window: Window) -> None:
    window.kiosk.close()
    invitation = window.pad.invite("c1")
    window.pad.press("satisfied")
    until(lambda: window.pad.standing(invitation) == "rated", 5, "the key rated")
    window.kiosk = Kiosk(window.chromium, window.pad.entry)
    window.kiosk.see("standby")


def test_a_browser_that_is_there_before_the_agent_finds_it(
    window: Window, chromium: "Browser"
) -> None:
    window.kiosk.close()
    window.pad.end()
    early = Kiosk(chromium, window.pad.entry)
    window.pad.start()
    early.see("standby")
    window.kiosk = early


def test_a_key_and_a_touch_are_one_rating(window: Window) -> None:
    """Keys beside the screen: whichever comes first is the rating, the other a stray."""
    invitation = window.ask("c1")
    window.pad.press("dissatisfied")
    with contextlib.suppress(Exception):
        window.kiosk.page.tap('[data-key="satisfied"]', timeout=300)
    window.kiosk.see("thanks")
    assert window.rated() == [(invitation, "dissatisfied")]
