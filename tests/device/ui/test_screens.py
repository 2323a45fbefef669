"""What the citizen sees: every glyph there, nothing cut, nothing on top of another."""

from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from device.errors import ConfigError, PadCode
from device.events import Scene
from device.ui import words
from device.ui.burn_in import ARRANGEMENTS
from device.ui.fonts import font_file, missing_glyphs
from device.ui.oled_picture import ELLIPSIS, PlacedText, draw, layout
from device.ui.screens import TICK, Piece, Screen, ScreenRow, screen
from sync.entries import Level
from tests.rigs.display.golden_pictures import (
    GOLDEN,
    HOME,
    LANGUAGES,
    LINK,
    ROWS,
    SIZE,
    all_rows,
    screens,
)

ALL = screens()
LIMITS = [
    screen(scene, words.load(languages), window=window, hall=hall, pad="p" * 32, code=code)
    for languages in LANGUAGES
    for scene in Scene
    for window in ("", "3", "综合 12", "WWWWWWWW", "窗" * 8)
    for hall, code in (
        ("", None),
        ("厅" * 40, PadCode.PROVINCE_SILENT),
        ("W" * 40, PadCode.DISPLAY_GONE),
    )
] + [
    screen(scene, words.load(languages), window=window, hall=hall, notice=notice, qr=qr)
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
    screen(Scene.STANDBY, words.load(languages), window=window, qr=LINK, late=True)
    for languages in LANGUAGES
    for window in ("", "WWWWWWWW", "窗" * 8)
]


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


@pytest.mark.parametrize("language", ["zh", "ko", "en"])
def test_every_sign_of_every_text_has_a_glyph(language: str) -> None:
    (spoken,) = words.load([language])
    text = "".join(spoken.texts()) + TICK + ELLIPSIS + "".join(code.code for code in PadCode)
    assert missing_glyphs(text, language) == ""


def test_control_a_sign_without_a_glyph_is_found() -> None:
    assert missing_glyphs("请\ue123您\U000f0000", "zh") == "\ue123\U000f0000"


@pytest.mark.parametrize("name", ALL)
def test_no_text_is_cut_or_covered(name: str) -> None:
    placed = layout(ALL[name], SIZE)
    assert faults(placed) == []
    assert len({one.row for one in placed}) == len(ALL[name].rows)
    assert not [one.text for one in placed if ELLIPSIS in one.text]


def test_control_rows_that_do_not_fit_are_found() -> None:
    tall = Screen(tuple(ScreenRow("zh", (Piece("满意", (40,)),)) for _ in range(2)))
    assert faults([one for row in tall.rows for one in layout(Screen((row,)), SIZE)])
    assert faults(layout(Screen((ScreenRow("zh", (Piece("满", (90,)),)),)), SIZE))


def test_the_longest_names_are_cut_and_stay_inside() -> None:
    assert [fault for one in LIMITS for fault in faults(layout(one, SIZE))] == []


def test_what_walks_about_keeps_its_rows_apart_too() -> None:
    placed = [layout(one, SIZE, step) for one in LIMITS[::7] for step in ARRANGEMENTS]
    assert [fault for one in placed for fault in faults(one)] == []


@pytest.mark.parametrize("name", [name for name in ALL if ALL[name].qr is not None])
def test_no_text_touches_the_code(name: str) -> None:
    code_px = 2 * 29 + 6 if ALL[name].qr == LINK else 2 * 25 + 6
    assert max(one.box[2] for one in layout(ALL[name], SIZE)) <= SIZE[0] - code_px


def test_the_invitation_names_the_five_levels_in_the_policys_words() -> None:
    shown = "".join(one.text for one in layout(ALL["zh-invitation"], SIZE))
    for level in ("非常满意", "满意", "基本满意", "不满意", "非常不满意"):
        assert level in shown


@pytest.mark.parametrize("language", ["zh", "ko", "en"])
def test_every_scene_and_every_level_has_words(language: str) -> None:
    (spoken,) = words.load([language])
    assert set(spoken.scenes) == {scene.value for scene in Scene}
    assert set(spoken.levels) == {level.value for level in Level}
    assert "{window}" in spoken.window


def test_a_language_without_strings_is_an_error_with_a_code() -> None:
    with pytest.raises(ConfigError, match="'jp'"):
        words.load(["jp"])


def test_a_fault_shows_its_code_and_so_does_the_corner_of_standby() -> None:
    for scene in (Scene.FAULT, Scene.STANDBY):
        shown = screen(scene, words.load(["zh"]), window="3", code=PadCode.LEDGER_FULL)
        assert "L02" in [one.text for one in layout(shown, SIZE)]


def shows(scene: Scene, **given: Any) -> list[str]:
    """The texts on a screen, from its upper edge."""
    rows = screen(scene, words.load(["zh"]), window="3", **given).rows
    return [piece.text for row in rows for piece in row.pieces]


@pytest.mark.parametrize(
    ("given", "text", "scenes"),
    [
        ({"percent": 0}, "0 %", {Scene.CHECKING}),
        ({"percent": 100}, "100 %", {Scene.CHECKING}),
        ({"pad": "pad-0317"}, "pad-0317", {Scene.UNBOUND}),
        ({"code": PadCode.LEDGER_FULL}, "L02", {Scene.FAULT}),  # in standby it is on the right
        ({"notice": "告示"}, "告示", {Scene.STANDBY}),
        ({"hall": "大厅"}, "大厅", {Scene.STANDBY}),
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
    assert shows(Scene.STANDBY, qr=HOME) == ["3", "号窗口"]
    assert screen(Scene.STANDBY, words.load(["zh"]), window="3").rows[0].right is None


@pytest.mark.parametrize(
    ("languages", "code", "above", "below"),
    [
        (("zh",), None, ("大厅", "09:41"), "告示"),
        (("zh",), PadCode.PROVINCE_SILENT, ("大厅", "N01"), "告示"),
        (("zh", "ko"), None, ("大厅", "09:41"), "告示"),
        (("zh", "ko"), PadCode.PROVINCE_SILENT, ("大厅", "N01"), "告示"),
        (("zh", "ko", "en"), None, ("告示", ""), ""),
        (("zh", "ko", "en"), PadCode.PROVINCE_SILENT, ("大厅", "N01"), ""),
    ],
)
def test_a_notice_gives_way_to_a_fault_where_five_rows_do_not_fit(
    languages: tuple[str, ...], code: PadCode | None, above: tuple[str, str], below: str
) -> None:
    for turned in (False, True):
        one = screen(
            Scene.STANDBY,
            words.load(languages),
            window="3",
            hall="大厅",
            notice="告示",
            code=code,
            time_text="09:41",
            turned=turned,
        )
        rows = one.rows[::-1] if turned else one.rows
        right = rows[0].right
        assert (rows[0].pieces[0].text, right.text if right else "") == above
        assert (rows[-1].pieces[0].text == below) == bool(below)
        assert len(rows) == 1 + len(languages) + bool(below)


def test_three_languages_without_a_notice_show_hall_and_time() -> None:
    one = screen(
        Scene.STANDBY, words.load(("zh", "ko", "en")), window="3", hall="大厅", time_text="09:41"
    )
    assert one.rows[0].pieces[0].text == "大厅"
    assert one.rows[0].right is not None
    assert one.rows[0].right.text == "09:41"


def test_only_the_self_test_is_framed_and_only_the_pad_that_is_sought_is_inverted() -> None:
    spoken = words.load(["zh"])
    assert {scene for scene in Scene if screen(scene, spoken).framed} == {Scene.SELFTEST}
    assert {scene for scene in Scene if screen(scene, spoken).inverted} == {Scene.IDENTIFY}


def test_no_two_scenes_look_the_same() -> None:
    pictures = {draw(ALL[f"zh-{scene.value}"], SIZE).tobytes() for scene in Scene}
    assert len(pictures) == len(Scene)


@pytest.mark.parametrize("name", ALL)
def test_the_picture_is_the_golden_one(name: str) -> None:
    with Image.open(GOLDEN / f"{name}.png") as golden:
        assert draw(ALL[name], SIZE).tobytes() == golden.convert("1").tobytes()


def test_every_row_may_have_the_sizes_that_the_golden_list_gives_it() -> None:
    """Long names take the smaller sizes, which no golden picture shows."""
    assert all_rows() == ROWS.read_text("utf-8")


def font_is_mapped() -> bool:
    return str(font_file()) in Path("/proc/self/maps").read_text("utf-8")


def test_an_idle_pad_holds_no_font_in_memory() -> None:
    shown = screen(Scene.STANDBY, words.load(["zh"]), window="407")
    layout(shown, SIZE)
    assert font_is_mapped()  # control: measuring alone keeps it
    draw(shown, SIZE)
    assert not font_is_mapped()
