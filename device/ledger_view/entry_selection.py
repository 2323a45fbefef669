"""Which entries of a ledger are listed: the ones that are asked for, and of these the newest."""

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from device.ledger_view.entry_filter import EntryFilter
from device.ledger_view.entry_reader import EntryReader, Proof, ReadEntry
from device.ledger_view.entry_words import EntryWords
from device.ledger_view.listed_entry import ListedEntry, listed
from sync.sentence import Sentence

Progress = Callable[[float], None]
_TOLD_EACH = 2000
_BROKEN_NAMED = 10


class Chosen(NamedTuple):
    """An entry that was asked for."""

    read: ReadEntry
    entry: ListedEntry
    wording: EntryWords

    @property
    def words(self) -> Sentence:
        """What it says; to be asked for before the next entry."""
        return self.wording.of(self.entry)


@dataclass(slots=True)
class Selection:
    """The entries of a ledger that are asked for, oldest first; with a `limit` only the newest of
    them. `levels`: with all that they say. `progress` is told the share that was looked at.

    `left_out`: whether there are older ones than the limit takes. `undated`: how many entries have
    no date, and were left out because a period is asked for. Both are known at the end.
    """

    reader: EntryReader
    asked: EntryFilter
    limit: int | None
    levels: bool
    progress: Progress = lambda _: None
    left_out: bool = False
    undated: int = 0
    broken: list[int] = field(default_factory=list)
    """The first entries whose digest does not follow from the one before."""

    def entries(self) -> Iterator[Chosen]:
        """Read them; to be called once. Raises LedgerError."""
        first = self.asked.first_seq
        if self.limit is None:
            yield from self._from(first)
            return
        start = self._start(self.limit)
        if start is not None:
            self.left_out = start > first
            yield from self._from(start)
            return
        newest: deque[Chosen] = deque(maxlen=self.limit)
        for chosen in self._from(first):
            self.left_out = len(newest) == self.limit
            newest.append(chosen)
        yield from newest

    def _start(self, limit: int) -> int | None:
        """The entry with which the newest begin; None where only reading all of them can tell."""
        head, asked = self.reader.facts.head, self.asked
        if self.reader.is_damaged or head is None or asked.case is not None:
            return None
        last = head if asked.last_seq is None else min(head, asked.last_seq)
        if asked.takes_all:
            return max(asked.first_seq, last - limit + 1)
        found = 0
        for read in self.reader.descending(asked.first_seq, last):
            found += asked.takes(listed(read.seq, read.body, levels=False))
            if found == limit:
                return read.seq
        return asked.first_seq

    def _from(self, first: int) -> Iterator[Chosen]:
        words = EntryWords(levels=self.levels)
        of_case: set[str] = set()
        last = self.asked.last_seq or self.reader.facts.head or 0
        for count, read in enumerate(self.reader.ascending(first, self.asked.last_seq), 1):
            if count % _TOLD_EACH == 0 and last >= first:
                self.progress((read.seq - first) / (last - first + 1))
            if read.proof is Proof.BROKEN and len(self.broken) < _BROKEN_NAMED:
                self.broken.append(read.seq)
            entry = listed(read.seq, read.body, levels=self.levels)
            words.learn(entry)
            if (invitation := self.asked.is_of_case(entry)) is not None:
                of_case.add(invitation)
            if self.asked.takes(entry, of_case):
                yield Chosen(read, entry, words)
            elif self.asked.has_period and entry.utc_ms is None:
                self.undated += 1
