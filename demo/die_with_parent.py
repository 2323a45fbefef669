"""Run a program that dies with the one that started it. Linux only, like the pad.

`python -I -S die_with_parent.py PARENT_PID PROGRAM ARGS...` asks the kernel to kill this process
when its parent dies (`PR_SET_PDEATHSIG`, which exec keeps), then becomes PROGRAM. So even a SIGKILL
of the demo leaves no child behind. `python -I -S die_with_parent.py --sweep DIR` waits for the end
of its standard input (the demo's end of a pipe, closed by the kernel however the demo died) and
removes DIR.

It imports none of this project's modules and little else: it runs once before every child.
"""

import ctypes
import os
import signal
import sys
from pathlib import Path

PR_SET_PDEATHSIG = 1  # linux/prctl.h


def hold(parent: int, program: list[str]) -> None:
    """Become `program`, which the kernel kills when `parent` dies. Raises OSError when it cannot
    start.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG)")
    if os.getppid() != parent:  # it died between fork and prctl, so the signal would never come
        sys.exit(1)
    os.execv(program[0], program)


def sweep(directory: str) -> None:
    """Remove `directory` once standard input ends.

    Tries for five seconds: a child that is about to be killed may still write into it.
    """
    import shutil
    import time

    while os.read(0, 4096):
        pass
    for _ in range(50):
        shutil.rmtree(directory, ignore_errors=True)
        if not Path(directory).exists():
            return
        time.sleep(0.1)


if __name__ == "__main__":
    if sys.argv[1] == "--sweep":
        sweep(sys.argv[2])
    else:
        hold(int(sys.argv[1]), sys.argv[2:])
