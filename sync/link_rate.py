"""How many batches may be on their way to the broker, by how fast the link has been. Pure.

What is sent waits in the kernel's buffer, which takes megabytes. Over a slow link a window of large
batches would stand there for minutes, the keep-alive's ping behind them, and the client would give
up a connection that works. So a connection begins with few batches, has one more for each that the
broker acknowledges, and never more than the link carries in `QUEUE_MS`.
"""

from collections import deque
from typing import NamedTuple

FIRST_BATCHES = 2
"""What a connection begins with: 20 s at 4 KiB/s for two of the greatest size, deflated."""
QUEUE_MS = 8_000
"""What is on its way should be through in this time: well within the keep-alive of 30 s."""
SAMPLE_BYTES = 8 * 1024
"""A shorter batch shows how long an answer takes, not how fast the link is."""


class _Sent(NamedTuple):
    at_ms: int
    size: int


class LinkRate:
    """What is on its way on one connection, and how fast it gets through. Monotonic ms."""

    def __init__(self) -> None:
        self._sent: deque[_Sent] = deque()
        self._acked_ms = 0
        self._open = FIRST_BATCHES
        self._bytes_per_ms: float | None = None
        self._largest = 1

    @property
    def unacked(self) -> int:
        """Batches without an acknowledgement from the broker."""
        return len(self._sent)

    @property
    def window(self) -> int:
        """Batches that may be on their way: at least one."""
        if self._bytes_per_ms is None:
            return self._open
        return max(1, min(self._open, int(self._bytes_per_ms * QUEUE_MS / self._largest)))

    def sent(self, size: int, now_ms: int) -> None:
        """A batch of so many bytes, as sent, was published."""
        self._sent.append(_Sent(now_ms, size))
        self._largest = max(self._largest // 2, size)

    def acked(self, now_ms: int) -> None:
        """The broker has acknowledged the oldest."""
        if not self._sent:
            return
        sent = self._sent.popleft()
        took_ms = max(1, now_ms - max(sent.at_ms, self._acked_ms))
        self._acked_ms = now_ms
        self._open += 1
        if sent.size >= SAMPLE_BYTES:
            rate, before = sent.size / took_ms, self._bytes_per_ms
            self._bytes_per_ms = rate if before is None else max(rate, (rate + before) / 2)

    def forget(self) -> None:
        """What is on its way will not be waited for: acknowledgements may never come."""
        self._sent.clear()
