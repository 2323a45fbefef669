"""How far something is that takes more than a moment, on the last line of a terminal.

Nothing is shown while it takes less than `FIRST_S`, nor where standard error is no terminal. The
line is drawn again a few times a second at most, and is gone at the end. The time that is left is
estimated from the share that is done; it is not said before some of it is known.
"""

import shutil
import sys
import time
from collections.abc import Callable
from types import TracebackType
from typing import TextIO

from sync.columns import columns
from sync.language import tr
from sync.sentence import Sentence
from sync.shown_text import shown

FIRST_S = 1.0
"""What takes less shows nothing."""
AGAIN_S = 0.5
"""The line changes at most so often."""
ESTIMATED_FROM = 0.03
"""The share from which on the rest is estimated."""

CLEAR = "\r\x1b[K"


class Progress:
    """Used in a `with` block, and called with the share that is done, 0 to 1, on any one thread."""

    def __init__(
        self,
        title: str,
        stream: TextIO | None = None,
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._title = title
        self._stream = stream or sys.stderr
        self._now_s = now_s
        self._began_s = self._next_s = 0.0
        self._is_shown = False
        self._is_terminal = self._stream is not None and self._stream.isatty()

    def __enter__(self) -> "Progress":
        self._began_s = self._now_s()
        self._next_s = self._began_s + FIRST_S
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.hide()

    def hide(self) -> None:
        """Clear the line, for something else to be printed; the next share shows it again."""
        if self._is_shown:
            self._is_shown = False
            self._write(CLEAR)

    def __call__(self, share: float) -> None:
        """So much is done."""
        if not self._is_terminal:
            return
        now_s = self._now_s()
        if now_s < self._next_s:
            return
        self._next_s, self._is_shown = now_s + AGAIN_S, True
        width = shutil.get_terminal_size().columns - 1
        self._write(CLEAR + _cut(shown(tr(self._line(share, now_s - self._began_s))), width))

    def _line(self, share: float, taken_s: float) -> Sentence:
        share = min(1.0, max(0.0, share))
        done = Sentence("{title}: {percent} %", title=self._title, percent=int(100 * share))
        if share < ESTIMATED_FROM:
            return done
        left = time_left(taken_s * (1 - share) / share)
        return Sentence("{done}, {left} left", done=done, left=left)

    def _write(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()


def time_left(seconds: float) -> Sentence:
    """A time as roughly as an estimate is: in steps of 5 s, then in minutes."""
    if seconds < 60:
        return Sentence("about {seconds} s", seconds=max(5, 5 * round(seconds / 5)))
    return Sentence("about {minutes} min", minutes=round(seconds / 60))


def _cut(text: str, width: int) -> str:
    """As much of a text as a line has room for."""
    while columns(text) > width:
        text = text[:-1]
    return text
