"""What do the entries say? Raw bodies of one pad -> rows of the rating tables. Pure.

One rule holds for all tables: each derived row is a function of the *set* of entries about it, each
entry identified by its position (ledger, seq). The order and the pieces in which entries are fed
make no difference, and feeding one twice changes nothing. The rule is needed because batches of a
pad's old and new ledger arrive in any order, because an entry may arrive in its chain and again as
`salvaged` and must count once, and because `verify` derives everything again and compares.
precedence.py says which of two entries about one invitation counts. Where one position has two
entries (a copied card, or an entry that two ledgers salvaged), the row that sorts first is shown.

A kind that is not known here, or a body that breaks its type or does not fit the tables, becomes an
`Unread` row: the raw entry is kept, and does not delay the others.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

import msgspec

from province.oddities import (
    AHEAD,
    AHEAD_MS,
    EARLIEST_MS,
    FORK,
    INVITED_TWICE,
    OPENED_AGAIN,
    RATED_TWICE,
    TOO_EARLY,
    UNINVITED,
    UNPROVEN,
    Oddities,
    Oddity,
)
from province.precedence import (
    LAPSED,
    RATED,
    RATED_AGAIN,
    WITHDRAWN,
    OfInvitation,
    Precedence,
    rating_of,
)
from province.rows import Claim, FaultSeen, Opening, Rating, RatingDetail, Salvage, Stray, Unread
from province.timestamps import NOT_TRUSTED, Anchor, Dated, anchor_of, date, own_date
from sync.entries import (
    AnyBody,
    At,
    Cleared,
    Clock,
    Detailed,
    Fault,
    Invited,
    Lapsed,
    Opened,
    Predecessor,
    Rated,
    Salvaged,
    Strayed,
    kind_of,
    read_body,
)

MAX_ID_CHARS = 128
"""Ids are index keys, and PostgreSQL limits an index entry to 2,700 bytes. A ULID has 26."""

MAX_NUMBER = 2**53
"""Larger integers are neither times nor seqs, and some JSON readers round them."""

NUL = b"\\u0000"
"""U+0000 as JSON escapes it. PostgreSQL's text cannot hold it; derived rows have U+FFFD instead."""

ENTRY_COLUMNS = slice(3, 8)
"""The columns of a row that come from the entry itself, after pad, ledger and seq. Its date is not
among them: the part of it that comes from the entry is `timestamps.own_date`."""

R = TypeVar("R", Stray, FaultSeen, Unread)


Context = tuple[int, Mapping[str, Precedence], Callable[[str, str, int, str], None]]
"""What an entry is held against: the latest date that is not wrong, and the other entries of its
invitation. Last: where to note what is odd (`Oddities.add`)."""


class SalvagedCopy(NamedTuple):
    """A salvaged entry at its old position. `why`: it gives no row; "" where it gives one."""

    ledger: str
    seq: int
    unproven: bool
    body: bytes
    why: str


class Projection:
    """The rows that entries of one pad give. Feed entries, then ask for the rows."""

    def __init__(self, pad: str) -> None:
        self.pad = pad
        self.invitations: dict[str, Precedence] = {}
        self.details: dict[str, RatingDetail] = {}
        self._anchors: dict[tuple[str, str, int], Anchor] = {}
        self._unread: list[Unread] = []
        self.salvages: list[Salvage] = []
        self.salvaged_bodies: list[bytes] = []
        self.openings: list[Opening] = []
        self.claims: list[Claim] = []
        self._strays: list[tuple[str, int, Strayed]] = []
        self._faults: list[tuple[str, int, Fault | Cleared]] = []
        self._oddities = Oddities(pad)
        self._chained: dict[str, list[tuple[int, int]]] = {}
        self._copies: dict[SalvagedCopy, int] = {}
        self._undated_boots: set[str] = set()
        self._latest_ms = MAX_NUMBER
        self._context: Context = (MAX_NUMBER, self.invitations, self._oddities.add)

    def feed(
        self, ledger: str, first: int, bodies: Iterable[bytes], received_ms: int | None = None
    ) -> None:
        """Take the entries `first`, `first` + 1 … of `ledger`. `received_ms`: when they came in, by
        the province's clock; None: not known.
        """
        self._latest_ms = MAX_NUMBER if received_ms is None else received_ms + AHEAD_MS
        self._context = (self._latest_ms, self.invitations, self._oddities.add)
        seq = first - 1
        for seq, raw in enumerate(bodies, first):
            why = self._take(ledger, seq, raw, chained=True)
            if why is not None:
                self._add_unread(ledger, seq, raw, why)
                self._oddities.add_unread(ledger, seq, _storable_kind(raw), why)
        if seq >= first:
            self._note_chained(ledger, first, seq)

    def _note_chained(self, ledger: str, first: int, last: int) -> None:
        ranges = self._chained.setdefault(ledger, [])
        if ranges and ranges[-1][1] + 1 == first:
            ranges[-1] = (ranges[-1][0], last)
        else:
            ranges.append((first, last))

    def _add_unread(self, ledger: str, seq: int, raw: bytes, why: str) -> None:
        shown_why = why.replace("\0", "\ufffd")
        self._unread.append(Unread(self.pad, ledger, seq, _storable_kind(raw), shown_why))

    def _take(self, ledger: str, seq: int, raw: bytes, *, chained: bool) -> str | None:
        """Take in one entry; returns why it gives no row, or None. What is odd about a salvaged one
        is noted in the end (`_odd_copies`).
        """
        try:
            body = _body_of(raw)
        except ValueError as error:
            return str(error)
        if body is None:
            return "unknown kind"
        at = body.at
        if at.utc is None or at.trust is NOT_TRUSTED:  # not by a call, as in `timestamps.date`
            self._undated_boots.add(at.boot)
        why = None
        if not isinstance(body, OfInvitation):
            why = self._other(ledger, seq, body)
        else:
            invitation = body.invitation
            precedence = self.invitations.get(invitation)
            if precedence is None:
                precedence = self.invitations[invitation] = Precedence()
            if isinstance(body, Rated):
                precedence.add_outcome(RATED_AGAIN if body.again else RATED, body, ledger, seq)
            elif isinstance(body, Invited):
                precedence.add_invited(body, ledger, seq)
            else:
                rank = LAPSED if isinstance(body, Lapsed) else WITHDRAWN
                precedence.add_outcome(rank, body, ledger, seq)
        if chained:
            _notice(ledger, seq, body, self._context)
        return why

    def oddities(self, *, complete: bool = True) -> list[Oddity]:
        """What a person must look at. `complete`: all of the pad's entries have been fed, and an
        invitation that is not among them does not exist.
        """
        found = self._oddities.found() + self._odd_copies()
        if not complete:
            return found
        uninvited = Oddities(self.pad)
        for invitation, precedence in self.invitations.items():
            if precedence.invited is None:
                uninvited.add(
                    UNINVITED, precedence.ledger, precedence.seq, f"invitation {invitation}"
                )
        for detail in self.details.values():
            if detail.invitation not in self.invitations:
                uninvited.add(
                    UNINVITED, detail.ledger, detail.seq, f"invitation {detail.invitation}"
                )
        return found + uninvited.found()

    def undated_boots(self) -> set[str]:
        """The boots of which entries have no date of their own: their anchors date the rows."""
        return self._undated_boots

    def ratings(
        self, anchors: Mapping[str, Sequence[Anchor]], *, complete: bool | None = None
    ) -> Iterator[Rating]:
        """One row for each invitation. `anchors`: by boot, for `undated_boots`.

        `complete`: only those whose `invited` entry is among the entries (True), or only the others
        (False). A generator: the database stores rows while the next ones are made.
        """
        pad = self.pad
        for invitation, precedence in self.invitations.items():
            if complete is None or complete is (precedence.invited is not None):
                yield rating_of(pad, invitation, precedence, anchors)

    def strays(self, anchors: Mapping[str, Sequence[Anchor]]) -> list[Stray]:
        """The presses without an open invitation."""
        return least(
            Stray(
                self.pad, ledger, seq, body.key, body.state, body.source, *_when(body.at, anchors)
            )
            for ledger, seq, body in self._strays
        )

    def faults(self, anchors: Mapping[str, Sequence[Anchor]]) -> list[FaultSeen]:
        """The faults and their ends."""
        return least(
            FaultSeen(
                self.pad,
                ledger,
                seq,
                isinstance(body, Cleared),
                body.code,
                body.detail,
                *_when(body.at, anchors),
            )
            for ledger, seq, body in self._faults
        )

    @property
    def anchors(self) -> list[Anchor]:
        """One for each position and boot: of several the one that sorts first."""
        return list(self._anchors.values())

    @property
    def unread(self) -> list[Unread]:
        """The entries that this version cannot interpret."""
        return least(self._unread)

    def _detail(self, ledger: str, seq: int, body: Detailed) -> None:
        row = RatingDetail(
            self.pad, body.invitation, ledger, seq, ",".join(body.options), body.text
        )
        self.details[body.invitation] = last_given(row, self.details.get(body.invitation, row))

    def _other(self, ledger: str, seq: int, body: AnyBody) -> str | None:
        """Take in an entry of the rarer kinds; returns why it gives no row, or None."""
        match body:
            case Clock():
                anchor = anchor_of(body, ledger, seq)
                if anchor is not None:
                    position = (anchor.boot, ledger, seq)
                    self._anchors[position] = min(anchor, self._anchors.get(position, anchor))
            case Detailed():
                self._detail(ledger, seq, body)
            case Strayed():
                self._strays.append((ledger, seq, body))
            case Fault() | Cleared():
                self._faults.append((ledger, seq, body))
            case Salvaged():
                return self._salvaged(ledger, seq, body)
            case Opened():
                return self._opened(ledger, body)
            case _:
                pass  # booted, paused …: no derived table has them
        return None

    def _salvaged(self, ledger: str, seq: int, body: Salvaged) -> str | None:
        if not _fits(body.ledger, body.seq) or len(body.digest) > MAX_ID_CHARS:
            return "what was salvaged has no position"
        old = body.body.encode()
        self.salvages.append(Salvage(self.pad, body.ledger, body.seq, body.digest, ledger, seq))
        self.salvaged_bodies.append(old)
        why = None
        if not body.unproven:
            # Taken as the old entry, at its old position: if it also arrives in its own chain, both
            # give the same row. Its `at` names the old boot, whose anchors date it.
            why = self._take(body.ledger, body.seq, old, chained=False)
            if why is not None:
                self._add_unread(body.ledger, body.seq, old, why)
        # No row rests on one without proof (law 1). It is stored and named, and may yet come with
        # proof: in its own chain, or from another copy of the ledger.
        copy = SalvagedCopy(body.ledger, body.seq, body.unproven, old, why or "")
        self._copies[copy] = min(self._latest_ms, self._copies.get(copy, self._latest_ms))
        return None

    def _odd_copies(self) -> list[Oddity]:
        """What is odd about salvaged entries that have not arrived in their chain. One that has is
        judged there, and copies of one entry are one: the number of entries is the same whatever
        arrived first, and however often.
        """
        odd = Oddities(self.pad)
        noted: set[tuple[str, str, int]] = set()
        invitations = _PositionsSoFar(self.invitations)

        def note(kind: str, ledger: str, seq: int, detail: str) -> None:
            if (kind, ledger, seq) not in noted:
                noted.add((kind, ledger, seq))
                odd.add(kind, ledger, seq, detail)

        for copy in sorted(self._copies):
            if self._is_chained(copy.ledger, copy.seq):
                continue
            kind = _storable_kind(copy.body)
            if copy.unproven:
                note(UNPROVEN, copy.ledger, copy.seq, kind or "no kind")
            elif copy.why:
                odd.add_unread(copy.ledger, copy.seq, kind, copy.why)
            else:
                body = _body_of(copy.body)
                if body is not None:
                    _notice(copy.ledger, copy.seq, body, (self._copies[copy], invitations, note))
        return odd.found()

    def _is_chained(self, ledger: str, seq: int) -> bool:
        return any(first <= seq <= last for first, last in self._chained.get(ledger, ()))

    def _opened(self, ledger: str, body: Opened) -> str | None:
        before = body.previous
        if before is None:
            return None
        if not _has_position(before):
            return "the previous ledger has no position"
        self.openings.append(Opening(self.pad, ledger, before.ledger, before.reason, before.seq))
        self.claims += [
            Claim(self.pad, before.ledger, first, last, "missing", ledger)
            for first, last in before.missing
            if 1 <= first <= last <= MAX_NUMBER
        ]
        return None


class _PositionsSoFar(dict[str, Precedence]):
    """Of each invitation, which presses and `invited` entries the chains have; what is added here
    changes nothing there.
    """

    def __init__(self, invitations: Mapping[str, Precedence]) -> None:
        super().__init__()
        self._invitations = invitations

    def __missing__(self, invitation: str) -> Precedence:
        copy = self[invitation] = Precedence()
        chained = self._invitations.get(invitation, copy)
        copy.pressed, copy.asked = chained.pressed, chained.asked
        return copy


def _notice(ledger: str, seq: int, body: AnyBody, context: Context) -> None:
    """Note what a person must look at in an entry that can be read."""
    latest_ms, invitations, note = context
    at = body.at
    utc_ms, dated_wrongly = at.utc, False
    if utc_ms is not None and at.trust is not NOT_TRUSTED:
        dated_wrongly = not EARLIEST_MS <= utc_ms <= latest_ms
        if dated_wrongly:
            note(AHEAD if utc_ms > latest_ms else TOO_EARLY, ledger, seq, str(utc_ms))
    if isinstance(body, Rated):
        odd = None if body.again else invitations[body.invitation].add_press(ledger, seq)
        if odd is not None:
            note(RATED_TWICE, *odd, f"invitation {body.invitation}")
    elif isinstance(body, Invited):
        odd = invitations[body.invitation].add_asked(ledger, seq)
        if odd is not None:
            note(INVITED_TWICE, *odd, f"invitation {body.invitation}")
    elif isinstance(body, Clock):
        if body.utc > latest_ms and not dated_wrongly:
            note(AHEAD, ledger, seq, str(body.utc))
    elif isinstance(body, Opened):
        if seq > 1:
            note(OPENED_AGAIN, ledger, seq, "`opened` is a first entry")
        before = body.previous
        if before is not None and before.reason == "diverged" and _has_position(before):
            detail = f"another history than is stored; ledger {ledger} follows it"
            note(FORK, before.ledger, before.seq or 0, detail)


def least(rows: Iterable[R]) -> list[R]:
    """One row for each position. A copied card makes two histories of one ledger; the second
    arrives as `salvaged`. Then one position has two rows, and the one that sorts first is shown, so
    that the order of arrival makes no difference. The order has all columns, but of a date only
    what the entry says: rows that it does not tell apart are equal, and anchors do not change it.
    """
    found: dict[tuple[str, str, int], R] = {}
    for row in rows:
        position = (row.pad, row.ledger, row.seq)
        if position not in found or _entry_columns(row) < _entry_columns(found[position]):
            found[position] = row
    return list(found.values())


def _entry_columns(row: Stray | FaultSeen | Unread) -> tuple[Any, ...]:
    if isinstance(row, Unread):
        return tuple(row)[ENTRY_COLUMNS]
    return *tuple(row)[ENTRY_COLUMNS], own_date(row.dated_by, row.utc_ms)


def last_given(row: RatingDetail, other: RatingDetail) -> RatingDetail:
    """Which of two rows about one invitation counts: the later, of one position by content."""
    return max(row, other, key=_detail_order)


def _detail_order(row: RatingDetail) -> tuple[Any, ...]:
    return row.ledger, row.seq, row.options, row.remark is not None, row.remark


def _body_of(raw: bytes) -> AnyBody | None:
    """The body as the tables can hold it; None for an unknown kind. Raises ValueError."""
    return read_body(raw) if NUL not in raw else _without_nul(raw)


def _without_nul(raw: bytes) -> AnyBody | None:
    """The body with U+FFFD for each U+0000. A salvaged entry keeps the old entry's own bytes,
    U+0000 and all: they are compared with those in the chain. Raises ValueError as `read_body`.
    """
    body = read_body(raw.replace(NUL, b"\\ufffd"))
    if not isinstance(body, Salvaged):
        return body
    original = read_body(raw)
    old = original.body if isinstance(original, Salvaged) else ""
    return msgspec.structs.replace(body, body=old)


def _storable_kind(raw: bytes) -> str:
    """The kind of an entry, of whichever length and signs, as the tables take it."""
    return kind_of(raw)[:MAX_ID_CHARS].replace("\0", "\ufffd")


def _has_position(before: Predecessor) -> bool:
    return _fits(before.ledger, before.seq or 0)


def _fits(ledger: str, seq: int) -> bool:
    return 0 < len(ledger) <= MAX_ID_CHARS and 0 <= seq <= MAX_NUMBER


def _when(
    at: At, anchors: Mapping[str, Sequence[Anchor]]
) -> tuple[str, int, int | None, str, int | None]:
    dated: Dated = date(at, anchors.get(at.boot, ()))
    return at.boot, at.mono, dated.utc_ms, dated.by, dated.uncertainty_ms
