"""The readings of a process's CPU time and memory follow what the process does."""

import mmap
import os
import time

from benchmarks.procfs import cpu_ns, memory


def test_work_shows_as_cpu_time_of_about_its_own_length() -> None:
    before, start = cpu_ns(os.getpid()), time.thread_time_ns()
    while time.thread_time_ns() - start < 50_000_000:
        pass
    assert cpu_ns(os.getpid()) - before >= 45_000_000


def test_memory_that_is_touched_is_resident() -> None:
    before = memory(os.getpid())
    # Mapped anew: a bytearray may take memory that this process has freed and still holds.
    block = mmap.mmap(-1, 20 << 20)
    block.write(b"x" * (20 << 20))
    after = memory(os.getpid())
    assert after.rss_kib - before.rss_kib > 15 << 10
    assert after.pss_kib - before.pss_kib > 15 << 10
    block.close()
