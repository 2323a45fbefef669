"""What a process really asks of the disk: its writes and syncs below one folder, by strace.

One file of trace per thread, merged by time, so that no call is torn into two lines. A process
marks what it has promised by writing a line to its stdout; that write is in the trace as well.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.peers.install import find_program
from benchmarks.scratch import BenchError

CALLS = "write,pwrite64,writev,pwritev,pwritev2,ftruncate,fsync,fdatasync,unlink"
SYNCS = frozenset({"fsync", "fdatasync"})

_LINE = re.compile(r"(?P<at>\d+\.\d+) (?P<call>\w+)\((?P<fd>\d+)<(?P<path>[^>]*)>(?P<rest>.*)")
_UNLINK = re.compile(r'(?P<at>\d+\.\d+) unlink\("(?P<path>[^"]*)"\)\s+= 0')
_RESULT = re.compile(r"\)\s+= (-?\d+)")
_TEXT = re.compile(r'"([^"]*)"')
_OFFSET = re.compile(r", (\d+)\)\s+= ")


@dataclass(frozen=True)
class Call:
    """One call. `data` only when the trace was taken with its bytes; `size` is what it returned
    for a write and the new length for a truncation.
    """

    at_s: float
    name: str
    path: str
    fd: int
    size: int = 0
    offset: int | None = None
    data: bytes = b""


def traced(command: Sequence[str | Path], prefix: Path, *, with_data: bool) -> list[str]:
    """The command line that runs `command` under strace, its trace in `prefix.<thread>`."""
    program = find_program("strace")
    if program is None:
        raise BenchError("strace is missing: apt-get install strace")
    shown = ["-xx", "-s", "1100000"] if with_data else ["-s", "80"]
    options = ["-ff", "-qq", "-ttt", "-y", *shown, "-e", f"trace={CALLS}", "-o", str(prefix)]
    return [program, *options, *(str(part) for part in command)]


def _bytes(text: str) -> bytes:
    if text.startswith("\\x"):
        return bytes.fromhex(text.replace("\\x", ""))
    return text.encode().decode("unicode_escape").encode("latin-1")


def _path(text: str) -> str:
    return _bytes(text).decode(errors="replace") if text.startswith("\\x") else text


def read_line(line: str) -> Call | None:
    """One line of trace; None for a call that failed or has no file."""
    gone = _UNLINK.match(line)
    if gone is not None:
        return Call(float(gone["at"]), "unlink", _path(gone["path"]), fd=-1)
    found, result = _LINE.match(line), _RESULT.search(line)
    if found is None or result is None or int(result[1]) < 0:
        return None
    name, rest = found["call"], found["rest"]
    text, offset = _TEXT.search(rest), None
    size = int(result[1])
    if name == "pwrite64":
        place = _OFFSET.search(rest)
        offset = int(place[1]) if place else None
    elif name == "ftruncate":
        size = int(rest.lstrip(", ").partition(")")[0])
    return Call(
        at_s=float(found["at"]),
        name=name,
        path=_path(found["path"]),
        fd=int(found["fd"]),
        size=size,
        offset=offset,
        data=_bytes(text[1]) if text else b"",
    )


def read_trace(prefix: Path) -> list[Call]:
    """Every call of every thread, in the order in which they began."""
    calls = []
    for part in sorted(prefix.parent.glob(f"{prefix.name}.*")):
        with part.open() as lines:
            calls += [call for line in lines if (call := read_line(line)) is not None]
    return sorted(calls, key=lambda call: call.at_s)


def marked(calls: Iterable[Call], mark: bytes) -> list[int]:
    """The indexes of the lines on stdout that contain `mark`."""
    return [
        index
        for index, call in enumerate(calls)
        if call.fd == 1 and call.name == "write" and mark in call.data
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


def survivors(calls: Sequence[Call], folder: Path, where: Callable[[str], Path]) -> None:
    """Write what a power cut after `calls` leaves of `folder`: each file as it was last synced.

    This is LazyFS's model, the hardest that is still fair: all that was written and not synced is
    gone, while names come and go at once. The calls must have been traced with their bytes, from
    an empty folder on. `where` says which path a file's name is to be rebuilt at. A file that was
    never synced is there, but empty.
    """
    contents: dict[str, bytearray] = {}
    durable: dict[str, bytes] = {}
    last_sync = {c.path: index for index, c in enumerate(calls) if c.name in SYNCS}
    for index, call in enumerate(calls):
        if not call.path.startswith(f"{folder}/"):
            continue
        name = call.path.removeprefix(f"{folder}/").removesuffix(" (deleted)")
        file = contents.setdefault(name, bytearray())
        if call.name == "pwrite64" and call.offset is not None:
            end = call.offset + call.size
            file.extend(bytes(max(0, end - len(file))))
            file[call.offset : end] = call.data[: call.size]
        elif call.name == "ftruncate":
            file.extend(bytes(max(0, call.size - len(file))))
            del file[call.size :]
        elif call.name == "write":
            file += call.data[: call.size]
        elif call.name == "unlink":
            contents.pop(name, None)
            durable.pop(name, None)
        elif last_sync.get(call.path) == index:
            durable[name] = bytes(file)
    for name in contents:
        where(name).write_bytes(durable.get(name, b""))
