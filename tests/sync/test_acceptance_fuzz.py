"""Whatever batch comes to whatever head: a verdict, never an error, and nothing forged is taken."""

import os
from random import Random

from sync.acceptance import Accepted, Head, Known, NewestStored, Refused, judge, receipt_of
from sync.entries import GENESIS, HashName, walk_chain
from sync.messages import Batch, ContractError, read_batch, write_batch, write_message
from tests.rigs.ledger.memory_ledger import MemoryLedger

ROUNDS = 40_000 if os.environ.get("RATINGPAD_LONG") == "1" else 4_000
SIZE = 24


def ledgers() -> list[MemoryLedger]:
    """A ledger, forks of it at several places, one of another pad, one with another hash."""
    made = [MemoryLedger("pad-1")]
    made[0].rate(SIZE - 1)
    for fork_at in (1, 7, 20):
        fork = MemoryLedger("pad-1")
        fork.rate(fork_at - 1)
        fork.append_body(b'{"kind":"forked"}')
        fork.rate(SIZE - fork_at - 1)
        made.append(fork)
    made += [MemoryLedger("pad-2"), MemoryLedger("pad-1", hash_name=HashName.SM3)]
    for other in made[-2:]:
        other.rate(SIZE - 1)
    return made


def mutated(rng: Random, ledger: MemoryLedger) -> Batch | None:
    """A batch of `ledger`, most of them with one thing changed; None where that is none."""
    first = rng.randint(1, SIZE)
    entries = ledger.entries[first - 1 : first - 1 + rng.randint(1, SIZE)]
    prev = ledger.entries[first - 2].digest if first > 1 else GENESIS
    raw = write_batch(
        ledger.ledger_id, entries, prev, hash_name=ledger.hash_name, torn=rng.random() < 0.3
    )
    if rng.random() < 0.6:
        place = rng.randrange(len(raw))
        raw = raw[:place] + bytes([raw[place] ^ 1 << rng.randrange(8)]) + raw[place + 1 :]
    try:
        return read_batch(raw)
    except ContractError:
        return None


def stored_in(ledger: MemoryLedger, seq: int, hole: range) -> NewestStored:
    def newest(at: int) -> tuple[int, bytes] | None:
        assert 1 <= at <= seq
        found = next((n for n in range(at, 0, -1) if n not in hole), 0)
        return (found, ledger.entries[found - 1].digest) if found else None

    return newest


def test_every_batch_gets_a_verdict_and_only_a_whole_chain_moves_the_head() -> None:
    rng = Random(20261130)
    made = ledgers()
    truth = made[0]
    verdicts = {Accepted: 0, Known: 0, Refused: 0}
    for _ in range(ROUNDS):
        batch = mutated(rng, rng.choice(made))
        if batch is None:
            continue
        seq = rng.randint(0, SIZE)
        hole = range(start := rng.randint(1, SIZE), start + rng.randint(0, 5))
        stored = Head("pad-1", truth.hash_name, seq, truth.entries[seq - 1].digest) if seq else None
        pad = rng.choice(["pad-1", "pad-1", "pad-2"])
        verdict = judge(
            stored,
            pad,
            batch,
            stored_in(truth, seq, hole),
            opened_by=rng.choice([None, None, "pad-3"]),
        )
        verdicts[type(verdict)] += 1
        if isinstance(verdict, Refused):
            write_message(receipt_of(batch.header.ledger, stored, refused=verdict))
            continue
        assert pad == "pad-1" or stored is None
        head = verdict.head
        write_message(receipt_of(batch.header.ledger, head))
        if isinstance(verdict, Accepted):
            assert head.seq == batch.header.last > seq
            before = GENESIS if verdict.first_new == 1 else None
            if stored is not None and verdict.hole is None:
                before = stored.digest
            if before is None:
                before = bytes.fromhex(batch.header.prev)
            chain = list(walk_chain(head.hash_name, before, verdict.bodies))
            assert chain == verdict.digests
            assert head.digest == chain[-1]
            assert verdict.first_new + len(verdict.bodies) - 1 == head.seq
            if verdict.hole is not None:
                assert batch.header.torn
    assert min(verdicts.values()) > ROUNDS / 100, verdicts
