"""What the pad sends, when it waits, what receipts do. No clock, a seeded random generator."""

from random import Random

import pytest

from sync.delivery import (
    DeliverySettings,
    Diverged,
    PublishBirth,
    Receipted,
    Rejected,
    SendEntries,
    Wait,
)
from sync.entries import GENESIS
from sync.messages import Problem
from sync.reconnect import full_jitter_ms
from tests.rigs.sync.delivery_bench import PACE, SENT_BYTES, DeliveryBench, LongestJitter


def test_offline_it_waits_without_a_timeout() -> None:
    assert DeliveryBench(5, mark=None).step() == Wait(None)


def test_the_birth_is_repeated_with_growing_jittered_backoff_until_it_is_answered() -> None:
    bench = DeliveryBench(5, mark=None)
    bench.delivery.connected("1.1", 0)
    waits = []
    for _ in range(12):
        bench.publish_birth()
        waits.append(bench.wait_out())
    assert all(PACE.probe_ms <= wait <= PACE.probe_ms + PACE.longest_ms for wait in waits)
    assert max(waits[6:]) > 4 * PACE.probe_ms
    assert len(set(waits)) == len(waits), "jittered"


def test_no_entry_is_sent_before_the_births_own_receipt() -> None:
    bench = DeliveryBench(5, mark=None)
    bench.delivery.connected("1.2", 0)
    bench.publish_birth()
    assert bench.receipt(0) is None
    assert bench.birth_receipt(0, session="1.1") is None
    assert isinstance(bench.step(), Wait)
    assert bench.birth_receipt(0, session="1.2") == Receipted(0)
    assert bench.send() == (1, 5)


def test_a_window_of_batches_is_sent_and_then_it_waits_for_receipts() -> None:
    bench = DeliveryBench(100)
    assert bench.send_all() == [(1, 10), (11, 20), (21, 30)]
    assert bench.receipt(10) == Receipted(10)
    assert bench.send_all() == [(31, 40)]
    assert bench.receipt(40) == Receipted(40)
    assert len(bench.send_all()) == 3


def test_batches_that_the_broker_has_not_acknowledged_fill_the_window_too() -> None:
    bench = DeliveryBench(100)
    bench.send_all(acked=False)
    assert bench.receipt(0, Problem.GAP) == Receipted(0)
    assert isinstance(bench.step(), Wait), "three are not acknowledged yet"
    bench.delivery.acked(bench.now_ms)
    assert bench.send() == (1, 10)


def test_it_begins_after_the_entry_that_the_province_has() -> None:
    bench = DeliveryBench(50, mark=42)
    assert bench.send_all() == [(43, 50)]


def test_new_entries_are_sent_without_a_wait() -> None:
    bench = DeliveryBench(5, mark=5)
    assert isinstance(bench.step(), Wait)
    bench.ledger.rate()
    bench.delivery.entries_added(6)
    assert bench.send() == (6, 6)


def test_a_timeout_goes_back_to_the_mark_and_tries_one_batch_with_growing_backoff() -> None:
    bench = DeliveryBench(100)
    bench.send_all()
    bench.receipt(10)
    bench.send_all()
    waits = []
    for _ in range(10):
        waits.append(bench.wait_out())
        assert bench.send_all() == [(11, 20)]
    assert all(PACE.stall_ms <= wait <= PACE.stall_ms + PACE.longest_ms for wait in waits)
    assert max(waits[5:]) > 4 * PACE.stall_ms
    assert bench.receipt(20) == Receipted(20)
    assert len(bench.send_all()) == 3, "the window has its full size again"


def test_a_slow_link_is_not_a_timeout() -> None:
    bench = DeliveryBench(100)
    bench.send_all(acked=False)
    assert bench.wait_out() == PACE.longest_ms


def test_stale_repeated_and_foreign_receipts_change_nothing() -> None:
    bench = DeliveryBench(100)
    bench.send_all()
    assert bench.receipt(20) == Receipted(20)
    assert bench.receipt(10) is None
    assert bench.receipt(20) is None
    assert bench.receipt(30, ledger="another") is None
    assert bench.receipt(30, session="0.9") is None
    assert bench.delivery.mark == 20
    assert bench.receipt(30) == Receipted(30), "the control: a valid one does"


def test_a_receipt_across_several_batches_frees_them_all() -> None:
    bench = DeliveryBench(100)
    bench.send_all()
    assert bench.receipt(25) == Receipted(25)
    assert bench.send_all() == [(31, 40), (41, 50)]


def test_a_gap_moves_the_mark_back_and_counts_once_for_a_window() -> None:
    bench = DeliveryBench(100, mark=50)
    bench.send_all()
    assert bench.receipt(30, Problem.GAP) == Receipted(30)
    assert bench.send_all()[0] == (31, 40)
    assert bench.receipt(30, Problem.GAP) is None
    assert bench.receipt(30, Problem.GAP) is None
    assert isinstance(bench.step(), Wait), "nothing is sent a third time"
    bench.now_ms += PACE.gap_quiet_ms
    assert bench.receipt(30, Problem.GAP) == Receipted(30)


def test_a_new_births_receipt_may_move_the_mark_back() -> None:
    bench = DeliveryBench(100, mark=50)
    bench.delivery.disconnected()
    bench.delivery.connected("1.2", bench.now_ms)
    bench.publish_birth()
    assert bench.birth_receipt(20, session="1.2") == Receipted(20)
    assert bench.send() == (21, 30)


def test_a_late_second_answer_to_the_birth_does_not_move_the_mark() -> None:
    bench = DeliveryBench(100)
    bench.send_all()
    bench.receipt(20)
    assert bench.birth_receipt(0) is None
    assert bench.delivery.mark == 20


def test_an_idle_pad_publishes_its_birth_again_and_so_notices_a_restored_province() -> None:
    bench = DeliveryBench(50, mark=50)
    assert bench.wait_out() >= PACE.reconcile_ms
    bench.publish_birth()
    assert isinstance(bench.step(), Wait)
    assert bench.birth_receipt(30) == Receipted(30)
    assert bench.send() == (31, 40)


@pytest.mark.parametrize(
    ("seq", "digest"), [(51, bytes(32).hex()), (50, "11" * 32), (7, "22" * 32), (0, "33" * 32)]
)
def test_a_receipt_that_contradicts_the_ledger_stops_the_delivery(seq: int, digest: str) -> None:
    bench = DeliveryBench(50)
    assert isinstance(bench.receipt(seq, digest=digest), Diverged)
    assert bench.step() == Wait(None)
    assert bench.receipt(50) is None


def test_a_new_ledger_after_a_divergence_starts_with_a_birth() -> None:
    bench = DeliveryBench(50)
    bench.receipt(60)
    bench.delivery.ledger_opened("L2", 3, bench.now_ms)
    bench.publish_birth()
    assert bench.birth_receipt(0) is None, "that receipt is the old ledger's"
    assert bench.receipt(0, session="1.1", ledger="L2") == Receipted(0)
    assert bench.send() == (1, 10)


def test_a_refused_batch_is_tried_again_with_backoff_and_without_limit() -> None:
    bench = DeliveryBench(100)
    for _ in range(5):
        bench.send_all()
        refusal = bench.receipt(0, Problem.CHAIN)
        assert refusal == Rejected(Problem.CHAIN, "why")
        assert bench.receipt(0, Problem.CHAIN) is None, "reported once for a window"
        assert bench.wait_out() >= PACE.refused_ms
        assert isinstance(bench.step(), SendEntries)
    assert bench.send_all() == [(1, 10)]
    assert bench.receipt(10) == Receipted(10)
    assert len(bench.send_all()) == 3


def test_a_refusal_also_moves_the_mark() -> None:
    bench = DeliveryBench(100)
    bench.send_all()
    assert isinstance(bench.receipt(20, Problem.SIGNATURE), Rejected)
    assert bench.delivery.mark == 20
    bench.wait_out()
    assert bench.send() == (21, 30)


def test_a_refusal_that_names_no_ledger_counts_for_this_one() -> None:
    bench = DeliveryBench(100)
    bench.send_all()
    refusal = bench.receipt(0, Problem.MALFORMED, ledger="", digest="")
    assert refusal == Rejected(Problem.MALFORMED, "why")
    assert bench.delivery.mark == 0


def test_a_refused_birth_is_repeated_with_backoff() -> None:
    bench = DeliveryBench(5, mark=None)
    bench.delivery.connected("1.1", 0)
    bench.publish_birth()
    refusal = bench.receipt(0, Problem.UNKNOWN_PAD, session="1.1")
    assert refusal == Rejected(Problem.UNKNOWN_PAD, "why")
    assert bench.wait_out() >= PACE.refused_ms
    bench.publish_birth()


def test_what_the_ledger_has_pruned_is_skipped_as_a_torn_segment() -> None:
    bench = DeliveryBench(50, mark=10)
    bench.ledger.prune(21)
    step = bench.step()
    assert isinstance(step, SendEntries)
    segment = bench.ledger.segment(*step)
    assert segment.torn
    bench.delivery.sent(segment, 0, SENT_BYTES)
    assert bench.send() == (31, 40)


def test_a_ledger_that_has_no_entries_to_read_is_read_again_later() -> None:
    bench = DeliveryBench(5)
    bench.delivery.entries_added(6)  # announced, but not in the ledger
    bench.send()
    bench.delivery.acked(0)
    bench.receipt(5)
    step = bench.step()
    assert isinstance(step, SendEntries)
    bench.delivery.sent(bench.ledger.segment(*step), 0, 0)
    assert bench.wait_out() >= PACE.stall_ms
    assert isinstance(bench.step(), SendEntries)


def test_known_digests_are_those_of_the_mark_and_of_the_batches_in_flight() -> None:
    bench = DeliveryBench(100)
    bench.send_all()
    bench.receipt(10)
    digest_of = bench.delivery.digest_of
    assert digest_of(0) == GENESIS
    assert digest_of(10) == bench.ledger.digest_here(10)
    assert digest_of(20) == bench.ledger.digest_here(20)
    assert digest_of(15) is None


def test_full_jitter_is_spread_evenly_from_zero_and_bounded() -> None:
    rng = Random(5)
    first = [full_jitter_ms(rng, 0, 1_000, 60_000) for _ in range(2_000)]
    assert min(first) < 20
    assert 980 < max(first) <= 1_000
    assert 450 < sum(first) / len(first) < 550
    late = [full_jitter_ms(rng, 500, 1_000, 60_000) for _ in range(2_000)]
    assert max(late) <= 60_000
    assert 27_000 < sum(late) / len(late) < 33_000


@pytest.fixture
def longest() -> DeliveryBench:
    bench = DeliveryBench(100, mark=None, rng=LongestJitter())
    bench.delivery.connected("1.1", 0)
    return bench


DOUBLED = [1_000, 2_000, 4_000, 8_000, 16_000, 20_000, 20_000]
"""What the backoff adds to a floor of 1 s: it doubles up to `longest_ms`."""


def test_the_birth_is_repeated_after_its_floor_and_a_wait_that_doubles_to_its_bound(
    longest: DeliveryBench,
) -> None:
    waits = []
    for _ in DOUBLED:
        longest.publish_birth()
        waits.append(longest.wait_out())
    assert waits == [PACE.probe_ms + more for more in DOUBLED]


def test_a_batch_is_repeated_after_its_floor_and_a_wait_that_doubles_to_its_bound(
    longest: DeliveryBench,
) -> None:
    longest.publish_birth()
    longest.birth_receipt(0)
    longest.send_all()
    waits = []
    for _ in DOUBLED:
        waits.append(longest.wait_out())
        longest.send_all()
    assert waits == [PACE.stall_ms + more for more in DOUBLED]
    longest.receipt(10)
    longest.send_all()
    assert longest.wait_out() == PACE.stall_ms + DOUBLED[0], "it begins anew after a receipt"


def test_a_refused_batch_is_repeated_after_its_floor_and_a_wait_that_doubles_to_its_bound(
    longest: DeliveryBench,
) -> None:
    longest.publish_birth()
    longest.birth_receipt(0)
    waits = []
    for _ in range(4):
        longest.send_all()
        assert isinstance(longest.receipt(0, Problem.MALFORMED), Rejected)
        assert longest.receipt(0, Problem.MALFORMED) is None, "of the same window"
        waits.append(longest.wait_out())
    assert waits == [5_000 + 5_000, 5_000 + 10_000, 5_000 + 20_000, 5_000 + 20_000]


def test_an_idle_pad_asks_after_the_bound_and_the_floor_of_an_idle_pad(
    longest: DeliveryBench,
) -> None:
    longest.publish_birth()
    longest.birth_receipt(100)
    assert longest.wait_out() == PACE.reconcile_ms + PACE.longest_ms
    assert longest.step() == PublishBirth()


def test_the_times_of_a_pad_are_these() -> None:
    pace = DeliverySettings()
    assert (pace.probe_ms, pace.stall_ms, pace.refused_ms) == (5_000, 5_000, 30_000)
    assert (pace.longest_ms, pace.gap_quiet_ms, pace.reconcile_ms) == (60_000, 500, 600_000)


def test_the_batches_of_a_pad_have_these_sizes_unless_others_are_given() -> None:
    pace = DeliverySettings()
    assert (pace.window, pace.max_entries, pace.max_bytes) == (12, 1024, 255 * 1024)
    bench = DeliveryBench(5, settings=None)
    assert bench.step() == SendEntries(0, 1024, 255 * 1024)


def test_a_connection_has_achieved_something_when_it_moved_or_had_nothing_to_move() -> None:
    bench = DeliveryBench(5, mark=None)
    bench.delivery.connected("1.1", 0)
    assert not bench.delivery.achieved
    bench.publish_birth()
    bench.birth_receipt(2)
    began_behind = DeliveryBench(5, mark=2)
    began_behind.delivery.disconnected()
    began_behind.delivery.connected("1.2", 0)
    assert not began_behind.delivery.achieved
    began_behind.publish_birth()
    began_behind.birth_receipt(2, session="1.2")
    assert not began_behind.delivery.achieved  # answered, and 3 entries wait
    began_behind.send_all()
    began_behind.receipt(5)
    assert began_behind.delivery.achieved
