"""The file of a new ledger: what is carried over, and what an interruption leaves."""

import itertools
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from device.ledger import new_file
from device.ledger.file import create, seal
from device.ledger.new_file import NewFile
from device.ledger.salvage import Carryover
from sync.entries import (
    FORMAT,
    GENESIS,
    At,
    Body,
    Detailed,
    HashName,
    Lapsed,
    Opened,
    Predecessor,
    Salvaged,
    Trust,
    read_body,
    walk_chain,
    write_body,
)
from tests.rigs.disk.crash_states import ram_folder
from tests.rigs.system.open_descriptors import open_below

SOURCE, OTHER = bytes(32), bytes(31) + b"\1"
DIGEST = bytes(range(32))


@pytest.fixture
def base() -> Iterator[Path]:
    with ram_folder() as folder:
        yield folder / "ledger"
        assert open_below(folder) == []


def new(base: Path, told: list[float] | None = None, **changed: Any) -> NewFile:
    times = itertools.count(1000)
    made = NewFile(
        base,
        "pad-1",
        lambda: At(utc=None, mono=next(times), boot="b", trust=Trust.NONE),
        HashName.SHA256,
        lambda: "01NEW",
        (told if told is not None else []).append,
    )
    return replace(made, **changed)


def old_entry(seq: int) -> tuple[int, bytes, bytes, bool]:
    body = Lapsed(at=At(utc=None, mono=seq, boot="b", trust=Trust.NONE), invitation=f"i{seq}")
    return seq, write_body(body), DIGEST, True


def carryover(*entries: tuple[int, bytes, bytes, bool], **changed: Any) -> Carryover:
    made = Carryover("01OLD", "pad-1", HashName.SHA256, seq=9, digest=DIGEST)
    return replace(made, entries=iter(entries), count=len(entries), **changed)


def rows(file: Path) -> list[tuple[int, bytes, bytes, int]]:
    with closing(sqlite3.connect(file)) as db:
        return db.execute("SELECT seq, body, digest, receipted FROM entry ORDER BY seq").fetchall()


def bodies(file: Path) -> list[Body]:
    found = [read_body(body) for _, body, _, _ in rows(file)]
    return [body for body in found if isinstance(body, Body)]


def carried(file: Path) -> list[tuple[str, int, str]]:
    return [(b.ledger, b.seq, b.body) for b in bodies(file) if isinstance(b, Salvaged)]


@pytest.mark.parametrize("name", list(HashName))
def test_a_first_ledger_has_one_entry_and_names_none_before_it(base: Path, name: HashName) -> None:
    file = new(base, hash_name=name)
    at = At(utc=None, mono=1000, boot="b", trust=Trust.NONE)
    opened = Opened(at=at, ledger="01NEW", pad="pad-1", hash=name, format=FORMAT, previous=None)
    assert file.opened() is None
    assert file.write(None, "") == opened
    assert file.path.name == "ledger.new"
    [(seq, body, digest, receipted)] = rows(file.path)
    assert (seq, read_body(body), receipted) == (1, opened, 0)
    assert [digest] == list(walk_chain(name, GENESIS, [body]))
    assert file.opened() == opened


def test_what_is_carried_over_names_its_ledger_and_follows_in_its_order(base: Path) -> None:
    file = new(base)
    old = [old_entry(seq) for seq in (3, 4, 7)]
    opened = file.write(carryover(*old, missing=((5, 6),)), "damaged")
    assert opened.previous == Predecessor(
        ledger="01OLD", reason="damaged", seq=9, digest=DIGEST.hex(), missing=((5, 6),)
    )
    found = rows(file.path)
    assert [seq for seq, _, _, _ in found] == [1, 2, 3, 4]
    chain = walk_chain(HashName.SHA256, GENESIS, (body for _, body, _, _ in found))
    assert list(chain) == [digest for _, _, digest, _ in found]
    assert {receipted for _, _, _, receipted in found} == {0}, "the province has none of them yet"
    assert carried(file.path) == [("01OLD", seq, body.decode()) for seq, body, *_ in old]
    salvaged = bodies(file.path)[1]
    assert isinstance(salvaged, Salvaged)
    assert (salvaged.digest, salvaged.at) == (DIGEST.hex(), opened.at)


def test_an_old_ledger_of_which_nothing_is_known_has_no_last_entry(base: Path) -> None:
    opened = new(base).write(carryover(seq=0, digest=GENESIS), "lost")
    assert opened.previous == Predecessor(ledger="01OLD", reason="lost")


def test_an_entry_of_a_still_older_ledger_is_not_wrapped_again(base: Path) -> None:
    at = At(utc=5, mono=5, boot="old", trust=Trust.NTP)
    older = Salvaged(at=at, ledger="01OLDER", seq=44, digest="ab", body='{"kind":"x"}')
    file = new(base)
    opened = file.write(carryover((2, write_body(older), DIGEST, True)), "damaged")
    assert bodies(file.path)[1] == Salvaged(
        at=opened.at, ledger="01OLDER", seq=44, digest="ab", body='{"kind":"x"}'
    )


def test_what_no_version_has_written_stays_in_the_old_file_and_is_logged(
    base: Path, caplog: pytest.LogCaptureFixture
) -> None:
    at = At(utc=None, mono=1, boot="b", trust=Trust.NONE)
    long = write_body(Detailed(at=at, invitation="i", text="x")).replace(
        b'"x"', b'"%b"' % (b"x" * 20_000)
    )
    file = new(base)
    file.write(
        carryover((2, b"\xff\xfe", DIGEST, True), (3, long, DIGEST, True), old_entry(4)), "damaged"
    )
    assert [seq for _, seq, _ in carried(file.path)] == [4]
    said = [record.getMessage() for record in caplog.records]
    assert [line.partition(" is not")[0] for line in said] == [
        "entry 2 of ledger 01OLD",
        "entry 3 of ledger 01OLD",
    ]


def test_the_share_of_the_entries_is_told_every_500(base: Path) -> None:
    told: list[float] = []
    new(base, told).write(carryover(*map(old_entry, range(2, 2002))), "damaged")
    assert told == [500 / 2000, 1000 / 2000, 1500 / 2000, 1]
    told.clear()
    more = replace(carryover(*map(old_entry, range(2, 1200))), count=0)
    new(base.with_name("other"), told).write(more, "damaged")
    assert told == [1, 1]


def test_the_content_is_synced_before_the_names(
    base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", lambda fd: synced.append(os.fstat(fd).st_ino))
    file = new(base)
    file.write(None, "")
    inode = file.path.stat().st_ino
    assert synced == [inode, base.parent.stat().st_ino]
    for end in ("-wal", "-shm", "-journal"):
        base.with_name(f"ledger.new{end}").touch()
    file.take_its_name()
    assert synced == [inode, base.parent.stat().st_ino, base.parent.stat().st_ino]
    assert {path.name for path in base.parent.iterdir()} == {"ledger"}
    assert base.stat().st_ino == inode
    file.write(None, "")
    file.take_its_name()  # with nothing left beside it
    assert {path.name for path in base.parent.iterdir()} == {"ledger"}


def test_after_an_error_there_is_no_file(base: Path) -> None:
    def failing() -> Iterator[tuple[int, bytes, bytes, bool]]:
        yield old_entry(2)
        raise OSError(5, "Input/output error")

    with pytest.raises(OSError, match="Input/output error"):
        new(base).write(replace(carryover(), entries=failing()), "damaged", SOURCE)
    assert list(base.parent.iterdir()) == []


# --- a salvage that was interrupted --------------------------------------------------------------


class Killed(BaseException):
    """Ends the work, as the power does."""


def interrupted(base: Path, until: int, last: int = 30) -> NewFile:
    """A file whose writing ended at this entry of the old ledger."""

    def entries() -> Iterator[tuple[int, bytes, bytes, bool]]:
        for seq in range(2, last):
            if seq == until:
                raise Killed
            yield old_entry(seq)

    file = new(base)
    with pytest.raises(Killed):
        file.write(replace(carryover(), entries=entries()), "damaged", SOURCE)
    return file


@pytest.fixture(autouse=True)
def small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(new_file, "ENTRIES_A_BATCH", 4)


def test_5000_entries_are_one_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    assert new_file.ENTRIES_A_BATCH == 5000, "about 3 MB"


@pytest.mark.parametrize("until", [5, 6, 12, 15])
def test_a_salvage_goes_on_behind_its_last_batch_and_carries_each_entry_once(
    base: Path, until: int
) -> None:
    file = interrupted(base, until)
    assert file.opened() is None, "not complete"
    begun = file.begun(SOURCE)
    assert begun is not None
    committed = (until - 2 + 1) // 4 * 4  # `opened`, and an entry each
    assert (begun.head, begun.after) == (committed, committed)
    assert (begun.digest, begun.opened) == (rows(file.path)[-1][2], bodies(file.path)[0])
    rest = [old_entry(seq) for seq in range(begun.after + 1, 30)]
    assert file.write(carryover(*rest), "damaged", SOURCE, begun) == begun.opened
    assert [seq for _, seq, _ in carried(file.path)] == list(range(2, 30))
    found = rows(file.path)
    assert [seq for seq, _, _, _ in found] == list(range(1, 30))
    chain = walk_chain(HashName.SHA256, GENESIS, (body for _, body, _, _ in found))
    assert list(chain) == [digest for _, _, digest, _ in found]
    assert file.opened(SOURCE) == begun.opened
    assert file.opened() == begun.opened
    assert file.opened(OTHER) is None
    assert file.path.exists(), "looking does not delete it"


def test_an_interrupted_salvage_of_something_else_is_deleted(base: Path) -> None:
    assert interrupted(base, 12).begun(OTHER) is None
    assert list(base.parent.iterdir()) == []
    interrupted(base, 12)
    assert new(base, pad="pad-2").begun(SOURCE) is None
    assert list(base.parent.iterdir()) == []
    assert interrupted(base, 3).begun(SOURCE) is None, "nothing was committed"
    assert list(base.parent.iterdir()) == []
    assert new(base).begun(SOURCE) is None
    new(base).write(None, "")
    assert new(base).begun(SOURCE) is None, "one that is complete is of no salvage"
    assert list(base.parent.iterdir()) == []
    new(base).write(carryover(old_entry(2)), "damaged", SOURCE)
    assert new(base).begun(SOURCE) is None, "nor has one that is complete to go on"


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE mark SET seq = seq + 1",
        "UPDATE mark SET head = head - 1",
        "UPDATE mark SET digest = zeroblob(32)",
        "DELETE FROM mark",
        "UPDATE entry SET digest = zeroblob(32) WHERE seq = 3",
        "DELETE FROM entry WHERE seq = 8",
        "DROP TABLE mark",
    ],
)
def test_an_interrupted_salvage_that_the_card_has_changed_is_done_from_scratch(
    base: Path, statement: str
) -> None:
    file = interrupted(base, 12)
    with closing(sqlite3.connect(file.path)) as db:
        for trigger in ("entry_is_never_updated", "entry_is_never_deleted"):
            db.execute(f"DROP TRIGGER {trigger}")
        db.execute(statement)
        db.commit()
    assert file.begun(SOURCE) is None
    assert list(base.parent.iterdir()) == []


def test_a_complete_file_counts_for_its_pad_only_and_when_it_is_intact(base: Path) -> None:
    file = new(base)
    file.write(carryover(old_entry(2)), "damaged")
    assert file.opened() is not None
    assert file.opened(SOURCE) is None, "of no salvage"
    assert new(base, pad="pad-2").opened() is None
    content = bytearray(file.path.read_bytes())
    content[content.index(b'"kind":"salvaged"')] ^= 1
    file.path.write_bytes(content)
    assert file.opened() is None
    file.discard()
    file.discard()
    assert not file.path.exists()


def test_a_file_that_begins_with_another_entry_is_no_ledger(base: Path) -> None:
    file = new(base)
    db = create(file.path)
    db.execute(
        "INSERT INTO entry(seq, body, digest, receipted) VALUES (1, ?, ?, 0)", old_entry(2)[1:3]
    )
    seal(db)
    assert file.opened() is None


def test_a_card_that_fails_is_no_damaged_file(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = new(base)
    file.write(None, "")

    def broken(_: Path) -> sqlite3.Connection:
        error = sqlite3.OperationalError("disk I/O error")
        error.sqlite_errorcode = sqlite3.SQLITE_IOERR_WRITE
        raise error

    monkeypatch.setattr(new_file, "connect_alone", broken)
    with pytest.raises(sqlite3.OperationalError):
        file.opened()
    assert file.path.exists()
