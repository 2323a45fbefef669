"""Chinese takes two columns of a terminal: where lines end, and how columns are aligned."""

from hypothesis import given
from hypothesis import strategies as st

from sync.columns import NOT_FIRST, NOT_LAST, aligned, columns, padded, wrapped


def test_chinese_takes_two_columns_and_an_accent_none():
    assert [columns(text) for text in ("", "ab", "评价", "e\u0301", "（）")] == [0, 2, 4, 1, 4]
    assert [columns(text) for text in ("친절", "\u110e\u1175\u11ab", "x\u20dd")] == [4, 2, 1]
    assert padded("评价", 6) == "评价  "
    assert padded("longer", 2) == "longer"


def test_rows_are_aligned_whatever_is_in_them():
    assert aligned([("评价", "x"), ("a", "yy")]) == ["评价  x", "a     yy"]
    assert aligned([]) == []


def test_an_english_line_ends_at_a_space():
    assert wrapped("walk a ledger's chain", 12) == ["walk a", "ledger's", "chain"]
    assert wrapped("a-word-that-is-too-long", 5) == ["a-word-that-is-too-long"]


def test_a_chinese_line_ends_anywhere_but_at_the_wrong_punctuation():
    assert wrapped("检查（账本）。", 8) == ["检查（账", "本）。"]


@given(st.text("评价本（），。“” ab\n", max_size=40), st.integers(6, 30))
def test_no_sign_is_lost_and_no_line_is_too_wide(text, width):
    lines = wrapped(text, width)
    assert "".join("".join(lines).split()) == "".join(text.split())
    for line in lines:
        glued = any(sign in NOT_FIRST + NOT_LAST for sign in line)
        assert columns(line) <= width or glued or line.isascii()
