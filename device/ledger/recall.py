"""What the ledger tells an agent that has just started. Pure.

The agent keeps nothing in memory that it cannot find again here: which invitation was open when
the power went, what became of the recent ones, whether the window was paused, how often the pad
has booted. Faults are not recalled: a boot looks for itself.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from device.events import Standing
from sync.entries import (
    At,
    Body,
    Booted,
    Configured,
    Entry,
    Invited,
    Lapsed,
    Paused,
    Rated,
    Resumed,
    Salvaged,
    Service,
    Withdrawn,
    read_body,
)


@dataclass(slots=True)
class Memory:
    """The pad as its ledger last saw it.

    `standings`: invitation id → open, rated, unrated or withdrawn, oldest first. `services`:
    invitation id → what was to be rated.
    """

    boots: int = 0
    paused_by: str | None = None
    configured: int = 0
    standings: dict[str, Standing] = field(default_factory=dict)
    services: dict[str, Service] = field(default_factory=dict)

    @property
    def left_open(self) -> list[str]:
        """Invitations that nothing has ended: the power went while they stood."""
        return [one for one, standing in self.standings.items() if standing == "open"]


def recall(entries: Iterable[Entry]) -> Memory:
    """Read entries, oldest first, into a `Memory`.

    An entry that cannot be read changes nothing: the ledger's own checks have named it already.
    """
    memory = Memory()
    for entry in entries:
        _take(memory, entry.body)
    return memory


def said_at_start(memory: Memory, at: At) -> list[Body]:
    """What a start records of what it recalled, behind its `booted`.

    A pause that stands is said again in every boot: nobody needs to look further back for it, nor
    loses sight of it behind thousands of strays.
    """
    said: list[Body] = []
    if memory.paused_by is not None:
        said.append(Paused(at=at, by=memory.paused_by))
    said += [Withdrawn(at=at, invitation=one, reason="restart") for one in memory.left_open]
    return said


def _take(memory: Memory, raw: bytes) -> None:
    try:
        body = read_body(raw)
    except ValueError:
        return
    match body:
        case Booted(boots=boots):
            memory.boots = max(memory.boots, boots)
        case Paused(by=by):
            memory.paused_by = by
        case Resumed():
            memory.paused_by = None
        case Configured(version=version):
            memory.configured = version
        case Invited(invitation=one, service=service):
            memory.standings[one] = "open"
            memory.services[one] = service
        case Rated(invitation=one):
            memory.standings[one] = "rated"
        case Lapsed(invitation=one) if memory.standings.get(one) != "rated":
            memory.standings[one] = "unrated"
        case Withdrawn(invitation=one) if memory.standings.get(one) != "rated":
            memory.standings[one] = "withdrawn"
        case Salvaged(body=text):
            _take(memory, text.encode())
        case _:
            pass
