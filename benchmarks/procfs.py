"""Memory and CPU time of a running process, from /proc. Linux only, as the pad is."""

import contextlib
from pathlib import Path
from typing import NamedTuple


class Memory(NamedTuple):
    """Resident memory in KiB. PSS shares what is shared; RSS counts it in full."""

    rss_kib: int
    pss_kib: int


def tasks(pid: int) -> list[Path]:
    """The threads of a process; none when it has ended."""
    try:
        return list(Path(f"/proc/{pid}/task").iterdir())
    except FileNotFoundError:
        return []


def family(pid: int) -> list[int]:
    """A process and all its descendants."""
    found = [pid]
    for parent in found:
        for task in tasks(parent):
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # it has just ended
                children = (task / "children").read_text().split()
                found += [int(child) for child in children if int(child) not in found]
    return found


def memory(pid: int) -> Memory:
    """Of a process and its descendants."""
    rss = pss = 0
    for member in family(pid):
        for line in Path(f"/proc/{member}/smaps_rollup").read_text().splitlines():
            if line.startswith("Rss:"):
                rss += int(line.split()[1])
            elif line.startswith("Pss:"):
                pss += int(line.split()[1])
    return Memory(rss, pss)


def cpu_ns(pid: int) -> int:
    """Time on a CPU so far, all living threads of the family, to the nanosecond.

    From `schedstat`: the clock ticks of `stat` are 10 ms and would round an idle pad to nothing.
    """
    used = 0
    for task in (task for member in family(pid) for task in tasks(member)):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            used += int((task / "schedstat").read_text().split()[0])
    return used


def thread_cpu_ns(tid: int) -> int:
    """The same of one living thread of this process."""
    return int(Path(f"/proc/self/task/{tid}/schedstat").read_text().split()[0])
