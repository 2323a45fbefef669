"""What the uplink asks of the pad: a ledger to read, and someone to tell. Pure.

`EntrySource` is the ledger's reading side, `UplinkObserver` the agent's. Neither knows MQTT.
"""

from typing import Protocol

from sync.delivery import Chunk
from sync.entries import HashName
from sync.messages import Command, CommandResult, Desired, Problem


class EntrySource(Protocol):
    """The ledger, as the uplink sees it. The pad's writer satisfies it."""

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

    async def read(self, after: int, max_entries: int, max_bytes: int) -> Chunk:
        """Entries after seq `after`: at most so many, bodies and newlines at most so long."""

    async def digest_at(self, seq: int) -> bytes | None:
        """The digest after `seq`; None where it is pruned or not reached."""


class UplinkObserver(Protocol):
    """Who hears the province. Called on the loop; must not block."""

    def receipted(self, seq: int) -> None:
        """All entries up to `seq` are committed at the province; may go back."""

    def refused(self, problem: Problem, detail: str) -> None:
        """The province did not take a batch; it is tried again, slowly."""

    def diverged(self, detail: str) -> None:
        """The province holds another history; nothing is sent until there is a new ledger."""

    def connected(self, up: bool) -> None:
        """The broker accepted a connection, or it ended."""

    def desired(self, desired: Desired) -> None:
        """A desired configuration came; perhaps one that is in force already."""

    async def command(self, command: Command) -> CommandResult:
        """Carry out an order; the answer is published."""
