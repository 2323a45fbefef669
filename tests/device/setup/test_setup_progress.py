"""What is seen while steps are done."""

import io

import pytest

from device.setup.setup_plan import Step
from device.setup.setup_progress import StepProgress, show_plan


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def step_of(*lines: str, fails: bool = False) -> Step:
    def do(on_line):
        for line in lines:
            on_line(line)
        if fails:
            raise OSError("no")

    return Step("Debian packages", ("apt-get install x", "\x1b[2J"), lambda: False, do)


def test_the_plan_names_each_step_and_what_it_changes():
    screen = io.StringIO()
    show_plan([step_of(), step_of()], 3, screen)
    text = screen.getvalue()
    assert text.count("Debian packages") == 2
    assert "  2. Debian" in text
    assert "apt-get install x" in text
    assert "\x1b" not in text
    assert "in order already: 3" in text


def test_on_a_terminal_one_line_shows_how_far_it_is():
    screen = Terminal()
    times = iter(range(100))
    step = step_of("Get:1 python3-venv", "\x1b[2Jx")
    StepProgress(4, screen, lambda: next(times)).do(2, step)
    text = screen.getvalue()
    assert "\r\x1b[K[2/4] Debian packages … 1 s  Get:1 python3-venv" in text
    assert "\x1b[2J" not in text
    assert text.endswith("\r\x1b[K[2/4] Debian packages: done, 3 s\n")


def test_lines_that_come_fast_are_not_all_drawn():
    screen = Terminal()
    StepProgress(1, screen, lambda: 0.0).do(1, step_of(*["line"] * 100))
    assert "line" not in screen.getvalue()


def test_into_a_file_there_are_whole_lines_and_no_control_characters():
    screen = io.StringIO()
    StepProgress(1, screen, lambda: 0.0).do(1, step_of("one"))
    assert screen.getvalue() == "[1/1] Debian packages …\n[1/1] Debian packages: done, 0 s\n"


def test_a_step_that_fails_leaves_its_line():
    screen = Terminal()
    progress = StepProgress(1, screen, lambda: 0.0)
    with pytest.raises(OSError, match="no"):
        progress.do(1, step_of(fails=True))
    progress.stop()
    assert screen.getvalue().endswith("…\n")
