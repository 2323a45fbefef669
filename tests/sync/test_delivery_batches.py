"""How many batches are on their way, how large they are, and when one counts as lost. No clock."""

import pytest

from sync.delivery import Receipted, SendEntries, Wait
from sync.messages import Problem
from tests.rigs.sync.delivery_bench import PACE, DeliveryBench, LongestJitter


def entries_asked(bench: DeliveryBench) -> int:
    """How many entries the next batch may have."""
    step = bench.step()
    assert isinstance(step, SendEntries), step
    return step.max_entries


def too_long(bench: DeliveryBench) -> int | None:
    """The next batch is longer than the broker takes."""
    step = bench.step()
    assert isinstance(step, SendEntries), step
    return bench.delivery.too_long(bench.ledger.segment(*step), bench.now_ms)


def cut(bench: DeliveryBench, session: str, mark: int) -> None:
    """The connection ends; the province answers the next one with `mark`."""
    bench.delivery.disconnected()
    bench.connect(session, mark)


# --- the window ---------------------------------------------------------------------------------


@pytest.mark.parametrize(("receive_maximum", "window"), [(1, 1), (2, 2), (3, 3), (4, 3), (None, 3)])
def test_no_more_batches_are_on_their_way_than_the_broker_lets_be_unacknowledged(
    receive_maximum: int | None, window: int
) -> None:
    bench = DeliveryBench(100, mark=None)
    bench.connect("1.1", 0, receive_maximum)
    assert len(bench.send_all()) == window
    bench.receipt(10)
    assert len(bench.send_all()) == min(window, 1)


def test_a_new_connection_owes_nothing_of_the_old_ones_acknowledgements() -> None:
    bench = DeliveryBench(100)
    on_their_way = len(bench.send_all(acked=False))
    cut(bench, "1.2", 0)
    assert len(bench.send_all(acked=False)) == on_their_way


def test_a_new_connection_has_its_whole_window_after_a_refusal_in_the_old_one() -> None:
    bench = DeliveryBench(100)
    bench.send_all()
    bench.receipt(0, Problem.CHAIN)
    cut(bench, "1.2", 0)
    assert len(bench.send_all()) == 3


def test_a_batch_that_was_never_acknowledged_is_sent_again_after_its_timeout() -> None:
    bench = DeliveryBench(100)
    bench.send_all(acked=False)
    assert bench.wait_out() == PACE.longest_ms
    assert bench.send() == (1, 10)


# --- the timeout --------------------------------------------------------------------------------


def test_without_acknowledgements_the_timeout_counts_from_the_oldest_batch() -> None:
    bench = DeliveryBench(100)
    bench.send()
    bench.now_ms = 300
    bench.send()
    assert bench.step() == Wait(PACE.longest_ms)


def test_the_timeout_for_a_receipt_starts_with_the_last_acknowledgement() -> None:
    bench = DeliveryBench(100, rng=LongestJitter())
    bench.send_all(acked=False)
    bench.now_ms = 300
    bench.delivery.acked(300)
    bench.send()
    assert bench.step() == Wait(PACE.longest_ms), "the broker owes two"
    for now_ms in (400, 500):
        bench.now_ms = now_ms
        bench.delivery.acked(now_ms)
    assert bench.step() == Wait(500 + 2 * PACE.stall_ms)


def test_an_acknowledgement_after_the_receipt_does_not_put_the_next_birth_off() -> None:
    bench = DeliveryBench(5)
    bench.send()
    bench.receipt(5)
    before = bench.step()
    bench.now_ms = 300
    bench.delivery.acked(300)
    assert bench.step() == before


def test_what_the_ledger_does_not_have_yet_is_asked_for_ever_more_seldom() -> None:
    bench = DeliveryBench(5, mark=5, rng=LongestJitter())
    bench.delivery.entries_added(6)  # announced, but not in the ledger
    waits = []
    for _ in range(4):
        step = bench.step()
        assert isinstance(step, SendEntries)
        bench.delivery.sent(bench.ledger.segment(*step), bench.now_ms, 0)
        waits.append(bench.wait_out())
    assert waits == [PACE.stall_ms + more for more in (1_000, 2_000, 4_000, 8_000)]


# --- their size ---------------------------------------------------------------------------------


def test_a_batch_that_is_too_long_for_the_broker_is_halved_down_to_one_entry() -> None:
    bench = DeliveryBench(100)
    asked = []
    for _ in range(3):
        asked.append(entries_asked(bench))
        assert too_long(bench) is None
    assert [*asked, entries_asked(bench)] == [10, 5, 2, 1]


def test_one_entry_that_is_too_long_is_named_and_asked_for_again_after_a_long_wait() -> None:
    bench = DeliveryBench(100, mark=41, rng=LongestJitter())
    for _ in range(3):
        assert too_long(bench) is None
    assert too_long(bench) == 42
    assert bench.wait_out() == 2 * PACE.longest_ms
    assert bench.step() == SendEntries(41, 1, PACE.max_bytes)


def test_a_broker_that_ends_the_connection_for_a_long_packet_means_the_longest_in_flight() -> None:
    bench = DeliveryBench(31, mark=0)
    bench.send_all()
    assert bench.delivery.packet_refused() is None, "smaller ones may be sent"
    cut(bench, "1.2", 25)
    assert entries_asked(bench) == 5


def test_one_entry_for_which_a_broker_ends_the_connection_is_named() -> None:
    bench = DeliveryBench(42, mark=41)
    bench.send()
    assert bench.delivery.packet_refused() == 42
    for entries in (2, 3):
        several = DeliveryBench(entries)
        several.send()
        assert several.delivery.packet_refused() is None


def test_a_broker_that_refuses_to_connect_for_a_long_packet_does_not_mean_an_entry() -> None:
    bench = DeliveryBench(42, mark=41)
    assert bench.delivery.packet_refused() is None
    bench.send()
    bench.delivery.disconnected()
    assert bench.delivery.packet_refused() is None


def test_a_cut_that_delivered_nothing_makes_batches_smaller_wherever_the_mark_was() -> None:
    for began, restored in ((0, 0), (20, 20), (20, 5)):
        bench = DeliveryBench(100, mark=began)
        bench.send()
        cut(bench, "1.2", restored)
        assert entries_asked(bench) == 5, (began, restored)


def test_a_cut_that_delivered_a_little_makes_a_batch_a_third_of_that() -> None:
    bench = DeliveryBench(100, mark=20)
    bench.send()
    cut(bench, "1.2", 26)
    assert entries_asked(bench) == 2


def test_a_cut_is_judged_once() -> None:
    bench = DeliveryBench(100)
    bench.send()
    cut(bench, "1.2", 0)
    bench.send()
    bench.receipt(5)
    cut(bench, "1.3", 5)
    assert entries_asked(bench) == 5


def test_only_what_one_connection_delivers_makes_batches_larger_again() -> None:
    bench = DeliveryBench(100)
    bench.send()
    cut(bench, "1.2", 0)
    bench.send_all()
    for seq in (5, 10, 15):
        assert bench.receipt(seq) == Receipted(seq)
    cut(bench, "1.3", 15)
    for seq, entries in ((20, 5), (25, 5), (30, 5), (34, 5), (35, 10)):
        assert bench.receipt(seq) == Receipted(seq)
        assert entries_asked(bench) == entries, seq


def test_what_a_first_answer_or_a_new_ledger_says_was_not_delivered_by_this_connection() -> None:
    bench = DeliveryBench(100, mark=60)
    moved = [bench.delivery.moved]
    bench.send_all()
    assert bench.receipt(70) == Receipted(70)
    moved.append(bench.delivery.moved)
    bench.delivery.ledger_opened("L2", 100, bench.now_ms)
    bench.publish_birth()
    assert bench.receipt(30, session="1.1", ledger="L2") == Receipted(30)
    moved.append(bench.delivery.moved)
    bench.send_all()
    bench.receipt(40, ledger="L2")
    moved.append(bench.delivery.moved)
    assert moved == [False, True, False, True]


def test_what_got_through_without_a_receipt_is_told_by_the_next_births_answer() -> None:
    bench = DeliveryBench(100)
    bench.send_all()
    bench.receipt(10)
    cut(bench, "1.2", 10)
    assert not bench.delivery.moved
    bench.send_all()
    cut(bench, "1.3", 12)
    assert bench.delivery.moved


def test_a_cut_within_the_old_ledger_says_nothing_about_the_new_ones_batches() -> None:
    bench = DeliveryBench(100)
    bench.send()
    bench.delivery.disconnected()
    bench.delivery.ledger_opened("L2", 100, bench.now_ms)
    bench.delivery.connected("1.2", bench.now_ms)
    bench.publish_birth()
    assert bench.receipt(0, session="1.2", ledger="L2") == Receipted(0)
    assert entries_asked(bench) == 10
