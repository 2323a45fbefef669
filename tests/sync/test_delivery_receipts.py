"""Which receipts count, and what they do to mark and connection. No clock."""

from random import Random

import pytest

from sync.delivery import Delivery, Diverged, PublishBirth, Receipted, Rejected, Wait
from sync.entries import GENESIS
from sync.messages import VERSION, Problem, Receipt
from tests.rigs.sync.delivery_bench import PACE, DeliveryBench, LongestJitter

# --- before the first connection ----------------------------------------------------------------


def test_before_its_first_connection_it_has_delivered_nothing_and_waits() -> None:
    delivery = Delivery(Random(1))
    assert (delivery.head, delivery.mark, delivery.digest_of(0)) == (0, 0, GENESIS)
    assert (delivery.flowing, delivery.moved, delivery.achieved) == (False, False, False)
    assert delivery.packet_refused() is None
    assert delivery.step(0) == Wait(None)
    delivery.acked(0)
    receipt = Receipt(v=VERSION, ledger="L1", seq=0, digest=GENESIS.hex(), session="1.1")
    assert delivery.received(receipt, GENESIS, 0) is None
    delivery.disconnected()
    assert delivery.step(0) == Wait(None)


def test_a_receipt_without_a_connection_changes_nothing() -> None:
    bench = DeliveryBench(50, mark=None)
    assert bench.receipt(10) is None
    assert bench.birth_receipt(10) is None
    bench.connect("1.1", 20)
    bench.delivery.disconnected()
    assert bench.step() == Wait(None)
    assert bench.receipt(30) is None
    assert bench.birth_receipt(30) is None
    assert bench.delivery.mark == 20


def test_a_new_ledger_begins_without_a_mark() -> None:
    bench = DeliveryBench(50, mark=20)
    bench.delivery.ledger_opened("L2", 5, bench.now_ms)
    assert (bench.delivery.mark, bench.delivery.head) == (0, 5)
    assert bench.delivery.digest_of(0) == GENESIS
    assert bench.delivery.digest_of(20) is None


# --- what it is told of the connection ----------------------------------------------------------


def test_it_flows_from_the_births_answer_to_the_end_of_the_connection() -> None:
    bench = DeliveryBench(50, mark=None)
    bench.delivery.connected("1.1", 0)
    flows = [bench.delivery.flowing]
    bench.publish_birth()
    flows.append(bench.delivery.flowing)
    bench.birth_receipt(0)
    flows.append(bench.delivery.flowing)
    bench.delivery.disconnected()
    flows.append(bench.delivery.flowing)
    assert flows == [False, False, True, False]


@pytest.mark.parametrize(
    ("mark", "receipt", "moved", "achieved"),
    [
        (50, None, False, True),
        (49, None, False, False),
        (10, 20, True, True),
        (10, 10, False, False),
    ],
)
def test_it_achieved_something_when_the_mark_moved_or_had_nowhere_to_move(
    mark: int, receipt: int | None, moved: bool, achieved: bool
) -> None:
    bench = DeliveryBench(50, mark=mark)
    if receipt is not None:
        bench.receipt(receipt)
    assert (bench.delivery.moved, bench.delivery.achieved) == (moved, achieved)


def test_a_connection_whose_birth_is_not_answered_achieved_nothing_even_with_nothing_to_send() -> (
    None
):
    bench = DeliveryBench(50, mark=50)
    bench.delivery.disconnected()
    bench.delivery.connected("1.2", bench.now_ms)
    assert not bench.delivery.achieved


# --- receipts ------------------------------------------------------------------------------------


def test_a_receipt_for_entries_that_were_sent_before_a_timeout_counts() -> None:
    bench = DeliveryBench(100)
    bench.send_all()
    bench.wait_out()
    assert bench.send_all() == [(1, 10)]
    assert bench.receipt(30) == Receipted(30)
    assert bench.send() == (31, 40)


def test_a_receipt_for_entries_that_the_pad_has_pruned_is_no_other_history() -> None:
    bench = DeliveryBench(100, mark=50)
    bench.ledger.prune(41)
    assert bench.receipt(30) is None
    assert bench.receipt(30, Problem.GAP) == Receipted(30)


def test_an_old_receipt_does_not_move_an_idle_pads_mark_back() -> None:
    bench = DeliveryBench(50, mark=50)
    assert bench.receipt(30) is None
    assert bench.delivery.mark == 50


def test_an_idle_pads_birth_that_brings_nothing_new_changes_nothing() -> None:
    bench = DeliveryBench(50, mark=50, rng=LongestJitter())
    bench.wait_out()
    bench.publish_birth()
    assert bench.birth_receipt(50) is None
    assert bench.wait_out() == PACE.reconcile_ms + PACE.longest_ms


def test_another_gap_is_acted_on_at_once() -> None:
    bench = DeliveryBench(100, mark=50)
    assert bench.receipt(30, Problem.GAP) == Receipted(30)
    assert bench.receipt(29, Problem.GAP) == Receipted(29)


@pytest.mark.parametrize("gap", [0, 1, 2])
def test_the_first_gap_is_acted_on_wherever_it_is(gap: int) -> None:
    bench = DeliveryBench(100, mark=50)
    assert bench.receipt(gap, Problem.GAP) == Receipted(gap)


# --- refusals ------------------------------------------------------------------------------------


def test_a_refusal_for_another_ledger_is_not_for_this_one() -> None:
    bench = DeliveryBench(100)
    assert bench.receipt(0, Problem.CHAIN, ledger="another") is None
    assert bench.receipt(0, Problem.CHAIN, ledger="L1") == Rejected(Problem.CHAIN, "why")


def test_a_receipt_that_names_neither_a_ledger_nor_a_problem_is_for_nobody() -> None:
    bench = DeliveryBench(100)
    assert bench.receipt(0, ledger="") is None
    assert not isinstance(bench.step(), Wait)


def test_a_birth_that_the_province_could_not_read_is_refused_without_a_ledger() -> None:
    bench = DeliveryBench(5, mark=None)
    bench.delivery.connected("1.1", 0)
    bench.publish_birth()
    refusal = bench.receipt(0, Problem.MALFORMED, ledger="", digest="00" * 32)
    assert refusal == Rejected(Problem.MALFORMED, "why")
    assert bench.wait_out() >= PACE.refused_ms
    assert bench.step() == PublishBirth()


def test_a_refusal_without_words_is_reported_without_words() -> None:
    bench = DeliveryBench(5)
    receipt = Receipt(
        v=VERSION, ledger="L1", seq=0, digest=GENESIS.hex(), problem=Problem.SIGNATURE
    )
    assert bench.delivery.received(receipt, GENESIS, 0) == Rejected(Problem.SIGNATURE, "")


def test_after_a_refusal_the_next_connection_begins_at_once() -> None:
    bench = DeliveryBench(100)
    bench.send_all()
    bench.receipt(0, Problem.CHAIN)
    bench.delivery.disconnected()
    bench.connect("1.2", 0)
    assert bench.send() == (1, 5)


def test_after_a_divergence_the_next_connection_asks_again() -> None:
    bench = DeliveryBench(50)
    assert bench.receipt(51) == Diverged("the province has 51 entries, this ledger 50")
    assert bench.receipt(51) is None, "until a new connection or ledger"
    bench.delivery.disconnected()
    bench.connect("1.2", 10)
    assert bench.send() == (11, 20)
