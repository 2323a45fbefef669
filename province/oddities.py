"""What a pad's entries say that a person must look at, although every chain holds. Pure.

Such an entry is stored and receipted like any other. It is no error of the store, but it gives no
row, or a row that nobody should trust: it cannot be read, answers an invitation that nobody knows,
rates what has been rated, is dated after it came in, was carried over from a damaged ledger without
proof. One that is told to nobody is as good as lost.
"""

from typing import NamedTuple

AHEAD_MS = 5 * 60_000
"""An entry dated later than this after it came in has a wrong date. The clocks of a pad and of a
province that follow time servers differ by milliseconds; five minutes is what Kerberos allows."""

EARLIEST_MS = 1_577_836_800_000
"""2020-01-01T00:00Z, before any pad of this kind: an entry that its pad dates earlier, although it
says that it knew the time, has a wrong date."""

UNREAD = "unread"
AHEAD = "dated-ahead"
TOO_EARLY = "dated-too-early"
UNINVITED = "not-invited"
RATED_TWICE = "rated-twice"
INVITED_TWICE = "invited-twice"
OPENED_AGAIN = "opened-again"
FORK = "fork"
UNPROVEN = "unproven"
SALVAGE_DIFFERS = "salvage-differs"


class Oddity(NamedTuple):
    """Like entries of one ledger: `entries` of them between `first` and `last`. `detail`: about the
    first of them; where its date is odd, that date in milliseconds since 1970.
    """

    pad: str
    ledger: str
    kind: str
    first: int
    last: int
    entries: int
    detail: str


class _Like:
    """Like entries of one ledger so far. Changed in place: a pad whose clock is wrong has as many
    of them as entries.
    """

    __slots__ = ("detail", "entries", "first", "last")

    def __init__(self, seq: int, detail: str) -> None:
        self.first = self.last = seq
        self.entries = 1
        self.detail = detail

    def add(self, seq: int, detail: str) -> None:
        self.entries += 1
        if seq > self.last:
            self.last = seq
        elif seq < self.first or (seq == self.first and detail < self.detail):
            self.first, self.detail = seq, detail


class Oddities:
    """Collects the oddities of one pad. Bounded by ledgers and kinds, but for unread entries: of
    those each range of like ones is kept, so that every one is named.
    """

    def __init__(self, pad: str) -> None:
        self.pad = pad
        self._found: dict[tuple[str, str], _Like] = {}
        self._unread: list[Oddity] = []

    def add(self, kind: str, ledger: str, seq: int, detail: str) -> None:
        """Take in an entry."""
        like = self._found.get((kind, ledger))
        if like is None:
            self._found[kind, ledger] = _Like(seq, detail)
        else:
            like.add(seq, detail)

    def add_unread(self, ledger: str, seq: int, kind: str, why: str) -> None:
        """Take in an entry that gives no row: of this kind of entry, for this reason."""
        detail = f"{kind or 'no kind'}: {why}"
        before = self._unread[-1] if self._unread else None
        follows = before is not None and (before.ledger, before.last + 1) == (ledger, seq)
        if before is not None and follows and before.detail == detail:
            self._unread[-1] = before._replace(last=seq, entries=before.entries + 1)
        else:
            self._unread.append(Oddity(self.pad, ledger, UNREAD, seq, seq, 1, detail))

    def found(self) -> list[Oddity]:
        """All of them, by ledger and place."""
        alike = [
            Oddity(self.pad, ledger, kind, like.first, like.last, like.entries, like.detail)
            for (kind, ledger), like in self._found.items()
        ]
        return sorted([*alike, *self._unread], key=lambda odd: (odd.ledger, odd.first, odd))
