"""Which entries of a ledger are asked for. Pure."""

import re
from collections.abc import Set
from dataclasses import dataclass

from device.ledger_view.listed_entry import ListedEntry
from sync.entries import Invited
from sync.sentence import Sentence

SHORTEST_TAIL = 6
"""So many characters at the end of an invitation's id are enough to name it."""
_RANGE = re.compile(r"(\d{1,16})|(\d{1,16})?-(\d{1,16})?", re.ASCII)


@dataclass(frozen=True, slots=True)
class EntryFilter:
    """What is asked for; what is None is not asked about. `kinds`: of a `salvaged` also the kind
    of the entry that it carries. `last_seq` and `last_ms` are the last that count. `invitation`: an
    id or the end of one. An entry without a date is in no period.
    """

    kinds: frozenset[str] = frozenset()
    first_seq: int = 1
    last_seq: int | None = None
    first_ms: int | None = None
    last_ms: int | None = None
    invitation: str | None = None
    case: str | None = None
    boot: str | None = None

    @property
    def takes_all(self) -> bool:
        """Whether nothing is asked about but the numbers of the entries."""
        return not self.kinds and all(
            asked is None
            for asked in (self.first_ms, self.last_ms, self.invitation, self.case, self.boot)
        )

    @property
    def has_period(self) -> bool:
        """Whether a date is asked about."""
        return self.first_ms is not None or self.last_ms is not None

    def takes(self, entry: ListedEntry, of_case: Set[str] = frozenset()) -> bool:
        """Whether an entry is asked for. `of_case`: the invitations of `case`, as far as known."""
        if self.kinds and not self.kinds & {entry.kind, entry.carried and entry.carried.kind}:
            return False
        if self.boot is not None and entry.boot != self.boot:
            return False
        return self._in_period(entry) and self._of_invitation(entry, of_case)

    def is_of_case(self, entry: ListedEntry) -> str | None:
        """The invitation, if the entry is the `invited` of the case that is asked for."""
        body = entry.itself
        if isinstance(body, Invited) and self.case is not None and body.service.case == self.case:
            return body.invitation
        return None

    def _in_period(self, entry: ListedEntry) -> bool:
        if not self.has_period:
            return True
        utc_ms = entry.utc_ms
        return (
            utc_ms is not None
            and (self.first_ms is None or utc_ms >= self.first_ms)
            and (self.last_ms is None or utc_ms <= self.last_ms)
        )

    def _of_invitation(self, entry: ListedEntry, of_case: Set[str]) -> bool:
        if self.invitation is None and self.case is None:
            return True
        invitation = getattr(entry.itself, "invitation", None)
        if invitation is None:
            return False
        if self.invitation is not None and not invitation.endswith(self.invitation):
            return False
        return self.case is None or invitation in of_case


def seq_range(text: str) -> tuple[int, int | None]:
    """The first and the last number of `7`, `5-10`, `5-` or `-10`. Raises ValueError."""
    match = _RANGE.fullmatch(text.strip())
    if match is None or not any(match.groups()):
        raise ValueError(
            Sentence("{text!r} is no number and no range like 5-10, 5- or -10", text=text)
        )
    one, begin, end = (int(part) if part else None for part in match.groups())
    first, last = (one, one) if one is not None else (1 if begin is None else begin, end)
    if first < 1 or (last is not None and last < first):
        raise ValueError(Sentence("{text!r} has no entry in it", text=text))
    return first, last
