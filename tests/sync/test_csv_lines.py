"""A spreadsheet reads what was stored, and runs none of it."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.csv_lines import csv_line
from sync.shown_text import shown


def read(line: str) -> list[str]:
    return next(csv.reader(io.StringIO(line, newline=""), strict=True))


def test_a_line_has_the_cells_and_ends_as_excel_expects() -> None:
    line = csv_line(["办件-1", 7, -5, 1.5, None, True, 'he said "no", twice'])
    assert line == '办件-1,7,-5,1.5,,true,"he said ""no"", twice"\r\n'


@pytest.mark.parametrize(
    "formula",
    [
        '=HYPERLINK("http://a.example","click")',
        "+1+cmd|' /C calc'!A0",
        "-2+3",
        "@SUM(A1)",
        "＝1+1",
        "\t=1+1",
        "\r=1+1",
        "  =1+1",
        "|calc",
    ],
)
def test_a_text_that_would_be_a_formula_is_a_text(formula: str) -> None:
    (cell,) = read(csv_line([formula]))
    assert cell == shown(f"'{formula}")


@pytest.mark.parametrize(
    "text",
    ["22010220260921000123", "007", "3-1", "1/2", "1E5", "1.50", "12:30", "3月1日", "123456789012"],
)
def test_a_text_that_would_be_another_number_or_a_date_is_a_text(text: str) -> None:
    assert read(csv_line([text])) == [f"'{text}"]


@pytest.mark.parametrize(
    "text", ["3", "0", "12345678901", "2026-11-30 16:00:05", "A03", "3号", "01K5D-7", "2201-A", ""]
)
def test_a_text_that_stays_as_it_is_has_no_apostrophe(text: str) -> None:
    assert csv_line([text, 1]) == f"{text},1\r\n"


@given(st.lists(st.text(max_size=20), min_size=2, max_size=5))
def test_every_text_comes_back_in_one_line(texts: list[str]) -> None:
    line = csv_line(texts)
    assert len(line.splitlines()) == 1
    for text, cell in zip(texts, read(line), strict=True):
        assert cell.removeprefix("'") == shown(text).removeprefix("'")
