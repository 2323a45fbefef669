"""Who waits after a failure, and until when."""

from random import Random

from sync.store_backoff import (
    BLOCKED_MAX_MS,
    DOWN_AFTER,
    GROUP_MAX,
    HELD_RETRY_MAX_S,
    HELD_RETRY_S,
    HELD_SAID_S,
    STORE_MAX_MS,
    StoreBackoff,
)

NOW_S = 50.0


class Longest(Random):
    """Always the longest wait."""

    def uniform(self, a: float, b: float) -> float:
        return max(a, b)


def test_a_pad_that_failed_waits_longer_each_time_and_alone_until_it_is_stored() -> None:
    backoff = StoreBackoff(Longest())
    waits = [backoff.failed("a", 1, NOW_S) - NOW_S for _ in range(9)]
    assert waits[:3] == [0.5, 1.0, 2.0]
    assert waits[-1] == STORE_MAX_MS / 1000
    assert backoff.is_alone("a")
    assert not backoff.is_alone("b")
    assert backoff.stored(["a", "b"]) == (["a"], False)
    assert not backoff.is_alone("a")
    assert backoff.failed("a", 1, NOW_S) - NOW_S == 0.5


def test_only_different_pads_that_fail_show_that_nobody_can_be_stored() -> None:
    backoff = StoreBackoff(Longest())
    assert not any(backoff.is_blocked("a") for _ in range(9))
    assert [backoff.is_blocked(f"p{n}") for n in range(DOWN_AFTER - 1)][-1]
    backoff.stored(["b"])
    assert not backoff.is_blocked("a"), "something was stored since"


def test_while_the_store_is_down_all_wait() -> None:
    backoff = StoreBackoff(Longest())
    assert backoff.down_until_s == 0.0
    for _ in range(9):
        backoff.store_down(NOW_S)
    assert backoff.down_until_s == NOW_S + STORE_MAX_MS / 1000
    backoff.store_down(NOW_S, BLOCKED_MAX_MS)
    assert backoff.down_until_s == NOW_S + BLOCKED_MAX_MS / 1000
    assert backoff.stored([]) == ([], True)
    backoff.store_down(NOW_S)
    assert backoff.down_until_s == NOW_S + 0.5


def test_a_pad_held_by_another_transaction_is_tried_soon_and_said_when_it_takes_long() -> None:
    backoff = StoreBackoff(Longest())
    assert backoff.held("a", NOW_S) == (NOW_S + HELD_RETRY_S, False)
    assert backoff.held("a", NOW_S) == (NOW_S + 2 * HELD_RETRY_S, False)
    for _ in range(20):
        until_s, is_long = backoff.held("a", NOW_S + HELD_SAID_S)
    assert (until_s, is_long) == (NOW_S + HELD_SAID_S + HELD_RETRY_MAX_S, True)


def test_groups_shrink_when_one_fails_and_grow_when_one_is_stored() -> None:
    backoff = StoreBackoff(Longest())
    assert backoff.group_max == GROUP_MAX
    backoff.failed("a", 12, NOW_S)
    assert backoff.group_max == 6
    backoff.failed("a", 1, NOW_S)
    assert backoff.group_max == 1
    for _ in range(9):
        backoff.stored([])
    assert backoff.group_max == GROUP_MAX


def test_the_bounds_are_these() -> None:
    assert (GROUP_MAX, DOWN_AFTER) == (64, 3)
    assert (STORE_MAX_MS, BLOCKED_MAX_MS) == (15_000, 1_000)
    assert (HELD_RETRY_S, HELD_RETRY_MAX_S, HELD_SAID_S) == (0.01, 1.0, 2.0)


def test_the_first_commit_after_the_store_was_down_says_so_and_the_next_does_not() -> None:
    backoff = StoreBackoff(Longest())
    assert backoff.stored([]) == ([], False)
    backoff.store_down(NOW_S)
    assert [backoff.stored([]) for _ in range(2)] == [([], True), ([], False)]


def test_groups_double_until_they_are_whole_again() -> None:
    backoff = StoreBackoff(Longest())
    backoff.failed("a", 2, NOW_S)
    sizes = []
    for _ in range(7):
        backoff.stored([])
        sizes.append(backoff.group_max)
    assert sizes == [2, 4, 8, 16, 32, 64, 64]
