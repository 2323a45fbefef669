"""From a scene to the display, and what stands there when nothing happens."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from PIL import Image

from device.clock import TrustedClock
from device.config import Config, load
from device.drivers.base import Board, FaultReport, WallReading
from device.errors import Code, DriverError
from device.events import Scene
from device.showing import Showing
from device.ui.screens import Screen, screen
from rigs.glass import Seen, read
from rigs.wait import until
from sync.entries import Trust

NOON_MS = 1_790_049_600_000 + 4 * 3600 * 1000
HALL = "测试大厅"


class Glass:
    """A display that keeps what it was shown, and can be gone."""

    width, height = 128, 64

    def __init__(self) -> None:
        self.shown: list[bytes] = []
        self.gone = self.stopped = False
        self.brightness = 1.0

    def show(self, image: Image.Image) -> None:
        if self.gone:
            raise DriverError("no answer", Code.DISPLAY_GONE)
        if not self.shown or self.shown[-1] != image.tobytes():
            self.shown.append(image.tobytes())

    def contrast(self, share: float) -> None:
        self.brightness = share

    def stop(self) -> None:
        self.stopped = True


class Clocks:
    """Both clocks of a board, set by hand."""

    boot = "0d9f2a0e6f0a4a539c0c8d8f4f0a1b2c"

    def __init__(self) -> None:
        self.now_ms = 1000
        self.trust = Trust.NTP

    def mono_ms(self) -> int:
        return self.now_ms

    def read(self) -> WallReading:
        return WallReading(NOON_MS + self.now_ms, self.trust, 10, "bench")


class FakeBoard:
    def __init__(self, glass: Glass | None) -> None:
        self.display = glass


@pytest.fixture
def config(tmp_path: Path) -> Config:
    file = tmp_path / "pad.toml"
    file.write_text(
        f'[pad]\nid = "pad-1"\nwindow = "3"\nhall = "{HALL}"\n[ledger]\npath = "ledger.db"\n'
    )
    return load(file)


class Place:
    """A showing over a glass."""

    def __init__(self, config: Config) -> None:
        self.glass, self.clocks = Glass(), Clocks()
        self.clock = TrustedClock(self.clocks, self.clocks)
        self.faults: list[FaultReport] = []
        self.showing = Showing(config, cast("Board", FakeBoard(self.glass)), self.clock)
        self.showing.start(self.faults.append)

    def scene(self, window: str = "3") -> Seen | None:
        return read(self.glass.shown[-1], window, HALL) if self.glass.shown else None


@pytest.fixture
def place(config: Config) -> Iterator[Place]:
    one = Place(config)
    yield one
    one.showing.stop()
    one.showing.stop()
    assert one.glass.stopped


@pytest.mark.parametrize("scene", [scene for scene in Scene if scene is not Scene.STANDBY])
def test_every_scene_comes_to_the_glass_as_it_is_drawn(place: Place, scene: Scene) -> None:
    if scene is Scene.UNBOUND:
        place.showing.show(scene, None)
        until(lambda: place.glass.shown, 5, "a picture with the pad's id")
        return
    place.showing.show(scene, Code.LEDGER_FULL if scene is Scene.FAULT else None)
    until(lambda: place.glass.shown, 5, "a picture")
    assert place.scene() == Seen(scene, Code.LEDGER_FULL if scene is Scene.FAULT else None)


def test_standby_shows_the_minute_only_while_the_time_is_known(place: Place) -> None:
    place.showing.show(Scene.STANDBY, None)
    until(lambda: len(place.glass.shown) == 1, 5, "standby")
    place.clocks.now_ms += 60_000
    place.showing.again()
    until(lambda: len(place.glass.shown) == 2, 5, "the next minute")
    place.clocks.trust = Trust.NONE
    place.showing.again()
    until(lambda: len(place.glass.shown) == 3, 5, "no time")
    assert place.scene() == Seen(Scene.STANDBY)
    first, second, third = place.glass.shown
    assert len({first, second, third}) == 3


def test_standby_shows_a_fault_that_does_not_close_the_window(place: Place) -> None:
    place.showing.note = Code.PROVINCE_SILENT
    place.showing.show(Scene.STANDBY, None)
    until(lambda: place.glass.shown, 5, "standby")
    assert place.scene() == Seen(Scene.STANDBY, Code.PROVINCE_SILENT)
    place.showing.show(Scene.THANKS, None)  # the citizen's pictures carry no code
    until(lambda: len(place.glass.shown) == 2, 5, "thanks")
    assert place.scene() == Seen(Scene.THANKS)


def test_only_standby_is_shown_anew_by_itself(place: Place) -> None:
    place.showing.again()
    place.showing.show(Scene.INVITATION, None)
    until(lambda: place.glass.shown, 5, "an invitation")
    place.clocks.now_ms += 60_000
    place.showing.note = Code.PROVINCE_SILENT
    place.showing.again()
    place.showing.show(Scene.STANDBY, None)
    until(lambda: len(place.glass.shown) == 2, 5, "standby")
    place.showing.window = "5"
    place.showing.again()
    until(lambda: len(place.glass.shown) == 3, 5, "the new window")
    assert place.scene("5") == Seen(Scene.STANDBY, Code.PROVINCE_SILENT)


def test_a_standby_that_has_not_changed_costs_the_display_nothing(place: Place) -> None:
    given: list[Image.Image] = []
    panel = place.showing._panel
    assert panel is not None
    panel.show = lambda image, _: given.append(image)  # type: ignore[method-assign]
    place.showing.show(Scene.STANDBY, None)
    for _ in range(59):
        place.showing.again()
    assert len(given) == 1
    place.showing.note = Code.PROVINCE_SILENT
    place.showing.again()
    assert len(given) == 2


def test_a_display_that_is_gone_is_told_once_and_the_pad_goes_on(place: Place) -> None:
    place.glass.gone = True
    place.showing.show(Scene.INVITATION, None)
    until(lambda: place.faults, 5, "the fault")
    place.showing.show(Scene.THANKS, None)
    assert place.faults == [FaultReport(Code.DISPLAY_GONE, True, "no answer")]
    place.glass.gone = False
    until(lambda: len(place.faults) == 2, 10, "it is taken up again by itself")
    assert place.faults[1].standing is False
    assert place.scene() == Seen(Scene.THANKS)


def test_a_board_without_a_display_shows_nothing_and_lacks_nothing(config: Config) -> None:
    clocks = Clocks()
    showing = Showing(config, cast("Board", FakeBoard(None)), TrustedClock(clocks, clocks))
    showing.start(lambda _: None)
    showing.warm()
    showing.show(Scene.THANKS, None)
    showing.again()
    showing.stop()


def test_what_a_citizen_will_see_is_drawn_beforehand_and_kept_over_hours_of_standby(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.showing.warm()
    drawn: list[Scene] = []

    def counted(scene: Scene, *details: Any, **more: Any) -> Screen:
        drawn.append(scene)
        return screen(scene, *details, **more)

    monkeypatch.setattr("device.showing.screen", counted)
    for _ in range(100):
        place.clocks.now_ms += 60_000
        for _ in range(3):
            place.showing.show(Scene.STANDBY, None)
    assert drawn == [Scene.STANDBY] * 100  # control: each minute once
    shown = len(place.glass.shown)
    place.showing.show(Scene.THANKS, None)
    until(lambda: len(place.glass.shown) > shown, 5, "thanks")
    assert Scene.THANKS not in drawn
    until(lambda: place.scene() == Seen(Scene.THANKS), 5, "thanks")
