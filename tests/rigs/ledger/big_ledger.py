"""A ledger with very many entries, made in seconds, and damage in the middle of it."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

from device.ledger.file import SCHEMA
from sync.entries import Booted, HashName, Lapsed, walk_chain, write_body
from tests.rigs.ledger.ledger_process import at, open_in, rated


def make(folder: Path, count: int, *, receipted: int = 0) -> Path:
    """A closed ledger in `folder` with `count` entries behind its first: ratings, among every
    hundred an entry of another length, and a start of the pad among every thousand.
    """
    open_in(folder).close()
    path = folder / "ledger"
    db = sqlite3.connect(path, isolation_level=None)
    for pragma in ("journal_mode=OFF", "synchronous=OFF"):
        db.execute(f"PRAGMA {pragma}")
    db.execute("BEGIN")
    triggers = [name for name, sql in SCHEMA.items() if "TRIGGER" in sql]
    for name in triggers:
        db.execute(f"DROP TRIGGER {name}")
    digest = db.execute("SELECT digest FROM entry").fetchone()[0]
    lapsed = write_body(Lapsed(at=at(), invitation="01J8ZQ4Y6W3V5T7R9P1N000000"))
    booted = write_body(Booted(at=at(), agent="1", board="simulated", boots=7))
    rating = write_body(rated(0))

    def bodies() -> Iterator[bytes]:
        for n in range(count):
            body = booted if n % 1000 == 500 else lapsed if n % 100 == 0 else rating
            yield body.replace(b"N000000", b"N%06d" % (n % 1_000_000))

    rows = zip(
        range(2, count + 2),
        bodies(),
        walk_chain(HashName.SHA256, digest, bodies()),
        strict=True,
    )
    db.executemany(
        "INSERT INTO entry(seq, body, digest, receipted) VALUES (?, ?, ?, ?)",
        ((seq, body, after, min(receipted, seq - 1)) for seq, body, after in rows),
    )
    for name in triggers:
        db.execute(SCHEMA[name])
    db.execute("COMMIT")
    db.execute("PRAGMA journal_mode=WAL")
    db.close()
    return path


def flip(path: Path, share: float = 0.5) -> None:
    """Change one bit of an entry's text at about this part of the file."""
    with path.open("r+b") as file:
        file.seek(int(path.stat().st_size * share))
        place = file.tell() + file.read(65_536).index(b'"kind":"rated"')
        file.seek(place)
        file.write(b"#")
