"""Which batches the province accepts, which it knows already, and which it refuses."""

import pytest
from msgspec.structs import replace

from sync.acceptance import (
    Accepted,
    Head,
    Known,
    NewestStored,
    Refused,
    judge,
    receipt_of,
    session_of,
)
from sync.entries import GENESIS, HashName
from sync.messages import (
    MAX_BATCH_BYTES,
    VERSION,
    Batch,
    Problem,
    State,
    Status,
    read_batch,
    write_batch,
)
from tests.rigs.ledger.memory_ledger import MemoryLedger

PAD = "pad-1"


@pytest.fixture
def ledger() -> MemoryLedger:
    ledger = MemoryLedger(PAD)
    ledger.rate(29)
    return ledger


def batch(ledger: MemoryLedger, after: int, count: int) -> Batch:
    segment = ledger.segment(after, count, MAX_BATCH_BYTES)
    raw = write_batch(
        ledger.ledger_id,
        segment.entries,
        segment.prev,
        hash_name=ledger.hash_name,
        torn=segment.torn,
    )
    return read_batch(raw)


def head(ledger: MemoryLedger, seq: int) -> Head:
    digest = ledger.digest_here(seq)
    assert digest is not None
    return Head(ledger.pad, ledger.hash_name, seq, digest)


def never(seq: int) -> tuple[int, bytes] | None:
    raise AssertionError("newest_stored is called only for batches that bring nothing new")


def newest_in(ledger: MemoryLedger, hole: range = range(0)) -> NewestStored:
    """A store that has all of `ledger` but `hole`."""

    def newest(seq: int) -> tuple[int, bytes] | None:
        at = next(n for n in range(seq, -1, -1) if n not in hole)
        return (at, head(ledger, at).digest) if at else None

    return newest


def problem(verdict: object) -> Problem:
    assert isinstance(verdict, Refused), verdict
    return verdict.problem


def test_the_first_batch_of_a_ledger_is_accepted_whole(ledger: MemoryLedger) -> None:
    verdict = judge(None, PAD, batch(ledger, 0, 10), never)
    assert isinstance(verdict, Accepted)
    assert verdict.head == head(ledger, 10)
    assert verdict.bodies == ledger.bodies[:10]
    assert verdict.digests == [entry.digest for entry in ledger.entries[:10]]
    assert (verdict.first_new, verdict.hole) == (1, None)


def test_the_next_batch_continues_the_stored_head(ledger: MemoryLedger) -> None:
    verdict = judge(head(ledger, 10), PAD, batch(ledger, 10, 10), never)
    assert isinstance(verdict, Accepted)
    assert (verdict.first_new, verdict.head) == (11, head(ledger, 20))


def test_of_an_overlapping_batch_only_the_new_entries_are_taken(ledger: MemoryLedger) -> None:
    verdict = judge(head(ledger, 13), PAD, batch(ledger, 10, 10), never)
    assert isinstance(verdict, Accepted)
    assert verdict.first_new == 14
    assert verdict.bodies == ledger.bodies[13:20]
    assert len(verdict.digests) == 7


def test_a_batch_that_is_stored_already_is_known(ledger: MemoryLedger) -> None:
    stored = head(ledger, 20)
    for after, count in ((0, 10), (10, 10), (3, 1)):
        assert judge(stored, PAD, batch(ledger, after, count), newest_in(ledger)) == Known(stored)


def test_a_known_batch_inside_a_hole_cannot_be_compared_and_changes_nothing(
    ledger: MemoryLedger,
) -> None:
    stored = head(ledger, 20)
    for after in (0, 1, 2, 3):
        verdict = judge(stored, PAD, batch(ledger, after, 2), lambda _: None)
        assert verdict == Known(stored), after


def test_entries_missing_before_a_batch_are_a_gap(ledger: MemoryLedger) -> None:
    assert problem(judge(head(ledger, 10), PAD, batch(ledger, 11, 5), never)) is Problem.GAP
    assert problem(judge(None, PAD, batch(ledger, 1, 5), never)) is Problem.GAP


def test_a_ledger_that_cannot_be_taken_is_refused_for_that_even_behind_a_gap(
    ledger: MemoryLedger,
) -> None:
    behind = batch(ledger, 11, 5)
    foreign = head(ledger, 5)._replace(pad="pad-2")
    other_hash = head(ledger, 5)._replace(hash_name=HashName.SM3)
    assert problem(judge(foreign, PAD, behind, never)) is Problem.FOREIGN
    assert problem(judge(None, PAD, behind, never, opened_by="pad-2")) is Problem.FOREIGN
    assert problem(judge(other_hash, PAD, behind, never)) is Problem.CHAIN


def test_entries_that_the_pad_has_pruned_are_a_hole(ledger: MemoryLedger) -> None:
    ledger.prune(16)
    verdict = judge(head(ledger_of(30), 10), PAD, batch(ledger, 10, 5), never)
    assert isinstance(verdict, Accepted)
    assert (verdict.hole, verdict.first_new, verdict.head.seq) == ((11, 15), 16, 20)
    unseen = judge(None, PAD, batch(ledger, 0, 5), never)
    assert isinstance(unseen, Accepted)
    assert unseen.hole == (1, 15)


def test_a_torn_batch_that_fits_leaves_no_hole(ledger: MemoryLedger) -> None:
    fitting = batch(ledger, 10, 5)
    torn = Batch(replace(fitting.header, torn=True), fitting.bodies)
    verdict = judge(head(ledger, 10), PAD, torn, never)
    assert isinstance(verdict, Accepted)
    assert verdict.hole is None


def ledger_of(entries: int) -> MemoryLedger:
    ledger = MemoryLedger(PAD)
    ledger.rate(entries - 1)
    return ledger


def test_entries_that_do_not_lead_to_the_headers_digest_are_malformed_not_a_fork(
    ledger: MemoryLedger,
) -> None:
    good = batch(ledger, 10, 5)
    for place in range(5):
        bodies = list(good.bodies)
        bodies[place] = bodies[place].replace(b'"satisfied"', b'"very_satisfied"')
        verdict = judge(head(ledger, 10), PAD, Batch(good.header, bodies), never)
        assert verdict == Refused(Problem.MALFORMED, "the entries do not lead from prev to head")
    swapped = [good.bodies[1], good.bodies[0], *good.bodies[2:]]
    verdict = judge(head(ledger, 10), PAD, Batch(good.header, swapped), never)
    assert problem(verdict) is Problem.MALFORMED


def test_a_forked_ledger_is_refused_wherever_the_fork_is(ledger: MemoryLedger) -> None:
    fork = MemoryLedger(PAD)
    fork.rate(9)
    fork.append_body(b'{"kind":"forked"}')
    fork.rate(19)
    stored = head(ledger, 20)
    after = judge(stored, PAD, batch(fork, 20, 5), never)
    over = judge(stored, PAD, batch(fork, 5, 20), never)
    within = judge(stored, PAD, batch(fork, 5, 10), newest_in(ledger))
    assert [problem(v) for v in (after, over, within)] == [Problem.CHAIN] * 3
    before_the_fork = judge(stored, PAD, batch(fork, 5, 5), newest_in(ledger))
    assert before_the_fork == Known(stored)


def test_a_fork_is_refused_when_the_batch_ends_in_a_hole(ledger: MemoryLedger) -> None:
    fork = MemoryLedger(PAD)
    fork.rate(6)
    fork.append_body(b'{"kind":"forked"}')
    fork.rate(19)
    stored, with_hole = head(ledger, 20), newest_in(ledger, range(11, 16))
    assert problem(judge(stored, PAD, batch(fork, 5, 8), with_hole)) is Problem.CHAIN
    assert problem(judge(stored, PAD, batch(fork, 10, 3), with_hole)) is Problem.CHAIN
    assert judge(stored, PAD, batch(ledger, 5, 8), with_hole) == Known(stored)
    for after in (11, 12):  # nothing to compare
        assert judge(stored, PAD, batch(fork, after, 3), with_hole) == Known(stored)


def test_a_batch_without_the_opening_does_not_take_an_opened_ledger(ledger: MemoryLedger) -> None:
    late = MemoryLedger("pad-2")
    late.rate(9)
    late.prune(5)
    torn = batch(late, 1, 3)
    assert isinstance(judge(None, "pad-2", torn, never), Accepted)
    assert problem(judge(None, "pad-2", torn, never, opened_by=PAD)) is Problem.FOREIGN
    own = MemoryLedger("pad-2")
    assert isinstance(judge(None, "pad-2", batch(own, 0, 1), never, opened_by=PAD), Accepted)


def test_entry_2_without_entry_1_does_not_take_an_opened_ledger_either() -> None:
    late = MemoryLedger("pad-2")
    late.rate(9)
    late.prune(2)
    torn = batch(late, 1, 3)
    assert torn.header.first == 2
    assert judge(None, "pad-2", torn, never, opened_by=PAD) == Refused(
        Problem.FOREIGN, f"ledger L1 belongs to pad {PAD}"
    )


def test_of_two_pads_that_opened_the_same_id_each_goes_on(ledger: MemoryLedger) -> None:
    verdict = judge(head(ledger, 5), PAD, batch(ledger, 5, 5), never, opened_by="pad-2")
    assert isinstance(verdict, Accepted)


def test_a_ledger_belongs_to_the_pad_that_opened_it(ledger: MemoryLedger) -> None:
    assert judge(None, "pad-2", batch(ledger, 0, 5), never) == Refused(
        Problem.FOREIGN, f"ledger L1 was opened by pad {PAD}"
    )
    assert judge(head(ledger, 5), "pad-2", batch(ledger, 5, 5), never) == Refused(
        Problem.FOREIGN, f"ledger L1 belongs to pad {PAD}"
    )


def test_the_first_entry_opens_the_ledger_that_the_header_names(ledger: MemoryLedger) -> None:
    first = batch(ledger, 0, 5)
    renamed = Batch(replace(first.header, ledger="L2"), first.bodies)
    assert judge(None, PAD, renamed, never) == Refused(
        Problem.MALFORMED, "entry 1 opens another ledger than the header names"
    )

    headless = MemoryLedger(PAD)
    headless.entries.clear()
    headless.rate(3)
    assert judge(None, PAD, batch(headless, 0, 3), never) == Refused(
        Problem.MALFORMED, "entry 1 does not open a ledger"
    )

    garbled = MemoryLedger(PAD)
    garbled.entries.clear()
    garbled.append_body(b'{"kind":"opened"}')
    assert problem(judge(None, PAD, batch(garbled, 0, 1), never)) is Problem.MALFORMED


def test_a_ledger_keeps_its_hash(ledger: MemoryLedger) -> None:
    sm3 = MemoryLedger(PAD, hash_name=HashName.SM3)
    sm3.rate(9)
    verdict = judge(None, PAD, batch(sm3, 0, 5), never)
    assert isinstance(verdict, Accepted)
    assert verdict.head.hash_name is HashName.SM3
    assert judge(head(ledger, 5), PAD, batch(sm3, 5, 4), never) == Refused(
        Problem.CHAIN, "the ledger's hash is sha256, the batch's sm3"
    )
    assert judge(head(sm3, 5), PAD, batch(ledger, 5, 4), never) == Refused(
        Problem.CHAIN, "the ledger's hash is sm3, the batch's sha256"
    )


def test_entries_of_an_unknown_kind_are_accepted_unchanged(ledger: MemoryLedger) -> None:
    ledger.append_body(b'{"kind":"smelled","what":"roses"}')
    verdict = judge(head(ledger, 30), PAD, batch(ledger, 30, 1), never)
    assert isinstance(verdict, Accepted)
    assert verdict.bodies == [b'{"kind":"smelled","what":"roses"}']


def test_a_receipt_has_the_head_after_the_commit(ledger: MemoryLedger) -> None:
    receipt = receipt_of("L1", head(ledger, 7))
    assert (receipt.ledger, receipt.seq, receipt.digest) == (
        "L1",
        7,
        ledger.entries[6].digest.hex(),
    )
    assert (receipt.session, receipt.problem) == (None, None)
    empty = receipt_of("L1", None)
    assert (empty.seq, empty.digest) == (0, GENESIS.hex())


def test_a_births_receipt_echoes_its_session(ledger: MemoryLedger) -> None:
    birth = State(v=VERSION, pad=PAD, status=Status.ONLINE, boots=4, session=2, ledger="L1")
    assert session_of(birth) == "4.2"
    assert receipt_of("L1", head(ledger, 7), birth=birth).session == "4.2"


def test_a_refusals_receipt_names_the_problem_but_not_the_head_of_a_foreign_ledger(
    ledger: MemoryLedger,
) -> None:
    gap = receipt_of("L1", head(ledger, 7), refused=Refused(Problem.GAP, "8 to 9"))
    assert (gap.seq, gap.problem, gap.detail) == (7, Problem.GAP, "8 to 9")
    foreign = receipt_of("L1", head(ledger, 7), refused=Refused(Problem.FOREIGN, "pad-2's"))
    assert (foreign.seq, foreign.digest) == (0, GENESIS.hex())
