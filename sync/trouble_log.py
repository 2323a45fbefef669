"""One log line when something begins to fail, when its reason changes, each minute, and at its end.

A try every few milliseconds would otherwise write a line each; and a reason that is logged at the
first failure only hides the second one.
"""

import logging
import re
from collections.abc import Callable
from dataclasses import dataclass

AGAIN_S = 60.0
"""How long until a trouble that stays is logged again, with its count."""
SUBJECTS_MAX = 1000
"""Subjects that are remembered; further ones are logged together, as `others`."""

REASONS_MAX = 20
"""Reasons of one subject that get a line of their own."""

_NUMBER = re.compile(r"\d+")


@dataclass
class _Trouble:
    reasons: set[str]
    since_s: float
    said_s: float
    times: int = 1
    said_times: int = 1


class TroubleLog:
    """Troubles by subject (`the store`, `pad a`). `clock`: monotonic seconds. Not thread-safe."""

    def __init__(self, log: logging.Logger, clock: Callable[[], float]) -> None:
        self._log = log
        self._clock = clock
        self._troubles: dict[str, _Trouble] = {}

    def failed(self, subject: str, reason: str, error: Exception | None = None) -> None:
        """A try failed. `error`: logged with its traceback, for what nobody expects."""
        now_s = self._clock()
        kind = _NUMBER.sub("#", reason)  # process ids, ports and times are no new reason
        if subject not in self._troubles and len(self._troubles) >= SUBJECTS_MAX:
            subject = "others"
        trouble = self._troubles.get(subject)
        if trouble is None:
            self._troubles[subject] = _Trouble({kind}, now_s, now_s)
            self._log.warning("%s: %s", subject, reason, exc_info=error)
            return
        trouble.times += 1
        if kind not in trouble.reasons and len(trouble.reasons) < REASONS_MAX:
            trouble.reasons.add(kind)
            trouble.said_s, trouble.said_times = now_s, trouble.times
            self._log.warning("%s: now: %s", subject, reason, exc_info=error)
        elif now_s - trouble.said_s >= AGAIN_S:
            more, trouble.said_times = trouble.times - trouble.said_times, trouble.times
            trouble.said_s = now_s
            for_s = now_s - trouble.since_s
            self._log.warning("%s: for %.0f s, %d more tries: %s", subject, for_s, more, reason)

    def works(self, subject: str) -> None:
        """A try succeeded; logged if the one before had failed."""
        trouble = self._troubles.pop(subject, None)
        if trouble is not None:
            for_s = self._clock() - trouble.since_s
            self._log.info("%s: works again, after %d tries, %.1f s", subject, trouble.times, for_s)


class MinuteCount:
    """Counts what a flood may bring, for one log line a minute. Not thread-safe."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._count = 0
        self._said_s: float | None = None

    def add(self) -> int | None:
        """Count one; how many there were since the last line, when a line is due, else None."""
        self._count += 1
        now_s = self._clock()
        if self._said_s is not None and now_s - self._said_s < AGAIN_S:
            return None
        self._said_s = now_s
        count, self._count = self._count, 0
        return count


def error_text(error: Exception) -> str:
    """An error in one line."""
    return " ".join(f"{error}".split()) or type(error).__name__
