"""What a receiver has stored, counted for its log: a line for each minute."""

import threading
from collections.abc import Iterable

from sync.messages import Receipt
from sync.store_port import Arrival

RATED = b'"kind":"rated"'
"""In the canonical bytes of an entry only a rating has this: a quotation mark inside a text is
written with a backslash."""


class ReceiverCounts:
    """Counts since the last `line`. `note` and `line` may be called from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._batches = self._ratings = self._refused = 0
        self._pads: set[str] = set()

    def note(self, arrival: Arrival, receipts: Iterable[Receipt]) -> None:
        """A batch is stored, or was refused, and its pad is answered."""
        refused = arrival.batch is None or any(receipt.problem for receipt in receipts)
        ratings = 0
        if arrival.batch is not None and not refused:
            ratings = sum(RATED in body for body in arrival.batch.bodies)
        with self._lock:
            self._batches += not refused
            self._refused += refused
            self._ratings += ratings
            self._pads.add(arrival.pad)

    def line(self) -> str:
        """The counts in words; they begin anew."""
        with self._lock:
            words = (
                f"{self._batches} batches with {self._ratings} ratings stored, "
                f"{self._refused} refused, from {len(self._pads)} pads"
            )
            self._batches = self._ratings = self._refused = 0
            self._pads.clear()
        return words
