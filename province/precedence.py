"""Which of the entries about one invitation counts, and the row that they give. Pure.

The rules, a total order on entries, so that any order of arrival gives the same row:

- the invitation is the first `invited`;
- a level beats a withdrawal, which beats a lapse, which beats an open invitation;
- a press inside the grace time (`again`) supersedes, the last of them wins; of levels without
  `again` the first counts (law 4: one invitation, one rating).
"""

from collections.abc import Mapping, Sequence

from province.rows import Rating
from province.timestamps import Anchor, date
from sync.entries import Invited, Lapsed, Rated, Withdrawn

OPEN, LAPSED, WITHDRAWN, RATED, RATED_AGAIN = range(5)
STANDINGS = ("open", "unrated", "withdrawn", "rated", "rated")

AboutInvitation = Rated | Invited | Lapsed | Withdrawn
OfInvitation = (Rated, Invited, Lapsed, Withdrawn)
"""The kinds that decide an invitation's row (a tuple: a union is three times slower to test)."""


class Precedence:
    """The entries about one invitation that decide its row: its `invited` and its outcome."""

    __slots__ = (
        "invited", "invited_ledger", "invited_seq", "ledger", "outcome", "pressed", "rank", "seq"
    )  # fmt: skip

    def __init__(self) -> None:
        self.invited: Invited | None = None
        self.invited_ledger = ""
        self.invited_seq = 0
        self.outcome: AboutInvitation | None = None
        self.ledger = ""
        self.seq = 0
        self.rank = -1
        self.pressed: tuple[str, int] | None = None

    def is_first_press(self, ledger: str, seq: int) -> bool:
        """Whether no other press (but corrections) has been fed: law 4 allows one."""
        if self.pressed is None:
            self.pressed = (ledger, seq)
            return True
        return self.pressed == (ledger, seq)

    def is_invited_at(self, ledger: str, seq: int) -> bool:
        """Whether the entry that counts as the `invited` one is at this position."""
        return (self.invited_ledger, self.invited_seq) == (ledger, seq)

    def add_invited(self, body: Invited, ledger: str, seq: int) -> None:
        """Take in an `invited` entry: the one that was written first counts."""
        if self.invited is None or (ledger, seq) < (self.invited_ledger, self.invited_seq):
            self.invited = body
            self.invited_ledger = ledger
            self.invited_seq = seq
        self.add_outcome(OPEN, body, ledger, seq)

    def add_outcome(
        self, rank: int, body: Invited | Rated | Lapsed | Withdrawn, ledger: str, seq: int
    ) -> None:
        """Take in an entry that says what became of the invitation."""
        if self.rank < 0 or outranks((rank, ledger, seq), (self.rank, self.ledger, self.seq)):
            self.rank = rank
            self.outcome = body
            self.ledger = ledger
            self.seq = seq


Decision = tuple[int, str, int]
"""An entry that may decide an invitation: its rank and its position."""


def outranks(entry: Decision, other: Decision) -> bool:
    """Whether `entry` decides an invitation against `other`; a total order."""
    if entry[0] != other[0]:
        return entry[0] > other[0]
    # Of two corrections the later counts, of all other entries the earlier. Positions of different
    # ledgers compare by their ids, ULIDs that sort by time.
    if entry[0] == RATED_AGAIN:
        return entry > other
    return entry < other


def rating_of(
    pad: str, invitation: str, precedence: Precedence, anchors: Mapping[str, Sequence[Anchor]]
) -> Rating:
    """The row of an invitation. `anchors`: by boot. Raises ValueError without an entry."""
    outcome = precedence.outcome
    if outcome is None:
        raise ValueError(f"no entry is behind invitation {invitation}")
    level = source = elapsed_ms = reason = None
    if isinstance(outcome, Rated):
        # `_value_`: before Python 3.12 `value` is a property in Python, and this is the hot path.
        level, source, elapsed_ms = outcome.level._value_, outcome.source, outcome.elapsed_ms
    elif isinstance(outcome, Withdrawn):
        reason = outcome.reason
    at = outcome.at
    dated = date(at, anchors.get(at.boot, ()) if anchors else ())
    invited = precedence.invited
    service = invited.service if invited is not None else None
    return Rating(
        pad,
        invitation,
        STANDINGS[precedence.rank],
        level,
        precedence.rank == RATED_AGAIN,
        elapsed_ms,
        source,
        reason,
        invited.window if invited is not None else None,
        invited.clerk if invited is not None else None,
        service.case if service is not None else None,
        service.matter if service is not None else None,
        service.step if service is not None else None,
        invited.source if invited is not None else None,
        invited.channel._value_ if invited is not None else None,
        precedence.invited_ledger if invited is not None else None,
        precedence.invited_seq if invited is not None else None,
        precedence.ledger,
        precedence.seq,
        at.boot,
        at.mono,
        dated.utc_ms,
        dated.by,
        dated.uncertainty_ms,
    )


def merge(row: Rating, other: Rating) -> Rating:
    """The row that the entries behind both rows give together, as if fed to one projection."""
    invited = row if _invited_first(row, other) else other
    decided = other if outranks(_decision(other), _decision(row)) else row
    # `decided` has the outcome and its date, `invited` the invitation's own columns.
    return decided._replace(
        window_id=invited.window_id,
        clerk=invited.clerk,
        case_number=invited.case_number,
        matter_code=invited.matter_code,
        step=invited.step,
        desk=invited.desk,
        channel=invited.channel,
        invited_ledger=invited.invited_ledger,
        invited_seq=invited.invited_seq,
    )


def _invited_first(row: Rating, other: Rating) -> bool:
    if row.invited_seq is None or other.invited_seq is None:
        return other.invited_seq is None
    return (row.invited_ledger or "", row.invited_seq) <= (
        other.invited_ledger or "",
        other.invited_seq,
    )


def _decision(row: Rating) -> Decision:
    rank = RATED_AGAIN if row.again else STANDINGS.index(row.standing)
    return rank, row.ledger, row.seq
