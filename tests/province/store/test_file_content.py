"""A SQLite store's file that another program writes over is noticed; nothing is receipted then."""

import os
import random
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from province.store import ProvinceStore, file_content, open_store
from province.store.file_content import FileContent
from province.verify import verify
from sync.store_port import Cause, StoreFailureError
from tests.rigs.ledger.ledger_builder import LedgerBuilder, invited, rated


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_content, "PAUSE_S", 0.0)


def take(store: ProvinceStore, pad: LedgerBuilder, count: int = 1) -> None:
    """Let a pad rate, and the store take it."""
    for _ in range(count):
        first = len(pad.entries) + 1
        name = f"{pad.id}-{first}"
        pad.add(invited(name), rated(name))
        [receipt] = store.take([pad.arrival(first if first > 2 else 1)])
        assert (receipt.seq, receipt.problem) == (len(pad.entries), None)


def checkpoint(path: Path) -> None:
    """As an administrator may do it beside a receiver."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()


def closed_store(path: Path, pad: LedgerBuilder) -> bytes:
    """The content of a store with a rating of `pad`."""
    store = open_store(f"sqlite:///{path}")
    take(store, pad)
    store.close()
    return path.read_bytes()


@pytest.fixture
def older(tmp_path: Path) -> tuple[Path, LedgerBuilder, bytes]:
    """A closed store: its path, its pad, and its content, as a backup."""
    path, pad = tmp_path / "province.db", LedgerBuilder()
    return path, pad, closed_store(path, pad)


def another(folder: Path, _: bytes) -> bytes:
    return closed_store(folder / "other.db", LedgerBuilder("pad-2", "01OTHER"))


OVERWRITTEN: dict[str, Callable[[Path, bytes], bytes]] = {
    "a backup": lambda _, backup: backup,
    "another store": another,
    "nothing": lambda *_: b"",
    "no database": lambda *_: b"not a database" * 1000,
    "half of a backup": lambda _, backup: backup[: len(backup) // 2],
    "noise": lambda _, backup: backup[:100] + random.Random(1).randbytes(len(backup) - 100),
}


@pytest.mark.parametrize("content", OVERWRITTEN.values(), ids=OVERWRITTEN)
def test_nothing_is_receipted_into_a_file_that_was_overwritten_until_it_is_put_back(
    older: tuple[Path, LedgerBuilder, bytes],
    tmp_path: Path,
    content: Callable[[Path, bytes], bytes],
) -> None:
    path, pad, backup = older
    store = open_store(f"sqlite:///{path}")
    take(store, pad, 5)
    checkpoint(path)
    take(store, pad, 5)
    own = path.read_bytes()
    path.write_bytes(content(tmp_path, backup))
    wrong = path.read_bytes()
    pad.add(invited("last"), rated("last"))
    for _ in range(2):
        with pytest.raises(StoreFailureError, match=r"P21 .*was overwritten by another") as error:
            store.take([pad.arrival()])
        assert error.value.cause is Cause.SETUP
    assert path.with_name("province.db-wal").exists()
    assert path.read_bytes() == wrong, "nothing is written into it"
    path.write_bytes(own)
    [receipt] = store.take([pad.arrival()])
    assert receipt.seq == len(pad.entries)
    assert verify(store).sound
    store.close()


def test_receivers_that_checkpoint_beside_each_other_raise_no_alarm(
    older: tuple[Path, LedgerBuilder, bytes],
) -> None:
    path, pad, _ = older
    stores = [open_store(f"sqlite:///{path}") for _ in range(3)]
    pads = [pad, LedgerBuilder("pad-2", "01B"), LedgerBuilder("pad-3", "01C")]
    rng = random.Random(7)
    for _ in range(60):
        take(rng.choice(stores), rng.choice(pads))
        if rng.random() < 0.3:
            checkpoint(path)
    assert verify(stores[0]).sound
    for store in stores:
        store.close()


def test_a_new_stores_first_checkpoint_and_a_change_of_time_are_no_alarm(tmp_path: Path) -> None:
    path, pad = tmp_path / "province.db", LedgerBuilder()
    store = open_store(f"sqlite:///{path}")
    take(store, pad)
    checkpoint(path)
    take(store, pad)
    os.utime(path, (1, 1))
    take(store, pad)
    store.close()


def test_a_head_of_the_same_seq_and_another_digest_is_another_store(tmp_path: Path) -> None:
    path = tmp_path / "province.db"
    fork = LedgerBuilder().add(rated("a"), rated("b"))
    with closing(open_store(f"sqlite:///{path}")) as store:
        store.take([fork.arrival()])
    content = path.read_bytes()
    path.unlink()
    store = open_store(f"sqlite:///{path}")
    take(store, LedgerBuilder())  # of three entries, too, and all in the WAL
    path.write_bytes(content)
    with pytest.raises(StoreFailureError, match="P21"):
        store.take([])
    store.close()


def test_a_checkpoint_that_is_seen_in_part_is_looked_at_again(
    older: tuple[Path, LedgerBuilder, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    path, pad, backup = older
    store = open_store(f"sqlite:///{path}")
    take(store, pad)
    checkpoint(path)
    content = FileContent(path)
    whole = path.read_bytes()
    path.write_bytes(backup)
    pauses: list[float] = []

    def finish(seconds: float) -> None:
        pauses.append(seconds)
        path.write_bytes(whole)

    monkeypatch.setattr(time, "sleep", finish)
    assert not content.is_overwritten()
    assert len(pauses) == 1
    store.close()
