"""The power cut of the benchmarks finds out who acknowledges before it syncs, and only them."""

import contextlib
import sqlite3
import sys
from pathlib import Path

import pytest

from benchmarks.peer_losses import cut, summed

COMMITS = """
import os, sqlite3, sys
base = sqlite3.connect(sys.argv[1] + "/l.db", isolation_level=None)
base.execute("pragma journal_mode=WAL"); base.execute("pragma synchronous=" + sys.argv[2])
base.execute("create table t(n)")
for n in range(1, 16):
    base.execute("insert into t values(?)", (n,)); os.write(1, b"accepted %d\\n" % n)
os._exit(0)
"""


def held(after: Path) -> int:
    try:
        with contextlib.closing(sqlite3.connect(after / "l.db")) as base:
            return int(base.execute("select count(*) from t").fetchone()[0])
    except sqlite3.DatabaseError:
        return 0


@pytest.mark.strace
@pytest.mark.parametrize(("synchronous", "loses"), [("FULL", False), ("NORMAL", True)])
def test_a_database_that_acknowledges_before_it_syncs_is_found_out(
    tmp_path: Path, synchronous: str, loses: bool
) -> None:
    folder = tmp_path / "work"
    folder.mkdir()
    command = [sys.executable, "-c", COMMITS, str(folder), synchronous]
    loss = cut(command, tmp_path, folder, held, cuts=20)
    assert loss.accepted > 20
    assert (loss.lost > 0) == loses, summed([loss])
