"""Each pad gets its share of the queue, whatever the others send."""

from sync.pad_queue import PadQueue

NOW_S = 100.0


def queue_of(
    pads: dict[str, int], pad_max: int = 99, total_max: int = 999, weight_max: int = 9999
) -> PadQueue[str]:
    queue = PadQueue[str](pad_max, total_max, weight_max, len)
    for pad, count in pads.items():
        for n in range(count):
            assert queue.put(pad, f"{pad}{n}") is None
    return queue


def take(queue: PadQueue[str], count: int, weight_max: int = 10**9) -> list[str]:
    return queue.take(count, weight_max, NOW_S)


def test_pads_take_turns() -> None:
    queue = queue_of({"a": 5, "b": 1, "c": 2})
    assert take(queue, 6) == ["a0", "b0", "c0", "a1", "c1", "a2"]
    assert take(queue, 6) == ["a3", "a4"]
    assert len(queue) == 0
    assert take(queue, 6) == []


def test_who_was_not_served_is_first_next_time() -> None:
    queue = queue_of({"a": 3, "b": 3, "c": 3})
    assert take(queue, 2) == ["a0", "b0"]
    assert take(queue, 2) == ["c0", "a1"]


def test_a_group_has_a_weight_but_always_one_item() -> None:
    queue = queue_of({"a": 1, "b": 1, "c": 1})
    assert take(queue, 9, weight_max=4) == ["a0", "b0"]
    assert take(queue, 9, weight_max=1) == ["c0"]


def test_what_a_pad_sends_beyond_its_share_has_no_room() -> None:
    queue = queue_of({"a": 2}, pad_max=2)
    assert queue.put("a", "a2") == "a2"
    assert queue.put("b", "b0") is None


def test_when_all_together_are_too_many_the_longest_queue_loses_its_newest() -> None:
    queue = queue_of({"a": 3, "b": 1}, total_max=4)
    assert queue.put("b", "b1") == "a2"
    assert take(queue, 9) == ["a0", "b0", "a1", "b1"]


def test_when_all_together_weigh_too_much_the_heaviest_queue_loses_its_newest() -> None:
    queue = queue_of({"a": 2, "b": 1}, weight_max=20)
    assert queue.put("c", "c" * 15) == "c" * 15
    assert queue.put("c", "c0") is None
    assert len(queue) == 4
    assert take(queue, 9) == ["a0", "b0", "c0", "a1"]


def test_the_end_of_a_hold_is_a_time_to_look_at() -> None:
    queue = queue_of({})
    queue.hold("a", NOW_S + 5)
    assert queue.next_s() == NOW_S + 5
    assert queue.take(9, 99, NOW_S + 5) == []
    assert queue.next_s() is None


def test_a_pad_that_is_held_waits_and_the_others_go_on() -> None:
    queue = queue_of({"a": 2, "b": 2})
    queue.hold("a", NOW_S + 5)
    assert take(queue, 9) == ["b0", "b1"]
    assert queue.next_s() == NOW_S + 5
    queue.hold("a", NOW_S + 1)
    assert queue.is_held("a", NOW_S + 4), "the longer hold stays"
    assert take(queue, 9) == []
    assert queue.take(9, 99, NOW_S + 5) == ["a0", "a1"]


def test_release_ends_every_hold() -> None:
    queue = queue_of({"a": 1})
    queue.hold("a", NOW_S + 5)
    queue.release()
    assert take(queue, 9) == ["a0"]


def test_what_is_put_back_comes_first_but_not_before_its_time() -> None:
    queue = queue_of({"a": 3})
    first = take(queue, 1)
    queue.put_back("a", first, NOW_S + 1)
    assert take(queue, 9) == ["a1", "a2"]
    assert queue.next_s() == NOW_S + 1
    assert queue.take(9, 99, NOW_S + 1) == ["a0"]
    queue = queue_of({"a": 3})
    queue.put_back("a", take(queue, 2))
    assert take(queue, 9) == ["a0", "a1", "a2"]
    assert queue.next_s() is None


def test_items_can_be_dropped() -> None:
    queue = queue_of({"a": 2, "b": 1})
    queue.drop(lambda item: item.endswith("0"))
    assert len(queue) == 1
    assert take(queue, 9) == ["a1"]


def test_what_may_be_taken_from_the_start_of_the_clock_on() -> None:
    queue = queue_of({"a": 1})
    assert queue.next_s() == 0.0
    taken = queue.take(9, 99, 0.0)
    assert taken == ["a0"]
    queue.put_back("a", taken)
    assert queue.next_s() == 0.0
    queue.hold("b", 0.5)
    queue.put("b", "b0")
    assert queue.take(9, 99, 0.0) == ["a0"]
    assert queue.next_s() == 0.5


def test_all_may_weigh_as_much_as_is_allowed_and_no_more() -> None:
    queue = queue_of({"a": 1, "b": 1}, weight_max=4)
    assert take(queue, 9) == ["a0", "b0"]
    assert queue_of({"a": 1, "b": 1}, weight_max=4).put("c", "c") == "a0"


def test_what_is_put_back_counts_again() -> None:
    queue = queue_of({"a": 3}, total_max=3, weight_max=6)
    queue.put_back("a", take(queue, 2))
    assert len(queue) == 3
    assert queue.put("b", "b0") == "a2"
    assert len(queue) == 3


def test_a_pad_is_held_until_its_time_and_others_are_not() -> None:
    queue = queue_of({})
    queue.hold("a", NOW_S)
    assert queue.is_held("a", NOW_S - 0.001)
    assert not queue.is_held("a", NOW_S)
    assert not queue.is_held("b", NOW_S)


def test_a_lighter_item_does_not_overtake_one_that_has_no_room_in_the_group() -> None:
    queue = PadQueue[str](9, 99, 999, len)
    for item in ("aaa", "bbb", "c"):
        queue.put(item[0], item)
    assert take(queue, 9, weight_max=4) == ["aaa"]
    assert take(queue, 9, weight_max=4) == ["bbb", "c"]


def test_a_pad_of_which_nothing_is_left_comes_after_the_others_again() -> None:
    queue = queue_of({"a": 1, "b": 1})
    queue.drop(lambda item: item == "a0")
    queue.put("a", "a1")
    assert take(queue, 9) == ["b0", "a1"]
    queue = queue_of({"a": 1}, weight_max=9)
    assert queue.put("c", "c" * 8) == "c" * 8
    for item in ("b0", "c0"):
        queue.put(item[0], item)
    assert take(queue, 9) == ["a0", "b0", "c0"]
