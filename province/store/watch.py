"""How long a silent database is waited for, and that it is not waited for any more.

A server's own limits do not help when its answer never arrives: a cable that is cut, a router that
forgot the connection, a machine that hangs.
"""

import threading
import time

SILENCE_S = 8.0
"""Without a byte from the server for so long, a connection is given up. Longer than the limits that
the server keeps itself, whose errors say more."""
READING_SILENCE_S = 60.0
"""The same for a command that only reads: the first row of a large store may take a while, and
nobody waits for it but the person who gave the command.
"""


class Watch:
    """One store's patience. `give_up` may be called from any thread.

    `silent`: a connection was given up, since somebody cleared it.
    """

    def __init__(self, silence_s: float = SILENCE_S) -> None:
        self.silent = False
        self._silence_s = silence_s
        self._gave_up = threading.Event()

    def give_up(self) -> None:
        """Wait for nothing any more."""
        self._gave_up.set()

    def why_to_stop(self, since_s: float) -> str | None:
        """Why a wait is to end now: nothing has come since `since_s` (time.monotonic())."""
        if self._gave_up.is_set():
            return "the program stops"
        silent_s = time.monotonic() - since_s
        return f"no answer for {silent_s:.0f} s" if silent_s >= self._silence_s else None
