"""From a scene to the display, and what is shown while nothing happens."""

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
from device.ui.oled_pages import PAGE_MS
from device.ui.screens import Screen, screens
from sync.entries import Trust
from sync.messages import Settings
from tests.rigs.time.wait import until

NOON_MS = 1_790_049_600_000 + 4 * 3600 * 1000
HALL = "测试大厅"


class FakeDisplay:
    """A display that records its pictures, and can be unplugged."""

    width, height = 128, 64

    def __init__(self) -> None:
        self.shown: list[bytes] = []
        self.unplugged = self.stopped = False
        self.brightness = 1.0

    def show(self, image: Image.Image) -> None:
        if self.unplugged:
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
    def __init__(self, display: FakeDisplay | None) -> None:
        self.display = display


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


class DisplayBench:
    """A display output with a fake display."""

    def __init__(self, config: Config) -> None:
        self.display, self.clocks = FakeDisplay(), Clocks()
        self.clock = TrustedClock(self.clocks, self.clocks)
        self.faults: list[FaultReport] = []
        self.output = DisplayOutput(config, cast("Board", FakeBoard(self.display)), self.clock)
        self.output.start(self.faults.append)

    def scene(self, window: str = "3") -> DisplayReading | None:
        return read(self.display.shown[-1], window, HALL) if self.display.shown else None


@pytest.fixture
def bench(config: Config) -> Iterator[DisplayBench]:
    made = DisplayBench(config)
    yield made
    made.output.stop()
    made.output.stop()
    assert made.display.stopped


@pytest.mark.parametrize("scene", [scene for scene in Scene if scene is not Scene.STANDBY])
def test_every_scene_is_shown_on_the_display_as_it_is_drawn(
    bench: DisplayBench, scene: Scene
) -> None:
    if scene is Scene.UNBOUND:
        bench.output.show(scene, None)
        until(lambda: bench.display.shown, 5, "a picture with the pad's id")
        return
    bench.output.show(scene, PadCode.LEDGER_FULL if scene is Scene.FAULT else None)
    until(lambda: bench.display.shown, 5, "a picture")
    assert bench.scene() == DisplayReading(
        scene, PadCode.LEDGER_FULL if scene is Scene.FAULT else None
    )


def test_standby_shows_the_minute_only_while_the_time_is_known(bench: DisplayBench) -> None:
    bench.output.show(Scene.STANDBY, None)
    until(lambda: len(bench.display.shown) == 1, 5, "standby")
    bench.clocks.now_ms += 60_000
    bench.output.again()
    until(lambda: len(bench.display.shown) == 2, 5, "the next minute")
    bench.clocks.trust = Trust.NONE
    bench.output.again()
    until(lambda: len(bench.display.shown) == 3, 5, "no time")
    assert bench.scene() == DisplayReading(Scene.STANDBY)
    first, second, third = bench.display.shown
    assert len({first, second, third}) == 3


def test_standby_shows_a_fault_that_does_not_close_the_window(bench: DisplayBench) -> None:
    bench.output.note = PadCode.PROVINCE_SILENT
    bench.output.show(Scene.STANDBY, None)
    until(lambda: bench.display.shown, 5, "standby")
    assert bench.scene() == DisplayReading(Scene.STANDBY, PadCode.PROVINCE_SILENT)
    bench.output.show(Scene.THANKS, None)  # what citizens see has no fault code
    until(lambda: len(bench.display.shown) == 2, 5, "thanks")
    assert bench.scene() == DisplayReading(Scene.THANKS)


def test_only_standby_is_drawn_again_without_a_new_scene(bench: DisplayBench) -> None:
    bench.output.again()
    bench.output.show(Scene.INVITATION, None)
    until(lambda: bench.display.shown, 5, "an invitation")
    bench.clocks.now_ms += 3_000
    bench.output.note = PadCode.PROVINCE_SILENT
    bench.output.again()
    bench.output.show(Scene.STANDBY, None)
    until(lambda: len(bench.display.shown) == 2, 5, "standby")
    bench.output.apply_settings(Settings(window="5"))
    bench.output.again()
    until(lambda: len(bench.display.shown) == 3, 5, "the new window")
    assert bench.scene("5") == DisplayReading(Scene.STANDBY, PadCode.PROVINCE_SILENT)


def test_a_standby_that_has_not_changed_is_not_sent_to_the_display(
    monkeypatch: pytest.MonkeyPatch, bench: DisplayBench
) -> None:
    given: list[Image.Image] = []
    worker = bench.output._worker
    assert worker is not None
    monkeypatch.setattr(worker, "show", lambda image, _: given.append(image))
    bench.output.show(Scene.STANDBY, None)
    for _ in range(59):
        bench.output.again()
    assert len(given) == 1
    bench.output.note = PadCode.PROVINCE_SILENT
    bench.output.again()
    assert len(given) == 2


def test_a_scene_of_several_pages_shows_them_in_turn_and_begins_with_the_first(
    bench: DisplayBench,
) -> None:
    """Standby: the window, then hall and time; an invitation: the request, then the levels."""
    for scene in (Scene.STANDBY, Scene.INVITATION):
        bench.display.shown.clear()
        bench.output.show(scene, None)
        until(lambda: len(bench.display.shown) == 1, 5, "the first page")
        for number in range(2, 5):
            bench.clocks.now_ms += PAGE_MS - 1
            bench.output.again()
            bench.clocks.now_ms += 1
            bench.output.again()
            until(lambda number=number: len(bench.display.shown) == number, 5, "the next page")
        first, second, third, fourth = bench.display.shown
        assert (first, second) == (third, fourth)
        assert first != second
        bench.clocks.now_ms += PAGE_MS // 2
        bench.output.show(Scene.THANKS, None)
        until(lambda: len(bench.display.shown) == 5, 5, "thanks")


def test_a_display_that_is_unplugged_is_reported_once_and_the_pad_goes_on(
    bench: DisplayBench,
) -> None:
    bench.display.unplugged = True
    bench.output.show(Scene.INVITATION, None)
    until(lambda: bench.faults, 5, "the fault")
    bench.output.show(Scene.THANKS, None)
    assert bench.faults == [FaultReport(PadCode.DISPLAY_GONE, True, "no answer")]
    bench.display.unplugged = False
    until(lambda: len(bench.faults) == 2, 10, "it is found again without a restart")
    assert bench.faults[1].broken is False
    assert bench.scene() == DisplayReading(Scene.THANKS)


def test_on_a_board_without_a_display_every_call_does_nothing(config: Config) -> None:
    clocks = Clocks()
    output = DisplayOutput(config, cast("Board", FakeBoard(None)), TrustedClock(clocks, clocks))
    output.start(lambda _: None)
    output.warm()
    output.show(Scene.THANKS, None)
    output.again()
    output.stop()


def test_what_a_citizen_will_see_is_drawn_in_advance_and_kept_over_hours_of_standby(
    bench: DisplayBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.output.warm()
    drawn: list[Scene] = []

    def counted(scene: Scene, *details: Any, **more: Any) -> tuple[Screen, ...]:
        drawn.append(scene)
        return screens(scene, *details, **more)

    monkeypatch.setattr("device.output.display_output.screens", counted)
    for _ in range(100):
        bench.clocks.now_ms += 60_000
        for _ in range(3):
            bench.output.show(Scene.STANDBY, None)
    assert drawn == [Scene.STANDBY] * 100  # control: each minute once
    shown = len(bench.display.shown)
    bench.output.show(Scene.THANKS, None)
    until(lambda: len(bench.display.shown) > shown, 5, "thanks")
    assert Scene.THANKS not in drawn
    until(lambda: bench.scene() == DisplayReading(Scene.THANKS), 5, "thanks")


# --- the code for the phone, and the notice ------------------------------------------------------

URL = '[phone]\nurl = "https://rate.example.cn/R/"'
FIRST, SECOND = (f"HTTPS://RATE.EXAMPLE.CN/R/{number:050}" for number in (1, 2))


def codes(display: FakeDisplay) -> list[str]:
    """What a phone reads on the display."""
    picture = Image.frombytes("1", (128, 64), display.shown[-1]).convert("L")
    framed = Image.new("L", (144, 80), 0)
    framed.paste(picture, (8, 8))
    return [found.text for found in zxingcpp.read_barcodes(framed.resize((432, 240), 0))]


def test_the_code_of_a_case_is_shown_with_its_three_scenes_and_no_other(tmp_path: Path) -> None:
    bench = DisplayBench(configured(tmp_path))
    output = bench.output
    try:
        for code in (FIRST, SECOND):
            output.code = partial(str, code)
            for scene in Scene:
                shown = len(bench.display.shown)
                output.show(scene, None)
                until(lambda shown=shown: len(bench.display.shown) > shown, 5, scene.value)
                wanted = scene in (Scene.INVITATION, Scene.LAPSED, Scene.STANDBY)
                assert codes(bench.display) == ([code] if wanted else [])
    finally:
        output.stop()


def test_standby_removes_the_code_of_a_lapse_when_its_time_is_over(tmp_path: Path) -> None:
    home = '[phone]\nstandby_url = "https://h.example/"'
    bench = DisplayBench(configured(tmp_path, more=home))
    output = bench.output
    late: list[str | None] = [FIRST]
    output.code = lambda: late[0]
    try:
        output.show(Scene.STANDBY, None)
        until(lambda: len(bench.display.shown) == 1, 5, "standby")
        assert codes(bench.display) == [FIRST]
        late[0] = None
        output.again()
        until(lambda: len(bench.display.shown) == 2, 5, "standby without a case")
        assert codes(bench.display) == ["HTTPS://H.EXAMPLE/"]
    finally:
        output.stop()


def test_where_no_case_may_be_rated_there_is_no_code(bench: DisplayBench) -> None:
    for scene in (Scene.INVITATION, Scene.LAPSED):
        shown = len(bench.display.shown)
        bench.output.show(scene, None)
        until(lambda shown=shown: len(bench.display.shown) > shown, 5, scene.value)
        assert bench.scene() == DisplayReading(scene)


def test_a_hundred_invitations_with_codes_do_not_evict_thanks_from_the_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = DisplayBench(configured(tmp_path, more=URL))
    bench.output.warm()
    drawn: list[Scene] = []

    def counted(scene: Scene, *details: Any, **more: Any) -> tuple[Screen, ...]:
        drawn.append(scene)
        return screens(scene, *details, **more)

    monkeypatch.setattr("device.output.display_output.screens", counted)
    for number in range(100):
        bench.output.code = partial(str, f"{FIRST[:27]}{number:050}")
        for scene in (Scene.INVITATION, Scene.SAVING, Scene.THANKS):
            bench.output.show(scene, None)
    bench.output.stop()
    assert drawn == [Scene.INVITATION] * 100


@pytest.mark.parametrize(
    ("pad", "more", "error"),
    [
        ('notice = "\ue123"', "", r"\[pad\] notice = .*: the display has no glyph for"),
        (
            'notice = "今日办理至16:30，上午9:00请到2楼203取号，下午13:30到3楼306"',
            '[phone]\nstandby_url = "https://h.example/"',
            r"too long for the display beside a QR code\.",
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
    tmp_path: Path, pad: str, more: str, error: str
) -> None:
    with pytest.raises(ConfigError, match=error):
        refuse_unshowable(configured(tmp_path, pad=pad, more=more))


def test_a_notice_that_takes_more_than_two_pages_of_a_small_display_is_refused(
    tmp_path: Path,
) -> None:
    """Where nothing says how large the display is, it is taken to be the smallest one."""
    for notice, fits in (("告" * 40, True), ("今日办理至16:30" * 4, False)):
        config = configured(tmp_path, pad=f'notice = "{notice}"')
        refuse_unshowable(config)  # control: 1.3 inch
        small = replace(config, profile=replace(config.profile, display=DisplayProfile()))
        if fits:
            refuse_unshowable(small)
        else:
            with pytest.raises(ConfigError, match="16:30': too long for the display"):
                refuse_unshowable(small)


def test_a_notice_and_codes_that_fit_are_accepted(tmp_path: Path) -> None:
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


# --- burn-in -------------------------------------------------------------------------------------


def redraw_after(bench: DisplayBench, minutes: float) -> None:
    bench.clocks.now_ms += round(minutes * 60_000)
    bench.output.again()


@pytest.mark.parametrize("scene", RESTING)
def test_a_resting_scene_moves_and_dims_and_an_invitation_makes_it_bright(
    bench: DisplayBench, scene: Scene
) -> None:
    bench.clocks.trust = Trust.NONE  # no minute, so that nothing else changes
    bench.output.show(scene, None)
    until(lambda: len(bench.display.shown) == 1, 5, "rest")
    assert bench.display.brightness == 1.0
    for minute in range(2, 10):
        redraw_after(bench, 1)
        until(lambda minute=minute: len(bench.display.shown) == minute, 5, "it has moved")
    redraw_after(bench, 2)
    until(lambda: bench.display.brightness == DIM_SHARE, 5, "it is dim")
    redraw_after(bench, 600)
    until(lambda: len(bench.display.shown) == 11, 5, "it has moved again")
    assert bench.display.brightness == DIM_SHARE
    bench.output.show(Scene.INVITATION, None)
    until(lambda: len(bench.display.shown) == 12, 5, "the invitation")
    assert bench.display.brightness == 1.0
    bench.output.show(scene, None)
    until(lambda: len(bench.display.shown) == 13, 5, "rest again")
    assert bench.display.brightness == 1.0


def test_an_invitation_neither_moves_nor_dims(bench: DisplayBench) -> None:
    bench.output.show(Scene.INVITATION, None)
    until(lambda: len(bench.display.shown) == 1, 5, "the invitation")
    redraw_after(bench, 60)
    bench.output.show(Scene.INVITATION, None)
    bench.output.show(Scene.THANKS, None)
    until(lambda: len(bench.display.shown) == 2, 5, "thanks")
    assert bench.display.brightness == 1.0


def test_after_sleep_min_minutes_the_display_is_dark_except_for_a_fault(tmp_path: Path) -> None:
    bench = DisplayBench(configured(tmp_path, more="[display]\nsleep_min = 60"))
    try:
        bench.output.show(Scene.PAUSED, None)
        redraw_after(bench, 61)
        until(lambda: bench.display.brightness == 0.0, 5, "it is dark")
        bench.output.show(Scene.FAULT, PadCode.LEDGER_FULL)
        until(lambda: bench.display.brightness == 1.0, 5, "a fault makes it bright")
        redraw_after(bench, 600)
        until(lambda: bench.display.brightness == DIM_SHARE, 5, "the fault is dim, not dark")
    finally:
        bench.output.stop()
