"""How one ledger file takes the place of another, whenever the power goes.

The successor is written completely beside the old file (`<name>.new`), then the old file and its
WAL are renamed (`<name>.damaged-1`, `<name>.superseded-2`, …; never deleted), then the successor
gets the name. Every step is durable before the next. While the name is missing the next start
knows from what it finds how far this came, and finishes it.
"""

import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from device.errors import LedgerError, PadCode
from device.ledger.file import (
    FILE_ERRORS,
    beside,
    connect_to_read,
    create,
    is_damage,
    may_be_written,
    seal,
    sync_folder,
)
from device.ledger.salvage import Survivors, carve
from device.ledger.verify import examine
from sync.entries import (
    FORMAT,
    GENESIS,
    At,
    Body,
    HashName,
    Opened,
    Predecessor,
    Salvaged,
    next_digest,
    read_body,
    write_body,
)

_COMPANIONS = ("-wal", "-shm", "-journal")
MAX_GAPS = 200
"""So many ranges of missing entries fit into `opened`, and that into `salvaged` later on."""
UNKNOWN_LEDGER = "unknown"
"""Names a ledger whose first entry is lost and whose lock file is lost too."""


@dataclass(frozen=True, slots=True)
class Rollover:
    """Births of ledgers at `path`. `last_ledger`: the id to believe when the file cannot tell."""

    path: Path
    pad: str
    at: Callable[[], At]
    hash_name: HashName
    new_id: Callable[[], str]
    last_ledger: str

    def settle(self) -> str | None:
        """Make sure that there is a file at `path`; why it is a new one, if one came before.

        Raises sqlite3.Error and OSError when it cannot be written.
        """
        if self.path.exists():
            self._discard_unborn()
            return None
        asides = self._set_aside_files()
        if asides:
            self._move_companions(asides[-1])
        elif any(beside(self.path, c).exists() for c in _COMPANIONS):
            asides = [beside(self.path, ".damaged-1")]
            self._move_companions(asides[-1])
        previous = self._born()
        if previous is None:
            self._discard_unborn()
            if not asides:
                self._bear(self._vanished(), "lost")
            else:
                word = "diverged" if ".superseded-" in asides[-1].name else "damaged"
                self._bear(self._carve(asides[-1]), word)
            previous = self._born()
        self._give_name()
        if previous is None or previous.previous is None:
            return None
        where = f"set aside as {asides[-1].name}" if asides else "its file is gone"
        return _told(previous.previous, where)

    def replace_damaged(self, what: str) -> str:
        """Salvage the damaged file into a successor; the words for the fault.

        Raises LedgerError (L06) when the file is no ledger or another pad's; it is left alone. A
        path that the lock file knows a ledger of held one, whatever is left of it.
        """
        survivors = self._carve(self.path)
        if survivors.is_foreign and not self.last_ledger:
            raise LedgerError(f"{self.path} is no ledger ({what})", PadCode.LEDGER_FOREIGN)
        if survivors.pad not in ("", self.pad):
            raise LedgerError(
                f"{self.path} belongs to pad {survivors.pad}, not {self.pad}",
                PadCode.LEDGER_FOREIGN,
            )
        self._discard_unborn()
        previous = self._bear(survivors, "damaged")
        aside = self._set_aside("damaged")
        self._give_name()
        return _told(previous, f"{what}; set aside as {aside.name}")

    def prepare(self, survivors: Survivors, reason: str) -> None:
        """Write the successor of an intact ledger; `hand_over` then puts it in place."""
        self._discard_unborn()
        self._bear(survivors, reason)

    def hand_over(self) -> Path:
        """Rename the intact, closed ledger to `.superseded-<n>`, give its name to the successor."""
        aside = self._set_aside("superseded")
        self._give_name()
        return aside

    def _vanished(self) -> Survivors | None:
        """What is left of a ledger that the lock file knows and nothing else: its name."""
        if not self.last_ledger:
            return None
        return Survivors(ledger=self.last_ledger, pad=self.pad, hash_name=self.hash_name)

    def _carve(self, path: Path) -> Survivors:
        ledger = self.last_ledger or UNKNOWN_LEDGER
        return carve(path, ledger=ledger, hash_name=self.hash_name)

    def _unborn(self) -> Path:
        return beside(self.path, ".new")

    def _discard_unborn(self) -> None:
        """Nobody was ever thanked for what is in an unfinished successor."""
        for companion in (*_COMPANIONS, ""):
            beside(self._unborn(), companion).unlink(missing_ok=True)

    def _born(self) -> Opened | None:
        """The first entry of a successor that is complete, or None."""
        if not self._unborn().exists() or not may_be_written(self._unborn()):
            return None
        connection = connect_to_read(self._unborn())
        try:
            verdict = examine(connection)
            if not verdict.intact or verdict.pad != self.pad:
                return None
            first = connection.execute("SELECT body FROM entry WHERE seq = 1").fetchone()
        except FILE_ERRORS as error:
            if not is_damage(error):
                raise
            return None
        finally:
            connection.close()
        body = read_body(first[0])
        return body if isinstance(body, Opened) else None

    def _bear(self, survivors: Survivors | None, reason: str) -> Predecessor | None:
        previous = None
        if survivors is not None:
            previous = Predecessor(
                ledger=survivors.ledger,
                reason=reason,
                seq=survivors.seq or None,
                digest=survivors.digest.hex() if survivors.seq else None,
                missing=_widened(survivors.missing),
            )
        connection = create(self._unborn())
        try:
            digest = GENESIS
            for seq, body in enumerate(self._first_bodies(survivors, previous), 1):
                raw = write_body(body)
                digest = next_digest(self.hash_name, digest, raw)
                connection.execute(
                    "INSERT INTO entry(seq, body, digest, receipted) VALUES (?, ?, ?, 0)",
                    (seq, raw, digest),
                )
            seal(connection)
        except BaseException:
            connection.close()
            self._discard_unborn()
            raise
        fd = os.open(self._unborn(), os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)
        sync_folder(self.path)
        return previous

    def _first_bodies(
        self, survivors: Survivors | None, previous: Predecessor | None
    ) -> Iterator[Body]:
        at = self.at()
        yield Opened(
            at=at,
            ledger=self.new_id(),
            pad=self.pad,
            hash=self.hash_name,
            format=FORMAT,
            previous=previous,
        )
        for seq, raw, digest in survivors.entries if survivors else ():
            old = read_body(raw)
            if isinstance(old, Salvaged):  # of a ledger still older: said again, not wrapped again
                yield Salvaged(
                    at=at, ledger=old.ledger, seq=old.seq, digest=old.digest, body=old.body
                )
            else:
                yield Salvaged(
                    at=at,
                    ledger=survivors.ledger if survivors else "",
                    seq=seq,
                    digest=digest.hex(),
                    body=raw.decode(),
                )

    def _set_aside_files(self) -> list[Path]:
        """What was set aside before, oldest first."""
        shape = re.compile(re.escape(self.path.name) + r"\.(?:damaged|superseded)-(\d+)(?:-wal)?")
        found: dict[int, Path] = {}
        for path in self.path.parent.iterdir():
            match = shape.fullmatch(path.name)
            if match is not None:
                found[int(match[1])] = path.with_name(path.name.removesuffix("-wal"))
        return [found[n] for n in sorted(found)]

    def _set_aside(self, word: str) -> Path:
        numbers = [int(p.name.rpartition("-")[2]) for p in self._set_aside_files()]
        aside = beside(self.path, f".{word}-{max(numbers, default=0) + 1}")
        self.path.rename(aside)
        sync_folder(self.path)
        self._move_companions(aside)
        return aside

    def _move_companions(self, aside: Path) -> None:
        """A WAL must never be found beside another file: SQLite would write it into that."""
        for companion in _COMPANIONS:
            old = beside(self.path, companion)
            if old.exists():
                old.rename(beside(aside, companion))
        sync_folder(self.path)

    def _give_name(self) -> None:
        for companion in _COMPANIONS:  # of the reading in `_born`; sealed, so there is nothing in
            beside(self._unborn(), companion).unlink(missing_ok=True)
        self._unborn().rename(self.path)
        sync_folder(self.path)


def _widened(gaps: tuple[tuple[int, int], ...]) -> tuple[tuple[int, int], ...]:
    """At most `MAX_GAPS` ranges, for an entry has bounds: the shortest stretches between them are
    called missing too. They come as `salvaged` all the same, and the province counts them.
    """
    bridged = sorted(range(1, len(gaps)), key=lambda n: gaps[n][0] - gaps[n - 1][1])
    closed = set(bridged[: max(0, len(gaps) - MAX_GAPS)])
    wide: list[tuple[int, int]] = []
    for n, (first, last) in enumerate(gaps):
        if n in closed:
            wide[-1] = (wide[-1][0], last)
        else:
            wide.append((first, last))
    return tuple(wide)


def _told(previous: Predecessor | None, what: str) -> str:
    if previous is None:
        return what
    if previous.seq is None and not previous.missing:
        return f"{what}; what ledger {previous.ledger} held is not known"
    gaps = ", ".join(f"{a}" if a == b else f"{a}-{b}" for a, b in previous.missing)
    return f"{what}; ledger {previous.ledger}: " + (f"missing {gaps}" if gaps else "none missing")
