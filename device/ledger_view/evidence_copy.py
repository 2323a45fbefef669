"""A copy of a ledger for evidence: consistent beside the agent, with a manifest, verified before it
counts. Nothing is ever overwritten.

A ledger is copied by SQLite's backup, in one transaction: what the agent appends meanwhile is left
out, and it waits for nothing. A file that was set aside, or that is damaged, is copied byte for
byte with what is beside it. The manifest is written last: a copy without one is not complete.
"""

import hashlib
import os
import re
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from device.errors import LedgerError, PadCode
from device.ledger import head_note
from device.ledger.file import as_ledger_error, beside, exclude_agents
from device.ledger.verify import LedgerVerdict, verify
from device.ledger_view.entry_reader import is_set_aside, pad_of
from device.ledger_view.sqlite_reading import DamagedError, Database, read_ledger
from device.link.desired_config import stored_beside
from sync import __version__
from sync.beijing_time import BEIJING, shown_beijing
from sync.regular_file import open_regular
from sync.sentence import Sentence

MANIFEST, SUMS = ".manifest.json", ".sha256"
"""Added to the copy's name."""
_BESIDE = ("-wal", "-journal", head_note.SUFFIX)
"""What is copied with a file byte for byte. Not `-shm`: it is an index, made anew from the WAL."""
_STEP_PAGES = 1024
_PIECE_BYTES = 1 << 20
_COPY_SHARE, _VERIFY_SHARE = 0.5, 0.8

Progress = Callable[[float], None]


@dataclass(frozen=True, slots=True)
class EvidenceCopy:
    """What was copied. `method`: `backup` or `bytes`. `files`: name, bytes and SHA-256 of each."""

    path: Path
    method: str
    made: datetime
    source: Path
    verdict: LedgerVerdict
    files: tuple[tuple[str, int, str], ...]

    def record(self) -> dict[str, Any]:
        """The manifest."""
        verdict = self.verdict
        bad = None
        if verdict.bad is not None:  # not its words: SQLite may quote the file in them (law 7)
            bad = {"seq": verdict.bad.seq, "entries_gone_from_the_end": verdict.bad.is_cut}
        return {
            "format": 1,
            "made_by": f"ratingpad {__version__}",
            "made": self.made.astimezone(UTC).isoformat(timespec="seconds"),
            "made_beijing": shown_beijing(int(self.made.timestamp() * 1000)),
            "source": str(self.source.absolute()),
            "method": self.method,
            "pad": verdict.pad or None,
            "ledger": verdict.ledger or None,
            "hash": verdict.hash_name.value,
            "entries": verdict.entries,
            "pruned": verdict.pruned,
            "last_seq": verdict.head,
            "last_digest": verdict.digest.hex(),
            "whole": verdict.intact,
            "first_defect": bad,
            "files": [
                {"name": name, "bytes": size, "sha256": digest} for name, size, digest in self.files
            ],
        }


def copy_ledger(
    source: Path, to: Path, made: datetime, progress: Progress = lambda _: None
) -> EvidenceCopy:
    """Copy the ledger at `source`, which is a file, to the new file `to`, or into the folder `to`
    under a name of its own.

    Raises LedgerError: L02 there is no room, L04 an agent has a damaged ledger open, L06 it is no
    ledger, S01 something is at `to` already, S02 no rights, L01 else. Then nothing is left there.
    """
    with as_ledger_error(Sentence("copying {path}", path=source)):
        if to.is_dir():
            to = to / _name(source, made)
        _refuse(source, to)
        written: list[Path] = []
        try:
            method = "bytes"
            if not is_set_aside(source) and _back_up(source, to, written, progress):
                method = "backup"
                verdict = verify(to, lambda share: progress(_between(share)))
                if not verdict.intact and not _in_use(source):
                    method = "bytes"  # of a damaged file its bytes are the evidence
            if method == "bytes":
                _remove(written)
                _copy_bytes(source, to, written, progress)
                verdict = verify(to, lambda share: progress(_between(share)))
            files = tuple(_sum(path, progress) for path in list(written))
            copy = EvidenceCopy(to, method, made, source, verdict, files)
            _write_manifest(copy, written)
        except BaseException:
            _remove(written)
            raise
    progress(1.0)
    return copy


def _between(share: float) -> float:
    return _COPY_SHARE + (_VERIFY_SHARE - _COPY_SHARE) * share


def _name(source: Path, made: datetime) -> str:
    """`jl-2224-017-20261130-170144-ledger.db`: so that copies of many pads fit in one folder."""
    stamp = made.astimezone(BEIJING).strftime("%Y%m%d-%H%M%S")
    pad = re.sub(r"[^A-Za-z0-9-]", "_", pad_of(source))
    return f"{pad}-{stamp}-{source.name}"


def _refuse(source: Path, to: Path) -> None:
    if not to.parent.is_dir():
        raise LedgerError(
            Sentence("there is no folder {folder}", folder=to.parent), PadCode.CONFIG_WRONG
        )
    if to.parent.resolve() == source.parent.resolve():
        raise LedgerError(
            Sentence("{folder} is the ledger's own folder; give another one", folder=to.parent),
            PadCode.CONFIG_WRONG,
        )
    for suffix in ("", "-shm", *_BESIDE, MANIFEST, SUMS):
        if os.path.lexists(beside(to, suffix)):
            raise LedgerError(
                Sentence("{file} is there already; give a new name", file=beside(to, suffix)),
                PadCode.CONFIG_WRONG,
            )
    needed = sum(path.stat().st_size for path in _sources(source))
    if shutil.disk_usage(to.parent).free < needed + _PIECE_BYTES:
        raise LedgerError(
            Sentence(
                "no room in {folder}: {mb} MB are needed",
                folder=to.parent,
                mb=needed // 1_000_000 + 1,
            ),
            PadCode.LEDGER_FULL,
        )


def _sources(source: Path) -> Iterator[Path]:
    for suffix in ("", *_BESIDE):
        if beside(source, suffix).is_file():
            yield beside(source, suffix)


def _back_up(source: Path, to: Path, written: list[Path], progress: Progress) -> bool:
    """Copy by SQLite; False when it cannot read the file."""
    # Before the copy: a note that is older than it says nothing against it, a newer one would.
    beside_it = [
        (beside(to, head_note.SUFFIX), _content(beside(source, head_note.SUFFIX))),
        (stored_beside(to), _content(stored_beside(source))),
    ]

    def back_up(db: Database) -> None:
        db.conn.execute("BEGIN")
        # The transaction begins with the first reading. While it lasts the backup has one state to
        # copy; without it, it would begin again at each press.
        db.conn.execute("SELECT seq FROM entry LIMIT 1").fetchone()
        with closing(sqlite3.connect(to, isolation_level=None)) as target:
            target.execute("PRAGMA synchronous=OFF")  # synced as a whole at the end
            target.execute("PRAGMA journal_mode=OFF")
            db.conn.backup(target, pages=_STEP_PAGES, progress=told, sleep=0)
        db.conn.execute("ROLLBACK")

    def told(_: int, remaining: int, total: int) -> None:
        progress(_COPY_SHARE * (1 - remaining / max(1, total)))

    _create(to, written)
    try:
        read_ledger(source, back_up)
    except DamagedError:
        return False
    for path, content in beside_it:
        if content is not None and not os.path.lexists(path):
            _create(path, written)
            path.write_bytes(content)
    return True


def _content(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() else None


def _copy_bytes(source: Path, to: Path, written: list[Path], progress: Progress) -> None:
    """Copy the file and what is beside it, and compare."""
    sources = list(_sources(source))
    total = max(1, sum(path.stat().st_size for path in sources))
    done = 0
    for path in sources:
        target = beside(to, path.name.removeprefix(source.name))
        _create(target, written)
        digest = hashlib.sha256()
        with os.fdopen(open_regular(path), "rb") as reading, target.open("wb") as writing:
            while piece := reading.read(_PIECE_BYTES):
                writing.write(piece)
                digest.update(piece)
                done += len(piece)
                progress(_COPY_SHARE * done / total)
        if _sum(target)[2] != digest.hexdigest():
            raise LedgerError(
                Sentence("{file} is not what was written into it: the card fails", file=target)
            )


def _create(path: Path, written: list[Path]) -> None:
    """A new, empty file that only its user may read: there are levels in a ledger."""
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    written.append(path)


def _sum(path: Path, progress: Progress = lambda _: None) -> tuple[str, int, str]:
    """Name, bytes and SHA-256 of a file as it is on the card: synced, and read from there."""
    digest, size = hashlib.sha256(), 0
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    with os.fdopen(fd, "rb") as file:
        os.fsync(fd)
        os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
        total = max(1, os.fstat(fd).st_size)
        while piece := file.read(_PIECE_BYTES):
            digest.update(piece)
            size += len(piece)
            progress(_VERIFY_SHARE + (1 - _VERIFY_SHARE) * min(1.0, size / total))
    return path.name, size, digest.hexdigest()


def _write_manifest(copy: EvidenceCopy, written: list[Path]) -> None:
    """The manifest, and the sums of all files, for `sha256sum -c`."""
    manifest, sums = beside(copy.path, MANIFEST), beside(copy.path, SUMS)
    _create(manifest, written)
    content = msgspec.json.format(msgspec.json.encode(copy.record()), indent=2) + b"\n"
    manifest.write_bytes(content)
    files = (*copy.files, _sum(manifest))
    _create(sums, written)
    sums.write_text("".join(f"{digest}  {name}\n" for name, _, digest in files), "utf-8")
    _sum(sums)
    folder = os.open(copy.path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        with suppress(OSError):  # a file system that cannot sync a folder, such as FAT
            os.fsync(folder)
    finally:
        os.close(folder)


def _in_use(source: Path) -> bool:
    """Whether an agent has the ledger open."""
    try:
        with exclude_agents(source, together=True):
            return False
    except LedgerError as error:
        if error.code is PadCode.LEDGER_IN_USE:
            return True
        raise


def _remove(written: list[Path]) -> None:
    """Take away what was written here, and nothing else."""
    while written:
        path = written.pop()
        for file in (path, beside(path, "-journal")):
            file.unlink(missing_ok=True)
