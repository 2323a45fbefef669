"""What the uplink needs of the pad: a ledger to read, and an observer to call. Pure.

`EntrySource` is the ledger's reading side, `UplinkObserver` the agent's. Neither knows MQTT.
"""

from typing import Protocol

from sync.delivery import LedgerSegment
from sync.entries import HashName
from sync.messages import Command, CommandResult, Desired, Problem
from sync.obstacles import Obstacle


class EntrySource(Protocol):
    """The ledger, as the uplink sees it. The pad's ledger writer fits it. Called on the loop."""

    @property
    def ledger_id(self) -> str:
        """The ledger to deliver; another one after a divergence."""

    @property
    def hash_name(self) -> HashName:
        """The digest function of that ledger."""

    @property
    def head_seq(self) -> int:
        """Its last committed seq."""

    @property
    def head_digest(self) -> bytes:
        """The digest after that."""

    async def read(self, after: int, max_entries: int, max_bytes: int) -> LedgerSegment:
        """Entries after seq `after`: at most `max_entries`, whose bodies and newlines have
        `max_bytes` or fewer.
        """

    async def digest_at(self, seq: int) -> bytes | None:
        """The digest after `seq`; None where it is pruned or not reached."""


class UplinkObserver(Protocol):
    """Is called with what the province sends. Called on the loop; must not block."""

    def receipted(self, seq: int) -> None:
        """All entries up to `seq` are committed at the province; lower than before when the
        province was restored from a backup.
        """

    def refused(self, problem: Problem, detail: str) -> None:
        """The province refused a batch; it is sent again with backoff."""

    def diverged(self, detail: str) -> None:
        """The province holds another history; nothing is sent until a new ledger is opened."""

    def connected(self, up: bool) -> None:
        """The broker accepted a connection (`up`), or it ended."""

    def unreachable(self, reason: str) -> None:
        """Why the province cannot be reached just now, in words, whenever that changes. It passes
        by itself, or `obstructed` is called as well.
        """

    def obstructed(self, obstacle: Obstacle, detail: str) -> None:
        """Nothing will get through before somebody changes something; every entry is kept."""

    def unobstructed(self, obstacle: Obstacle) -> None:
        """That obstacle is over."""

    def desired(self, desired: Desired) -> None:
        """A desired configuration arrived; perhaps one that is in force already."""

    async def command(self, command: Command) -> CommandResult:
        """Carry out a command; the result is published to its response topic."""
