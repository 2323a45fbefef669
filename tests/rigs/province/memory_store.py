"""A province in memory: the real acceptance, no database. Backups can be taken and restored."""

import copy
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from threading import Lock

from sync.acceptance import Accepted, Head, Refused, judge, receipt_of
from sync.entries import GENESIS
from sync.messages import VERSION, Health, Problem, Receipt, Reported, State, Status
from sync.store_port import Arrival, Told, Unkept


@dataclass
class Stored:
    """One ledger as the province has it. `first` is 1 unless what came before is a hole."""

    head: Head
    bodies: dict[int, bytes] = field(default_factory=dict)
    digests: dict[int, bytes] = field(default_factory=dict)
    holes: list[tuple[int, int]] = field(default_factory=list)


_NOTHING: dict[int, bytes] = {}


def _newest(digests: dict[int, bytes], seq: int) -> tuple[int, bytes] | None:
    at = max((stored for stored in digests if stored <= seq), default=None)
    return None if at is None else (at, digests[at])


class MemoryStore:
    """Implements `sync.store_port.Store`. `fail_with` makes every call raise (a database that is
    down); `poison`: a payload that the database chokes on."""

    def __init__(self) -> None:
        self.ledgers: dict[str, Stored] = {}
        self.states: dict[str, State] = {}
        self.healths: list[tuple[str, Health]] = []
        self.reports: list[tuple[str, Reported]] = []
        self.refusals: list[tuple[Arrival, Problem, str]] = []
        self.takes: list[int] = []
        self.unkept: Counter[str] = Counter()
        self.doubled = 0
        self.fail_with: Exception | None = None
        self.poison: bytes | None = None
        self._lock = Lock()

    def take(
        self,
        arrivals: Sequence[Arrival],
        told: Sequence[Told] = (),
        unkept: Sequence[Unkept] = (),
    ) -> list[Receipt]:
        with self._lock:
            if self.fail_with is not None:
                raise self.fail_with
            if self.poison is not None and any(
                self.poison in a.payload for a in arrivals if a.batch is not None
            ):
                raise ValueError("the database cannot take this text")
            if arrivals:
                self.takes.append(len(arrivals))
            refused = [self._take_one(arrival) for arrival in arrivals]
            receipts = [self._receipt(a, r) for a, r in zip(arrivals, refused, strict=True)]
            births = [self._tell(pad, message) for pad, message in told]
            for counted in unkept:
                self.unkept[counted.pad] += counted.times
            return receipts + [receipt for receipt in births if receipt is not None]

    def give_up(self) -> None:
        """Nothing here waits."""

    def _tell(self, pad: str, message: State | Health | Reported) -> Receipt | None:
        if isinstance(message, Health):
            self.healths.append((pad, message))
            return None
        if isinstance(message, Reported):
            self.reports.append((pad, message))
            return None
        known = self.states.get(pad)
        if known is None or (message.boots, message.session) >= (known.boots, known.session):
            self.states[pad] = message
        stored = self.ledgers.get(message.ledger)
        if message.status is not Status.ONLINE:
            return None
        return receipt_of(message.ledger, stored.head if stored else None, birth=message)

    def bodies(self, ledger: str) -> list[bytes]:
        """Everything stored of a ledger, in order."""
        with self._lock:
            stored = self.ledgers.get(ledger)
            return [stored.bodies[seq] for seq in sorted(stored.bodies)] if stored else []

    def seq(self, ledger: str) -> int:
        """How far a ledger is stored."""
        with self._lock:
            stored = self.ledgers.get(ledger)
            return stored.head.seq if stored else 0

    def backup(self) -> dict[str, Stored]:
        """Everything as it is now."""
        return copy.deepcopy(self.ledgers)

    def restore(self, backup: dict[str, Stored]) -> None:
        """Go back to a backup."""
        with self._lock:
            self.ledgers = copy.deepcopy(backup)

    def _take_one(self, arrival: Arrival) -> Refused | None:
        batch = arrival.batch
        if batch is None:
            problem = arrival.problem or Problem.MALFORMED
            self.refusals.append((arrival, problem, arrival.detail))
            return Refused(problem, arrival.detail)
        ledger = batch.header.ledger
        stored = self.ledgers.get(ledger)
        verdict = judge(
            stored.head if stored else None,
            arrival.pad,
            batch,
            partial(_newest, stored.digests if stored else _NOTHING),
        )
        if isinstance(verdict, Refused):
            if verdict.problem is not Problem.GAP:
                self.refusals.append((arrival, verdict.problem, verdict.detail))
            return verdict
        if isinstance(verdict, Accepted):
            if stored is None:
                stored = self.ledgers[ledger] = Stored(verdict.head)
            stored.head = verdict.head
            for seq, (body, digest) in enumerate(
                zip(verdict.bodies, verdict.digests, strict=True), verdict.first_new
            ):
                self.doubled += seq in stored.bodies
                stored.bodies[seq] = body
                stored.digests[seq] = digest
            if verdict.hole:
                stored.holes.append(verdict.hole)
        return None

    def _receipt(self, arrival: Arrival, refused: Refused | None) -> Receipt:
        if arrival.batch is None:
            assert refused is not None
            return Receipt(
                v=VERSION,
                ledger="",
                seq=0,
                digest=GENESIS.hex(),
                problem=refused.problem,
                detail=refused.detail,
            )
        ledger = arrival.batch.header.ledger
        stored = self.ledgers.get(ledger)
        return receipt_of(ledger, stored.head if stored else None, refused=refused)
