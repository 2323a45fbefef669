"""Children of the demo end with it, however it ends; so does its directory."""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from demo.processes import Program
from tests.rigs.time.wait import until

SLEEPER = [sys.executable, "-c", "import signal; print('up', flush=True); signal.pause()"]

DEMO = """
import asyncio, sys, tempfile
from pathlib import Path
from demo.processes import Program, Sweeper

async def main():
    home = Path(tempfile.mkdtemp(dir=sys.argv[1]))
    sweeper = Sweeper(home)
    await sweeper.start()
    program = Program("sleeper", sys.argv[2:], home / "log")
    await program.start()
    print(program.pid, home, flush=True)
    await asyncio.sleep(60)

asyncio.run(main())
"""


def is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


@pytest.mark.parametrize("sign", [signal.SIGKILL, signal.SIGTERM])
def test_a_killed_demo_leaves_no_child_and_no_directory(tmp_path, sign):
    demo = subprocess.Popen(
        [sys.executable, "-c", DEMO, str(tmp_path), *SLEEPER], stdout=subprocess.PIPE, text=True
    )
    assert demo.stdout is not None
    try:
        child, home = demo.stdout.readline().split()
        until(lambda: "up" in (Path(home) / "log").read_text(), 5, "the child is up")
        assert is_alive(int(child))
        demo.send_signal(sign)
        until(lambda: not is_alive(int(child)), 5, "the child has ended with its parent")
        until(lambda: not Path(home).exists(), 5, "the directory is swept")
    finally:
        demo.kill()
        demo.wait()
        demo.stdout.close()


def test_a_child_without_die_with_parent_would_outlive_its_parent(tmp_path):
    """The control: what `die_with_parent.py` is for."""
    parent = (
        "import os, subprocess, sys\n"
        "null = subprocess.DEVNULL\n"
        "child = subprocess.Popen(sys.argv[1:], stdout=null, stderr=null)\n"
        "print(child.pid, flush=True)\n"
        "os.kill(os.getpid(), 9)"
    )
    done = subprocess.run(
        [sys.executable, "-c", parent, *SLEEPER], capture_output=True, text=True, check=False
    )
    child = int(done.stdout)
    try:
        assert is_alive(child)
    finally:
        os.kill(child, signal.SIGKILL)


def test_a_program_can_be_started_again_after_it_was_killed(tmp_path):
    async def scene():
        program = Program("sleeper", SLEEPER, tmp_path / "log")
        await program.start()
        first = program.pid
        await program.kill()
        dead = not program.alive
        assert dead
        await program.start()
        alive = program.alive
        assert alive
        assert program.pid != first
        await program.stop()
        assert not program.alive

    asyncio.run(scene())


def test_a_program_that_cannot_start_says_why_at_the_end_of_its_output(tmp_path):
    async def scene():
        program = Program(
            "wrong", [sys.executable, "-c", "raise SystemExit('no card')"], tmp_path / "log"
        )
        await program.start()
        await program.stop()
        return program.last_words()

    # A SIGTERM may come before the words; then there are none, which is said too.
    assert asyncio.run(scene()) in {"no card", "(nothing)"}
