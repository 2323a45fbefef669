"""The table divides, judges and prints what it was given."""

from functools import partial
from pathlib import Path

import pytest

from benchmarks.result_table import (
    BEGIN,
    END,
    Reach,
    Row,
    markdown,
    number,
    percentile,
    seconds,
    write_between_markers,
)
from benchmarks.rounds import interleaved


def test_numbers_keep_three_digits_whatever_their_size() -> None:
    sizes = (0.000123, 0.0456, 1.5, 31.25, 148_213.7)
    assert [number(size) for size in sizes] == ["0.000123", "0.0456", "1.5", "31.2", "148,214"]
    assert [seconds(size) for size in (0.00014, 0.151, 2.5)] == ["140 µs", "151 ms", "2.5 s"]


def test_a_percentile_is_a_value_that_was_measured() -> None:
    assert percentile([5.0, 1.0, 3.0], 50) == 3.0
    assert percentile(range(1, 101), 99) == 99
    assert percentile([7.0], 99) == 7.0


def test_a_missed_figure_says_so() -> None:
    fast = Row("a", "1", "peer", "9", 9.0, "faster", Reach("≥", 8))
    slow = Row("b", "1", "limit", "1", 2.0, "slower", Reach("≤", 1.5))
    assert (fast.verdict, slow.verdict) == ("yes", "**no**")
    assert "| b | 1 | limit | 1 | 2× slower | ≤ 1.5× | **no** |" in markdown([fast, slow])


def test_a_note_that_two_rows_share_is_printed_once() -> None:
    rows = [Row("a", "", "", "", note="same"), Row("b", "", "", "", note="same")]
    assert markdown(rows).count("same") == 1
    assert "| b (1) |" in markdown(rows)


def test_only_what_stands_between_the_markers_is_replaced(tmp_path: Path) -> None:
    page = tmp_path / "figures.md"
    page.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n")
    write_between_markers(page, "new")
    assert page.read_text() == f"before\n{BEGIN}\nnew\n{END}\nafter\n"
    page.write_text("no markers")
    with pytest.raises(ValueError, match="markers"):
        write_between_markers(page, "new")


def test_every_contestant_runs_once_a_round_and_the_first_turns() -> None:
    order: list[str] = []

    def run(name: str, turn: int) -> int:
        order.append(name)
        return turn

    samples = interleaved({name: partial(run, name) for name in "abc"}, 3)
    assert "".join(order) == "abcbcacab"
    assert samples == {"a": [0, 1, 2], "b": [0, 1, 2], "c": [0, 1, 2]}
