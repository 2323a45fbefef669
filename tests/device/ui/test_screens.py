"""What the citizen sees: every glyph there, nothing cut, nothing on top of another."""

import re
from collections.abc import Iterable
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from device.board.glass import Glass
from device.errors import ConfigError, PadCode
from device.events import Scene
from device.ui import words
from device.ui.burn_in import ARRANGEMENTS
from device.ui.fonts import font, font_file, missing_glyphs
from device.ui.oled_pages import pages
from device.ui.oled_picture import PlacedText, draw, layout
from device.ui.screens import TICK, Piece, Screen, ScreenRow, screens
from sync.entries import Level
from tests.rigs.display.golden_pictures import (
    GLASS,
    GOLDEN,
    HOME,
    LANGUAGES,
    LINK,
    ROWS,
    SIZE,
    all_pages,
    all_rows,
    below_each_other,
    scenes,
)

PAGES = all_pages()
ALL = {f"{inches} {name}": shown for (inches, name), shown in PAGES.items()}
LIMITS = [
    screens(scene, words.load(languages), window=window, hall=hall, pad="p" * 32, code=code)
    for languages in LANGUAGES
    for scene in Scene
    for window in ("", "3", "综合 12", "WWWWWWWW", "窗" * 8)
    for hall, code in (
        ("", None),
        ("厅" * 40, PadCode.PROVINCE_SILENT),
        ("W" * 40, PadCode.DISPLAY_GONE),
    )
] + [
    screens(scene, words.load(languages), window=window, hall=hall, notice=notice, qr=qr)
    for languages in LANGUAGES
    for scene, qr in (
        (Scene.STANDBY, HOME),
        (Scene.STANDBY, None),
        (Scene.INVITATION, LINK),
        (Scene.LAPSED, LINK),
    )
    for window in ("3", "窗" * 8)
    for hall, notice in (("厅" * 40, "告" * 40), ("W" * 40, "W" * 40))
]
LIMITS += [
    screens(Scene.STANDBY, words.load(languages), window=window, qr=LINK, late=True)
    for languages in LANGUAGES
    for window in ("", "WWWWWWWW", "窗" * 8)
]


def pages_of(shown: tuple[Screen, ...], glass: Glass) -> list[Screen]:
    return [page for one in shown for page in pages(one, glass)]


def lost(shown: tuple[Screen, ...], pages: list[Screen]) -> list[str]:
    """The texts that the pages do not show, perhaps in several lines. What may be left out as a
    whole does not count.
    """
    on_pages = "".join(map(plain, texts(pages)))
    wanted = texts(one for one in shown if not one.whole)
    return [text for text in wanted if plain(text) not in on_pages]


def texts(shown: Iterable[Screen]) -> list[str]:
    return [
        piece.text
        for one in shown
        for row in one.rows
        for piece in (*row.pieces, *([row.right] if row.right else []))
    ]


def plain(text: str) -> str:
    return "".join(text.split())


def faults(placed: list[PlacedText]) -> list[str]:
    """Ink outside of the picture, or on other ink."""
    wide, high = SIZE
    found = []
    for one in placed:
        left, top, right, bottom = one.box
        if left < 0 or top < 0 or right > wide or bottom > high:
            found.append(f"{one.text} leaves the picture: {one.box}")
    for one, other in combinations(placed, 2):
        across = one.box[0] < other.box[2] and other.box[0] < one.box[2]
        if across and one.box[1] < other.box[3] and other.box[1] < one.box[3]:
            found.append(f"{one.text} {one.box} touches {other.text} {other.box}")
    return found


def too_small(placed: list[PlacedText], glass: Glass) -> list[str]:
    """Texts whose letters the eye sees smaller than 16 minutes of arc: of the signs of a text the
    lowest letter or digit, or the lowest Chinese or Korean character of full height.
    """
    found = []
    for one in placed:
        letters = "H" if re.search("[A-Za-z0-9]", one.text) else "国한"
        heights = []
        for letter in letters:
            box = font(one.language, one.size).getbbox(letter, "1", anchor="ls")
            heights.append(box[3] - box[1])
        if glass.minutes(min(heights)) < 16:
            found.append(f"{one.text} {one.size}: {glass.minutes(min(heights)):.1f}′")
    return found


@pytest.mark.parametrize("language", ["zh", "ko", "en"])
def test_every_sign_of_every_text_has_a_glyph(language: str) -> None:
    (spoken,) = words.load([language])
    text = "".join(spoken.texts()) + TICK + "".join(code.code for code in PadCode)
    assert missing_glyphs(text, language) == ""


def test_control_a_sign_without_a_glyph_is_found() -> None:
    assert missing_glyphs("请\ue123您\U000f0000", "zh") == "\ue123\U000f0000"


@pytest.mark.parametrize("inches", GLASS)
@pytest.mark.parametrize("name", scenes())
def test_no_text_is_cut_or_covered_or_smaller_than_16_minutes_of_arc_at_60_cm(
    name: str, inches: str
) -> None:
    shown = PAGES[inches, name]
    for page in shown:
        for step in (None, *ARRANGEMENTS):
            placed = layout(page, SIZE, step)
            assert faults(placed) == []
            assert too_small(placed, GLASS[inches]) == []
            assert len({one.row for one in placed}) == len(page.rows)
    assert lost(scenes()[name], shown) == []


def test_control_a_text_that_is_too_small_is_found() -> None:
    small, large = GLASS.values()
    for text, size, on_small, on_large in (
        ("满意", 12, True, True),
        ("满意", 13, True, False),
        ("满意", 16, True, False),
        ("满意", 17, False, False),
        ("만족", 17, False, False),
        ("满意 3", 17, True, False),
        ("L01", 16, True, True),
        ("L01", 22, False, False),
    ):
        page = Screen((ScreenRow("zh", (Piece(text, (size,)),)),))
        placed = layout(page, SIZE)
        assert (bool(too_small(placed, small)), bool(too_small(placed, large))) == (
            on_small,
            on_large,
        ), (text, size)


def test_control_rows_that_do_not_fit_are_found() -> None:
    tall = Screen(tuple(ScreenRow("zh", (Piece("满意", (40,)),)) for _ in range(2)))
    assert faults(layout(tall, SIZE))
    assert faults(layout(Screen((ScreenRow("zh", (Piece("满", (90,)),)),)), SIZE))


@pytest.mark.parametrize("inches", GLASS)
def test_the_longest_names_are_shown_whole_and_stay_inside(inches: str) -> None:
    glass = GLASS[inches]
    for one in LIMITS:
        shown = pages_of(one, glass)
        placed = [layout(page, SIZE) for page in shown]
        assert [fault for page in placed for fault in faults(page)] == []
        assert [small for page in placed for small in too_small(page, glass)] == []
        assert lost(one, shown) == []


def test_control_a_text_that_is_cut_or_missing_is_found() -> None:
    (whole,) = screens(Scene.PAUSED, words.load(["zh"]))
    cut = Screen((ScreenRow("zh", (Piece("暂停服", (24,)),)), *whole.rows[1:]))
    assert lost((whole,), [cut]) == ["暂停服务"]
    assert lost((whole,), [Screen(whole.rows[:1])]) == ["请到其他窗口"]


@pytest.mark.parametrize("inches", GLASS)
def test_what_walks_about_keeps_its_rows_apart_too(inches: str) -> None:
    placed = [
        layout(page, SIZE, step)
        for one in LIMITS[::7]
        for page in pages_of(one, GLASS[inches])
        for step in ARRANGEMENTS
    ]
    assert [fault for one in placed for fault in faults(one)] == []


@pytest.mark.parametrize("name", [name for name in ALL if ALL[name][0].qr is not None])
def test_no_text_touches_the_code(name: str) -> None:
    for page in ALL[name]:
        code_px = 2 * 29 + 6 if page.qr == LINK else 2 * 25 + 6
        assert max(one.box[2] for one in layout(page, SIZE)) <= SIZE[0] - code_px


@pytest.mark.parametrize("name", [name for name in ALL if name.endswith("-invitation")])
def test_an_invitation_names_all_five_levels_on_one_page_or_none(name: str) -> None:
    """In the policy's words; who saw some of them only would be asked for those."""
    language = name.split()[1].split("-", maxsplit=1)[0]
    levels = set(words.load([language])[0].levels.values())
    named = [
        {level for row in page.rows for text in row.pieces[0].text.split() for level in [text]}
        & levels
        for page in ALL[name]
    ]
    assert all(found in (set(), levels) for found in named)
    one_language = name.count("-") == 1
    narrow_korean = name == "0.96 ko-invitation"  # five of 20 syllables in rows of 8
    assert any(named) == (one_language and language != "en" and not narrow_korean)


@pytest.mark.parametrize("language", ["zh", "ko", "en"])
def test_every_scene_and_every_level_has_words(language: str) -> None:
    (spoken,) = words.load([language])
    assert set(spoken.scenes) == {scene.value for scene in Scene}
    assert set(spoken.levels) == {level.value for level in Level}
    assert "{window}" in spoken.window


def test_a_language_without_strings_is_an_error_with_a_code() -> None:
    with pytest.raises(ConfigError, match="'jp'"):
        words.load(["jp"])


@pytest.mark.parametrize("inches", GLASS)
def test_a_fault_shows_its_code_and_so_does_standby_beside_the_window(inches: str) -> None:
    for scene in (Scene.FAULT, Scene.STANDBY):
        shown = screens(scene, words.load(["zh"]), window="3", code=PadCode.LEDGER_FULL)
        (page,) = pages_of(shown, GLASS[inches])
        assert "L02" in [one.text for one in layout(page, SIZE)]


def shows(scene: Scene, **given: Any) -> list[str]:
    """The texts of a scene, from the upper edge of its first screen."""
    return texts(screens(scene, words.load(["zh"]), window="3", **given))


@pytest.mark.parametrize(
    ("given", "text", "scenes"),
    [
        ({"percent": 0}, "0 %", {Scene.CHECKING}),
        ({"percent": 100}, "100 %", {Scene.CHECKING}),
        ({"pad": "pad-0317"}, "pad-0317", {Scene.UNBOUND}),
        ({"code": PadCode.LEDGER_FULL}, "L02", {Scene.FAULT, Scene.STANDBY}),
        ({"notice": "告示"}, "告示", {Scene.STANDBY}),
        ({"hall": "大厅"}, "大厅", {Scene.STANDBY}),
        ({"time_text": "09:41"}, "09:41", {Scene.STANDBY}),
    ],
)
def test_a_scene_shows_what_is_its_own_and_no_other_scene_does(
    given: dict[str, Any], text: str, scenes: set[Scene]
) -> None:
    assert {scene for scene in Scene if text in shows(scene, **given)} == scenes


@pytest.mark.parametrize("scene", [one for one in Scene if one is not Scene.STANDBY])
def test_what_is_not_known_takes_no_row(scene: Scene) -> None:
    for nothing in ({"percent": None}, {"pad": ""}, {"code": None}, {"notice": ""}):
        assert shows(scene, **nothing) == shows(scene)


def test_standby_without_anything_to_say_shows_the_window_alone() -> None:
    assert shows(Scene.STANDBY) == ["3", "号窗口"]
    assert shows(Scene.STANDBY, qr=HOME) == ["3号"]
    assert len(screens(Scene.STANDBY, words.load(["zh"]), window="3")) == 1


@pytest.mark.parametrize("languages", [("zh",), ("zh", "ko"), ("zh", "ko", "en")])
@pytest.mark.parametrize("code", [None, PadCode.PROVINCE_SILENT])
def test_standby_shows_the_window_and_in_turn_with_it_hall_time_and_notice(
    languages: tuple[str, ...], code: PadCode | None
) -> None:
    for turned in (False, True):
        window, besides = screens(
            Scene.STANDBY,
            words.load(languages),
            window="3",
            hall="大厅",
            notice="告示",
            code=code,
            time_text="09:41",
            turned=turned,
        )
        first, *others = window.rows[::-1] if turned else window.rows
        assert (first.pieces[0].text == "N01") == (code is not None)
        assert len(others) == len(languages) - (code is None)
        hall, notice = besides.rows[::-1] if turned else besides.rows
        assert hall.right is not None
        assert (hall.pieces[0].text, hall.right.text) == ("大厅", "09:41")
        assert notice.pieces[0].text == "告示"


def test_hall_and_time_have_a_row_each_on_the_smaller_glass() -> None:
    shown = screens(
        Scene.STANDBY, words.load(["zh"]), window="3", hall="政务大厅", time_text="09:41"
    )
    rows = {inches: len(pages_of(shown, glass)[1].rows) for inches, glass in GLASS.items()}
    assert rows == {"0.96": 2, "1.3": 1}


def test_only_the_self_test_is_framed_and_only_the_pad_that_is_sought_is_inverted() -> None:
    spoken = words.load(["zh"])
    assert {scene for scene in Scene if screens(scene, spoken)[0].framed} == {Scene.SELFTEST}
    assert {scene for scene in Scene if screens(scene, spoken)[0].inverted} == {Scene.IDENTIFY}


@pytest.mark.parametrize("inches", GLASS)
def test_no_two_scenes_look_the_same(inches: str) -> None:
    shown = {draw(PAGES[inches, f"zh-{scene.value}"][0], SIZE).tobytes() for scene in Scene}
    assert len(shown) == len(Scene)


@pytest.mark.parametrize("name", ALL)
def test_the_picture_is_the_golden_one(name: str) -> None:
    inches, scene = name.split()
    shown = below_each_other([draw(page, SIZE) for page in ALL[name]])
    with Image.open(GOLDEN / inches / f"{scene}.png") as golden:
        assert shown.size == golden.size
        assert shown.tobytes() == golden.convert("1").tobytes()


def test_every_row_may_have_the_sizes_that_the_golden_list_gives_it() -> None:
    """Long names take the smaller sizes, which no golden picture shows."""
    assert all_rows() == ROWS.read_text("utf-8")


def font_is_mapped() -> bool:
    return str(font_file()) in Path("/proc/self/maps").read_text("utf-8")


def test_an_idle_pad_holds_no_font_in_memory() -> None:
    (shown,) = screens(Scene.STANDBY, words.load(["zh"]), window="407")
    (page,) = pages(shown, GLASS["1.3"])
    layout(page, SIZE)
    assert font_is_mapped()  # control: measuring alone keeps it
    draw(page, SIZE)
    assert not font_is_mapped()
