"""How far a command is that takes more than two seconds: a line on stderr that is written over.

Only for a person at a terminal: into a file or a pipe nothing is written.
"""

import sys
import time

FROM_S = 2.0
"""What takes less shows nothing."""
_EACH_S = 0.2


class ShownProgress:
    """Shows the share of the work that is done, with its name. `clear` removes the line; to be
    called before anything else is printed.
    """

    def __init__(self, what: str) -> None:
        self._what = what
        self._due_s = time.monotonic() + FROM_S
        self._is_shown = False

    def __call__(self, share: float) -> None:
        """`share`: 0 to 1."""
        now_s = time.monotonic()
        if now_s < self._due_s or not sys.stderr.isatty():
            return
        self._due_s = now_s + _EACH_S
        self._is_shown = True
        print(f"\r{self._what} {share:.0%} ", end="", file=sys.stderr, flush=True)

    def clear(self) -> None:
        """Remove the line, if there is one; the next one waits again."""
        if self._is_shown:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)
            self._is_shown = False
        self._due_s = time.monotonic() + FROM_S
