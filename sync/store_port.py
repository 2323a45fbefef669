"""What the receiver gives to a store, and what it needs of one. Pure.

Every payload becomes an `Arrival`: one that cannot be read is kept as evidence, with a problem, and
never raises in the receiver.
"""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from sync.messages import (
    Batch,
    ContractError,
    Health,
    Problem,
    Receipt,
    Reported,
    State,
    inflate,
    read_batch,
)


class Arrival(NamedTuple):
    """One message from a pad, as it was received.

    `pad`: from the topic, on which the broker lets only that pad publish. `batch`: None when the
    payload could not be read; then `problem` and `detail` say why, and `payload` is the evidence to
    keep (as received, perhaps deflated). `payload` of a batch that can be read is its plain NDJSON.
    `received_ms`: the receiver's wall clock, milliseconds since 1970-01-01T00:00Z.
    """

    pad: str
    batch: Batch | None
    problem: Problem | None
    detail: str
    payload: bytes
    received_ms: int


class Store(Protocol):
    """Where a receiver stores what pads send. Called from one thread.

    Every method is one transaction and returns only after its commit. Any exception means that
    nothing of the call is stored; the receiver calls again, and each method may be called again
    with the same arguments at any time.
    """

    def take(self, arrivals: Sequence[Arrival]) -> list[Receipt]:
        """Store the group in its order; one receipt for each arrival, in the same order.

        All receipts of one ledger have its head after the commit. An arrival without a batch is
        kept as evidence, and its receipt has the problem, ledger "" and seq 0. A refused batch is
        kept as evidence, too, except for GAP, which is common.
        """

    def birth(self, pad: str, state: State) -> Receipt:
        """Store an `up/state` message; the receipt has what is stored of `state.ledger` and echoes
        the session.

        A (boots, session) lower than the highest one seen of this ledger changes nothing: a late
        will cannot hide a newer birth. A pad that lost its ledger counts from 1 again: a birth in
        another ledger is taken, a will from another one is not.
        """

    def health(self, pad: str, health: Health) -> None:
        """Keep the newest health of a pad."""

    def reported(self, pad: str, reported: Reported) -> None:
        """Keep the configuration that a pad says is in force."""


def read_arrival(pad: str, payload: bytes, deflated: bool, received_ms: int) -> Arrival:
    """The arrival for a payload on `up/entries`; never raises for what is in it."""
    try:
        plain = inflate(payload) if deflated else payload
        return Arrival(pad, read_batch(plain), None, "", plain, received_ms)
    except ContractError as error:
        return evidence(pad, error, payload, received_ms)


def evidence(pad: str, error: ContractError, payload: bytes, received_ms: int) -> Arrival:
    """The arrival for a payload, on whatever topic, that broke the contract."""
    return Arrival(pad, None, error.problem, error.detail, payload, received_ms)
