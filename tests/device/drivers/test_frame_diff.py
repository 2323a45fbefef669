"""Which runs of a picture are sent: enough of them, and not much more."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from device.drivers.frame_diff import ChangedRun, changes

WIDE, PAGES, OVERHEAD = 48, 4, 7
pages = st.lists(
    st.lists(st.sampled_from([0, 0, 0, 0, 0, 1, 255]), min_size=WIDE, max_size=WIDE).map(bytes),
    min_size=PAGES,
    max_size=PAGES,
)


def applied(before: list[bytes], runs: list[ChangedRun]) -> list[bytes]:
    memory = [bytearray(page) for page in before]
    for page, column, data in runs:
        memory[page][column : column + len(data)] = data
    return [bytes(page) for page in memory]


@settings(max_examples=100, deadline=None)
@given(pages, pages)
def test_the_runs_turn_any_picture_into_any_other(before: list[bytes], after: list[bytes]) -> None:
    runs = changes(before, after, OVERHEAD)
    assert applied(before, runs) == after
    cost = sum(OVERHEAD + len(run.data) for run in runs)
    assert cost <= PAGES * (OVERHEAD + WIDE)
    changed = sum(
        was != becomes
        for old, new in zip(before, after, strict=True)
        for was, becomes in zip(old, new, strict=True)
    )
    assert cost <= changed * (OVERHEAD + 1)


def test_nothing_changed_is_nothing_to_send() -> None:
    picture = [bytes(range(WIDE))] * PAGES
    assert changes(picture, picture, OVERHEAD) == []


def test_runs_nearer_than_their_overhead_are_one() -> None:
    before, after = bytes(20), bytearray(20)
    after[1] = after[9] = 5
    assert changes([before], [bytes(after)], 7) == [ChangedRun(0, 1, bytes(after[1:10]))]
    assert changes([before], [bytes(after)], 6) == [
        ChangedRun(0, 1, b"\5"),
        ChangedRun(0, 9, b"\5"),
    ]


@pytest.mark.parametrize("other", [[bytes(WIDE)] * 2, [bytes(WIDE), bytes(WIDE - 1), bytes(WIDE)]])
def test_pictures_of_different_sizes_are_a_mistake(other: list[bytes]) -> None:
    picture = [bytes(WIDE)] * 3
    for before, after in ((picture, other), (other, picture)):
        with pytest.raises(ValueError, match="zip"):
            changes(before, after, OVERHEAD)
