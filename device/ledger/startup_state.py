"""What the ledger tells an agent that has just started.

The agent keeps nothing in memory that it cannot find again here: which invitation was open when
the power went, what became of the recent ones, whether the window was paused, how often the pad
has booted. Faults are not recalled: a boot looks for itself.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from device.events import Standing
from device.ledger.ledger import Ledger
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
    kind_of,
    read_body,
)
from sync.messages import MAX_BATCH_BYTES, MAX_BATCH_ENTRIES

RECALL_ENTRIES = 2048
"""So much of the ledger's end is read at the start, and more until a boot is found."""


@dataclass(slots=True)
class StartupState:
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


def look_back(ledger: Ledger) -> StartupState:
    """Recall from the ledger's end, as far back as the last boot at least; on the writer's thread.

    Raises LedgerError.
    """
    after, parts, booted = ledger.head[0], list[list[Entry]](), False
    while after > 0 and not booted:
        before, after = after, max(0, after - RECALL_ENTRIES)
        parts.append(_read_all(ledger, after, before))
        booted = any(kind_of(entry.body) == "booted" for entry in parts[-1])
    return recall(entry for part in reversed(parts) for entry in part)


def _read_all(ledger: Ledger, after: int, last: int) -> list[Entry]:
    found: list[Entry] = []
    while after < last:
        chunk = ledger.read(after, min(last - after, MAX_BATCH_ENTRIES), MAX_BATCH_BYTES)
        if not chunk.entries:
            break
        found += chunk.entries
        after = chunk.entries[-1].seq
    return found


def recall(entries: Iterable[Entry]) -> StartupState:
    """Read entries, oldest first, into a `StartupState`.

    An entry that cannot be read changes nothing: the ledger's own checks have named it already.
    """
    memory = StartupState()
    for entry in entries:
        _take(memory, entry.body)
    return memory


def said_at_start(memory: StartupState, at: At) -> list[Body]:
    """What a start records of what it recalled, behind its `booted`.

    A pause that stands is said again in every boot: nobody needs to look further back for it, nor
    loses sight of it behind thousands of strays.
    """
    said: list[Body] = []
    if memory.paused_by is not None:
        said.append(Paused(at=at, by=memory.paused_by))
    said += [Withdrawn(at=at, invitation=one, reason="restart") for one in memory.left_open]
    return said


def _take(memory: StartupState, raw: bytes) -> None:
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
