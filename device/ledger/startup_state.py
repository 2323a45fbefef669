"""What an agent reads from its ledger when it starts.

Everything that the agent keeps in memory can be read again from here: which invitation was open
when the power went, what became of the recent ones, whether the window was paused, how often the
pad has booted. Faults are not read: each start finds them anew.
"""

import re
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass, field

from device.events import Standing
from device.ledger.commit_queue import OF_A_START
from device.ledger.ledger import Ledger
from sync.entries import (
    AnyBody,
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

READ_ENTRIES = 2048
"""So many entries at the ledger's end are read for the invitations in them."""
QUIET_STARTS = 5
"""After so many starts in a row without anything else on record, the next one's own entries are
held for `HOLD_S`. A pad that ends sooner, again and again, then adds nothing to its ledger."""
HOLD_S = 60.0
STANDINGS_READ = 1024
"""At most so many invitations are kept of them; the session remembers fewer."""
_LASTING = re.compile(rb"booted|paused|resumed|configured")
_ASKED = re.compile(rb"booted|paused|resumed|configured|invited|rated|lapsed|withdrawn")
"""In the bytes of every entry that is looked for further back; the second until the last invitation
is found.
"""
_ANSWERS_KEPT = 16


@dataclass(slots=True)
class StartupState:
    """The state in which the ledger's entries left the pad.

    `boots`: how often the pad had booted. `paused_by`: who paused the window, None when it was
    open. `configured`: the version of the desired configuration. `quiet_starts`: how many starts
    are on record since the pad was used last. `standings`: invitation id → open,
    rated, unrated or withdrawn, oldest first. `services`: invitation id → what was to be rated.
    """

    boots: int = 0
    paused_by: str | None = None
    configured: int = 0
    quiet_starts: int = 0
    standings: dict[str, Standing] = field(default_factory=dict)
    services: dict[str, Service] = field(default_factory=dict)

    @property
    def left_open(self) -> list[str]:
        """The invitations without an end: the power went while they were open."""
        return [invitation for invitation, standing in self.standings.items() if standing == "open"]


def read_startup_state(ledger: Ledger) -> StartupState:
    """Read the ledger's end, at least back to the last `booted`. On the writer's thread.

    However far that is, the memory does not depend on it. Raises LedgerError.
    """
    end = max(0, ledger.head[0] - READ_ENTRIES)
    state = StartupState()
    for body in reversed(_lasting(ledger)):
        _apply(state, body)
    state.quiet_starts = 0
    while chunk := ledger.read(end, MAX_BATCH_ENTRIES, MAX_BATCH_BYTES).entries:
        for entry in chunk:
            _apply(state, entry.body)
        end = chunk[-1].seq
    return state


def _lasting(ledger: Ledger) -> list[bytes]:
    """The entries that still hold since the last `booted`, newest first: that one, the last pause
    or its end, the last configuration, the last invitation and what became of it.
    """
    found: dict[str, bytes] = {}
    asked: list[bytes] = []
    pattern = _ASKED
    with closing(ledger.newest_first()) as entries:
        for _, raw in entries:
            if pattern.search(raw) is None:
                continue
            kind = _carried_kind(raw)
            if kind == "booted":
                return [*found.values(), *asked, raw]
            if kind in ("paused", "resumed"):
                found.setdefault("pause", raw)
            elif kind == "configured":
                found.setdefault(kind, raw)
            elif pattern is _ASKED and kind in ("invited", "rated", "lapsed", "withdrawn"):
                asked = [*asked[-_ANSWERS_KEPT:], raw]
                if kind == "invited":
                    pattern = _LASTING
    return [*found.values(), *asked]


def _carried_kind(raw: bytes) -> str:
    """The kind of an entry, or of the one that a `salvaged` carries."""
    kind = kind_of(raw)
    if kind != "salvaged":
        return kind
    try:
        body = read_body(raw)
    except ValueError:
        return kind
    return kind_of(body.body.encode()) if isinstance(body, Salvaged) else kind


def state_after(entries: Iterable[Entry]) -> StartupState:
    """The state after these entries, oldest first.

    An entry that cannot be read is skipped: the check of the ledger has reported it already.
    """
    state = StartupState()
    for entry in entries:
        _apply(state, entry.body)
    return state


def entries_at_start(state: StartupState, at: At) -> list[Body]:
    """The entries that a start records behind its `booted`, because of what it has read.

    A pause that is in force is recorded again in every boot. So the next start finds it without
    reading back beyond the last `booted`, however many strays came since.
    """
    bodies: list[Body] = []
    if state.paused_by is not None:
        bodies.append(Paused(at=at, by=state.paused_by))
    bodies += [
        Withdrawn(at=at, invitation=invitation, reason="restart") for invitation in state.left_open
    ]
    return bodies


def _apply(state: StartupState, raw: bytes) -> None:
    """Change the state by one entry."""
    try:
        body = read_body(raw)
    except ValueError:
        return
    _count_quiet(state, body)
    match body:
        case Booted(boots=boots):
            state.boots = max(state.boots, boots)
        case Paused(by=by):
            state.paused_by = by
        case Resumed():
            state.paused_by = None
        case Configured(version=version):
            state.configured = version
        case Invited(invitation=invitation, service=service):
            state.standings[invitation] = "open"
            state.services[invitation] = service
        case Rated(invitation=invitation):
            state.standings[invitation] = "rated"
        case Lapsed(invitation=invitation) if state.standings.get(invitation) != "rated":
            state.standings[invitation] = "unrated"
        case Withdrawn(invitation=invitation) if state.standings.get(invitation) != "rated":
            state.standings[invitation] = "withdrawn"
        case Salvaged(body=text):
            _apply(state, text.encode())
        case _:
            pass
    if len(state.standings) > STANDINGS_READ:
        oldest = next(iter(state.standings))
        del state.standings[oldest]
        state.services.pop(oldest, None)


def _count_quiet(state: StartupState, body: AnyBody | None) -> None:
    if isinstance(body, Booted):
        state.quiet_starts += 1
    elif not isinstance(body, OF_A_START):
        state.quiet_starts = 0
