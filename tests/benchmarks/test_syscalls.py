"""The strace counter counts, and its power cut leaves exactly what was synced."""

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.peers.install import find_program
from benchmarks.syscalls import Call, cost, marked, read_line, read_trace, survivors, traced

PROGRAM = """
import os, sys, threading
def work(name, writes, syncs):
    fd = os.open(f"{sys.argv[1]}/{name}", os.O_CREAT | os.O_RDWR)
    for n in range(writes):
        os.pwrite(fd, bytes([65 + n]) * 100, n * 100)
        if n < syncs:
            os.fdatasync(fd)
os.write(1, b"begin\\n")
first = threading.Thread(target=work, args=("a", 7, 3))
first.start(); work("b", 5, 5); first.join()
os.write(1, b"end\\n")
"""

COMMITS = """
import os, sqlite3, sys
base = sqlite3.connect(sys.argv[1] + "/l.db", isolation_level=None)
base.execute("pragma journal_mode=WAL"); base.execute("pragma synchronous=" + sys.argv[2])
base.execute("create table t(n)")
for n in range(1, 21):
    base.execute("insert into t values(?)", (n,)); os.write(1, b"ack %d\\n" % n)
os._exit(0)
"""


def trace(program: str, folder: Path, *arguments: str, with_data: bool) -> list[Call]:
    work = folder / "work"
    work.mkdir()
    command = [sys.executable, "-c", program, work, *arguments]
    prefix = folder / "trace"
    subprocess.run(
        traced(command, prefix, with_data=with_data),
        check=True,
        stdout=subprocess.DEVNULL,
        timeout=30,
    )
    return read_trace(prefix)


@pytest.mark.strace
@pytest.mark.skipif(find_program("strace") is None, reason="strace is not installed")
def test_a_known_number_of_writes_and_syncs_in_two_threads_is_counted(tmp_path: Path) -> None:
    calls = trace(PROGRAM, tmp_path, with_data=False)
    (begin,), (end,) = marked(calls, b"begin"), marked(calls, b"end")
    counted = cost(calls[begin:end], tmp_path / "work")
    assert (counted.syncs, counted.writes, counted.written_bytes) == (8, 12, 1200)
    assert cost(calls[begin:end], tmp_path / "elsewhere").writes == 0


@pytest.mark.strace
@pytest.mark.skipif(find_program("strace") is None, reason="strace is not installed")
def test_a_cut_leaves_each_file_as_it_was_last_synced(tmp_path: Path) -> None:
    calls = trace(PROGRAM, tmp_path, with_data=True)
    survivors(calls, tmp_path / "work", lambda name: tmp_path / f"left-{name}")
    assert (tmp_path / "left-a").read_bytes() == b"A" * 100 + b"B" * 100 + b"C" * 100
    assert (tmp_path / "left-b").read_bytes() == (tmp_path / "work" / "b").read_bytes()


@pytest.mark.strace
@pytest.mark.skipif(find_program("strace") is None, reason="strace is not installed")
@pytest.mark.parametrize(("synchronous", "loses"), [("FULL", False), ("NORMAL", True)])
def test_the_cut_finds_out_a_database_that_acknowledges_before_it_syncs(
    tmp_path: Path, synchronous: str, loses: bool
) -> None:
    calls = trace(COMMITS, tmp_path, synchronous, with_data=True)
    acks = marked(calls, b"ack ")
    survivors(calls[: acks[11] + 1], tmp_path / "work", lambda name: tmp_path / name)
    base = sqlite3.connect(tmp_path / "l.db")
    try:
        kept = base.execute("select count(*) from t").fetchone()[0]
    except sqlite3.OperationalError:
        kept = 0
    finally:
        base.close()
    assert (kept < 12) == loses


def test_a_line_of_trace_is_read_with_its_place_and_bytes() -> None:
    line = r'1700000000.000001 pwrite64(5</d/l.db-wal>, "\x41\x42", 2, 4096) = 2'
    call = read_line(line)
    assert call is not None
    assert (call.name, call.path, call.offset, call.size, call.data) == (
        "pwrite64", "/d/l.db-wal", 4096, 2, b"AB",
    )  # fmt: skip
    assert read_line("1.0 fdatasync(5</d/x>) = -1 EIO (Input/output error)") is None
    assert read_line("1.0 +++ exited with 0 +++") is None
