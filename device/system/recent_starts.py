"""How often the agent was started lately without having ended in order: a restart loop.

Under systemd the starts are kept in the runtime folder, which a restart keeps and a boot empties,
so a process that was killed at every start (memory, watchdog) is counted too. Elsewhere only those
that ended by a failure are kept, in a file beside the ledger.

systemd's own `RestartSteps=` is not used: Debian 12 does not have it, and its count does not fall
again after a good run.
"""

import contextlib
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from sync.regular_file import read_regular

RECENT_S = 600
"""A start counts for so long."""

OFTEN = 3
"""So many earlier starts are a loop, and not a coincidence."""

LONGEST_PAUSE_S = 60.0

BEGUN, FAILED = "begun", "failed"
_MAX_BYTES = 4096


class _Start(NamedTuple):
    boot: str
    mono_s: float
    pid: int
    state: str


class RecentStarts:
    """The starts before this process's. No method raises: what cannot be kept is not counted."""

    def __init__(
        self, ledger: Path, environ: Mapping[str, str] = os.environ, pid: int | None = None
    ) -> None:
        runtime = environ.get("RUNTIME_DIRECTORY", "").partition(":")[0]
        self._is_service = bool(runtime)
        self._file = Path(runtime, "starts") if runtime else ledger.with_suffix(".starts")
        self._pid = os.getpid() if pid is None else pid
        self._boot = _boot_id()

    @property
    def earlier(self) -> int:
        """How many other processes began within `RECENT_S` and did not end in order."""
        return sum(start.pid != self._pid for start in self._read())

    @property
    def is_loop(self) -> bool:
        """Whether the agent is being started again and again."""
        return self.earlier >= OFTEN

    @property
    def pause_s(self) -> float:
        """How long to wait before this start: longer each time."""
        return min(2.0 ** (self.earlier - OFTEN + 1), LONGEST_PAUSE_S) if self.is_loop else 0.0

    def begin(self) -> None:
        """This process begins."""
        if self._is_service:
            self._note(BEGUN)

    def end(self) -> None:
        """This process ends in order."""
        self._note(None)

    def fail(self) -> None:
        """This process ends because of a failure."""
        self._note(FAILED)

    def _note(self, state: str | None) -> None:
        others = [start for start in self._read() if start.pid != self._pid]
        now = [_Start(self._boot, _now_s(), self._pid, state)] if state is not None else []
        lines = [" ".join(map(str, start)) for start in (*others, *now)][-16:]
        with contextlib.suppress(OSError):
            if not lines:
                self._file.unlink(missing_ok=True)
                return
            flags = (
                os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
            )
            with os.fdopen(os.open(self._file, flags, 0o640), "w", encoding="ascii") as file:
                file.write("\n".join([*lines, ""]))

    def _read(self) -> list[_Start]:
        try:
            text = read_regular(self._file, _MAX_BYTES).decode("ascii", "replace")
        except OSError:
            return []
        found, oldest_s = [], _now_s() - RECENT_S
        for line in text.splitlines():
            with contextlib.suppress(ValueError):
                boot, mono_s, pid, state = line.split()
                start = _Start(boot, float(mono_s), int(pid), state)
                if start.boot == self._boot and oldest_s <= start.mono_s:
                    found.append(start)
        return found


def _now_s() -> float:
    return round(time.clock_gettime(time.CLOCK_BOOTTIME), 1)


def _boot_id() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
    except OSError:
        return "unknown"
