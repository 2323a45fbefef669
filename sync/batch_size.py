"""How many entries the next batch may have. Pure.

A large batch is the fastest way over a good link and no way at all over one that is cut before the
batch is through. So a batch becomes smaller when a connection ended without having delivered one,
or had time for few, and larger again with what is receipted. A broker's limit is felt the same way.

    the most  --cut, nothing delivered-->  SMALL  --cut, nothing delivered-->  half of it … 1
       ^                                                                          |
       '----------- twice as large after each `GROW_AFTER` of its size -----------'
"""

SMALL = 64
"""Entries of a batch after the first connection that delivered none: 3 KB, less than a second at
4 KiB/s. From the most to here in one step: each try on a bad link costs a connection."""
PER_CONNECTION = 3
"""A connection should deliver so many batches at least: then a cut costs a sixth of what got
through, on average. Smaller ones lose less and deflate worse: 3 is the fastest of 2, 3 and 4."""
GROW_AFTER = 4
"""Batches are made larger once so many of their size have been receipted on one connection."""
LITTLE_BYTES = 1024
"""A batch of fewer bytes, before deflate, is hardly longer than what goes with every batch."""
RAISE_AFTER = 64
"""And a size that was too long for the broker is exceeded again after so many of that size."""


class BatchSize:
    """The size for one pad, in entries, between 1 and `most`."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._ceiling = most
        self._delivered = 0
        self._since_ceiling = 0
        self.entries = most

    def connected(self) -> None:
        """A connection begins."""
        self._delivered = 0

    def receipted(self, count: int) -> None:
        """The province has `count` entries more."""
        self._delivered += count
        self._since_ceiling += count
        if self._since_ceiling >= RAISE_AFTER * self._ceiling:
            self._ceiling, self._since_ceiling = min(self._most, 2 * self._ceiling), 0
        while self.entries < self._ceiling and self._delivered >= GROW_AFTER * self.entries:
            self.entries = min(self._ceiling, 2 * self.entries)

    def cut(self, delivered: int, largest: int, its_bytes: int) -> None:
        """A connection ended with batches on their way, the largest of `largest` entries and
        `its_bytes`; it had delivered `delivered` entries.
        """
        if its_bytes < LITTLE_BYTES:
            return  # it would not have been shorter in two parts, so its size was not the cause
        if not delivered:
            self.entries = max(1, min(self.entries, SMALL if largest > SMALL else largest // 2))
        elif largest > delivered // PER_CONNECTION:
            self.entries = max(1, min(self.entries, delivered // PER_CONNECTION))

    def too_long(self, count: int) -> None:
        """A batch of `count` entries was longer than the broker takes."""
        self._ceiling, self._since_ceiling = max(1, count // 2), 0
        self.entries = min(self.entries, self._ceiling)
