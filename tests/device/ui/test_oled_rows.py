"""How a row is made to fit: its sizes, then its lines, never a smaller or a shorter text."""

import pytest

from device.ui.oled_rows import (
    CAPITAL,
    HAN,
    HANGUL,
    broken,
    height,
    ink,
    letter,
    lines,
    readable,
    sized,
    smallest,
    space,
)
from device.ui.screens import Piece, ScreenRow


def row(text: str, *sizes: int, right: str = "") -> ScreenRow:
    return ScreenRow("zh", (Piece(text, sizes),), Piece(right, sizes) if right else None)


@pytest.mark.parametrize(
    ("text", "judged_by"),
    [
        ("满意", HAN),
        ("만족", HANGUL),
        ("만족 满意", HANGUL),
        ("가", HANGUL),
        ("힣", HANGUL),
        ("3号", CAPITAL),
        ("QR로", CAPITAL),
        ("✓ 谢谢您", HAN),
        ("", HAN),
    ],
)
def test_a_text_is_judged_by_the_lowest_kind_of_sign_that_it_has(text: str, judged_by: str) -> None:
    assert letter(text) == judged_by
    assert height(CAPITAL, "zh", 24) < height(HAN, "zh", 24)


@pytest.mark.parametrize(
    ("text", "sizes", "letter_px", "left"),
    [
        ("满意", (24, 20, 12), 13, (24, 20, 13)),
        ("满意", (24, 13), 13, (24, 13)),
        ("满意", (12,), 17, (17,)),
        ("L01", (24, 20, 12), 13, (24, 20, 17)),
        ("L01", (12,), 17, (22,)),
    ],
)
def test_only_sizes_that_can_be_read_are_left_and_the_least_one_is_among_them(
    text: str, sizes: tuple[int, ...], letter_px: int, left: tuple[int, ...]
) -> None:
    one = readable(row(text, *sizes, right=text), letter_px)
    assert one.pieces[0].sizes == left
    assert one.right is not None
    assert one.right.sizes == left
    assert (
        height(letter(text), "zh", left[-1]) >= letter_px > height(letter(text), "zh", left[-1] - 1)
    )


def test_a_row_takes_the_first_size_at_which_it_fits() -> None:
    found = [lines(row("请您评价", 24, 20, 16), room, 0) for room in (100, 90, 70)]
    assert [one[0].row.pieces[0].sizes for one in found] == [(24,), (20,), (16,)]
    assert [one[0].step for one in found] == [0, 1, 2]
    assert lines(row("请您评价", 24, 20, 16), 100, 1)[0].step == 1
    assert smallest(row("请您评价", 24, 20, 16)) == 2


def test_a_row_that_is_exactly_as_wide_as_its_room_is_not_broken() -> None:
    wide = sized(row("请您评价", 16), 0).width
    assert len(lines(row("请您评价", 16), wide, 0)) == 1
    assert len(lines(row("请您评价", 16), wide - 1, 0)) == 2


def test_the_lines_of_a_broken_row_have_its_smallest_size_and_may_fill_the_room() -> None:
    wide = sized(row("请您", 16), 0).width
    found = lines(row("请您评价", 24, 20, 16), wide, 0)
    assert [one.row.pieces[0] for one in found] == [Piece("请您", (16,)), Piece("评价", (16,))]
    assert [one.step for one in found] == [2, 2]
    assert len(lines(row("请您评价", 16), wide - 1, 0)) == 4


def test_what_is_on_the_right_goes_below_before_a_text_is_broken() -> None:
    found = lines(row("政务大厅", 16, right="09:41"), 90, 0)
    assert [one.row.pieces[0].text for one in found] == ["政务大厅", "09:41"]
    assert all(one.row.right is None for one in found)
    alone = lines(ScreenRow("zh", (), Piece("09:41", (16,))), 90, 0)
    assert len(alone) == 1


def test_pieces_of_different_sizes_go_below_each_other_too() -> None:
    one = ScreenRow("zh", (Piece("3", (40,)), Piece("号窗口", (24,))))
    found = lines(one, 80, 0)
    assert [part.row.pieces[0].text for part in found] == ["3", "号窗口"]
    assert [part.row.pieces[0].sizes for part in found] == [(40,), (24,)]


@pytest.mark.parametrize(
    ("text", "signs", "parts"),
    [
        ("按键或扫码", 3, ["按键", "或扫码"]),
        ("本次未评价", 4, ["本次", "未评价"]),
        ("市政务服务大厅", 4, ["市政务", "服务大厅"]),
        ("请您评价", 1, ["请", "您", "评", "价"]),
        ("Rating saved", 8, ["Rating", "saved"]),
        ("Use another window", 8, ["Use", "another", "window"]),
        ("See you next time", 9, ["See you", "next time"]),
        ("pad-0317-hall-2", 8, ["pad-031", "7-hall-2"]),
        ("the pad-0317", 4, ["the", "pad-", "0317"]),
        ("满意", 0, ["满", "意"]),
        ("", 5, []),
    ],
)
def test_a_text_is_broken_at_spaces_into_as_few_lines_as_fit_about_equally_long(
    text: str, signs: int, parts: list[str]
) -> None:
    found = broken(text, lambda line: len(line) <= signs)
    assert found == parts
    assert "".join(found) == text.replace(" ", "") or " " in text


def test_a_row_that_fits_exactly_keeps_its_size() -> None:
    for size in (24, 20):
        wide = sized(row("请您评价", size), 0).width
        assert lines(row("请您评价", 24, 20, 16), wide, 0)[0].row.pieces[0].sizes == (size,)


def test_a_row_is_as_large_as_the_ink_of_its_pieces_and_what_is_between_them() -> None:
    three = ScreenRow("zh", (Piece("3", (40,)), Piece("号窗口", (24,))))
    pieces = [ink(piece, "zh") for piece in three.pieces]
    one = sized(three, 0)
    assert one.width == sum(right - left for left, _, right, _ in pieces) + 40 // 8
    assert one.above == max(-top for _, top, _, _ in pieces) == 30
    assert one.below == max(bottom for _, _, _, bottom in pieces) == 3
    assert one.height == 33
    assert sized(row("大", 16, right="小"), 0).width == 8 + sum(
        sized(row(text, 16), 0).width for text in "大小"
    )


def test_a_band_reaches_two_pixels_above_and_below_its_text() -> None:
    plain = sized(row("请您评价", 20), 0)
    band = sized(ScreenRow("zh", (Piece("请您评价", (20,)),), band=True), 0)
    assert (band.height, band.width) == (plain.height + 4, plain.width)


def test_ink_that_is_not_there_has_no_size() -> None:
    assert ink(Piece("", (24,)), "zh") == (0, 0, 0, 0)
    assert space(()) == 0
    assert space((Piece("3", (40,)), Piece("号", (24,)))) == 5
