"""A pad's delivery over a ledger in memory, with a clock that is moved by hand."""

from random import Random

from sync.delivery import (
    Delivery,
    DeliverySettings,
    PublishBirth,
    Receipted,
    ReceiptOutcome,
    SendEntries,
    Wait,
)
from sync.messages import VERSION, Problem, Receipt
from tests.rigs.ledger.memory_ledger import MemoryLedger

PACE = DeliverySettings(
    window=3,
    max_entries=10,
    probe_ms=1_000,
    stall_ms=1_000,
    refused_ms=5_000,
    longest_ms=20_000,
    gap_quiet_ms=500,
    reconcile_ms=100_000,
)
SENT_BYTES = 1_000
"""Of every batch: too few to tell how fast the link is."""


class DeliveryBench:
    """A delivery, its ledger, and a clock that is moved by hand."""

    def __init__(
        self,
        entries: int,
        mark: int | None = 0,
        rng: Random | None = None,
        settings: DeliverySettings | None = PACE,
    ) -> None:
        self.ledger = MemoryLedger("pad-1")
        self.ledger.rate(entries - 1)
        self.now_ms = 0
        self.delivery = Delivery(rng or Random(1), settings)
        self.delivery.ledger_opened("L1", entries, 0)
        if mark is not None:
            self.connect("1.1", mark)

    def connect(self, session: str, mark: int, receive_maximum: int | None = None) -> None:
        """Connect; the province answers the birth with `mark`."""
        self.delivery.connected(session, self.now_ms, receive_maximum)
        self.publish_birth()
        assert self.birth_receipt(mark, session) == Receipted(mark)

    def step(self) -> object:
        return self.delivery.step(self.now_ms)

    def publish_birth(self) -> None:
        assert self.step() == PublishBirth()
        self.delivery.birth_published(self.now_ms)

    def send(self) -> tuple[int, int]:
        """Carry out one `SendEntries`; the first and last seq that were sent."""
        step = self.step()
        assert isinstance(step, SendEntries), step
        segment = self.ledger.segment(*step)
        self.delivery.sent(segment, self.now_ms, SENT_BYTES)
        return segment.entries[0].seq, segment.entries[-1].seq

    def send_all(self, acked: bool = True) -> list[tuple[int, int]]:
        """Follow every `SendEntries` that comes; the broker acknowledges each."""
        sent = []
        while isinstance(self.step(), SendEntries):
            sent.append(self.send())
            if acked:
                self.delivery.acked(self.now_ms)
        return sent

    def receipt(
        self,
        seq: int,
        problem: Problem | None = None,
        *,
        session: str | None = None,
        ledger: str = "L1",
        digest: str | None = None,
    ) -> ReceiptOutcome | None:
        own_digest = self.ledger.digest_here(seq)
        if digest is None:
            digest = (own_digest or bytes(32)).hex()
        receipt = Receipt(
            v=VERSION,
            ledger=ledger,
            seq=seq,
            digest=digest,
            session=session,
            problem=problem,
            detail="why" if problem else None,
        )
        return self.delivery.received(receipt, own_digest, self.now_ms)

    def birth_receipt(self, seq: int, session: str = "1.1") -> ReceiptOutcome | None:
        return self.receipt(seq, session=session)

    def wait_out(self) -> int:
        """Move the clock to the end of the delivery's wait; how many ms that was."""
        step = self.step()
        assert isinstance(step, Wait)
        assert step.until_ms is not None
        waited_ms = step.until_ms - self.now_ms
        self.now_ms = step.until_ms
        return waited_ms


class LongestJitter(Random):
    """Draws the longest wait that is allowed, so that every wait is known."""

    def uniform(self, a: float, b: float) -> float:
        del a
        return b
