"""What the receiver gives to a store, and what it needs of one. Pure.

Every payload becomes an `Arrival` or a `Told`: one that cannot be read is an arrival, too, with a
problem, is kept as evidence and never raises in the receiver. What a store raises says by its
`Cause` what the receiver does with the message: a message is blamed for its own content only.
"""

import enum
from collections.abc import Iterable, Sequence
from typing import NamedTuple, Protocol

from sync.messages import (
    Batch,
    ContractError,
    Health,
    Problem,
    Receipt,
    Reported,
    State,
    Topic,
    inflate,
    read_batch,
    read_message,
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


class Told(NamedTuple):
    """A message about a pad, not about entries. `pad`: from the topic."""

    pad: str
    message: State | Health | Reported


class Unkept(NamedTuple):
    """Refused messages of which nothing is kept as evidence but their number."""

    pad: str
    problem: Problem
    times: int
    received_ms: int


class Cause(enum.Enum):
    """Why nothing of a call was stored, by what a receiver does then."""

    DATA = "data"
    """The message's own content: the database can never take it. It is kept as evidence."""
    WAIT = "wait"
    """A lock, a full disk, a timeout: it may pass. Other pads' messages are tried without it."""
    DOWN = "down"
    """There is no connection to the database: every message waits."""
    SETUP = "setup"
    """A person must change something at the database (a right, a table). Waits like `WAIT`."""


class StoreFailureError(Exception):
    """A store's own error; its text is for people. Nothing of the call is stored."""

    cause = Cause.WAIT


class PadsHeldError(StoreFailureError):
    """Other transactions hold the rows of `pads`: to be called again without their messages."""

    def __init__(self, detail: str, pads: Iterable[str]) -> None:
        super().__init__(detail)
        self.pads = frozenset(pads)


def cause_of(error: Exception) -> Cause | None:
    """What the receiver does about `error`, which a store raised; None for a defect of the program.

    A defect is nobody's blame either: the message waits for a mended program, the others go on.
    """
    if isinstance(error, StoreFailureError):
        return error.cause
    if isinstance(error, OSError | MemoryError):
        return Cause.WAIT
    # A driver raises these for a text or a number before it is sent: surrogates, 2**64.
    return Cause.DATA if isinstance(error, ValueError | OverflowError) else None


class Store(Protocol):
    """Where a receiver stores what pads send. Called from one thread, but for `give_up`.

    Any exception means that nothing of the call is stored; the receiver calls again, perhaps with
    other groups, and a message may come again at any time.
    """

    def take(
        self,
        arrivals: Sequence[Arrival],
        told: Sequence[Told] = (),
        unkept: Sequence[Unkept] = (),
    ) -> list[Receipt]:
        """Store the group in one transaction; returns after its commit. The receipts: one for each
        arrival, in the same order, then one for each birth in `told`.

        All receipts of one ledger have its head after the commit. An arrival without a batch is
        kept as evidence, and its receipt has the problem, ledger "" and seq 0. A refused batch is
        kept as evidence, too, except for GAP, which is common.

        The receipt for a birth has what is stored of its ledger and echoes the session. A state
        with (boots, session) lower than the highest one seen of this ledger changes nothing: a late
        will cannot hide a newer birth. A pad that lost its ledger counts from 1 again: a birth in
        another ledger is taken, a will from another one is not. Of health reports and
        configurations the newest is kept.
        """

    def give_up(self) -> None:
        """From any thread: a call that waits for the database raises soon, and so do later ones."""


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


_TOLD: dict[Topic, type[State | Health | Reported]] = {
    Topic.STATE: State,
    Topic.HEALTH: Health,
    Topic.REPORTED: Reported,
}


def read_upward(
    pad: str, topic: Topic, payload: bytes, deflated: bool, received_ms: int
) -> Arrival | Told:
    """What a message on one of a pad's upward topics says; never raises for what is in it."""
    if topic is Topic.ENTRIES:
        return read_arrival(pad, payload, deflated, received_ms)
    try:
        message = read_message(_TOLD[topic], payload)
        if isinstance(message, State):
            _check_state(pad, message)
    except ContractError as error:
        return evidence(pad, error, payload, received_ms)
    return Told(pad, message)


def _check_state(pad: str, state: State) -> None:
    """Raises ContractError for a state of another pad."""
    if state.pad != pad:
        raise ContractError(Problem.FOREIGN, f"pad {pad} speaks as pad {state.pad}")
