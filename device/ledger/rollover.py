"""Replacing a ledger's file by a new ledger, safe against a power cut at any moment.

1. The new file is written completely, as `<name>.new`.
2. The old file, its WAL and its note are renamed: `<name>.damaged-1`, `<name>.cut-2`,
   `<name>.superseded-3`, … They are never deleted.
3. The new file is renamed to `<name>`.

Each step is durable before the next begins. A start that finds no file at `<name>` sees from the
other files how far a rollover came, and finishes it (`ensure_file`). A salvage that was interrupted
in the first step goes on where it was (`new_file.py`, `record_index.py`), as often as that happens;
a rollover of an intact ledger is begun again, from the old ledger, which has lost nothing by it.
"""

import logging
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from device.errors import LedgerError, PadCode
from device.ledger import head_note
from device.ledger.file import COMPANIONS, beside, sync_folder
from device.ledger.new_file import NewFile
from device.ledger.record_index import content_digest, discard_index
from device.ledger.salvage import Carryover, carve
from device.ledger.verify import Defect
from sync.entries import At, HashName, Opened, Predecessor

log = logging.getLogger(__name__)

_COMPANIONS = (*COMPANIONS, head_note.SUFFIX)
_REASONS = {"superseded": "diverged"}
"""What `previous.reason` says for a file that was set aside; of the others it is the same word."""
_READ_SHARE = 0.5
CUT = "cut"
"""`previous.reason` of a ledger whose last entries are gone."""
UNKNOWN_LEDGER = "unknown"
"""The id of a ledger whose first entry and whose lock file are both lost."""


@dataclass(frozen=True, slots=True)
class Rollover:
    """Makes the ledgers at `path`. `last_ledger`: the id from the lock file, used when the ledger's
    own file cannot be read. Not thread-safe; the caller holds the ledger's lock.
    """

    path: Path
    pad: str
    at: Callable[[], At]
    hash_name: HashName
    new_id: Callable[[], str]
    last_ledger: str
    progress: Callable[[float], None] = lambda _: None
    """Told which share of a salvage is done, 0 to 1."""

    def ensure_file(self) -> str | None:
        """Make sure that there is a file at `path`: finish a rollover, or begin a ledger. Returns
        why the ledger is a new one, when there was one before it.

        Raises sqlite3.Error and OSError when it cannot be written.
        """
        if self.path.exists():
            return None
        asides = self._set_aside_files()
        left = [c for c in _COMPANIONS if beside(self.path, c).exists()]
        if left:
            # They are of the last set-aside file, when the power went before they were renamed; of
            # a ledger that is gone, when that file has its own.
            if not asides or any(beside(asides[-1], c).exists() for c in left):
                asides.append(self._next_aside("damaged"))
            self._move_companions(asides[-1])
        opened = self._new_file.opened()
        if opened is None and asides:
            kind = asides[-1].name.removeprefix(f"{self.path.name}.").partition("-")[0]
            opened = self._salvage(asides[-1], _REASONS.get(kind, kind))
        elif opened is None:
            self._new_file.discard()
            opened = self._new_file.write(self._of_lost_file(), "lost")
        self._new_file.take_its_name()
        if opened.previous is None:
            return None
        where = "its file is gone"
        if asides and asides[-1].exists():
            where = f"set aside as {asides[-1].name}"
        elif asides:
            where += f"; what was left beside it is set aside as {asides[-1].name}"
        self._log(opened.previous, where)
        return _in_words(opened.previous, where)

    def replace_damaged(self, defect: Defect) -> str:
        """Replace the damaged file by a new ledger with the salvaged entries; returns the fault's
        text, which begins with `defect`.

        Raises LedgerError (L06) when the file is no ledger or is another pad's; then it stays as it
        is. When the lock file names a ledger, the file was one, however little of it can be read.
        """
        reason = CUT if defect.is_cut else "damaged"
        opened = self._salvage(self.path, reason, defect)
        aside = self._set_aside(reason)
        self._new_file.take_its_name()
        # Not the defect's own text: SQLite may quote the file in it, and there are levels (law 7).
        place = "" if defect.seq is None else f"from entry {defect.seq} on; "
        self._log(opened.previous, f"{place}set aside as {aside.name}")
        return _in_words(opened.previous, f"{defect}; set aside as {aside.name}")

    def _log(self, previous: Predecessor | None, cause: str) -> None:
        """Log what the fault's log line leaves out: file, entries, remedy."""
        is_cut = previous is not None and previous.reason == CUT
        code = PadCode.LEDGER_CUT if is_cut else PadCode.LEDGER_DAMAGED
        words = _in_words(previous, cause)
        log.warning("%s %s: %s. %s", code.code, self.path, words, code.remedy)

    def _salvage(self, path: Path, reason: str, defect: Defect | None = None) -> Opened:
        """Write the new file from what can be read at `path`, or finish one that was begun; returns
        its first entry. Raises LedgerError (L06) as `replace_damaged`.
        """
        source = content_digest(path)
        opened = self._new_file.opened(source)
        if opened is not None:
            return opened  # the power went before the old file was set aside
        begun = self._new_file.begun(source)
        with carve(
            path,
            ledger=self.last_ledger or UNKNOWN_LEDGER,
            hash_name=self.hash_name,
            base=self.path,
            source=source,
            after=begun.after if begun is not None else 0,
            progress=lambda share: self.progress(_READ_SHARE * share),
        ) as carryover:
            if defect is not None:
                self._refuse_foreign(carryover, defect)
            if carryover.unproven:
                log.warning(
                    "%s: of %d entries nothing proves the content, because those before them are"
                    " lost; they are carried over as unproven, and count for nothing",
                    self.path,
                    carryover.unproven,
                )
            return self._new_file.write(carryover, reason, source, begun)

    def _refuse_foreign(self, carryover: Carryover, defect: Defect) -> None:
        if carryover.is_foreign and not self.last_ledger:
            raise LedgerError(f"{self.path} is no ledger ({defect})", PadCode.LEDGER_FOREIGN)
        if carryover.pad not in ("", self.pad):
            raise LedgerError(
                f"{self.path} belongs to pad {carryover.pad}, not {self.pad}",
                PadCode.LEDGER_FOREIGN,
            )

    def discard_leftovers(self) -> None:
        """Delete what an interrupted rollover has left. To be called when the ledger at `path` is
        sound: then nothing is to be done with it.
        """
        self._new_file.discard()
        discard_index(self.path)

    def prepare(self, carryover: Carryover, reason: str) -> None:
        """Write the new file while the old ledger is still open; `replace_intact` then puts it in
        place.
        """
        self._new_file.discard()
        self._new_file.write(carryover, reason)

    def replace_intact(self) -> Path:
        """Rename the intact, closed ledger to `.superseded-<n>`, and the prepared file to its name.
        Returns the old file's new path. Raises OSError.
        """
        aside = self._set_aside("superseded")
        self._new_file.take_its_name()
        return aside

    def _of_lost_file(self) -> Carryover | None:
        """What is known of a ledger whose file is missing: its id, from the lock file."""
        if not self.last_ledger:
            return None
        return Carryover(ledger=self.last_ledger, pad=self.pad, hash_name=self.hash_name)

    @property
    def _new_file(self) -> NewFile:
        return NewFile(
            self.path,
            self.pad,
            self.at,
            self.hash_name,
            self.new_id,
            lambda share: self.progress(_READ_SHARE + (1 - _READ_SHARE) * share),
        )

    def _set_aside_files(self) -> list[Path]:
        """The files of earlier rollovers, oldest first."""
        shape = re.compile(
            re.escape(self.path.name) + r"\.(?:damaged|cut|superseded)-(\d+)(?:-wal|\.head)?"
        )
        found: dict[int, Path] = {}
        for path in self.path.parent.iterdir():
            match = shape.fullmatch(path.name)
            if match is not None:
                found[int(match[1])] = path.with_name(
                    path.name.removesuffix("-wal").removesuffix(head_note.SUFFIX)
                )
        return [found[n] for n in sorted(found)]

    def _set_aside(self, reason: str) -> Path:
        """Rename the file and its companions to the next free `<name>.<reason>-<n>`."""
        aside = self._next_aside(reason)
        self.path.rename(aside)
        sync_folder(self.path)
        self._move_companions(aside)
        return aside

    def _next_aside(self, reason: str) -> Path:
        numbers = [int(p.name.rpartition("-")[2]) for p in self._set_aside_files()]
        return beside(self.path, f".{reason}-{max(numbers, default=0) + 1}")

    def _move_companions(self, aside: Path) -> None:
        """Rename WAL, shared memory and journal as their file was renamed. A WAL that stays behind
        beside a new file of the same name would be written into that file by SQLite.
        """
        for companion in _COMPANIONS:
            old = beside(self.path, companion)
            if old.exists():
                old.rename(beside(aside, companion))
        sync_folder(self.path)


def _in_words(previous: Predecessor | None, cause: str) -> str:
    """The text of the fault: the cause, and which entries of the old ledger are missing."""
    if previous is None:
        return cause
    if previous.seq is None and not previous.missing:
        return f"{cause}; what ledger {previous.ledger} held is not known"
    gaps = ", ".join(f"{a}" if a == b else f"{a}-{b}" for a, b in previous.missing)
    return f"{cause}; ledger {previous.ledger}: " + (f"missing {gaps}" if gaps else "none missing")
