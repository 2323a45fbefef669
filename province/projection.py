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

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

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
        self._undated_boots: set[str] = set()
        self._latest_ms = MAX_NUMBER

    def feed(
        self, ledger: str, first: int, bodies: Iterable[bytes], received_ms: int | None = None
    ) -> None:
        """Take the entries `first`, `first` + 1 … of `ledger`. `received_ms`: when they came in, by
        the province's clock; None: not known.
        """
        self._latest_ms = MAX_NUMBER if received_ms is None else received_ms + AHEAD_MS
        for seq, raw in enumerate(bodies, first):
            why = self._take(ledger, seq, raw)
            if why is not None:
                kind = _storable_kind(raw)
                self._unread.append(
                    Unread(self.pad, ledger, seq, kind, why.replace("\0", "\ufffd"))
                )
                self._oddities.add_unread(ledger, seq, kind, why)

    def _take(self, ledger: str, seq: int, raw: bytes) -> str | None:
        """Take in one entry; returns why it gives no row, or None."""
        try:
            body = read_body(raw) if NUL not in raw else _without_nul(raw)
        except ValueError as error:
            return str(error)
        if body is None:
            return "unknown kind"
        at = body.at
        if at.utc is None or at.trust is NOT_TRUSTED:  # not by a call, as in `timestamps.date`
            self._undated_boots.add(at.boot)
        elif not EARLIEST_MS <= at.utc <= self._latest_ms:
            kind = AHEAD if at.utc > self._latest_ms else TOO_EARLY
            self._oddities.add(kind, ledger, seq, str(at.utc))
        if not isinstance(body, OfInvitation):
            return self._other(ledger, seq, body)
        invitation = body.invitation
        precedence = self.invitations.get(invitation)
        if precedence is None:
            precedence = self.invitations[invitation] = Precedence()
        if isinstance(body, Rated):
            odd = None if body.again else precedence.add_press(ledger, seq)
            if odd is not None:
                self._oddities.add(RATED_TWICE, *odd, f"invitation {invitation}")
            precedence.add_outcome(RATED_AGAIN if body.again else RATED, body, ledger, seq)
        elif isinstance(body, Invited):
            odd = precedence.add_invited(body, ledger, seq)
            if odd is not None:
                self._oddities.add(INVITED_TWICE, *odd, f"invitation {invitation}")
        else:
            rank = LAPSED if isinstance(body, Lapsed) else WITHDRAWN
            precedence.add_outcome(rank, body, ledger, seq)
        return None

    def oddities(self, *, complete: bool = True) -> list[Oddity]:
        """What a person must look at. `complete`: all of the pad's entries have been fed, and an
        invitation that is not among them does not exist.
        """
        found = self._oddities.found()
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
                if body.utc > self._latest_ms:
                    self._oddities.add(AHEAD, ledger, seq, str(body.utc))
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
            case Opened() if seq > 1:
                self._oddities.add(OPENED_AGAIN, ledger, seq, "`opened` is a first entry")
                return self._opened(ledger, body)
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
        if body.unproven:
            # Stored and named, and no row rests on it (law 1). It may yet come with proof: in its
            # own chain, or from another copy of the ledger.
            kind = _storable_kind(old) or "no kind"
            self._oddities.add(UNPROVEN, body.ledger, body.seq, kind)
            return None
        # Fed as the old entry, at its old position: if it also arrives in its own chain, both give
        # the same row. Its `at` names the old boot, whose anchors date it.
        latest_ms = self._latest_ms
        self.feed(body.ledger, body.seq, [old], latest_ms - AHEAD_MS)
        self._latest_ms = latest_ms
        return None

    def _opened(self, ledger: str, body: Opened) -> str | None:
        before = body.previous
        if before is None:
            return None
        if not all(_fits(before.ledger, n) for n in (1, before.seq or 0)):
            return "the previous ledger has no position"
        self.openings.append(Opening(self.pad, ledger, before.ledger, before.reason, before.seq))
        self.claims += [
            Claim(self.pad, before.ledger, first, last, "missing", ledger)
            for first, last in before.missing
            if 1 <= first <= last <= MAX_NUMBER
        ]
        if before.reason == "diverged":
            detail = f"another history than is stored; ledger {ledger} follows it"
            self._oddities.add(FORK, before.ledger, before.seq or 0, detail)
        return None


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


def _fits(ledger: str, seq: int) -> bool:
    return 0 < len(ledger) <= MAX_ID_CHARS and 0 <= seq <= MAX_NUMBER


def _when(
    at: At, anchors: Mapping[str, Sequence[Anchor]]
) -> tuple[str, int, int | None, str, int | None]:
    dated: Dated = date(at, anchors.get(at.boot, ()))
    return at.boot, at.mono, dated.utc_ms, dated.by, dated.uncertainty_ms
