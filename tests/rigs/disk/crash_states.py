"""Every state in which a power cut can leave the disk, from a trace of a real process.

`record` runs any unmodified program under strace and keeps what it did to the files in one folder
(writes, truncations, syncs, names) and what it acknowledged to the outside. `states` then cuts the
power after every one of these steps and rebuilds what the disk may hold:

- what was synced is there, what was not may be there or not: nothing (`drop`), everything (`keep`),
  any of the writes (`some`), or any of their 512-byte sectors (`torn`);
- names (created, renamed, removed) are durable once their folder is synced; before that any
  beginning of their sequence may be, as on a journalling file system. A file's own sync does not
  make its name durable: ext4 is kinder than this.

Several threads are fine: a write counts from the moment it begins, a sync from the moment it has
ended. Shared memory (`-shm`) is not replayed, SQLite rebuilds it.
"""

import contextlib
import hashlib
import os
import re
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import NamedTuple

SECTOR_BYTES = 512
_CALLS = (
    "pwrite64,write,writev,sendto,ftruncate,fsync,fdatasync,openat,close,lseek,"
    "unlink,unlinkat,rename,renameat,renameat2,link,linkat,mkdir"
)


class Step(NamedTuple):
    """One thing the process did. `what`: write, truncate, sync, create, unlink, rename, ack."""

    what: str
    path: str = ""
    offset: int = 0
    data: bytes = b""
    to: str = ""


@dataclass(frozen=True, slots=True)
class Trace:
    """What a process did to the files under `root`, which held `before` when it began."""

    root: Path
    before: Mapping[str, bytes]
    steps: Sequence[Step]
    exit_code: int

    def count(self, what: str) -> int:
        """How many steps of a kind there are."""
        return sum(step.what == what for step in self.steps)

    def between(self, first: bytes, last: bytes) -> list[Step]:
        """The steps after the acknowledgement `first` and before `last`."""
        acks = {s.data: n for n, s in enumerate(self.steps) if s.what == "ack"}
        return list(self.steps[acks[first] + 1 : acks[last]])


@dataclass(frozen=True, slots=True)
class CrashState:
    """A disk after a power cut. `cut`: after how many steps. `acked`: the lines before it."""

    cut: int
    mode: str
    acked: tuple[bytes, ...]
    files: Mapping[str, bytes]

    def materialise(self, folder: Path) -> None:
        """Make `folder` hold exactly these files."""
        for old in folder.iterdir():
            if old.name not in self.files:
                old.unlink()
        for name, content in self.files.items():
            (folder / name).write_bytes(content)

    def fingerprint(self) -> bytes:
        """The same for states that no reader can tell apart (acknowledgements included)."""
        digest = hashlib.blake2b(repr(len(self.acked)).encode(), digest_size=16)
        for name in sorted(self.files):
            digest.update(name.encode() + b"\0%d\0" % len(self.files[name]) + self.files[name])
        return digest.digest()


def record(
    argv: Sequence[str],
    root: Path,
    *,
    cwd: Path | None = None,
    ack_fd: int | None = 1,
    marker: bytes | None = None,
    env: Mapping[str, str] | None = None,
    timeout_s: float = 60.0,
    stderr: Path | None = None,
) -> Trace:
    """Run `argv` under strace and record what it does to the files directly in `root`.

    An acknowledgement is each line written to `ack_fd`, or, with `marker`, each write or send to
    anything outside `root` whose bytes contain the marker. `stderr`: a file that gets the
    program's.
    """
    root = root.resolve()
    before = {p.name: p.read_bytes() for p in root.iterdir() if p.is_file()}
    log = root.parent / f"{root.name}.strace"
    command = ["strace", "-f", "-qq", "-y", "-xx", "-s", "4194304", "-o", str(log)]
    command += ["-e", f"trace={_CALLS}", "-e", "signal=none", "--", *argv]
    with contextlib.ExitStack() as stack:
        done = subprocess.run(
            command,
            cwd=cwd,
            env=env,
            timeout=timeout_s,
            check=False,
            stdout=subprocess.DEVNULL,
            stderr=None if stderr is None else stack.enter_context(stderr.open("ab")),
        )

    def is_ack(fd: int, data: bytes) -> bool:
        return marker in data if marker is not None else fd == ack_fd

    steps = list(_Reader(root, set(before), is_ack).read(log))
    log.unlink()
    return Trace(root, before, steps, done.returncode)


def states(
    trace: Trace,
    *,
    seed: int,
    start: int = 0,
    some: int = 1,
    torn: int = 1,
    lying_card: bool = False,
) -> Iterator[CrashState]:
    """The states after every cut from step `start` on: drop and keep, `some` random subsets and
    `torn` random sector subsets each. A cut with nothing at stake gives one state.

    `lying_card`: syncs of files do nothing, as on a card that answers before it has written.
    """
    disk = _Disk(trace.before)
    rng = Random(seed)
    acked: tuple[bytes, ...] = ()
    for cut, step in enumerate(trace.steps, 1):
        if step.what == "ack":
            acked = (*acked, step.data)
        elif not (lying_card and step.what == "sync"):
            disk.apply(step)
        if cut < start:
            continue
        if not disk.at_stake():
            yield CrashState(cut, "keep", acked, disk.image("keep", rng))
            continue
        for mode in ("drop", "keep", *["some"] * some, *["torn"] * torn):
            yield CrashState(cut, mode, acked, disk.image(mode, rng))


@contextmanager
def ram_folder() -> Iterator[Path]:
    """A folder in memory where there is one: a rig writes thousands of small files and syncs."""
    shm = Path("/dev/shm")
    base = shm if os.access(shm, os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="ratingpad-crash-", dir=base) as folder:
        yield Path(folder)


@dataclass(slots=True, eq=False)
class _Inode:
    durable: bytes = b""
    pending: list[Step] = field(default_factory=list)


class _Disk:
    """Names and contents: what is durable, what is on its way, in the order it was done."""

    def __init__(self, before: Mapping[str, bytes]) -> None:
        self.names = {name: _Inode(content) for name, content in before.items()}
        self.live = dict(self.names)
        self.renaming: list[Callable[[dict[str, _Inode]], object]] = []

    def apply(self, step: Step) -> None:
        """Take in one step."""
        if step.what == "sync_folder":
            for change in self.renaming:
                change(self.names)
            self.renaming.clear()
        elif step.what == "create":
            inode = _Inode()
            self._name(lambda names: names.setdefault(step.path, inode))
        elif step.what == "unlink":
            self._name(lambda names: names.pop(step.path, None))
        elif step.what == "rename":
            self._name(lambda names: _move(names, step.path, step.to))
        elif step.path in self.live:
            file = self.live[step.path]
            if step.what == "sync":
                file.durable = _written(file.durable, file.pending)
                file.pending = []
            else:
                file.pending.append(step)

    def _name(self, change: Callable[[dict[str, _Inode]], object]) -> None:
        change(self.live)
        self.renaming.append(change)

    def at_stake(self) -> bool:
        """Whether a cut now could lose anything."""
        return bool(self.renaming) or any(inode.pending for inode in self.live.values())

    def image(self, mode: str, rng: Random) -> dict[str, bytes]:
        """What the disk may hold if the power goes now."""
        names = dict(self.names)
        kept = {"drop": 0, "keep": len(self.renaming)}.get(mode)
        for change in self.renaming[: rng.randint(0, len(self.renaming)) if kept is None else kept]:
            change(names)
        return {n: self._content(inode, mode, rng) for n, inode in names.items()}

    def _content(self, inode: _Inode, mode: str, rng: Random) -> bytes:
        if not inode.pending or mode == "drop":
            return inode.durable
        if mode == "keep":
            return _written(inode.durable, inode.pending)
        if mode == "some":
            return _written(inode.durable, [s for s in inode.pending if rng.random() < 0.5])
        pieces = (piece for step in inode.pending for piece in _sectors(step))
        return _written(inode.durable, [p for p in pieces if rng.random() < 0.5])


def _move(names: dict[str, _Inode], path: str, to: str) -> None:
    if path in names:
        names[to] = names.pop(path)


def _written(content: bytes, steps: Sequence[Step]) -> bytes:
    image = bytearray(content)
    for step in steps:
        end = step.offset + len(step.data)
        if step.what == "truncate":
            del image[step.offset :]
            end = step.offset
        if len(image) < end:
            image.extend(bytes(end - len(image)))
        if step.what == "write":
            image[step.offset : end] = step.data
    return bytes(image)


def _sectors(step: Step) -> Iterator[Step]:
    """A write cut where the disk's sectors end."""
    at = 0
    while step.what == "write" and at < len(step.data):
        room = SECTOR_BYTES - (step.offset + at) % SECTOR_BYTES
        yield step._replace(offset=step.offset + at, data=step.data[at : at + room])
        at += room
    if step.what != "write":
        yield step


_LINE = re.compile(r"(\d+) +(\w+)\((.*)\) += (-?\d+|\?)")
_UNFINISHED = re.compile(r"(\d+) +(\w+)\((.*) <unfinished \.\.\.>$")
_RESUMED = re.compile(r"(\d+) +<\.\.\. (\w+) resumed>(.*)\) += (-?\d+|\?)")
_FD = re.compile(r"(\d+)<([^>]*)>")
_TEXT = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')
_SYNCS = ("fsync", "fdatasync")


def _plain(spelt: str) -> bytes:
    return bytes.fromhex(spelt.replace("\\x", ""))


class _Reader:
    """strace's lines as steps."""

    def __init__(self, root: Path, names: set[str], is_ack: Callable[[int, bytes], bool]) -> None:
        self.root = str(root)
        self.names = names
        self.is_ack = is_ack
        self.offsets: dict[tuple[int, str], int] = {}

    def read(self, log: Path) -> Iterator[Step]:
        """The steps in order. A call that another thread interrupts is put where it counts."""
        calls: list[tuple[str, str, int] | None] = []
        open_calls: dict[str, tuple[int, str]] = {}
        for line in log.read_text(errors="replace").splitlines():
            if match := _UNFINISHED.match(line):
                open_calls[match[1]] = (len(calls), match[3])
                calls.append(None)
            elif match := _RESUMED.match(line):
                place, begun = open_calls.pop(match[1])
                call = (match[2], begun + match[3], _result(match[4]))
                if match[2] in _SYNCS:
                    calls.append(call)
                else:
                    calls[place] = call
            elif match := _LINE.match(line):
                calls.append((match[2], match[3], _result(match[4])))
        for finished in calls:
            if finished is not None and finished[2] >= 0:
                yield from self._steps(*finished)

    def _steps(self, call: str, args: str, result: int) -> Iterator[Step]:
        if call == "openat":
            yield from self._opened(args, result)
            return
        if call.startswith(("unlink", "rename", "link")):
            yield from self._named(call, args)
            return
        fd = _FD.match(args)
        if fd is None:
            return
        number, path = int(fd[1]), _plain(fd[2]).decode(errors="replace")
        if call in _SYNCS and path == self.root:
            yield Step("sync_folder")
            return
        name = self._inside(path)
        if call in ("write", "writev", "sendto", "pwrite64"):
            data = b"".join(_plain(text) for text in _TEXT.findall(args))[:result]
            if name is not None:
                yield self._write(call, number, name, data, args)
            elif self.is_ack(number, data):
                yield from (Step("ack", data=line) for line in data.splitlines())
        elif name is not None and call in _SYNCS:
            yield Step("sync", name)
        elif name is not None and call == "ftruncate":
            yield Step("truncate", name, int(args.rpartition(",")[2]))
        elif name is not None and call == "lseek":
            self.offsets[number, name] = result

    def _write(self, call: str, number: int, name: str, data: bytes, args: str) -> Step:
        if call == "pwrite64":
            return Step("write", name, int(args.rpartition(",")[2]), data)
        offset = self.offsets.get((number, name), 0)
        self.offsets[number, name] = offset + len(data)
        return Step("write", name, offset, data)

    def _opened(self, args: str, number: int) -> Iterator[Step]:
        path = self._paths(args)[0]
        name = self._inside(path)
        if name is None:
            return
        self.offsets[number, name] = 0
        if "O_CREAT" in args and name not in self.names:
            self.names.add(name)
            yield Step("create", name)
        if "O_TRUNC" in args:
            yield Step("truncate", name, 0)

    def _named(self, call: str, args: str) -> Iterator[Step]:
        if call.startswith("link"):
            raise NotImplementedError("hard links are not modelled")
        paths = [self._inside(path) for path in self._paths(args)]
        if call.startswith("unlink"):
            if paths[0] is not None:
                self.names.discard(paths[0])
                yield Step("unlink", paths[0])
        elif paths[0] is not None and paths[1] is not None:
            self.names.discard(paths[0])
            self.names.add(paths[1])
            yield Step("rename", paths[0], to=paths[1])

    def _paths(self, args: str) -> list[str]:
        """The paths among the arguments, made absolute by the folder strace names before them."""
        found: list[str] = []
        folder = ""
        for match in re.finditer(r'(?:AT_FDCWD|\d+)<([^>]*)>|"((?:\\x[0-9a-f]{2})*)"', args):
            if match[2] is None:
                folder = _plain(match[1]).decode(errors="replace")
            else:
                found.append(str(Path(folder) / _plain(match[2]).decode(errors="replace")))
        return found

    def _inside(self, path: str) -> str | None:
        """The name under the root; None for anything else and for shared memory."""
        folder, _, name = path.rpartition("/")
        return name if folder == self.root and not name.endswith("-shm") else None


def _result(spelt: str) -> int:
    return -1 if spelt == "?" else int(spelt)
