"""Protection from burn-in: everything is moved, whole, and no pixel stays lit."""

from collections import Counter
from collections.abc import Callable
from functools import cache
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.errors import PadCode
from device.events import Scene
from device.ui import burn_in as wear
from device.ui import words
from device.ui.oled_picture import light, pictures
from device.ui.screens import screens
from tests.rigs.display.golden_pictures import GLASS, HOME

MINUTES = 600
"""A working day of ten hours in which nobody comes."""

LIT = [(sign, [bit for bit in range(8) if sign >> bit & 1]) for sign in range(256)]

Drawn = Callable[[int], list[bytes]]


def at_rest(
    scene: Scene, *languages: str, moving: bool = True, qr: str | None = None, inches: str = "1.3"
) -> Drawn:
    """The pictures of a minute of the day, one for each page."""
    spoken = words.load(languages)

    @cache
    def drawn(minute: int) -> list[bytes]:
        step = minute if moving else 0
        shown = screens(
            scene,
            spoken,
            window="3",
            hall="市政务服务大厅",
            code=PadCode.LEDGER_FULL if scene is Scene.FAULT else None,
            time_text=f"{8 + minute // 60:02}:{minute % 60:02}",
            qr=qr,
            turned=wear.turned(step),
        )
        return [one.tobytes() for one in pictures(shown, GLASS[inches], step)]

    return drawn


def worst_share(drawn: Drawn) -> float:
    """Of the day, how long the pixel is lit that is lit longest."""
    lit: Counter[tuple[int, int]] = Counter()
    for minute in range(MINUTES):
        shown = drawn(minute)
        for place, eights in enumerate(zip(*shown, strict=True)):
            for eight in eights:
                for bit in LIT[eight][1]:
                    lit[place, bit] += 12 // len(shown)
    return max(lit.values()) / MINUTES / 12


@pytest.mark.parametrize(
    ("scene", "languages", "most"),
    [
        (Scene.STANDBY, ("zh",), 0.45),
        (Scene.STANDBY, ("zh", "ko"), 0.45),
        (Scene.PAUSED, ("zh",), 0.6),
        (Scene.FAULT, ("zh", "ko"), 0.65),
    ],
)
def test_no_pixel_is_lit_all_day(scene: Scene, languages: tuple[str, ...], most: float) -> None:
    for inches in GLASS:
        assert worst_share(at_rest(scene, *languages, inches=inches)) <= most


def test_a_code_wears_the_glass_more_but_not_all_day() -> None:
    assert worst_share(at_rest(Scene.STANDBY, "zh", qr=HOME)) <= 0.75


def test_control_what_stands_still_lights_the_same_pixels_all_day() -> None:
    assert worst_share(at_rest(Scene.STANDBY, "zh", moving=False)) == 1.0


def test_nothing_is_lost_or_changed_on_the_way() -> None:
    """Within the ways of changing places all minutes have the same light, none of it cut off."""

    def lights(step: int) -> list[bytes]:
        return [light(one.tobytes()) for one in pictures(shown, GLASS["1.3"], step)]

    for scene in (Scene.PAUSED, Scene.FAULT, Scene.UNBOUND):
        shown = screens(
            scene, words.load(("zh", "ko")), window="3", pad="pad-0317", code=PadCode.LEDGER_FULL
        )
        ways = {one for step in wear.ARRANGEMENTS for one in lights(step)}
        walked = {one for step in range(0, 400, 7) for one in lights(step)}
        assert walked == ways
    moved = {pictures(shown, GLASS["1.3"], step)[0].tobytes() for step in range(20)}
    assert len(moved) == 20  # control: it does walk


@given(st.integers(0, 10_000_000), st.integers(0, 128), st.integers(0, 64))
def test_the_way_stays_inside_and_has_no_jumps(step: int, across: int, down: int) -> None:
    here, there = (wear.place(one, (across, down)) for one in (step, step + 1))
    assert 0 <= here[0] <= across
    assert 0 <= here[1] <= down
    assert max(abs(here[0] - there[0]), abs(here[1] - there[1])) <= 1


def test_the_way_is_equally_long_in_every_place() -> None:
    free = (7, 16)
    visits = Counter(wear.place(step, free) for step in range(2 * 8 * 17))
    assert set(visits.values()) == {2}
    assert len(visits) == 8 * 17


def test_places_are_changed_in_every_way() -> None:
    assert len({(wear.turned(step), wear.leaning(step)) for step in wear.ARRANGEMENTS}) == 6
    for step, following in pairwise(range(300)):
        changed = (wear.turned(step), wear.leaning(step)) != (
            wear.turned(following),
            wear.leaning(following),
        )
        assert not changed or following % wear.TURN_STEPS == 0


def test_rows_lean_left_then_stand_in_the_middle_then_lean_right_and_begin_again() -> None:
    turn = wear.TURN_STEPS
    assert tuple(place * turn for place in range(6)) == wear.ARRANGEMENTS
    seen = [(wear.leaning(step), wear.turned(step)) for step in wear.ARRANGEMENTS]
    assert seen == [(lean, turned) for lean in (0.0, 0.5, 1.0) for turned in (False, True)]
    assert wear.leaning(6 * turn - 1) == 1.0
    assert (wear.leaning(6 * turn), wear.turned(6 * turn)) == seen[0]


@pytest.mark.parametrize(
    ("rest_s", "dim_min", "sleep_min", "share"),
    [
        (0, 10, 0, 1.0),
        (599, 10, 0, 1.0),
        (600, 10, 0, wear.DIM_SHARE),
        (90_000, 10, 0, wear.DIM_SHARE),
        (90_000, 0, 0, 1.0),
        (1799, 10, 30, wear.DIM_SHARE),
        (1800, 10, 30, 0.0),
        (1800, 0, 30, 0.0),
        (1800, 60, 30, 0.0),
    ],
)
def test_what_is_at_rest_grows_dim_and_goes_dark(
    rest_s: float, dim_min: int, sleep_min: int, share: float
) -> None:
    assert wear.brightness(rest_s, dim_min=dim_min, sleep_min=sleep_min) == share


def test_the_band_of_an_invitation_lights_no_pixel_both_ways() -> None:
    one, other = (
        pictures(screens(Scene.INVITATION, words.load(("zh", "ko")), turned=turned), GLASS["1.3"])[
            0
        ]
        for turned in (False, True)
    )
    band = (0, 4, 128, 24)
    lit = [picture.crop(band).tobytes() for picture in (one, other)]
    assert all(first & second == 0 for first, second in zip(*lit, strict=True))
    assert any(lit[0])
    assert any(lit[1])
