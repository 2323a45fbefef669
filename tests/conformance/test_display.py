"""What the port `Display` promises, asked of every display there is."""

from collections.abc import Iterator

import pytest
from PIL import Image

from device.errors import DriverError, PadCode
from tests.rigs.display.display_drivers import DISPLAY_RIGS, DisplayRig
from tests.rigs.display.golden_pictures import golden_pages

PICTURES = list(golden_pages(glob="zh-*").values())


@pytest.fixture(params=DISPLAY_RIGS)
def rig(request: pytest.FixtureRequest) -> Iterator[DisplayRig]:
    with DISPLAY_RIGS[request.param]() as one:
        yield one
        one.display.stop()


def test_what_is_shown_is_what_is_seen(rig: DisplayRig) -> None:
    for picture in PICTURES:
        rig.display.show(picture)
        assert rig.shown() == picture.tobytes()


def test_showing_does_not_change_the_picture_and_showing_it_again_is_fine(rig: DisplayRig) -> None:
    picture = PICTURES[0]
    before = picture.tobytes()
    for _ in range(10):
        rig.display.show(picture)
    assert picture.tobytes() == rig.shown() == before


@pytest.mark.parametrize("wrong", [Image.new("1", (64, 128)), Image.new("L", (128, 64))])
def test_a_picture_of_another_size_or_kind_is_a_mistake_and_changes_nothing(
    rig: DisplayRig, wrong: Image.Image
) -> None:
    rig.display.show(PICTURES[0])
    with pytest.raises(ValueError, match="for 128x64"):
        rig.display.show(wrong)
    assert rig.shown() == PICTURES[0].tobytes()


def show_while_unplugged(rig: DisplayRig, picture: Image.Image) -> None:
    """A display that answers says so each time; one that does not answer says nothing."""
    for _ in range(3):
        if not rig.answers:
            rig.display.show(picture)
            continue
        with pytest.raises(DriverError) as caught:
            rig.display.show(picture)
        assert caught.value.code is PadCode.DISPLAY_GONE
        assert caught.value.detail


def test_a_display_that_is_gone_says_so_if_it_can_and_is_taken_up_again(rig: DisplayRig) -> None:
    for picture in PICTURES:
        rig.display.show(picture)
        rig.plug(False)
        show_while_unplugged(rig, picture)
        rig.plug(True)
        assert rig.shown() != picture.tobytes()  # control: nothing heals by itself
        for _ in range(rig.repeats):
            rig.display.show(picture)
        assert rig.shown() == picture.tobytes()


@pytest.mark.parametrize("share", [1.0, 0.5, 0.1])
def test_the_next_picture_is_as_bright_as_was_asked(rig: DisplayRig, share: float) -> None:
    rig.display.contrast(share)
    rig.display.show(PICTURES[0])
    assert rig.shown() == PICTURES[0].tobytes()
    assert rig.brightness() == pytest.approx(share, abs=0.01)
    rig.display.contrast(1.0)
    for picture in PICTURES[:2]:
        rig.display.show(picture)
        assert rig.brightness() == pytest.approx(1.0)


def test_no_brightness_is_a_dark_glass_and_waking_shows_the_new_picture(rig: DisplayRig) -> None:
    rig.display.show(PICTURES[0])
    rig.display.contrast(0.0)
    for _ in range(3):
        rig.display.show(PICTURES[0])
        assert not any(rig.shown())
    rig.display.contrast(1.0)
    rig.display.show(PICTURES[1])
    assert rig.shown() == PICTURES[1].tobytes()
    assert rig.brightness() == pytest.approx(1.0)


def test_a_display_that_comes_back_is_as_bright_as_it_was(rig: DisplayRig) -> None:
    rig.display.contrast(0.5)
    rig.display.show(PICTURES[0])
    rig.plug(False)
    show_while_unplugged(rig, PICTURES[0])
    rig.plug(True)
    for _ in range(rig.repeats):
        rig.display.show(PICTURES[0])
    assert rig.brightness() == pytest.approx(0.5, abs=0.01)


@pytest.mark.parametrize("plugged", [True, False])
def test_stopping_leaves_a_dark_glass_and_may_be_done_twice(rig: DisplayRig, plugged: bool) -> None:
    rig.display.show(PICTURES[0])
    rig.plug(plugged)
    rig.display.stop()
    rig.display.stop()
    assert not any(rig.shown())


def test_a_display_that_never_showed_anything_can_be_stopped(rig: DisplayRig) -> None:
    rig.display.stop()
    assert not any(rig.shown())


def test_a_display_that_is_gone_from_the_start_is_taken_up_when_it_comes(rig: DisplayRig) -> None:
    rig.plug(False)
    show_while_unplugged(rig, PICTURES[0])
    rig.plug(True)
    for _ in range(rig.repeats):
        rig.display.show(PICTURES[0])
    assert rig.shown() == PICTURES[0].tobytes()
