"""Folders and child processes of one run; all are removed at its end."""

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path


class BenchError(RuntimeError):
    """A contestant did not start, did not finish in time, or is not installed."""


@contextlib.contextmanager
def scratch(name: str) -> Iterator[Path]:
    """A new directory on a real disk (`/var/tmp` is never a tmpfs by FHS), removed afterwards."""
    path = Path(tempfile.mkdtemp(prefix=f"ratingpad-bench-{name}-", dir="/var/tmp"))
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


@contextlib.contextmanager
def running(
    command: Sequence[str | Path],
    *,
    cwd: Path,
    log: Path,
    env: Mapping[str, str] | None = None,
    user: str | None = None,
) -> Iterator[subprocess.Popen[str]]:
    """A child process in its own session with pipes on stdin and stdout, stderr into `log`.

    Ended with SIGTERM, then SIGKILL for its whole session after 5 s.
    """
    with log.open("ab") as errors:
        child = subprocess.Popen(
            [str(part) for part in command],
            cwd=cwd,
            env={**os.environ, **(env or {})},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            bufsize=1,
            start_new_session=True,
            user=user,
        )
    try:
        yield child
    finally:
        stop(child)


def stop(child: subprocess.Popen[str]) -> None:
    """End a child of `running`: SIGTERM, 5 s later SIGKILL to its session; safe to call twice."""
    if child.poll() is None:
        child.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(5)
    kill(child)
    for pipe in (child.stdin, child.stdout):
        if pipe:
            with contextlib.suppress(OSError):
                pipe.close()


def kill(child: subprocess.Popen[str]) -> None:
    """SIGKILL to the child's whole session, and wait for it."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
    child.wait(10)
