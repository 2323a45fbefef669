"""How many batches may be on their way, over links of each kind. No clock."""

from sync.link_rate import FIRST_BATCHES, QUEUE_MS, LinkRate

BATCH = 36_000
"""Bytes of a batch of the greatest size, deflated."""


def carry(link: LinkRate, bytes_per_ms: float, batches: int, answer_ms: int = 1) -> list[int]:
    """Keep the window full over a link of that rate; the most bytes on their way at each ack."""
    now_ms, done_ms, queue, seen = 0.0, 0.0, 0, []
    for _ in range(batches):
        while link.unacked < link.window:
            link.sent(BATCH, int(now_ms))
            queue += 1
        seen.append(queue * BATCH)
        done_ms = max(now_ms, done_ms) + BATCH / bytes_per_ms
        now_ms = done_ms + answer_ms
        link.acked(int(now_ms))
        queue -= 1
    return seen


def test_a_slow_link_never_has_minutes_of_work_before_it() -> None:
    for rate in (4.1, 8.2, 20.0):
        most = max(carry(LinkRate(), rate, 50))
        assert most / rate <= max(QUEUE_MS, FIRST_BATCHES * BATCH / rate) * 1.1


def test_a_fast_link_is_opened_by_its_first_acknowledgements() -> None:
    link = LinkRate()
    assert link.window == 2
    carry(link, 10_000, 12)
    assert link.window >= 12


def test_a_far_link_is_not_taken_for_a_slow_one() -> None:
    link = LinkRate()
    carry(link, 1_000, 20, answer_ms=300)
    assert link.window >= 12


def test_ratings_one_by_one_say_nothing_about_the_rate() -> None:
    link = LinkRate()
    for second in range(100):
        link.sent(300, second * 1_000)
        link.acked(second * 1_000 + 200)
    assert link.window > 50


def test_acknowledgements_for_what_was_forgotten_change_nothing() -> None:
    link = LinkRate()
    link.sent(BATCH, 0)
    link.forget()
    link.acked(5_000)
    assert (link.unacked, link.window) == (0, FIRST_BATCHES)


def test_a_batch_of_8_kib_shows_the_rate_and_a_shorter_one_does_not() -> None:
    for size, window in ((8 * 1024, 1), (8 * 1024 - 1, FIRST_BATCHES + 1)):
        link = LinkRate()
        link.sent(size, 0)
        link.acked(60_000)
        assert link.window == window, size


def test_the_largest_batch_is_forgotten_by_halves() -> None:
    link = LinkRate()
    windows = []
    for n, size in enumerate((64_000, 16_000, 16_000)):
        link.sent(size, n * 4_000)
        link.acked(n * 4_000 + 4_000)
        windows.append(link.window)
    # 16, 10 and 7 bytes a ms, for 8 s, in batches of 64,000, 32,000 and 16,000.
    assert windows == [2, 2, 3]


def test_an_answer_within_the_same_millisecond_took_one() -> None:
    link = LinkRate()
    link.sent(9_000, 5)
    link.acked(5)
    link.sent(36_000_000, 5)
    assert link.window == 2


def test_what_the_link_carries_in_8_s_may_be_on_its_way() -> None:
    for size, took_ms, window in (
        (16_000, 8_000, 2),
        (16_002, 8_001, 1),
        (16_000, 5_333, 3),
        (16_000, 5_334, 2),
    ):
        link = LinkRate()
        link.sent(size, 0)
        link.acked(took_ms)
        link.sent(1, took_ms)  # the largest counts half now
        assert link.window == window, size
