"""Which of the entries about one invitation counts, and the row that they give. Pure.

The rules, a total order on entries, so that any order of arrival gives the same row:

- the invitation is the first `invited`;
- a level beats a withdrawal, which beats a lapse, which beats an open invitation;
- a press inside the grace time (`again`) supersedes, the last of them wins; of levels without
  `again` the first counts (law 4: one invitation, one rating);
- of two entries at one position (a copied card, or an entry that two ledgers salvaged) the one
  counts whose columns of the row sort first. Those and not its bytes, because a stored row has no
  bytes; entries with the same columns give the same row.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from province.rows import Rating
from province.timestamps import Anchor, clock_was_trusted, date, own_date
from sync.entries import Invited, Lapsed, Rated, Withdrawn

OPEN, LAPSED, WITHDRAWN, RATED, RATED_AGAIN = range(5)
STANDINGS = ("open", "unrated", "withdrawn", "rated", "rated")

AboutInvitation = Rated | Invited | Lapsed | Withdrawn
OfInvitation = (Rated, Invited, Lapsed, Withdrawn)
"""The kinds that decide an invitation's row (a tuple: a union is three times slower to test)."""


Position = tuple[str, int]
"""Where an entry is: its ledger and its seq."""


class Precedence:
    """The entries about one invitation that decide its row: its `invited` and its outcome."""

    __slots__ = (
        "asked", "invited", "invited_ledger", "invited_seq", "ledger", "outcome", "pressed", "rank",
        "seq",
    )  # fmt: skip

    def __init__(self) -> None:
        self.invited: Invited | None = None
        self.invited_ledger = ""
        self.invited_seq = 0
        self.outcome: AboutInvitation | None = None
        self.ledger = ""
        self.seq = 0
        self.rank = -1
        self.pressed: Position | None = None
        self.asked: Position | None = None

    def add_press(self, ledger: str, seq: int) -> Position | None:
        """Take in a press that is no correction, of which law 4 allows one: the one that was
        written first. Returns the position of the one that this makes odd.
        """
        if self.pressed is None:  # the usual case, and the hot path
            self.pressed = (ledger, seq)
            return None
        self.pressed, odd = _first_and_odd(self.pressed, (ledger, seq))
        return odd

    def add_asked(self, ledger: str, seq: int) -> Position | None:
        """The same of an `invited` entry: an invitation has one."""
        if self.asked is None:
            self.asked = (ledger, seq)
            return None
        self.asked, odd = _first_and_odd(self.asked, (ledger, seq))
        return odd

    def add_invited(self, body: Invited, ledger: str, seq: int) -> None:
        """Take in an `invited` entry: the one that was written first counts."""
        self.add_outcome(OPEN, body, ledger, seq)
        if self.invited is not None:
            position, before = (ledger, seq), (self.invited_ledger, self.invited_seq)
            if position > before:
                return
            if position == before and not _order(_asked(body)) < _order(_asked(self.invited)):
                return
        self.invited = body
        self.invited_ledger = ledger
        self.invited_seq = seq

    def add_outcome(
        self, rank: int, body: Invited | Rated | Lapsed | Withdrawn, ledger: str, seq: int
    ) -> None:
        """Take in an entry that says what became of the invitation."""
        if self.outcome is not None and rank <= self.rank:
            if rank < self.rank:
                return
            decision, before = (rank, ledger, seq), (self.rank, self.ledger, self.seq)
            if decision == before:
                if not _ended_order(body) < _ended_order(self.outcome):
                    return
            elif not outranks(decision, before):
                return
        self.rank = rank
        self.outcome = body
        self.ledger = ledger
        self.seq = seq


def _first_and_odd(before: Position, position: Position) -> tuple[Position, Position | None]:
    """Of entries where one is allowed: which was written first, and which one this makes odd."""
    if before == position:
        return position, None
    return min(before, position), max(before, position)


Decision = tuple[int, str, int]
"""An entry that may decide an invitation: its rank and its position."""


def outranks(entry: Decision, other: Decision) -> bool:
    """Whether `entry` decides an invitation against `other`; a total order of positions."""
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
    level, elapsed_ms, source, reason = _ended(outcome)
    at, rank = outcome.at, precedence.rank
    dated = date(at, anchors.get(at.boot, ()) if anchors else ())
    invited = precedence.invited
    # Unpacked, for a call with `*` takes twice as long.
    window, clerk, case, matter, step, desk, channel = (
        _asked(invited) if invited is not None else _NOT_ASKED
    )
    return Rating(
        pad,
        invitation,
        STANDINGS[rank],
        level,
        rank == RATED_AGAIN,
        elapsed_ms,
        source,
        reason,
        window,
        clerk,
        case,
        matter,
        step,
        desk,
        channel,
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
    decided = other if _decides(other, row) else row
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
    position = (row.invited_ledger or "", row.invited_seq)
    other_position = (other.invited_ledger or "", other.invited_seq)
    if position != other_position:
        return position < other_position
    return _order(_asked_of(row)) <= _order(_asked_of(other))


def _decides(row: Rating, other: Rating) -> bool:
    decision, other_decision = _decision(row), _decision(other)
    if decision != other_decision:
        return outranks(decision, other_decision)
    return _ended_order_of(row) < _ended_order_of(other)


def _decision(row: Rating) -> Decision:
    rank = RATED_AGAIN if row.again else STANDINGS.index(row.standing)
    return rank, row.ledger, row.seq


Asked = tuple[str | None, str | None, str | None, str | None, str | None, str | None, str | None]
"""The columns that an `invited` entry gives: `window_id` to `channel`."""
_NOT_ASKED: Asked = (None, None, None, None, None, None, None)

Ended = tuple[str | None, int | None, str | None, str | None]
"""The columns that an outcome gives, but for its date: level, elapsed_ms, source, reason."""


def _asked(body: Invited) -> Asked:
    service = body.service
    return (
        body.window,
        body.clerk,
        service.case,
        service.matter,
        service.step,
        body.source,
        body.channel._value_,
    )


def _asked_of(row: Rating) -> Asked:
    return (
        *(row.window_id, row.clerk, row.case_number, row.matter_code, row.step),
        *(row.desk, row.channel),
    )


def _ended(body: AboutInvitation) -> Ended:
    if isinstance(body, Rated):
        # `_value_`: before Python 3.12 `value` is a property in Python, and this is the hot path.
        return body.level._value_, body.elapsed_ms, body.source, None
    return None, None, None, body.reason if isinstance(body, Withdrawn) else None


def _ended_order(body: AboutInvitation) -> tuple[Any, ...]:
    at = body.at
    date_of = (at.trust._value_, at.utc) if clock_was_trusted(at) else ("", None)
    return _order(_ended(body)), at.boot, at.mono, own_date(*date_of)


def _ended_order_of(row: Rating) -> tuple[Any, ...]:
    ended = (row.level, row.elapsed_ms, row.source, row.reason)
    return _order(ended), row.boot, row.mono_ms, own_date(row.dated_by, row.utc_ms)


def _order(columns: Sequence[str | int | None]) -> tuple[tuple[bool, str | int | None], ...]:
    """What compares as `columns` do; None sorts first."""
    return tuple((column is not None, column) for column in columns)
