"""What a process really asks of the disk: its writes and syncs below one folder, by strace.

One file of trace per thread, merged by time, so that no call is torn into two lines. A process
marks what it has promised by writing a line to its stdout; that write is in the trace as well.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.peers.install import find_program
from benchmarks.scratch import BenchError

CALLS = "write,pwrite64,writev,pwritev,pwritev2,fsync,fdatasync"
SYNCS = frozenset({"fsync", "fdatasync"})

_LINE = re.compile(r"(?P<at>\d+\.\d+) (?P<call>\w+)\((?P<fd>\d+)<(?P<path>[^>]*)>(?P<rest>.*)")
_RESULT = re.compile(r"\)\s+= (-?\d+)")
_TEXT = re.compile(r'"((?:[^"\\]|\\.)*)"')


@dataclass(frozen=True)
class Call:
    """One call. `size`: what a write returned. `text`: the beginning of what it wrote."""

    at_s: float
    name: str
    path: str
    fd: int
    size: int = 0
    text: str = ""


def traced(command: Sequence[str | Path], prefix: Path) -> list[str]:
    """The command line that runs `command` under strace, its trace in `prefix.<thread>`."""
    program = find_program("strace")
    if program is None:
        raise BenchError("strace is missing: apt-get install strace")
    options = ["-ff", "-qq", "-ttt", "-y", "-s", "80", "-e", f"trace={CALLS}", "-o", str(prefix)]
    return [program, *options, *(str(part) for part in command)]


def read_line(line: str) -> Call | None:
    """One line of trace; None for a call that failed or has no file."""
    found, result = _LINE.match(line), _RESULT.search(line)
    if found is None or result is None or int(result[1]) < 0:
        return None
    text = _TEXT.search(found["rest"])
    return Call(
        at_s=float(found["at"]),
        name=found["call"],
        path=found["path"],
        fd=int(found["fd"]),
        size=int(result[1]),
        text=text[1] if text else "",
    )


def read_trace(prefix: Path) -> list[Call]:
    """Every call of every thread, in the order in which they began."""
    calls = []
    for part in sorted(prefix.parent.glob(f"{prefix.name}.*")):
        with part.open() as lines:
            calls += [call for line in lines if (call := read_line(line)) is not None]
    return sorted(calls, key=lambda call: call.at_s)


def marked(calls: Iterable[Call], mark: str) -> list[int]:
    """The indexes of the lines on stdout that contain `mark`."""
    return [
        index
        for index, call in enumerate(calls)
        if call.fd == 1 and call.name == "write" and mark in call.text
    ]


@dataclass(frozen=True)
class Cost:
    """Calls and bytes below a folder."""

    syncs: int
    writes: int
    written_bytes: int


def cost(calls: Iterable[Call], folder: Path) -> Cost:
    """What `calls` did to the files below `folder`."""
    inside = [call for call in calls if call.path.startswith(f"{folder}/")]
    writes = [call for call in inside if "write" in call.name]
    syncs = sum(call.name in SYNCS for call in inside)
    return Cost(syncs, len(writes), sum(call.size for call in writes))
