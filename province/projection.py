"""What do the entries say? Raw bodies of one pad -> rows of the rating tables. Pure.

One rule carries everything: each derived row is a function of the *set* of entries about it, each
entry known by its position (ledger, seq). Feeding a set in any order, in any pieces, or twice over
gives the same rows, so an entry that came in chain and again as `salvaged` counts once, and
`verify` may derive the whole again and compare. precedence.py says which of two entries about one
invitation counts. Where a copied card gave one position two entries, `least` says which is shown.

A kind that is not known here, or a body that breaks its type or does not fit the tables, becomes an
`Unread` row that names it: the raw entry is kept, and never holds up the others.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

import msgspec

from province.precedence import (
    LAPSED,
    RATED,
    RATED_AGAIN,
    WITHDRAWN,
    AboutInvitation,
    OfInvitation,
    Precedence,
    rating_of,
)
from province.rows import Claim, FaultSeen, Opening, Rating, RatingDetail, Salvage, Stray, Unread
from province.timestamps import Anchor, Dated, anchor_of, date, knew
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
"""Ids are looked up, and an index entry is bounded (PostgreSQL: 2,700 bytes). A ULID has 26."""

MAX_NUMBER = 2**53
"""Larger integers are no time and no seq, and fit neither JSON's readers nor a bigint."""

NUL = b"\\u0000"
"""JSON may spell U+0000, PostgreSQL's text may not hold it; derived rows show U+FFFD instead."""

OF_ENTRY = slice(3, 8)
"""Of a row at a position, behind pad, ledger and seq: what the entry there says."""

R = TypeVar("R", Stray, FaultSeen, Unread)


class Projection:
    """What a run of entries of one pad adds to its rows."""

    def __init__(self, pad: str) -> None:
        self.pad = pad
        self.trails: dict[str, Precedence] = {}
        self.details: dict[str, RatingDetail] = {}
        self.anchors: list[Anchor] = []
        self._unread: list[Unread] = []
        self.salvages: list[Salvage] = []
        self.salvaged_bodies: list[bytes] = []
        self.openings: list[Opening] = []
        self.claims: list[Claim] = []
        self._strays: list[tuple[str, int, Strayed]] = []
        self._faults: list[tuple[str, int, Fault | Cleared]] = []

    def feed(self, ledger: str, first: int, bodies: Iterable[bytes]) -> None:
        """Take the entries `first`, `first` + 1 … of `ledger`."""
        for seq, raw in enumerate(bodies, first):
            why = self._take(ledger, seq, raw)
            if why is not None:
                kind = kind_of(raw)[:MAX_ID_CHARS].replace("\0", "\ufffd")
                self._unread.append(
                    Unread(self.pad, ledger, seq, kind, why.replace("\0", "\ufffd"))
                )

    def _take(self, ledger: str, seq: int, raw: bytes) -> str | None:
        """Take one entry; why not, if it says nothing to the tables."""
        try:
            body = read_body(raw if NUL not in raw else raw.replace(NUL, b"\\ufffd"))
            if isinstance(body, Salvaged) and NUL in raw:
                body = _as_it_was(body, raw)
        except ValueError as error:
            return str(error)
        if body is None:
            return "unknown kind"
        at = body.at
        if (
            len(at.boot) > MAX_ID_CHARS
            or abs(at.mono) > MAX_NUMBER
            or (at.utc is not None and abs(at.utc) > MAX_NUMBER)
        ):
            return "`at` is out of range"
        if isinstance(body, OfInvitation):
            return self._follow(ledger, seq, body)
        return self._other(ledger, seq, body)

    def _follow(self, ledger: str, seq: int, body: AboutInvitation) -> str | None:
        invitation = body.invitation
        if len(invitation) > MAX_ID_CHARS:
            return "`invitation` is too long"
        if isinstance(body, Rated) and abs(body.elapsed_ms) > MAX_NUMBER:
            return "`elapsed_ms` is out of range"
        trail = self.trails.get(invitation)
        if trail is None:
            trail = self.trails[invitation] = Precedence()
        if isinstance(body, Rated):
            trail.end(RATED_AGAIN if body.again else RATED, body, ledger, seq)
        elif isinstance(body, Invited):
            trail.invite(body, ledger, seq)
        else:
            trail.end(LAPSED if isinstance(body, Lapsed) else WITHDRAWN, body, ledger, seq)
        return None

    def undated_boots(self) -> set[str]:
        """The boots whose anchors `ratings`, `strays` and `faults` need."""
        ats = [trail.outcome.at for trail in self.trails.values() if trail.outcome is not None]
        ats += [stray.at for _, _, stray in self._strays]
        ats += [fault.at for _, _, fault in self._faults]
        return {at.boot for at in ats if not knew(at)}

    def ratings(
        self, anchors: Mapping[str, Sequence[Anchor]], *, complete: bool | None = None
    ) -> Iterator[Rating]:
        """One row for each invitation seen. `anchors`: by boot, for `undated_boots`.

        `complete`: only those whose `invited` entry is among the entries, or only the others.
        Rows are made as they are asked for, while the database is busy with those before.
        """
        pad = self.pad
        for invitation, trail in self.trails.items():
            if complete is None or complete is (trail.invited is not None):
                yield rating_of(pad, invitation, trail, anchors)

    def strays(self, anchors: Mapping[str, Sequence[Anchor]]) -> list[Stray]:
        """The presses that nobody invited."""
        return least(
            Stray(
                self.pad, ledger, seq, body.key, body.state, body.source, *_when(body.at, anchors)
            )
            for ledger, seq, body in self._strays
        )

    def faults(self, anchors: Mapping[str, Sequence[Anchor]]) -> list[FaultSeen]:
        """What broke and what was mended."""
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
    def unread(self) -> list[Unread]:
        """The entries that say nothing to this version."""
        return least(self._unread)

    def _detail(self, ledger: str, seq: int, body: Detailed) -> str | None:
        if len(body.invitation) > MAX_ID_CHARS:
            return "`invitation` is too long"
        before = self.details.get(body.invitation)
        if before is None or (ledger, seq) > (before.ledger, before.seq):
            self.details[body.invitation] = RatingDetail(
                self.pad, body.invitation, ledger, seq, ",".join(body.options), body.text
            )
        return None

    def _other(self, ledger: str, seq: int, body: AnyBody) -> str | None:
        """Take an entry of the rarer kinds; what is wrong with it, if it does not fit."""
        match body:
            case Clock():
                if max(abs(body.utc), abs(body.mono), abs(body.uncertainty_ms)) > MAX_NUMBER:
                    return "the clock is out of range"
                anchor = anchor_of(body, ledger, seq)
                if anchor is not None:
                    self.anchors.append(anchor)
            case Detailed():
                return self._detail(ledger, seq, body)
            case Strayed():
                self._strays.append((ledger, seq, body))
            case Fault() | Cleared():
                self._faults.append((ledger, seq, body))
            case Salvaged():
                if not _fits(body.ledger, body.seq) or len(body.digest) > MAX_ID_CHARS:
                    return "what was salvaged has no position"
                old = body.body.encode()
                self.salvages.append(
                    Salvage(self.pad, body.ledger, body.seq, body.digest, ledger, seq)
                )
                self.salvaged_bodies.append(old)
                self.feed(body.ledger, body.seq, [old])
            case Opened(previous=before) if before is not None:
                if not all(_fits(before.ledger, n) for n in (1, before.seq or 0)):
                    return "the previous ledger has no position"
                self.openings.append(
                    Opening(self.pad, ledger, before.ledger, before.reason, before.seq)
                )
                self.claims += [
                    Claim(self.pad, before.ledger, first, last, "missing", ledger)
                    for first, last in before.missing
                    if 1 <= first <= last <= MAX_NUMBER
                ]
            case _:
                pass  # opened, booted, paused …: read by whoever needs them, from the raw entries
        return None


def least(rows: Iterable[R]) -> list[R]:
    """One row for each position. A copied card makes two histories of one ledger, the second comes
    in as `salvaged`: whichever of two entries came first, the row that sorts first is shown.
    """
    found: dict[tuple[str, str, int], R] = {}
    for row in rows:
        place = (row.pad, row.ledger, row.seq)
        if place not in found or _says(row) < _says(found[place]):
            found[place] = row
    return list(found.values())


def _says(row: Stray | FaultSeen | Unread) -> tuple[Any, ...]:
    return tuple(row)[OF_ENTRY]


def _as_it_was(salvaged: Salvaged, raw: bytes) -> Salvaged:
    """With the old entry's own bytes: what is compared with the chain must not be mended."""
    told = read_body(raw)
    return msgspec.structs.replace(salvaged, body=told.body if isinstance(told, Salvaged) else "")


def _fits(ledger: str, seq: int) -> bool:
    return 0 < len(ledger) <= MAX_ID_CHARS and 0 <= seq <= MAX_NUMBER


def _when(
    at: At, anchors: Mapping[str, Sequence[Anchor]]
) -> tuple[str, int, int | None, str, int | None]:
    dated: Dated = date(at, anchors.get(at.boot, ()))
    return at.boot, at.mono, dated.utc_ms, dated.by, dated.uncertainty_ms
