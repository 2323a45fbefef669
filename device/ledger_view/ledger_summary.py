"""A ledger in twenty lines: whose it is, what is in it, and what the province does not have yet.

Every entry is read once, and held against the digest of the one before it. No level is in it.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from device.ledger_view.entry_reader import EntryReader, Proof, is_set_aside
from device.ledger_view.entry_words import KIND_WORDS
from device.ledger_view.listed_entry import ListedEntry, listed
from device.ledger_view.listing_forms import facts_record
from sync.beijing_time import shown_beijing
from sync.columns import aligned, columns, padded
from sync.entries import Booted, Fault, Invited
from sync.language import tr
from sync.printing import Tone
from sync.sentence import Sentence
from sync.shown_text import shown

_TOLD_EACH = 2000

Progress = Callable[[float], None]


@dataclass(slots=True)
class LedgerSummary:
    """What the entries of a ledger say together; made by `summarize`.

    `kinds`: how many of each. `last_seq`: the last one that was read. `broken`: the first entry
    whose digest does not follow, `unproven` how many have no entry before them.
    """

    reader: EntryReader
    kinds: Counter[str] = field(default_factory=Counter)
    last_seq: int = 0
    first_ms: int | None = None
    last_ms: int | None = None
    undated: int = 0
    window: str | None = None
    booted: Booted | None = None
    fault: Fault | None = None
    broken: int | None = None
    unproven: int = 0
    set_aside: tuple[str, ...] = ()

    @property
    def is_good(self) -> bool:
        """Whether nothing is missing and every digest follows."""
        return not (self.reader.remarks or self.broken or self.unproven or self.reader.gone)

    @property
    def not_receipted(self) -> int | None:
        """How many entries the province may not have; None where that is not known."""
        receipted = self.reader.facts.receipted
        return None if receipted is None else max(0, self.last_seq - receipted)

    def add(self, entry: ListedEntry, proof: Proof) -> None:
        """Count an entry, in order."""
        self.kinds[entry.kind] += 1
        self.last_seq = entry.seq
        utc_ms = entry.utc_ms
        if utc_ms is None:
            self.undated += 1
        else:
            self.first_ms = utc_ms if self.first_ms is None else min(self.first_ms, utc_ms)
            self.last_ms = utc_ms if self.last_ms is None else max(self.last_ms, utc_ms)
        if proof is Proof.BROKEN and self.broken is None:
            self.broken = entry.seq
        self.unproven += proof is Proof.NONE
        match entry.body:
            case Booted():
                self.booted = entry.body
            case Invited(window=window):
                self.window = window
            case Fault():
                self.fault = entry.body
            case _:
                pass

    def lines(self) -> Iterator[tuple[str, Tone]]:
        """For people, safe to show."""
        yield shown(str(self.reader.path)), Tone.PLAIN
        rows = [(tr(name), shown(tr(text)), tone) for name, text, tone in self._rows()]
        wide = max(columns(name) for name, _, _ in rows)
        yield from ((f"  {padded(name, wide)}  {text}", tone) for name, text, tone in rows)
        yield "", Tone.PLAIN
        counted = [(tr("kind"), tr("entries"))]
        for kind, count in sorted(self.kinds.items(), key=lambda item: _order(item[0])):
            word = KIND_WORDS.get(kind)
            name = shown(kind, 16) if word is None else tr(word)
            counted.append((name or tr("not readable"), f"{count:,}"))
        wide = max(columns(number) for _, number in counted)
        counted = [(name, " " * (wide - columns(number)) + number) for name, number in counted]
        yield from ((f"  {line}", Tone.PLAIN) for line in aligned(counted))

    def _rows(self) -> Iterator[tuple[Sentence, Sentence, Tone]]:
        for name, text in self._facts():
            yield name, text, Tone.PLAIN
        yield Sentence("chain"), self._chain(), Tone.GOOD if self.is_good else Tone.BAD
        if self.reader.gone:
            words = Sentence.counted(
                "{count} entry is missing at the end, says the note beside the file",
                "{count} entries are missing at the end, says the note beside the file",
                count=self.reader.gone,
            )
            yield Sentence("gone"), words, Tone.BAD
        for remark in self.reader.remarks:
            yield Sentence("look at"), remark, Tone.LOOK
        for name, text in self._last():
            yield name, text, Tone.PLAIN

    def _facts(self) -> Iterator[tuple[Sentence, Sentence]]:
        facts = self.reader.facts
        yield Sentence("pad"), self._pad()
        yield Sentence("ledger"), self._ledger()
        yield Sentence("entries"), self._entries()
        if self.first_ms is not None and self.last_ms is not None:
            yield (
                Sentence("period"),
                Sentence(
                    "{first} to {last}, Beijing time",
                    first=shown_beijing(self.first_ms),
                    last=shown_beijing(self.last_ms),
                ),
            )
        if self.undated:
            yield (
                Sentence("no date"),
                Sentence.counted(
                    "{count} entry: the pad did not know the time",
                    "{count} entries: the pad did not know the time",
                    count=self.undated,
                ),
            )
        if facts.receipted is not None:
            yield Sentence("province"), self._province(facts.receipted)

    def _last(self) -> Iterator[tuple[Sentence, Sentence]]:
        if self.booted is not None:
            yield (
                Sentence("last start"),
                Sentence(
                    "number {boots}, ratingpad {version}, board {board}",
                    boots=self.booted.boots,
                    version=self.booted.agent,
                    board=self.booted.board,
                ),
            )
        if self.fault is not None:
            yield Sentence("last fault"), self._fault(self.fault)
        if self.set_aside:
            yield Sentence("beside it"), Sentence.joined(", ", self.set_aside)

    def _pad(self) -> Sentence:
        pad = self.reader.facts.pad
        if self.window is None:
            return Sentence.joined("", [pad])
        return Sentence("{pad}, window {window}", pad=pad, window=self.window)

    def _ledger(self) -> Sentence:
        facts = self.reader.facts
        if facts.previous is None:
            return Sentence.joined("", [facts.ledger])
        return Sentence(
            "{ledger}, after ledger {before}: {reason}",
            ledger=facts.ledger,
            before=facts.previous.ledger,
            reason=facts.previous.reason,
        )

    def _entries(self) -> Sentence:
        count, last = f"{self.kinds.total():,}", f"{self.last_seq:,}"
        if not self.reader.facts.pruned:
            return Sentence("{count}, the last is number {last}", count=count, last=last)
        return Sentence(
            "{count}, the last is number {last}; those up to {pruned} were removed after their"
            " receipt",
            count=count,
            last=last,
            pruned=f"{self.reader.facts.pruned:,}",
        )

    def _province(self, receipted: int) -> Sentence:
        if not self.not_receipted:
            return Sentence("has receipted all of it")
        return Sentence.counted(
            "has receipted up to entry {receipted}; {count} entry waits, as far as the file knows",
            "has receipted up to entry {receipted}; {count} entries wait, as far as the file knows",
            count=self.not_receipted,
            receipted=receipted,
        )

    def _chain(self) -> Sentence:
        if self.broken is not None:
            return Sentence(
                "BROKEN at entry {seq}: it or the one before was changed; run `ratingpad verify`",
                seq=self.broken,
            )
        if not self.is_good:
            return Sentence("NOT WHOLE; run `ratingpad verify`")
        return Sentence("every digest follows; `ratingpad verify` also examines the file itself")

    def _fault(self, fault: Fault) -> Sentence:
        time = tr("not known") if fault.at.utc is None else shown_beijing(fault.at.utc)
        if not fault.detail:
            return Sentence("{code}, {time}", code=fault.code, time=time)
        return Sentence("{code}, {time}: {detail}", code=fault.code, time=time, detail=fault.detail)

    def record(self) -> dict[str, Any]:
        """For `--json`."""
        return {
            **facts_record(self.reader.facts),
            "last_seq": self.last_seq,
            "file": str(self.reader.path),
            "window": self.window,
            "entries": self.kinds.total(),
            "kinds": dict(sorted(self.kinds.items(), key=lambda item: _order(item[0]))),
            "first_ms": self.first_ms,
            "last_ms": self.last_ms,
            "undated": self.undated,
            "not_receipted": self.not_receipted,
            "chain": "broken" if self.broken else "good" if self.is_good else "not whole",
            "broken": self.broken,
            "unproven": self.unproven,
            "gone": self.reader.gone,
            "remarks": [str(remark) for remark in self.reader.remarks],
            "set_aside": list(self.set_aside),
        }


def summarize(reader: EntryReader, progress: Progress = lambda _: None) -> LedgerSummary:
    """Read all entries of a ledger once. Raises LedgerError."""
    summary = LedgerSummary(reader, set_aside=tuple(_set_aside(reader.path)))
    head = reader.facts.head or 0
    for count, read in enumerate(reader.ascending(), 1):
        if count % _TOLD_EACH == 0 and head:
            progress(read.seq / head)
        summary.add(listed(read.seq, read.body, levels=False), read.proof)
    return summary


def _set_aside(path: Path) -> Iterator[str]:
    """The names of the files that earlier rollovers have set aside."""
    try:
        names = sorted(file.name for file in path.parent.iterdir())
    except OSError:
        return
    for name in names:
        if name.startswith(path.name) and is_set_aside(path.with_name(name)):
            yield name


def _order(kind: str) -> int:
    known = list(KIND_WORDS)
    return known.index(kind) if kind in known else len(known)
