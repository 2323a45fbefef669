"""What `ratingpad-province verify` prints, and its exit code.

Every line is safe to show. Lines that begin with `look at:` name what a person must look at, and
the last line says `sound` only where there is nothing of the kind that nobody has looked at yet
(`looked_at.py`).
"""

import enum
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from province.errors import ProvinceCode, ProvinceError
from province.looked_at import LOOK_AT, LOST, Sorted, sort_findings
from province.oddities import SALVAGE_DIFFERS, Oddity
from province.store.reading import Incident, Lost, RefusalSeen
from province.verify import StoreVerdict
from sync.shown_text import shown, shown_utc


class Outcome(enum.Enum):
    """The last words, and the exit code."""

    SOUND = ("sound", 0)
    NOT_SOUND = ("NOT SOUND", 1)
    LOOK = ("a person must look (需人工核查)", 3)

    @property
    def says(self) -> str:
        """The words at the end of the last line."""
        return str(self.value[0])

    @property
    def exit_code(self) -> int:
        """2 is left out: it is for a store that could not be read."""
        return int(self.value[1])


@dataclass(frozen=True)
class Findings:
    """All that `verify` tells: what was computed again, and what the store has on record.
    `reasons`: of the findings that a person has looked at, by their lines. `checked`: when, to
    begin the last line with.
    """

    verdict: StoreVerdict
    lost: Sequence[Lost] = ()
    incidents: Sequence[Incident] = ()
    refusals: Sequence[RefusalSeen] = ()
    reasons: Mapping[str, str] = field(default_factory=dict)
    checked: str = ""

    @property
    def outcome(self) -> Outcome:
        """A broken chain or a wrong row outranks what a person must look at."""
        if not self.verdict.sound:
            return Outcome.NOT_SOUND
        return Outcome.LOOK if self._sorted.open else Outcome.SOUND

    @cached_property
    def _sorted(self) -> Sorted:
        return sort_findings(map(shown, self._findings()), self.reasons)

    def lines(self) -> Iterator[str]:
        """The whole output, line by line: what nobody has looked at first."""
        found = self._sorted
        yield from found.open
        for line, reason in found.looked_at:
            yield f"looked at ({shown(reason)}): {line}"
        for line in found.gone:
            yield f"not found any more: {shown(line)}"
        yield from map(shown, self._verdict_lines(len(found.looked_at)))

    def _findings(self) -> Iterator[str]:
        """What a person must look at."""
        verdict = self.verdict
        yield from map(_lost, self.lost)
        # What `verify` counts itself is the same whatever arrived first; an incident is not.
        counted = {(odd.pad, odd.kind) for odd in verdict.oddities if odd.kind == SALVAGE_DIFFERS}
        incidents = [row for row in self.incidents if (row.pad, row.kind) not in counted]
        yield from map(_incident, incidents)
        on_record = {(row.pad, row.kind, row.ledger) for row in incidents}
        for odd in verdict.oddities:
            if (odd.pad, odd.kind, odd.ledger) not in on_record:
                yield _oddity(odd)
        yield from map(_refusal, self.refusals)

    def _verdict_lines(self, looked_at: int) -> Iterator[str]:
        verdict = self.verdict
        for entry in verdict.bad_entries:
            place = f"ledger {entry.ledger}: entry {entry.seq} {entry.problem}"
            yield str(ProvinceError(place, ProvinceCode.CHAIN_BROKEN))
        for row in verdict.bad_rows:
            place = f"{row.table} of pad {row.pad}, {row.key}: {row.problem}"
            yield str(ProvinceError(place, ProvinceCode.DERIVED_WRONG))
        yield (
            f"{self.checked}pads {verdict.pads}, ledgers {verdict.ledgers},"
            f" entries {verdict.entries}, ratings {verdict.ratings},"
            f" lost {verdict.lost}, doubled {verdict.doubled}"
            f"{f', looked at {looked_at}' if looked_at else ''}: {self.outcome.says}"
        )


def _span(first: int, last: int) -> str:
    return f"{first}" if first == last else f"{first}-{last}"


def _lost(hole: Lost) -> str:
    place = f"pad {hole.pad}, ledger {hole.ledger}"
    return f"{LOST}{place}, entries {_span(hole.first, hole.last)} ({hole.reason})"


def _incident(row: Incident) -> str:
    place = f"pad {row.pad}, ledger {row.ledger}" if row.ledger else f"pad {row.pad}"
    times = ""
    if row.times > 1:
        span = f"{shown_utc(row.first_ms)} to {shown_utc(row.last_ms)}"
        last = f", the last: {row.last_detail}" if row.last_detail != row.detail else ""
        times = f" ({row.times} times, {span}{last})"
    return f"{LOOK_AT}{place}, {row.kind}: {row.detail}{times}"


def _oddity(odd: Oddity) -> str:
    span, detail = _span(odd.first, odd.last), odd.detail
    if odd.kind.startswith("dated-"):
        detail = f"the first is dated {shown_utc(int(detail))}"
    many = f", {odd.entries} of them" if odd.entries < odd.last - odd.first + 1 else ""
    what = f"entry {span}" if odd.first == odd.last else f"entries {span}{many}"
    return f"{LOOK_AT}pad {odd.pad}, ledger {odd.ledger}, {odd.kind}: {what}: {detail}"


def _refusal(row: RefusalSeen) -> str:
    when = f"the last at {shown_utc(row.last_ms)}"
    return (
        f"{LOOK_AT}pad {row.pad}, refused: {row.problem}, {row.times} times, {when}: {row.detail}"
    )
