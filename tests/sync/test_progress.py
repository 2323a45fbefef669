"""A long command shows how far it is: on a terminal, a few times a second, and nothing is left."""

import io
import os
import pty
import subprocess
import sys

import pytest

from sync.progress import AGAIN_S, CLEAR, FIRST_S, Progress, time_left


class Screen(io.StringIO):
    """A terminal that remembers what was written."""

    def __init__(self, terminal: bool = True) -> None:
        super().__init__()
        self.terminal = terminal

    def isatty(self) -> bool:
        return self.terminal

    def drawn(self) -> list[str]:
        """Each state of the line."""
        return self.getvalue().split(CLEAR)[1:]


class Clock:
    """Seconds that a test moves."""

    now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def told(seconds: float, steps: int, screen: Screen) -> list[str]:
    """What the line showed of work that takes so long and tells so often."""
    clock = Clock()
    with Progress("checking", screen, clock) as progress:
        for step in range(steps):
            progress(step / steps)
            clock.now_s += seconds / steps
    return screen.drawn()


def test_what_is_over_in_a_moment_shows_nothing():
    assert told(FIRST_S - 0.1, 1000, Screen()) == []


def test_nothing_is_written_where_there_is_no_terminal():
    screen = Screen(terminal=False)
    assert told(60, 1000, screen) == []
    assert screen.getvalue() == ""


def test_the_line_changes_twice_a_second_at_most_and_is_gone_at_the_end():
    drawn = told(10, 100_000, Screen())
    assert drawn[-1] == ""
    assert len(drawn) - 1 <= (10 - FIRST_S) / AGAIN_S + 1


def test_the_share_and_the_rest_are_told_honestly():
    drawn = told(100, 1000, Screen())[:-1]
    assert drawn[0].startswith("checking: 1 %")
    assert "left" not in drawn[0]
    halfway = next(line for line in drawn if ": 50 %" in line)
    assert halfway == "checking: 50 %, about 50 s left"


@pytest.mark.parametrize(("seconds", "text"), [
    (0.2, "about 5 s"), (58, "about 60 s"), (61, "about 1 min"), (600, "about 10 min")
])  # fmt: skip
def test_an_estimate_is_as_rough_as_it_is(seconds, text):
    assert time_left(seconds) == text


def test_a_line_fits_the_terminal_and_cannot_command_it(monkeypatch):
    monkeypatch.setenv("COLUMNS", "20")
    clock, screen = Clock(), Screen()
    with Progress("检查\x1b[2J" * 20, screen, clock) as progress:
        clock.now_s += 5
        progress(0.5)
    [line, last] = screen.drawn()
    assert line == "检查\\x1b[2J检查\\x1b"[: len(line)]
    assert "\x1b" not in line
    assert last == ""


PROGRAM = """
import sys, time
from sync.progress import Progress
with Progress("checking") as progress:
    for step in range(40):
        progress(step / 40)
        time.sleep(0.05)
print("whole")
"""


def test_on_a_real_terminal_the_result_stands_alone():
    leader, follower = pty.openpty()
    child = subprocess.Popen(
        [sys.executable, "-c", PROGRAM],
        stdin=follower,
        stdout=follower,
        stderr=follower,
        close_fds=True,
    )
    os.close(follower)
    data = b""
    try:
        while chunk := os.read(leader, 4096):
            data += chunk
    except OSError:  # Linux: the other end is closed
        pass
    assert child.wait(60) == 0
    os.close(leader)
    text = data.decode()
    assert "checking: " in text
    assert text.split(CLEAR)[-1].strip() == "whole"


def test_in_a_pipe_only_the_result_stands():
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True, timeout=60
    )
    assert (done.stdout, done.stderr) == ("whole\n", "")
