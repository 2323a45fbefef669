"""Delivery and acceptance over a connection that loses, repeats, reorders and breaks.

Whatever faults there are, in the end every committed entry is stored once and in order, and no
receipt ever covers what is not stored. The same machine catches four broken variants.
"""

from random import Random

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)
from msgspec.structs import replace

from sync.acceptance import Accepted, judge, session_of
from sync.delivery import (
    Delivery,
    DeliverySettings,
    Diverged,
    PublishBirth,
    Receipted,
    ReceiptOutcome,
    SendEntries,
)
from sync.messages import (
    VERSION,
    Batch,
    Receipt,
    State,
    Status,
    deflate,
    read_message,
    write_batch,
    write_message,
)
from sync.store_port import Arrival, Told, read_arrival
from tests.rigs.ledger.memory_ledger import MemoryLedger
from tests.rigs.province.memory_store import MemoryStore, Stored

PAD = "pad-1"
PACE = DeliverySettings(window=3, max_entries=4, reconcile_ms=120_000)
Message = tuple[str, bytes, bool]  # kind, payload, whether it is deflated


class PadAndProvince(RuleBasedStateMachine):
    """One pad, one province, and every fault that can be between them."""

    store_type: type[MemoryStore] = MemoryStore
    delivery_type: type[Delivery] = Delivery
    receipt_before_commit = False

    @initialize(seed=st.integers(0, 2**32))
    def begin(self, seed: int) -> None:
        self.rng = Random(seed)
        self.now_ms = 0
        self.boots = 0
        self.session = 0
        self.ledger = MemoryLedger(PAD)
        self.truth = list(self.ledger.entries)
        self.store = self.store_type()
        self.saved: dict[str, Stored] = {}
        self.up: list[Message] = []
        self.down: list[bytes] = []
        self.acks = 0
        self.online = False
        self.receipted = 0
        self.ever_stored: set[int] = set()
        self.boot()

    # --- the pad ---

    def boot(self) -> None:
        """The pad (re)starts; only the ledger is kept."""
        self.boots += 1
        self.session = 0
        self.delivery = self.delivery_type(self.rng, PACE)
        self.delivery.ledger_opened(self.ledger.ledger_id, self.ledger.head_seq, self.now_ms)
        self.cut()

    @rule(count=st.integers(1, 10))
    def press(self, count: int) -> None:
        self.ledger.rate(count)
        self.truth += self.ledger.entries[-count:]
        self.delivery.entries_added(self.ledger.head_seq)
        self.pump()

    def prune(self) -> None:
        """The retention time is over; only receipted entries may be pruned."""
        self.ledger.prune(min(self.receipted, self.ledger.head_seq - 2))

    def connect(self) -> None:
        self.online = True
        self.session += 1
        self.delivery.connected(f"{self.boots}.{self.session}", self.now_ms)
        self.pump()

    def cut(self) -> None:
        self.online = False
        self.up.clear()
        self.down.clear()
        self.acks = 0
        self.delivery.disconnected()

    @rule(wait_ms=st.sampled_from([10, 1_000, 10_000, 150_000]))
    def wait(self, wait_ms: int) -> None:
        self.now_ms += wait_ms
        self.pump()

    def pump(self) -> None:
        """What the uplink's loop does, until there is nothing to do."""
        while self.online:
            step = self.delivery.step(self.now_ms)
            if isinstance(step, PublishBirth):
                state = State(
                    v=VERSION,
                    pad=PAD,
                    status=Status.ONLINE,
                    boots=self.boots,
                    session=self.session,
                    ledger=self.ledger.ledger_id,
                )
                self.up.append(("state", write_message(state), False))
                self.delivery.birth_published(self.now_ms)
            elif isinstance(step, SendEntries):
                segment = self.ledger.segment(*step)
                payload = write_batch("L1", segment.entries, segment.prev, torn=segment.torn)
                self.up.append(("entries", *deflate(payload)))
                self.acks += 1
                self.delivery.sent(segment, self.now_ms, len(payload))
            else:
                return

    # --- the connection ---

    @precondition(lambda self: self.acks)
    @rule()
    def broker_acks(self) -> None:
        self.broker_takes_one()

    def broker_takes_one(self) -> None:
        self.acks -= 1
        self.delivery.acked(self.now_ms)
        self.pump()

    @precondition(lambda self: self.up)
    @rule(
        place=st.integers(0, 9), again=st.booleans(), dies=st.booleans(), out_of_order=st.booleans()
    )
    def message_arrives(self, place: int, again: bool, dies: bool, out_of_order: bool) -> None:
        place = place % len(self.up) if out_of_order else 0
        message = self.up[place] if again else self.up.pop(place)
        self.receive(message, dies)

    @precondition(lambda self: self.up)
    @rule(place=st.integers(0, 9))
    def message_is_lost(self, place: int) -> None:
        self.up.pop(place % len(self.up))

    @precondition(lambda self: self.down)
    @rule(place=st.integers(0, 9), again=st.booleans(), out_of_order=st.booleans())
    def receipt_arrives(self, place: int, again: bool, out_of_order: bool) -> None:
        place = place % len(self.down) if out_of_order else 0
        payload = self.down[place] if again else self.down.pop(place)
        self.read_receipt(payload)

    def read_receipt(self, payload: bytes) -> None:
        receipt = read_message(Receipt, payload)
        own_digest = self.delivery.digest_of(receipt.seq) or self.ledger.digest_here(receipt.seq)
        outcome = self.delivery.received(receipt, own_digest, self.now_ms)
        assert not isinstance(outcome, Diverged), outcome
        if isinstance(outcome, Receipted):
            self.receipted = outcome.seq
        self.pump()

    @precondition(lambda self: self.down)
    @rule(place=st.integers(0, 9))
    def receipt_is_lost(self, place: int) -> None:
        self.down.pop(place % len(self.down))

    # --- the province ---

    def receive(self, message: Message, dies: bool) -> None:
        """One transaction; with `dies`, the receiver dies between commit and receipt."""
        kind, payload, deflated = message
        before = self.store.backup()
        if kind == "state":
            receipts = self.store.take([], [Told(PAD, read_message(State, payload))])
            assert receipts[0].session == session_of(read_message(State, payload))
        else:
            receipts = self.store.take([read_arrival(PAD, payload, deflated, 0)])
            if self.store.ledgers:
                self.ever_stored |= self.store.ledgers["L1"].bodies.keys()
        if dies and self.receipt_before_commit:
            self.store.restore(before)
        for receipt in receipts:
            self.covers_only_what_is_stored(receipt)
        if not dies or self.receipt_before_commit:
            self.down += map(write_message, receipts)

    def take_backup(self) -> None:
        self.saved = self.store.backup()

    def restore_backup(self) -> None:
        self.store.restore(self.saved)

    # --- without faults, and faults ---

    @rule(steps=st.integers(1, 30))
    def all_is_well_for_a_while(self, steps: int) -> None:
        """Everything works for a while; without this rule the machine makes no progress."""
        for _ in range(steps):
            if not self.online:
                self.connect()
            elif self.acks:
                self.broker_takes_one()
            elif self.up:
                self.receive(self.up.pop(0), dies=False)
            elif self.down:
                self.read_receipt(self.down.pop(0))
            else:
                return

    @rule(fault=st.sampled_from(["boot", "prune", "cut", "take_backup", "restore_backup"]))
    def trouble(self, fault: str) -> None:
        getattr(self, fault)()

    # --- what must be true ---

    def covers_only_what_is_stored(self, receipt: Receipt) -> None:
        stored = self.store.ledgers.get("L1")
        bodies = stored.bodies if stored else {}
        in_holes = (
            {n for low, high in stored.holes for n in range(low, high + 1)} if stored else set()
        )
        for seq in range(1, receipt.seq + 1):
            assert seq in bodies or seq in in_holes, (
                f"receipt for {receipt.seq} covers missing {seq}"
            )
        if receipt.seq:
            assert receipt.digest == self.truth[receipt.seq - 1].digest.hex()

    def teardown(self) -> None:
        """No more faults: everything arrives."""
        if not hasattr(self, "delivery"):
            return
        for _ in range(300):
            self.all_is_well_for_a_while(1000)
            if self.store.seq("L1") == self.receipted == len(self.truth):
                break
            self.wait(10_000)
        assert "L1" in self.store.ledgers, "nothing is stored"
        stored = self.store.ledgers["L1"]
        in_holes = {n for low, high in stored.holes for n in range(low, high + 1)}
        for entry in self.truth:
            if entry.seq in in_holes:  # pruned, then lost by the province's own restore, and named
                assert entry.seq <= self.ledger.pruned, f"{entry.seq} is lost, the pad has it"
                assert entry.seq in self.ever_stored, f"{entry.seq} was never stored, but pruned"
            else:
                assert stored.bodies.get(entry.seq) == entry.body, f"{entry.seq} is not stored"
        assert len(stored.bodies) <= len(self.truth)
        assert self.store.doubled == 0


class MaxSeen(MemoryStore):
    """Broken: stores any batch and receipts the highest number seen."""

    def _take_one(self, arrival: Arrival) -> None:
        batch = arrival.batch
        assert batch is not None
        stored = self.ledgers.get("L1")
        pretend = Batch(replace(batch.header, torn=True), batch.bodies)
        verdict = judge(stored.head if stored else None, PAD, pretend, lambda _: None)
        if isinstance(verdict, Accepted):
            stored = self.ledgers.setdefault("L1", Stored(verdict.head))
            stored.head = verdict.head
            stored.bodies |= dict(enumerate(verdict.bodies, verdict.first_new))


class NeverGoesBack(Delivery):
    """Broken: keeps its mark when a restored province has less."""

    def received(
        self, receipt: Receipt, own_digest: bytes | None, now_ms: int
    ) -> ReceiptOutcome | None:
        if receipt.seq < self.mark and self._mark_digest is not None:
            receipt = replace(receipt, seq=self.mark, digest=self._mark_digest.hex())
            own_digest = None
        return super().received(receipt, own_digest, now_ms)


class WithMaxSeen(PadAndProvince):
    store_type = MaxSeen


class WithReceiptBeforeCommit(PadAndProvince):
    receipt_before_commit = True


class WithTrustInTheBroker(PadAndProvince):
    """Broken: takes the broker's PUBACK for the province's receipt."""

    def broker_takes_one(self) -> None:
        if self.delivery._in_flight:
            self.receipted = max(self.receipted, self.delivery._in_flight[0][0])
        super().broker_takes_one()


class WithAMarkThatNeverGoesBack(PadAndProvince):
    delivery_type = NeverGoesBack


THOROUGH = settings(
    max_examples=300,
    stateful_step_count=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)


def test_every_entry_is_stored_once_and_in_order_whatever_faults_there_are() -> None:
    run_state_machine_as_test(PadAndProvince, settings=THOROUGH)


@pytest.mark.parametrize(
    "broken",
    [WithMaxSeen, WithReceiptBeforeCommit, WithTrustInTheBroker, WithAMarkThatNeverGoesBack],
)
def test_control_the_same_state_machine_catches_a_broken_variant(
    broken: type[PadAndProvince],
) -> None:
    quick = settings(THOROUGH, phases=[Phase.generate], report_multiple_bugs=False)
    with pytest.raises(AssertionError):
        run_state_machine_as_test(broken, settings=quick)
