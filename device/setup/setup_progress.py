"""Shows what setup will do, and how far it is."""

import shutil
import time
from collections.abc import Callable, Sequence
from typing import TextIO

from device.setup.setup_plan import Step
from device.setup.setup_system import OnLine
from sync.language import tr
from sync.sentence import Sentence
from sync.shown_text import shown

REDRAWN_S = 0.2
"""A line that stays is drawn again at most so often."""


def show_plan(left: Sequence[Step], done: int, screen: TextIO) -> None:
    """What is left to do, a block for each step."""
    for number, step in enumerate(left, 1):
        print(f"{number:3}. {tr(step.title)}", file=screen)
        for change in step.changes:
            print(f"       {shown(tr(change))}", file=screen)
    if done:
        print(f"     {tr(Sentence('in order already: {count}', count=done))}", file=screen)


class StepProgress:
    """A line for each step: its time when it is done, and while it lasts, on a terminal, the last
    line of what its command says.
    """

    def __init__(
        self, steps: int, screen: TextIO, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._steps = steps
        self._screen = screen
        self._clock = clock
        self._is_terminal = screen.isatty()

    def do(self, number: int, step: Step) -> None:
        """Do the step. Raises what the step raises."""
        began = self._clock()
        head = f"[{number}/{self._steps}] {tr(step.title)}"
        print(f"{head} …", end="" if self._is_terminal else "\n", file=self._screen, flush=True)
        step.do(self._redraw(head, began))
        took = tr(
            Sentence("{step}: done, {time} s", step=head, time=f"{self._clock() - began:.0f}")
        )
        print(f"\r\x1b[K{took}" if self._is_terminal else took, file=self._screen, flush=True)

    def stop(self) -> None:
        """Leave the line of a step that has failed."""
        if self._is_terminal:
            print(file=self._screen)

    def _redraw(self, head: str, began: float) -> OnLine:
        drawn = began

        def on_line(line: str) -> None:
            nonlocal drawn
            now = self._clock()
            if not self._is_terminal or now - drawn < REDRAWN_S:
                return
            drawn = now
            width = shutil.get_terminal_size().columns - 1
            text = f"{head} … {now - began:.0f} s  {shown(line)}"[:width]
            print(f"\r\x1b[K{text}", end="", file=self._screen, flush=True)

        return on_line
