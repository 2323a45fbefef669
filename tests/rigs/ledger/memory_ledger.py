"""A ledger in memory with the real chain, for tests that need entries and no disk."""

from base64 import b64encode
from random import Random

import msgspec

from sync.delivery import LedgerSegment
from sync.entries import (
    FORMAT,
    GENESIS,
    At,
    Entry,
    HashName,
    Level,
    Opened,
    Rated,
    Trust,
    next_digest,
    write_body,
)


class MemoryLedger:
    """Implements `sync.uplink.Source`; `prune` forgets the oldest entries."""

    def __init__(
        self, pad: str, ledger_id: str = "L1", hash_name: HashName = HashName.SHA256
    ) -> None:
        self.pad = pad
        self.ledger_id = ledger_id
        self.hash_name = hash_name
        self.entries: list[Entry] = []
        self.pruned = 0
        self._pruned_digest = GENESIS
        self.append_body(
            write_body(Opened(at=at(0), ledger=ledger_id, pad=pad, hash=hash_name, format=FORMAT))
        )

    @property
    def head_seq(self) -> int:
        return self.pruned + len(self.entries)

    @property
    def head_digest(self) -> bytes:
        return self.entries[-1].digest if self.entries else self._pruned_digest

    def append_body(self, body: bytes) -> Entry:
        digest = next_digest(self.hash_name, self.head_digest, body)
        entry = Entry(self.head_seq + 1, body, digest)
        self.entries.append(entry)
        return entry

    def rate(self, count: int = 1, level: Level = Level.SATISFIED) -> None:
        """Append ratings."""
        for _ in range(count):
            number = self.head_seq + 1
            self.append_body(
                write_body(
                    Rated(
                        at=at(number),
                        invitation=f"I{number}",
                        level=level,
                        source="keys",
                        elapsed_ms=1000 + number % 7,
                    )
                )
            )

    def add_noise(self, count: int, length: int) -> None:
        """Append entries of a later version's kind, with text that deflate cannot shorten much."""
        for _ in range(count):
            number = self.head_seq + 1
            text = b64encode(Random(number).randbytes(length)).decode()
            body = {"at": {"boot": "b1", "mono": number, "trust": "none", "utc": None}}
            self.append_body(
                msgspec.json.encode(body | {"kind": "noise", "text": text}, order="sorted")
            )

    def segment(self, after: int, max_entries: int, max_bytes: int) -> LedgerSegment:
        """As `read`, without waiting."""
        torn = after < self.pruned
        start = max(after, self.pruned) - self.pruned
        taken: list[Entry] = []
        size = 0
        for entry in self.entries[start : start + max_entries]:
            size += len(entry.body) + 1
            if taken and size > max_bytes:
                break
            taken.append(entry)
        prev = self.digest_here(start + self.pruned)
        assert prev is not None
        return LedgerSegment(prev, taken, torn)

    async def read(self, after: int, max_entries: int, max_bytes: int) -> LedgerSegment:
        return self.segment(after, max_entries, max_bytes)

    def digest_here(self, seq: int) -> bytes | None:
        """As `digest_at`, without waiting."""
        if seq == self.pruned:
            return self._pruned_digest
        if self.pruned < seq <= self.head_seq:
            return self.entries[seq - self.pruned - 1].digest
        return None

    async def digest_at(self, seq: int) -> bytes | None:
        return self.digest_here(seq)

    def prune(self, before_seq: int) -> None:
        """Forget every entry below `before_seq`."""
        keep = self.entries[max(0, before_seq - 1 - self.pruned) :]
        gone = len(self.entries) - len(keep)
        if gone:
            self._pruned_digest = self.entries[gone - 1].digest
            self.pruned += gone
            self.entries = keep

    @property
    def bodies(self) -> list[bytes]:
        """The bytes of every entry it still has."""
        return [entry.body for entry in self.entries]


def at(mono: int) -> At:
    """A moment in a boot without a clock."""
    return At(utc=None, mono=mono, boot="b1", trust=Trust.NONE)
