"""What all commands share: the terminal's encoding, a reader that stops, lines of the log."""

import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest

from sync.terminal import INTERRUPTED, OUTPUT_CLOSED, OUTPUT_FAILED, LineFormatter

PRELUDE = """
import asyncio, sys
from sync.terminal import run_command

async def say():
    print("x", flush=True)

async def tasks():
    async with asyncio.TaskGroup() as group:
        group.create_task(say())
        group.create_task(asyncio.sleep(9))

def together():
    asyncio.run(tasks())
"""


def run(
    program: str, environment: dict[str, str] | None = None, stdout: int = subprocess.PIPE
) -> tuple[int, str, str]:
    """Exit code, stdout and stderr (as ASCII) of a Python program."""
    done = subprocess.run(
        [sys.executable, "-c", PRELUDE + program],
        stdout=stdout,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONUNBUFFERED": "", **(environment or {})},
        timeout=60,
        check=False,
    )
    return done.returncode, ascii((done.stdout or b"").decode("latin-1")), done.stderr.decode()


def closed_pipe() -> int:
    """The writing end of a pipe that nobody reads."""
    reading, writing = os.pipe()
    os.close(reading)
    return writing


@pytest.mark.parametrize(
    ("environment", "printed"),
    [
        ({"PYTHONIOENCODING": "gbk"}, r"'\xba\xc3\\ucf00\n'"),
        ({"PYTHONIOENCODING": "ascii"}, r"'\\u597d\\ucf00\n'"),
        ({"PYTHONIOENCODING": "gbk:replace"}, r"'\xba\xc3?\n'"),
        ({"PYTHONIOENCODING": "", "PYTHONUTF8": "0", "LC_ALL": "POSIX",
          "PYTHONCOERCECLOCALE": "0"}, r"'\\u597d\\ucf00\n'"),
    ],
)  # fmt: skip
def test_what_the_terminal_cannot_show_is_escaped(
    environment: dict[str, str], printed: str
) -> None:
    program = "raise SystemExit(run_command(lambda: print('\\u597d\\ucf00') or 7))"
    assert run(program, environment) == (7, printed, "")


def test_control_without_it_the_same_output_ends_in_a_traceback() -> None:
    code, _, error = run("print('\\ucf00')", {"PYTHONIOENCODING": "gbk"})
    assert (code, "UnicodeEncodeError" in error) == (1, True)


@pytest.mark.parametrize(
    "body",
    [
        "[print('x' * 1000) for _ in range(1000)] and 0",  # more than a pipe and a buffer hold
        "print('x') or 0",  # fails only when the buffer is flushed at the end
        "print('x', flush=True) or 0",
        "together()",
        "__import__('argparse').ArgumentParser().parse_args(['--help'])",
    ],
)
def test_a_reader_that_stops_ends_the_command_quietly(body: str) -> None:
    writing = closed_pipe()
    try:
        program = f"raise SystemExit(run_command(lambda: {body}))"
        assert run(program, stdout=writing) == (OUTPUT_CLOSED, "''", "")
    finally:
        os.close(writing)


def test_a_broken_pipe_elsewhere_is_not_hidden() -> None:
    program = (
        "import socket\n"
        "a, b = socket.socketpair()\nb.close()\n"
        "raise SystemExit(run_command(lambda: a.sendall(b'x' * 100000)))"
    )
    code, _, error = run(program)
    assert (code, "BrokenPipeError" in error) == (1, True)


def test_a_full_disk_behind_the_output_is_said_without_a_traceback() -> None:
    with Path("/dev/full").open("wb") as full:
        code, _, error = run(
            "raise SystemExit(run_command(lambda: print('x') or 0))", stdout=full.fileno()
        )
    said = "the output could not be written: No space left on device\n"
    assert (code, error) == (OUTPUT_FAILED, said)


def test_no_stdout_at_all_and_an_interrupt_need_no_traceback_either() -> None:
    closed = "sys.stdout = None\nraise SystemExit(run_command(lambda: print('x') or 3))"
    assert run(closed) == (3, "''", "")
    interrupt = "import signal\nraise SystemExit(run_command(lambda: signal.raise_signal(2) or 0))"
    assert run(interrupt) == (INTERRUPTED, "''", "")


def test_no_text_forges_a_line_of_the_log() -> None:
    forged = "a\n2026-11-30 CRITICAL province everything is lost\x1b[2J\u202e"
    try:
        raise ValueError(forged)
    except ValueError:
        record = logging.LogRecord(
            "receiver", logging.WARNING, "", 0, "refused: %s", (forged,), sys.exc_info()
        )
    lines = LineFormatter("%(levelname)s %(name)s %(message)s").format(record).split("\n")
    escaped = r"a\x0a2026-11-30 CRITICAL province everything is lost\x1b[2J\u202e"
    assert lines[0] == f"WARNING receiver refused: {escaped}"
    assert all(line.startswith("  ") for line in lines[1:])
    assert "\x1b" not in "".join(lines)
