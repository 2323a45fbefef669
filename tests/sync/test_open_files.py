"""Files that go away while SQLite has them open."""

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from sync.open_files import OpenFiles


def _replace(path: Path) -> None:
    copy = path.with_name("copy")
    copy.write_bytes(path.read_bytes())
    copy.replace(path)


def _rename(path: Path) -> None:
    path.rename(path.with_name("elsewhere"))


@pytest.mark.parametrize("suffix", ["", "-wal"])
@pytest.mark.parametrize("lose", [Path.unlink, _rename, _replace])
def test_a_file_that_is_not_at_its_path_any_more_is_named(
    tmp_path: Path, suffix: str, lose: Callable[[Path], None]
) -> None:
    database = tmp_path / "database"
    connection = sqlite3.connect(database, isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("CREATE TABLE t(x)")
    files = OpenFiles(database)
    connection.execute("INSERT INTO t VALUES (1)")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert files.displaced() is None
    lost = tmp_path / f"database{suffix}"
    lose(lost)
    assert str(lost) in (files.displaced() or "")
    connection.close()


def test_a_file_that_was_put_back_is_at_its_path(tmp_path: Path) -> None:
    database = tmp_path / "database"
    database.touch()
    files = OpenFiles(database)
    _rename(database)
    assert files.displaced() is not None
    (tmp_path / "elsewhere").rename(database)
    assert files.displaced() is None
