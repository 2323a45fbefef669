"""What is shown at the same time: all of it if it can be read, otherwise pages in turn."""

import pytest

from device.ui.oled_pages import beside, fits, pages, room_of
from device.ui.screens import Piece, Screen, ScreenRow
from tests.rigs.display.golden_pictures import GLASS, LINK

SMALL, LARGE = GLASS.values()


def row(text: str, *sizes: int, stays: bool = False) -> ScreenRow:
    return ScreenRow("zh", (Piece(text, sizes or (12,)),), stays=stays)


def texts(page: Screen) -> list[str]:
    return [piece.text for one in page.rows for piece in one.pieces]


def test_rows_that_fit_at_a_size_that_can_be_read_are_one_page() -> None:
    one = Screen((row("暂停服务", 24), row("请到其他窗口"), row("告示")))
    assert [texts(page) for page in pages(one, LARGE)] == [["暂停服务", "请到其他窗口", "告示"]]
    (page,) = pages(one, LARGE)
    assert [part.pieces[0].sizes for part in page.rows] == [(24,), (13,), (13,)]


def test_the_tallest_row_takes_its_next_size_first() -> None:
    one = Screen((row("暂停", 40, 20), row("服务", 24, 13), row("告示", 13)))
    (page,) = pages(one, LARGE)
    assert [part.pieces[0].sizes for part in page.rows] == [(20,), (24,), (13,)]


def test_rows_that_do_not_fit_together_take_turns_and_keep_their_order() -> None:
    four = Screen(tuple(row(text) for text in ("一层", "二层", "三层", "四层")))
    assert [texts(page) for page in pages(four, SMALL)] == [["一层", "二层", "三层"], ["四层"]]
    assert len(pages(four, LARGE)) == 1


def test_what_stays_is_on_every_page_in_its_place_and_at_the_same_size() -> None:
    one = Screen(
        (
            row("标题", 40, 24, 17, stays=True),
            row("第一行"),
            row("第二行"),
            row("第三行"),
        )
    )
    found = pages(one, SMALL)
    assert [texts(page) for page in found] == [["标题", "第一行", "第二行"], ["标题", "第三行"]]
    assert {page.rows[0].pieces[0].sizes for page in found} == {(24,)}  # 40 alone on page 2
    last = Screen((*one.rows[1:], one.rows[0]))
    assert [texts(page)[-1] for page in pages(last, SMALL)] == ["标题", "标题"]


def test_what_stays_gives_way_where_nothing_fits_beside_it() -> None:
    one = Screen((row("标" * 14, stays=True), row("文" * 14)))
    assert [texts(page) for page in pages(one, SMALL)] == [["标" * 7] * 2, ["文" * 7] * 2]
    alone = Screen((row("标" * 40, stays=True),))
    assert "".join(text for page in pages(alone, SMALL) for text in texts(page)) == "标" * 40


def test_a_text_that_is_too_long_for_a_page_goes_on_on_the_next_one() -> None:
    found = pages(Screen((row("文" * 40),)), SMALL)
    assert [len(page.rows) for page in found] == [3, 3]
    assert "".join(text for page in found for text in texts(page)) == "文" * 40


def test_what_must_be_whole_is_left_out_where_it_takes_more_than_one_page() -> None:
    rows = tuple(row(text) for text in ("一层", "二层", "三层", "四层"))
    assert pages(Screen(rows, whole=True), SMALL) == ()
    assert len(pages(Screen(rows, whole=True), LARGE)) == 1
    assert len(pages(Screen(rows[:3], whole=True), SMALL)) == 1


def test_a_frame_takes_a_pixel_above_and_below() -> None:
    rows = row("国", 32, 13), row("国", 32, 13)  # 30 pixels of ink and 2 of a gap, twice
    for framed, sizes in ((False, [(32,), (32,)]), (True, [(13,), (32,)])):
        (page,) = pages(Screen(rows, framed=framed), LARGE)
        assert [one.pieces[0].sizes for one in page.rows] == sizes


def test_a_screen_without_text_is_one_page() -> None:
    assert pages(Screen((), framed=True), SMALL) == (Screen((), framed=True),)
    assert pages(Screen((ScreenRow("zh", ()),)), SMALL) == (Screen(()),)


@pytest.mark.parametrize(
    ("heights", "tall", "fit"),
    [([64], 64, True), ([65], 64, False), ([30, 30], 64, True), ([31, 30], 64, False)],
)
def test_rows_need_a_gap_of_two_pixels_each_and_a_row_alone_needs_none(
    heights: list[int], tall: int, fit: bool
) -> None:
    assert fits(heights, tall) is fit


def test_a_frame_and_a_code_take_from_the_width() -> None:
    assert room_of(Screen(()), 128) == 126
    assert room_of(Screen((), framed=True), 128) == 120
    assert beside(Screen((), qr=LINK), 128) == 64
    assert room_of(Screen((), qr=LINK), 128) == 62
