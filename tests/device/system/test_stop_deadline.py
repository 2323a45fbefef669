"""A process that is told to stop ends, also when a thread of it hangs."""

import subprocess
import sys

import pytest

PROGRAM = """
import concurrent.futures, sys, threading
from device.system.stop_deadline import StopDeadline
deadline = StopDeadline(0.2)
deadline.begin(failed={failed})
deadline.begin()
if {ends}:
    deadline.end()
    threading.Event().wait(0.6)
else:
    concurrent.futures.ThreadPoolExecutor().submit(threading.Event().wait)
print("the last line")
"""


def outcome(*, failed: bool = False, ends: bool = False) -> subprocess.CompletedProcess[str]:
    program = PROGRAM.format(failed=failed, ends=ends)
    return subprocess.run(
        [sys.executable, "-uc", program], capture_output=True, text=True, timeout=30, check=False
    )


@pytest.mark.parametrize("failed", [False, True])
def test_a_thread_that_python_waits_for_does_not_keep_the_process(failed: bool) -> None:
    done = outcome(failed=failed)
    assert done.returncode == int(failed)
    assert done.stdout == "the last line\n"
    assert "what hangs:" in done.stderr
    assert "Thread 0x" in done.stderr


def test_a_process_that_ended_in_time_is_left_alone() -> None:
    done = outcome(ends=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "the last line\n", "")
