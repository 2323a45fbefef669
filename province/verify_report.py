"""What `ratingpad-province verify` finds, for a person and for a program, and its exit code.

Lines that begin with `look at:` name what a person must look at, and
the last line says `sound` only where there is nothing of the kind that nobody has looked at yet
(`looked_at.py`).
"""

import enum
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import msgspec

from province.errors import ProvinceCode, ProvinceError
from province.errors_zh import in_chinese
from province.looked_at import Sorted, sort_findings
from province.oddities import SALVAGE_DIFFERS, Oddity
from province.store.reading import Incident, Lost, RefusalSeen
from province.verify import StoreVerdict
from sync.language import CHINESE, ENGLISH, tr
from sync.printing import Tone, error_words
from sync.sentence import Sentence
from sync.shown_text import shown, shown_utc


class StoredEntryReport(msgspec.Struct, frozen=True):
    """The first entry at which a ledger's chain is broken."""

    ledger: str
    entry: int
    problem: str


class RowReport(msgspec.Struct, frozen=True):
    """The first row of a pad's derived table that is wrong."""

    table: str
    pad: str
    key: str
    problem: str


class LookedAtReport(msgspec.Struct, frozen=True):
    """A finding that a person has looked at, and why it may stand."""

    finding: str
    reason: str


class StoreReport(msgspec.Struct, frozen=True):
    """What `ratingpad-province verify --json` prints. `outcome`: sound, not_sound, or look (a
    person must). Findings are the English lines.
    """

    outcome: str
    pads: int
    ledgers: int
    entries: int
    ratings: int
    lost: int
    doubled: int
    bad_entries: list[StoredEntryReport]
    bad_rows: list[RowReport]
    to_look_at: list[str]
    looked_at: list[LookedAtReport]
    not_found_any_more: list[str]


class Outcome(enum.Enum):
    """The last words, and the exit code."""

    SOUND = (Sentence("sound"), 0)
    NOT_SOUND = (Sentence("NOT SOUND"), 1)
    LOOK = (Sentence("a person must look (需人工核查)"), 3)

    @property
    def says(self) -> Sentence:
        """The words at the end of the last line."""
        return self.value[0]

    @property
    def tone(self) -> Tone:
        """Its colour."""
        return {0: Tone.GOOD, 1: Tone.BAD}.get(self.exit_code, Tone.LOOK)

    @property
    def exit_code(self) -> int:
        """2 is left out: it is for a store that could not be read."""
        return int(self.value[1])


OUTCOMES = {Outcome.SOUND: "sound", Outcome.NOT_SOUND: "not_sound", Outcome.LOOK: "look"}
"""The same for a program."""


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
        return sort_findings(self._findings(), self.reasons, _forms)

    def lines(self) -> Iterator[tuple[str, Tone]]:
        """The whole output, line by line: what nobody has looked at first. To be printed by `say`,
        which makes the lines safe to show.
        """
        found = self._sorted
        yield from ((line, Tone.LOOK) for line in found.open)
        for line, reason in found.looked_at:
            yield Sentence("looked at ({reason}): {line}", reason=reason, line=line), Tone.PLAIN
        for line in found.gone:
            yield Sentence("not found any more: {line}", line=line), Tone.PLAIN
        yield from self._verdict_lines(len(found.looked_at))

    def document(self) -> StoreReport:
        """For a program."""
        verdict, found = self.verdict, self._sorted
        return StoreReport(
            outcome=OUTCOMES[self.outcome],
            pads=verdict.pads,
            ledgers=verdict.ledgers,
            entries=verdict.entries,
            ratings=verdict.ratings,
            lost=verdict.lost,
            doubled=verdict.doubled,
            bad_entries=[
                StoredEntryReport(one.ledger, one.seq, str(one.problem))
                for one in verdict.bad_entries
            ],
            bad_rows=[
                RowReport(row.table, row.pad, row.key, str(row.problem)) for row in verdict.bad_rows
            ],
            to_look_at=[shown(line) for line in found.open],
            looked_at=[LookedAtReport(shown(line), reason) for line, reason in found.looked_at],
            not_found_any_more=found.gone,
        )

    def _findings(self) -> Iterator[Sentence]:
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

    def _verdict_lines(self, looked_at: int) -> Iterator[tuple[str, Tone]]:
        verdict = self.verdict
        for entry in verdict.bad_entries:
            place = Sentence(
                "ledger {ledger}: entry {seq} {problem}",
                ledger=entry.ledger,
                seq=entry.seq,
                problem=entry.problem,
            )
            yield _worded(place, ProvinceCode.CHAIN_BROKEN), Tone.BAD
        for row in verdict.bad_rows:
            place = Sentence(
                "{table} of pad {pad}, {key}: {problem}",
                table=row.table,
                pad=row.pad,
                key=row.key,
                problem=row.problem,
            )
            yield _worded(place, ProvinceCode.DERIVED_WRONG), Tone.BAD
        counts = Sentence(
            "pads {pads}, ledgers {ledgers}, entries {entries}, ratings {ratings}, lost {lost},"
            " doubled {doubled}",
            pads=verdict.pads,
            ledgers=verdict.ledgers,
            entries=verdict.entries,
            ratings=verdict.ratings,
            lost=verdict.lost,
            doubled=verdict.doubled,
        )
        if looked_at:
            counts = Sentence("{counts}, looked at {looked_at}", counts=counts, looked_at=looked_at)
        last = Sentence("{counts}: {outcome}", counts=counts, outcome=self.outcome.says)
        yield Sentence.joined("", (self.checked, last)), self.outcome.tone


def _worded(place: Sentence, code: ProvinceCode) -> str:
    return error_words(ProvinceError(place, code), in_chinese)


def _forms(finding: str) -> tuple[str, ...]:
    """A finding as it is printed in each language."""
    return tuple(shown(tr(finding, language)) for language in (ENGLISH, CHINESE))


def _span(first: int, last: int) -> str:
    return f"{first}" if first == last else f"{first}-{last}"


def _lost(hole: Lost) -> Sentence:
    return Sentence(
        "lost: pad {pad}, ledger {ledger}, entries {span} ({reason})",
        pad=hole.pad,
        ledger=hole.ledger,
        span=_span(hole.first, hole.last),
        reason=hole.reason,
    )


def _look_at(pad: str, ledger: str, what: str) -> Sentence:
    if not ledger:
        return Sentence("look at: pad {pad}, {what}", pad=pad, what=what)
    return Sentence(
        "look at: pad {pad}, ledger {ledger}, {what}", pad=pad, ledger=ledger, what=what
    )


def _incident(row: Incident) -> Sentence:
    what = Sentence.joined(": ", (row.kind, row.detail))
    if row.times > 1:
        span = Sentence(
            "{times} times, {first} to {last}",
            times=row.times,
            first=shown_utc(row.first_ms),
            last=shown_utc(row.last_ms),
        )
        if row.last_detail != row.detail:
            span = Sentence("{span}, the last: {detail}", span=span, detail=row.last_detail)
        what = Sentence("{what} ({span})", what=what, span=span)
    return _look_at(row.pad, row.ledger, what)


def _oddity(odd: Oddity) -> Sentence:
    detail: str = odd.detail
    if odd.kind.startswith("dated-"):
        detail = Sentence("the first is dated {date}", date=shown_utc(int(odd.detail)))
    span = _span(odd.first, odd.last)
    if odd.first == odd.last:
        what = Sentence("entry {span}", span=span)
    elif odd.entries < odd.last - odd.first + 1:
        what = Sentence("entries {span}, {count} of them", span=span, count=odd.entries)
    else:
        what = Sentence("entries {span}", span=span)
    return _look_at(odd.pad, odd.ledger, Sentence.joined(": ", (odd.kind, what, detail)))


def _refusal(row: RefusalSeen) -> Sentence:
    what = Sentence(
        "refused: {problem}, {times} times, the last at {date}: {detail}",
        problem=row.problem,
        times=row.times,
        date=shown_utc(row.last_ms),
        detail=row.detail,
    )
    return _look_at(row.pad, "", what)
