"""A simulated contact: when its line is down, and that its bounce stays within its time."""

import random
from itertools import pairwise

import pytest

from device.drivers.sim.contact import GAP_MS, Contact

CLEAN, BOUNCE_MS = 0.0, 10.0


def contact(bounce_ms: float = CLEAN, seed: int = 1) -> Contact:
    return Contact(random.Random(seed), bounce_ms)


def edges(one: Contact) -> list[float]:
    """Every planned change of the line, as a driver learns of them."""
    found: list[float] = []
    now_ms = 0.0
    while (edge_ms := one.next_edge_ms(now_ms)) is not None:
        found.append(edge_ms)
        now_ms = edge_ms
    return found


def test_a_clean_press_is_down_from_its_time_until_its_end() -> None:
    one = contact()
    assert one.next_edge_ms(0) is None
    one.press(100, 60)
    assert edges(one) == [100, 160]
    assert [one.down(ms) for ms in (0, 99.9, 100, 159.9, 160, 1_000)] == [
        *(False, False),
        *(True, True),
        *(False, False),
    ]


@pytest.mark.parametrize(
    ("again_ms", "starts_ms"), [(100, 200), (120, 200), (160, 200), (199, 200), (201, 201)]
)
def test_the_next_press_comes_40_ms_after_a_release_at_the_earliest(
    again_ms: float, starts_ms: float
) -> None:
    assert GAP_MS == 40
    one = contact()
    one.press(100, 60)
    one.press(again_ms, 30)
    assert one.down(starts_ms)
    assert not one.down(starts_ms - 0.5)
    assert one.down(starts_ms + 29.5)
    assert not one.down(starts_ms + 30)


def test_presses_at_one_moment_follow_each_other() -> None:
    one = contact()
    for _ in range(3):
        one.press(100, 60)
    assert edges(one) == [100, 160, 200, 260, 300, 360]


def test_a_held_key_is_down_until_it_is_released_however_often_both_are_asked() -> None:
    one = contact()
    one.release(50)  # nothing is held
    one.hold(100)
    one.hold(150)
    was_held = one.held
    assert was_held
    assert edges(one) == [100]
    assert one.down(1e6)
    one.release(300)
    one.release(350)
    assert not one.held
    assert edges(one) == [100, 300]


def test_a_key_that_is_released_before_it_could_be_held_ends_up() -> None:
    one = contact()
    one.press(100, 60)
    one.hold(170)
    one.release(180)
    assert not any(one.down(ms) for ms in range(160, 1_000))


@pytest.mark.parametrize("seed", range(20))
def test_both_edges_of_a_press_bounce_within_the_bounce_time(seed: int) -> None:
    one = contact(BOUNCE_MS, seed)
    one.press(100, 60)
    found = edges(one)
    first = [edge for edge in found if edge < 150]
    last = [edge for edge in found if edge >= 150]
    for begin_ms, burst in ((100, first), (160, last)):
        assert burst[0] == begin_ms
        assert len(burst) in (1, 3, 5, 7, 9)
        assert all(begin_ms <= edge <= begin_ms + BOUNCE_MS for edge in burst)


def test_a_contact_bounces_differently_each_time_and_up_to_nine_times() -> None:
    counts = set()
    for seed in range(100):
        one = contact(BOUNCE_MS, seed)
        one.hold(100)
        counts.add(len(edges(one)))
    assert counts == {1, 3, 5, 7, 9}


@pytest.mark.parametrize("seed", range(20))
def test_a_press_shorter_than_its_bounce_ends_up(seed: int) -> None:
    one = contact(BOUNCE_MS, seed)
    one.press(100, 0)
    assert not one.down(100 + 2 * BOUNCE_MS)


@pytest.mark.parametrize("seed", range(20))
def test_a_worn_contact_opens_and_closes_for_its_time_and_stays_up(seed: int) -> None:
    one = contact(BOUNCE_MS, seed)
    one.chatter(100, 500)
    found = edges(one)
    assert found[0] == 100
    assert all(0.5 <= after - before <= 6 for before, after in pairwise(found))
    assert 594 <= found[-1] <= 606
    assert len(found) % 2 == 0


def test_a_worn_contact_begins_after_the_press_before_it() -> None:
    one = contact()
    one.press(100, 60)
    one.chatter(120, 500)
    assert edges(one)[:3] == [100, 160, 200]


def test_a_contact_that_is_worn_for_no_time_does_not_move() -> None:
    one = contact()
    one.chatter(100, 0)
    assert edges(one) == []
