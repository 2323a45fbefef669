"""The strace counter counts a known number of calls, in whatever thread they are."""

import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.syscalls import Call, cost, marked, read_line, read_trace, traced

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


def trace(program: str, folder: Path) -> list[Call]:
    work = folder / "work"
    work.mkdir()
    command: list[str | Path] = [sys.executable, "-c", program, work]
    prefix = folder / "trace"
    subprocess.run(
        traced(command, prefix),
        check=True,
        stdout=subprocess.DEVNULL,
        timeout=30,
    )
    return read_trace(prefix)


@pytest.mark.strace
def test_a_known_number_of_writes_and_syncs_in_two_threads_is_counted(tmp_path: Path) -> None:
    calls = trace(PROGRAM, tmp_path)
    (begin,), (end,) = marked(calls, "begin"), marked(calls, "end")
    counted = cost(calls[begin:end], tmp_path / "work")
    assert (counted.syncs, counted.writes, counted.written_bytes) == (8, 12, 1200)
    assert cost(calls[begin:end], tmp_path / "elsewhere").writes == 0


def test_a_line_of_trace_is_read_with_its_place_and_bytes() -> None:
    line = r'1700000000.000001 pwrite64(5</d/l.db-wal>, "a\"b"..., 4096, 8192) = 4096'
    call = read_line(line)
    assert call is not None
    assert (call.name, call.path, call.fd, call.size, call.text) == (
        "pwrite64", "/d/l.db-wal", 5, 4096, r"a\"b",
    )  # fmt: skip
    assert read_line("1.0 fdatasync(5</d/x>) = -1 EIO (Input/output error)") is None
    assert read_line("1.0 +++ exited with 0 +++") is None
