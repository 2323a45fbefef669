"""May this batch be stored? The province's decision, without its database. Pure.

A store loads the head that it has of the batch's ledger (under a lock), calls `judge`, does what
the verdict says in the same transaction, and answers with `receipt_of`. Nothing else decides about
batches, so the real stores and the one in the tests cannot differ.

Why the digest chain is enough: two histories with the same digest at one seq are the same up to
there, so where a batch overlaps what is stored, one digest is compared and no entries.

Whose a ledger is, is said by its entry 1, `opened`, and by nothing else: a batch that begins later
(`torn`) is stored, but what it says about the ledger's id binds only the pad that sent it.
"""

from collections.abc import Callable
from typing import NamedTuple

from sync.entries import GENESIS, HashName, Opened, read_body, walk_chain
from sync.messages import VERSION, Batch, Problem, Receipt, State


class Head(NamedTuple):
    """How far a ledger is stored; `digest` is the chain's digest after entry `seq`."""

    pad: str
    hash_name: HashName
    seq: int
    digest: bytes


class Accepted(NamedTuple):
    """Store `bodies` (the new ones only) from `first_new` on and move the head to `head`.

    `digests`: the chain's digest after each of `bodies`. `hole`: the closed range of seq that this
    pad no longer has and cannot send in this ledger; it is recorded in the same transaction.
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

NewestStored = Callable[[int], tuple[int, bytes] | None]
"""From a seq to the newest stored entry that is not after it: its seq, and the chain's digest after
it. None when all before is a hole."""


def judge(
    stored: Head | None,
    pad: str,
    batch: Batch,
    newest_stored: NewestStored,
    *,
    opened_by: str | None = None,
) -> Verdict:
    """What to do with `batch`, which arrived on the topic of `pad`.

    `stored`: the head of `batch.header.ledger` as this pad sent it, None when nothing of it is
    stored. `newest_stored` is called at most once, and only for a batch that brings nothing new.
    `opened_by`: another pad, whose `opened` of a ledger with this id is stored.
    """
    header = batch.header
    have = stored.seq if stored is not None else 0
    refused = _wrong_ledger(stored, pad, batch, opened_by)
    if refused is None and header.first > have + 1 and not header.torn:
        # Before the digests are computed: with several receivers this is common, because the batch
        # before may still be on its way through another one; the receiver tries again.
        refused = Refused(Problem.GAP, f"batch from {header.first}, stored up to {have}")
    if refused is not None:
        return refused
    prev = bytes.fromhex(header.prev)
    digests = list(walk_chain(header.hash, prev, batch.bodies))
    if digests[-1] != bytes.fromhex(header.head):
        return Refused(Problem.MALFORMED, "the entries do not lead from prev to head")
    if stored is not None and header.last <= have:
        # Nothing new. One digest says whether it is the stored history: that after the last entry
        # which both have. Inside a hole nothing is stored that it could contradict.
        seq, digest = newest_stored(header.last) or (0, GENESIS)
        forked = seq >= header.first - 1 and [prev, *digests][seq - header.first + 1] != digest
        return _forked(seq) if forked else Known(stored)
    head = Head(pad, header.hash, header.last, digests[-1])
    if header.first > have + 1:  # torn: the pad says that it no longer has what lies between
        return Accepted(head, batch.bodies, header.first, (have + 1, header.first - 1), digests)
    # The first `known` entries are stored already. Where they end, the batch's own chain must have
    # the stored digest; for a batch without an overlap that place is its `prev`.
    known = have + 1 - header.first
    have_digest = stored.digest if stored is not None else GENESIS
    if (digests[known - 1] if known else prev) != have_digest:
        return _forked(have)
    return Accepted(head, batch.bodies[known:], have + 1, None, digests[known:])


def session_of(state: State) -> str:
    """The text by which a receipt names the session whose birth it answers: `boots.session`."""
    return f"{state.boots}.{state.session}"


def receipt_of(
    ledger: str,
    stored: Head | None,
    *,
    birth: State | None = None,
    refused: Refused | None = None,
) -> Receipt:
    """The receipt for `ledger` as it is stored *after* the commit.

    `birth`: the birth that is answered, if it is one; only such a receipt may move the pad's mark
    back. A pad is not told the head of another pad's ledger.
    """
    is_foreign = refused is not None and refused.problem is Problem.FOREIGN
    told = None if is_foreign else stored
    return Receipt(
        v=VERSION,
        ledger=ledger,
        seq=told.seq if told else 0,
        digest=(told.digest if told else GENESIS).hex(),
        session=session_of(birth) if birth else None,
        problem=refused.problem if refused else None,
        detail=refused.detail if refused else None,
    )


def _forked(seq: int) -> Refused:
    return Refused(Problem.CHAIN, f"another history is stored up to {seq}")


def _wrong_ledger(
    stored: Head | None, pad: str, batch: Batch, opened_by: str | None
) -> Refused | None:
    """The refusal of a batch whose ledger is another pad's, or has another hash than is stored.

    An id that two pads open is refused to neither: which of them copied it cannot be told here.
    """
    header = batch.header
    owner = opened_by if stored is None and header.first > 1 else None
    if stored is not None and stored.pad != pad:
        owner = stored.pad
    if owner is not None:
        return Refused(Problem.FOREIGN, f"ledger {header.ledger} belongs to pad {owner}")
    if stored is not None and stored.hash_name is not header.hash:
        was, now = stored.hash_name.value, header.hash.value
        return Refused(Problem.CHAIN, f"the ledger's hash is {was}, the batch's {now}")
    return _wrong_opening(pad, batch) if header.first == 1 else None


def _wrong_opening(pad: str, batch: Batch) -> Refused | None:
    """The refusal of an entry 1 that does not open this ledger of this pad."""
    header = batch.header
    try:
        opened = read_body(batch.bodies[0])
    except ValueError as error:
        return Refused(Problem.MALFORMED, f"entry 1: {error}")
    if not isinstance(opened, Opened):
        return Refused(Problem.MALFORMED, "entry 1 does not open a ledger")
    if opened.pad != pad:
        return Refused(Problem.FOREIGN, f"ledger {header.ledger} was opened by pad {opened.pad}")
    if (opened.ledger, opened.hash) != (header.ledger, header.hash):
        return Refused(Problem.MALFORMED, "entry 1 opens another ledger than the header names")
    return None
