"""From a scene to the display, and what stands there when nothing happens."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, cast

import pytest
import zxingcpp
from msgspec.structs import replace
from PIL import Image

from demo.scene_reader import DisplayReading, read
from device.board.profile import DisplayProfile
from device.config.config import Config, load
from device.errors import ConfigError, DriverError, PadCode
from device.events import RESTING, Scene
from device.output.display_output import DisplayOutput, refuse_unshowable
from device.ports import Board, FaultReport, WallReading
from device.system.clock import TrustedClock
from device.ui.burn_in import DIM_SHARE
from device.ui.screens import Screen, screen
from sync.entries import Trust
from sync.messages import Settings
from tests.rigs.time.wait import until

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
            raise DriverError("no answer", PadCode.DISPLAY_GONE)
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


def configured(folder: Path, *, pad: str = "", more: str = "") -> Config:
    file = folder / "pad.toml"
    file.write_text(
        f'[pad]\nid = "pad-1"\nwindow = "3"\nhall = "{HALL}"\n{pad}\n'
        f'[ledger]\npath = "ledger.db"\n{more}\n'
    )
    return load(file)


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return configured(tmp_path)


class Place:
    """A showing over a glass."""

    def __init__(self, config: Config) -> None:
        self.glass, self.clocks = Glass(), Clocks()
        self.clock = TrustedClock(self.clocks, self.clocks)
        self.faults: list[FaultReport] = []
        self.showing = DisplayOutput(config, cast("Board", FakeBoard(self.glass)), self.clock)
        self.showing.start(self.faults.append)

    def scene(self, window: str = "3") -> DisplayReading | None:
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
    place.showing.show(scene, PadCode.LEDGER_FULL if scene is Scene.FAULT else None)
    until(lambda: place.glass.shown, 5, "a picture")
    assert place.scene() == DisplayReading(
        scene, PadCode.LEDGER_FULL if scene is Scene.FAULT else None
    )


def test_standby_shows_the_minute_only_while_the_time_is_known(place: Place) -> None:
    place.showing.show(Scene.STANDBY, None)
    until(lambda: len(place.glass.shown) == 1, 5, "standby")
    place.clocks.now_ms += 60_000
    place.showing.again()
    until(lambda: len(place.glass.shown) == 2, 5, "the next minute")
    place.clocks.trust = Trust.NONE
    place.showing.again()
    until(lambda: len(place.glass.shown) == 3, 5, "no time")
    assert place.scene() == DisplayReading(Scene.STANDBY)
    first, second, third = place.glass.shown
    assert len({first, second, third}) == 3


def test_standby_shows_a_fault_that_does_not_close_the_window(place: Place) -> None:
    place.showing.note = PadCode.PROVINCE_SILENT
    place.showing.show(Scene.STANDBY, None)
    until(lambda: place.glass.shown, 5, "standby")
    assert place.scene() == DisplayReading(Scene.STANDBY, PadCode.PROVINCE_SILENT)
    place.showing.show(Scene.THANKS, None)  # the citizen's pictures carry no code
    until(lambda: len(place.glass.shown) == 2, 5, "thanks")
    assert place.scene() == DisplayReading(Scene.THANKS)


def test_only_standby_is_shown_anew_by_itself(place: Place) -> None:
    place.showing.again()
    place.showing.show(Scene.INVITATION, None)
    until(lambda: place.glass.shown, 5, "an invitation")
    place.clocks.now_ms += 60_000
    place.showing.note = PadCode.PROVINCE_SILENT
    place.showing.again()
    place.showing.show(Scene.STANDBY, None)
    until(lambda: len(place.glass.shown) == 2, 5, "standby")
    place.showing.apply_settings(Settings(window="5"))
    place.showing.again()
    until(lambda: len(place.glass.shown) == 3, 5, "the new window")
    assert place.scene("5") == DisplayReading(Scene.STANDBY, PadCode.PROVINCE_SILENT)


def test_a_standby_that_has_not_changed_costs_the_display_nothing(
    monkeypatch: pytest.MonkeyPatch, place: Place
) -> None:
    given: list[Image.Image] = []
    panel = place.showing._worker
    assert panel is not None
    monkeypatch.setattr(panel, "show", lambda image, _: given.append(image))
    place.showing.show(Scene.STANDBY, None)
    for _ in range(59):
        place.showing.again()
    assert len(given) == 1
    place.showing.note = PadCode.PROVINCE_SILENT
    place.showing.again()
    assert len(given) == 2


def test_a_display_that_is_gone_is_told_once_and_the_pad_goes_on(place: Place) -> None:
    place.glass.gone = True
    place.showing.show(Scene.INVITATION, None)
    until(lambda: place.faults, 5, "the fault")
    place.showing.show(Scene.THANKS, None)
    assert place.faults == [FaultReport(PadCode.DISPLAY_GONE, True, "no answer")]
    place.glass.gone = False
    until(lambda: len(place.faults) == 2, 10, "it is taken up again by itself")
    assert place.faults[1].standing is False
    assert place.scene() == DisplayReading(Scene.THANKS)


def test_a_board_without_a_display_shows_nothing_and_lacks_nothing(config: Config) -> None:
    clocks = Clocks()
    showing = DisplayOutput(config, cast("Board", FakeBoard(None)), TrustedClock(clocks, clocks))
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

    monkeypatch.setattr("device.output.display_output.screen", counted)
    for _ in range(100):
        place.clocks.now_ms += 60_000
        for _ in range(3):
            place.showing.show(Scene.STANDBY, None)
    assert drawn == [Scene.STANDBY] * 100  # control: each minute once
    shown = len(place.glass.shown)
    place.showing.show(Scene.THANKS, None)
    until(lambda: len(place.glass.shown) > shown, 5, "thanks")
    assert Scene.THANKS not in drawn
    until(lambda: place.scene() == DisplayReading(Scene.THANKS), 5, "thanks")


# --- the code for the phone, and the notice ------------------------------------------------------

URL = '[phone]\nurl = "https://rate.example.cn/R/"'
FIRST, SECOND = (f"HTTPS://RATE.EXAMPLE.CN/R/{number:050}" for number in (1, 2))


def codes(glass: Glass) -> list[str]:
    """What a phone reads on the glass."""
    picture = Image.frombytes("1", (128, 64), glass.shown[-1]).convert("L")
    framed = Image.new("L", (144, 80), 0)
    framed.paste(picture, (8, 8))
    return [found.text for found in zxingcpp.read_barcodes(framed.resize((432, 240), 0))]


def test_the_code_of_a_case_stands_beside_its_three_scenes_and_no_other(tmp_path: Path) -> None:
    place = Place(configured(tmp_path))
    showing = place.showing
    try:
        for code in (FIRST, SECOND):
            showing.code = partial(str, code)
            for scene in Scene:
                shown = len(place.glass.shown)
                showing.show(scene, None)
                until(lambda shown=shown: len(place.glass.shown) > shown, 5, scene.value)
                wanted = scene in (Scene.INVITATION, Scene.LAPSED, Scene.STANDBY)
                assert codes(place.glass) == ([code] if wanted else [])
    finally:
        showing.stop()


def test_standby_takes_the_code_of_a_lapse_away_by_itself(tmp_path: Path) -> None:
    home = '[phone]\nstandby_url = "https://h.example/"'
    place = Place(configured(tmp_path, more=home))
    showing = place.showing
    late: list[str | None] = [FIRST]
    showing.code = lambda: late[0]
    try:
        showing.show(Scene.STANDBY, None)
        until(lambda: len(place.glass.shown) == 1, 5, "standby")
        assert codes(place.glass) == [FIRST]
        late[0] = None
        showing.again()
        until(lambda: len(place.glass.shown) == 2, 5, "standby without a case")
        assert codes(place.glass) == ["HTTPS://H.EXAMPLE/"]
    finally:
        showing.stop()


def test_where_no_case_may_be_rated_there_is_no_code(place: Place) -> None:
    for scene in (Scene.INVITATION, Scene.LAPSED):
        shown = len(place.glass.shown)
        place.showing.show(scene, None)
        until(lambda shown=shown: len(place.glass.shown) > shown, 5, scene.value)
        assert place.scene() == DisplayReading(scene)


def test_a_hundred_invitations_with_codes_do_not_push_thanks_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = Place(configured(tmp_path, more=URL))
    place.showing.warm()
    drawn: list[Scene] = []

    def counted(scene: Scene, *details: Any, **more: Any) -> Screen:
        drawn.append(scene)
        return screen(scene, *details, **more)

    monkeypatch.setattr("device.output.display_output.screen", counted)
    for number in range(100):
        place.showing.code = partial(str, f"{FIRST[:27]}{number:050}")
        for scene in (Scene.INVITATION, Scene.SAVING, Scene.THANKS):
            place.showing.show(scene, None)
    place.showing.stop()
    assert drawn == [Scene.INVITATION] * 100


@pytest.mark.parametrize(
    ("pad", "more", "mistake"),
    [
        ('notice = "\ue123"', "", r"\[pad\] notice = .*: the display has no glyph for"),
        (f'notice = "{"告" * 11}"', "", r"告': too long for the display\."),
        (
            'notice = "今日办理至16:30"',
            '[phone]\nstandby_url = "https://h.example/"',
            r"16:30': too long for the display beside a QR code\.",
        ),
        (
            "",
            f'[phone]\nurl = "https://h.example/{"A" * 10}"',
            r"28 characters are too many .* at most 27\.",
        ),
        (
            "",
            f'[phone]\nstandby_url = "https://h.example/{"A" * 70}"',
            r"88 characters are too many .* at most 53, or 77 of capitals",
        ),
    ],
)
def test_what_the_display_cannot_show_is_refused(
    tmp_path: Path, pad: str, more: str, mistake: str
) -> None:
    with pytest.raises(ConfigError, match=mistake):
        refuse_unshowable(configured(tmp_path, pad=pad, more=more))


def test_a_notice_and_codes_that_fit_are_in_order(tmp_path: Path) -> None:
    refuse_unshowable(configured(tmp_path, pad='notice = "今日办理至16:30"', more=URL))
    capitals = f'[phone]\nurl = "https://h.example/{"A" * 9}"'
    refuse_unshowable(configured(tmp_path, more=capitals))
    for languages in ('"zh", "ko"', '"ko", "zh"', '"zh", "ko", "en"'):
        pad = f'languages = [{languages}]\nnotice = "今日办理至16:30"'
        refuse_unshowable(configured(tmp_path, pad=pad))


def test_a_display_that_is_too_low_has_no_codes(tmp_path: Path) -> None:
    config = configured(tmp_path, more=URL)
    low = replace(config.profile, display=DisplayProfile(height=32))
    with pytest.raises(ConfigError, match="a display of 32 rows is too low"):
        refuse_unshowable(replace(config, profile=low))


# --- sparing the display -------------------------------------------------------------------------


def again_after(place: Place, minutes: float) -> None:
    place.clocks.now_ms += round(minutes * 60_000)
    place.showing.again()


@pytest.mark.parametrize("scene", RESTING)
def test_what_is_at_rest_walks_and_grows_dim_and_whoever_comes_wakes_it(
    place: Place, scene: Scene
) -> None:
    place.clocks.trust = Trust.NONE  # no minute, so that nothing else changes
    place.showing.show(scene, None)
    until(lambda: len(place.glass.shown) == 1, 5, "rest")
    assert place.glass.brightness == 1.0
    for minute in range(2, 10):
        again_after(place, 1)
        until(lambda minute=minute: len(place.glass.shown) == minute, 5, "a step")
    again_after(place, 2)
    until(lambda: place.glass.brightness == DIM_SHARE, 5, "it grows dim")
    again_after(place, 600)
    until(lambda: len(place.glass.shown) == 11, 5, "another step")
    assert place.glass.brightness == DIM_SHARE
    place.showing.show(Scene.INVITATION, None)
    until(lambda: len(place.glass.shown) == 12, 5, "the invitation")
    assert place.glass.brightness == 1.0
    place.showing.show(scene, None)
    until(lambda: len(place.glass.shown) == 13, 5, "rest again")
    assert place.glass.brightness == 1.0


def test_an_invitation_stays_where_it_is_and_bright(place: Place) -> None:
    place.showing.show(Scene.INVITATION, None)
    until(lambda: len(place.glass.shown) == 1, 5, "the invitation")
    again_after(place, 60)
    place.showing.show(Scene.INVITATION, None)
    place.showing.show(Scene.THANKS, None)
    until(lambda: len(place.glass.shown) == 2, 5, "thanks")
    assert place.glass.brightness == 1.0


def test_after_the_hall_has_closed_it_goes_dark_but_for_a_fault(tmp_path: Path) -> None:
    place = Place(configured(tmp_path, more="[display]\nsleep_min = 60"))
    try:
        place.showing.show(Scene.PAUSED, None)
        again_after(place, 61)
        until(lambda: place.glass.brightness == 0.0, 5, "it goes dark")
        place.showing.show(Scene.FAULT, PadCode.LEDGER_FULL)
        until(lambda: place.glass.brightness == 1.0, 5, "a fault wakes it")
        again_after(place, 600)
        until(lambda: place.glass.brightness == DIM_SHARE, 5, "which stays to be seen")
    finally:
        place.showing.stop()
