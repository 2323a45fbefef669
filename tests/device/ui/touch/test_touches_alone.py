"""A browser without pointer events for touches, as cog's engine is: its touch events count.

Played by Chromium, from which the page never hears of the pointers that it makes of fingers.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from device.events import Press
from sync.entries import Level
from tests.rigs.web.kiosk import Kiosk, browser
from tests.rigs.web.touch_page import ASKED, TouchPage

pytestmark = pytest.mark.browser

NO_POINTERS = """
for (const name of ["pointerdown", "pointerup", "pointermove", "pointercancel"])
  addEventListener(name, (event) => event.stopImmediatePropagation(), true);
"""
NO_FINGERS = """
for (const name of ["touchstart", "touchend", "touchcancel"])
  addEventListener(name, (event) => event.stopImmediatePropagation(), true);
"""


@pytest.fixture
def room(tmp_path: Path) -> Iterator[TouchPage]:
    one = TouchPage(tmp_path)
    yield one
    one.stop()


@pytest.fixture
def kiosk(room: TouchPage, tmp_path: Path) -> Iterator[Kiosk]:
    with browser(tmp_path / "browser") as chromium:
        one = Kiosk(chromium, room.entry)
        one.see("standby")  # or it is reloaded while the entry leads it on
        one.context.add_init_script(NO_POINTERS)
        one.page.reload()
        one.see("standby")
        yield one
        one.close()


def asked(room: TouchPage, kiosk: Kiosk) -> tuple[float, float]:
    """Show an invitation; returns where its face is."""
    room.stand(ASKED)
    kiosk.see("invitation")
    kiosk.read()
    return kiosk.middle("satisfied")


def test_a_touched_face_looks_pressed_and_is_a_press(room: TouchPage, kiosk: Kiosk) -> None:
    face = asked(room, kiosk)
    kiosk.fingers("touchStart", face)
    kiosk.page.wait_for_selector("button.down")
    kiosk.fingers("touchEnd")
    room.wait_for(1)
    (press,) = room.happened
    assert isinstance(press, Press)
    assert press.level is Level.SATISFIED


def test_a_finger_that_slides_off_takes_it_back(room: TouchPage, kiosk: Kiosk) -> None:
    x, y = asked(room, kiosk)
    kiosk.fingers("touchStart", (x, y))
    kiosk.page.wait_for_selector("button.down")
    kiosk.fingers("touchMove", (x, y + 300))
    kiosk.fingers("touchEnd")
    kiosk.page.wait_for_selector("button.down", state="detached")
    assert room.happened == []


def test_control_without_pointers_and_fingers_the_page_is_deaf(
    room: TouchPage, kiosk: Kiosk
) -> None:
    kiosk.context.add_init_script(NO_FINGERS)
    kiosk.page.reload()
    kiosk.see("standby")
    face = asked(room, kiosk)
    kiosk.fingers("touchStart", face)
    kiosk.page.wait_for_timeout(300)
    assert kiosk.page.locator("button.down").count() == 0
    kiosk.fingers("touchEnd")
