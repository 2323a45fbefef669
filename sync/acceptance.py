"""May this batch be stored? The province's one decision, without its database. Pure.

A store loads the head it holds of the batch's ledger (under a row lock), asks `judge`, does what
the verdict says in the same transaction, and answers with `receipt_of`. Nothing else decides about
batches, so the real stores and the one in the tests cannot differ.

The digest chain carries the proof: two histories with the same digest at one seq are the same up to
there, so an overlap needs comparing at one place only.
"""

from collections.abc import Callable
from typing import NamedTuple

from sync.entries import GENESIS, HashName, Opened, read_body, walk_chain
from sync.messages import VERSION, Batch, Problem, Receipt, State


class Head(NamedTuple):
    """How far a ledger is stored: `digest` is the chain's after entry `seq` (`GENESIS` at 0)."""

    pad: str
    hash_name: HashName
    seq: int
    digest: bytes


class Accepted(NamedTuple):
    """Store `bodies` (the new ones only) from `first_new` on and move the head to `head`.

    `digests`: the chain after each of `bodies`. `hole`: the closed range of seq that this pad no
    longer has and the province will never get from this ledger; to be recorded with the rest.
    """

    head: Head
    bodies: list[bytes]
    first_new: int
    hole: tuple[int, int] | None
    digests: list[bytes]


class Known(NamedTuple):
    """Everything in the batch is stored already; `head` is the stored one, unchanged."""

    head: Head


class Refused(NamedTuple):
    """Store nothing. The pad keeps every entry; `detail` is for people."""

    problem: Problem
    detail: str


Verdict = Accepted | Known | Refused


def judge(
    stored: Head | None,
    pad: str,
    batch: Batch,
    digest_at: Callable[[int], bytes | None],
) -> Verdict:
    """What to do with `batch`, which came in on the topic of `pad`.

    `stored`: the head of `batch.header.ledger`, None when nothing of it is stored.
    `digest_at(seq)`: the stored chain's digest after `seq` (1 ≤ seq ≤ stored.seq), None inside a
    hole; called at most once, and only for a batch that brings nothing new.
    """
    header = batch.header
    have = stored.seq if stored is not None else 0
    wrong = _wrong_ledger(stored, pad, batch)
    if wrong is None and header.first > have + 1 and not header.torn:
        # Before the chain is walked: with several receivers this is everyday, and tried again.
        wrong = Refused(Problem.GAP, f"batch from {header.first}, stored up to {have}")
    if wrong is not None:
        return wrong
    prev = bytes.fromhex(header.prev)
    digests = list(walk_chain(header.hash, prev, batch.bodies))
    if digests[-1] != bytes.fromhex(header.head):
        return Refused(Problem.CHAIN, "the entries do not lead from prev to head")
    if stored is not None and header.last <= have:
        there = digest_at(header.last)
        forked = there is not None and there != digests[-1]
        return _forked(header.last) if forked else Known(stored)
    head = Head(pad, header.hash, header.last, digests[-1])
    if header.first > have + 1:
        return Accepted(head, batch.bodies, header.first, (have + 1, header.first - 1), digests)
    known = have + 1 - header.first
    have_digest = stored.digest if stored is not None else GENESIS
    if (digests[known - 1] if known else prev) != have_digest:
        return _forked(have)
    return Accepted(head, batch.bodies[known:], have + 1, None, digests[known:])


def session_of(state: State) -> str:
    """How a receipt names the session whose birth it answers: `boots.session`."""
    return f"{state.boots}.{state.session}"


def receipt_of(
    ledger: str,
    stored: Head | None,
    *,
    birth: State | None = None,
    refused: Refused | None = None,
) -> Receipt:
    """The receipt for `ledger` as it is stored *after* the commit.

    `birth`: what is answered, if it is a birth; only such a receipt may take the pad's mark back.
    The head of a foreign ledger is not told.
    """
    tell = stored is not None and (refused is None or refused.problem is not Problem.FOREIGN)
    return Receipt(
        v=VERSION,
        ledger=ledger,
        seq=stored.seq if stored is not None and tell else 0,
        digest=(stored.digest if stored is not None and tell else GENESIS).hex(),
        session=session_of(birth) if birth else None,
        problem=refused.problem if refused else None,
        detail=refused.detail if refused else None,
    )


def _forked(seq: int) -> Refused:
    return Refused(Problem.CHAIN, f"another history is stored up to {seq}")


def _wrong_ledger(stored: Head | None, pad: str, batch: Batch) -> Refused | None:
    """Whether the ledger that `batch` names is another pad's, or another than what is stored."""
    header = batch.header
    if stored is not None and stored.pad != pad:
        return Refused(Problem.FOREIGN, f"ledger {header.ledger} belongs to pad {stored.pad}")
    if stored is not None and stored.hash_name is not header.hash:
        was, now = stored.hash_name.value, header.hash.value
        return Refused(Problem.CHAIN, f"the ledger's hash is {was}, the batch's {now}")
    return _wrong_opening(pad, batch) if header.first == 1 else None


def _wrong_opening(pad: str, batch: Batch) -> Refused | None:
    """Entry 1 starts the chain and opens the ledger it is in, for the pad that sends it."""
    header = batch.header
    if bytes.fromhex(header.prev) != GENESIS:
        return Refused(Problem.CHAIN, "entry 1 does not start the chain")
    try:
        opened = read_body(batch.bodies[0])
    except ValueError as error:
        return Refused(Problem.MALFORMED, f"entry 1: {error}")
    if not isinstance(opened, Opened):
        return Refused(Problem.MALFORMED, "entry 1 does not open a ledger")
    if opened.pad != pad:
        return Refused(Problem.FOREIGN, f"ledger {header.ledger} was opened by pad {opened.pad}")
    if (opened.ledger, opened.hash) != (header.ledger, header.hash):
        return Refused(Problem.CHAIN, "entry 1 opens another ledger than the header names")
    return None
