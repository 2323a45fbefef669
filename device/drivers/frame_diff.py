"""The difference of two pictures as runs of changed columns, page by page. Pure.

A controller of the SSD1306 family stores its picture in pages of 8 rows; a byte is 8 pixels of one
column, the lowest bit on top. Sending a run costs its bytes and `overhead_bytes` for its address,
so two runs with a gap of at most that many bytes are sent as one.
"""

from collections.abc import Sequence
from typing import NamedTuple


class ChangedRun(NamedTuple):
    """Bytes of one page, starting at a column."""

    page: int
    column: int
    data: bytes


def changes(
    before: Sequence[bytes], after: Sequence[bytes], overhead_bytes: int
) -> list[ChangedRun]:
    """The runs that turn the pages `before` into `after`, from top to bottom, left to right."""
    return [
        ChangedRun(page, first, new[first:last])
        for page, (old, new) in enumerate(zip(before, after, strict=True))
        for first, last in _spans(old, new, overhead_bytes)
    ]


def _spans(old: bytes, new: bytes, overhead_bytes: int) -> list[tuple[int, int]]:
    spans: list[tuple[int, int]] = []
    for column, (was, becomes) in enumerate(zip(old, new, strict=True)):
        if was == becomes:
            continue
        if spans and column - spans[-1][1] <= overhead_bytes:
            spans[-1] = (spans[-1][0], column + 1)
        else:
            spans.append((column, column + 1))
    return spans
