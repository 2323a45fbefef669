"""A pad's ledger in memory, for the province's tests: bodies in, batches and arrivals out."""

from sync.entries import (
    FORMAT,
    GENESIS,
    At,
    Body,
    Channel,
    Clock,
    Entry,
    HashName,
    Invited,
    Lapsed,
    Level,
    Opened,
    Predecessor,
    Rated,
    Service,
    Trust,
    next_digest,
    write_body,
)
from sync.messages import MAX_BATCH_ENTRIES, VERSION, State, Status, read_batch, write_batch
from sync.store_port import Arrival

NOON_MS = 1_790_000_000_000


class LedgerBuilder:
    """Entries with their chain. `add` appends bodies or raw bytes; `batch` cuts a range out."""

    def __init__(
        self,
        pad: str = "pad-1",
        ledger: str = "01LEDGER-A",
        *,
        hash_name: HashName = HashName.SHA256,
        previous: Predecessor | None = None,
    ) -> None:
        self.pad = pad
        self.id = ledger
        self.hash_name = hash_name
        self.entries: list[Entry] = []
        self.add(
            Opened(
                at=at(0), ledger=ledger, pad=pad, hash=hash_name, format=FORMAT, previous=previous
            )
        )

    def add(self, *bodies: Body | bytes) -> "LedgerBuilder":
        for body in bodies:
            raw = body if isinstance(body, bytes) else write_body(body)
            digest = next_digest(self.hash_name, self.digest(len(self.entries)), raw)
            self.entries.append(Entry(len(self.entries) + 1, raw, digest))
        return self

    def digest(self, seq: int) -> bytes:
        return self.entries[seq - 1].digest if seq else GENESIS

    def payload(self, first: int = 1, last: int | None = None, *, torn: bool = False) -> bytes:
        return write_batch(
            self.id,
            self.entries[first - 1 : last],
            self.digest(first - 1),
            hash_name=self.hash_name,
            torn=torn,
        )

    def arrival(self, first: int = 1, last: int | None = None, *, torn: bool = False) -> Arrival:
        payload = self.payload(first, last, torn=torn)
        return Arrival(self.pad, read_batch(payload), None, "", payload, NOON_MS)

    def arrivals(self, size: int = MAX_BATCH_ENTRIES, first: int = 1) -> list[Arrival]:
        return [
            self.arrival(start, min(start + size - 1, len(self.entries)))
            for start in range(first, len(self.entries) + 1, size)
        ]

    def birth(
        self, boots: int = 1, session: int = 1, *, seq: int | None = None, digest: str | None = None
    ) -> State:
        head = len(self.entries) if seq is None else seq
        return State(
            v=VERSION,
            pad=self.pad,
            status=Status.ONLINE,
            boots=boots,
            session=session,
            ledger=self.id,
            seq=head,
            digest=self.digest(head).hex() if digest is None else digest,
        )


def at(mono: int, utc: int | None = NOON_MS, boot: str = "boot-1", trust: Trust = Trust.NTP) -> At:
    """A moment of a pad that knows the time: `utc` of mono 0, plus `mono`."""
    return At(utc=None if utc is None else utc + mono, mono=mono, boot=boot, trust=trust)


def without_time(mono: int, boot: str = "boot-1") -> At:
    """A moment of a pad that does not know the time."""
    return at(mono, None, boot, Trust.NONE)


def clock(
    mono: int, utc: int, boot: str = "boot-1", uncertainty_ms: int = 20, source: str = "ntp"
) -> Clock:
    return Clock(
        at=At(utc=utc, mono=mono, boot=boot, trust=Trust.NTP),
        utc=utc,
        mono=mono,
        source=source,
        uncertainty_ms=uncertainty_ms,
    )


def invited(
    invitation: str,
    when: At | None = None,
    *,
    channel: Channel = Channel.HALL_PAD,
    **service: str,
) -> Invited:
    return Invited(
        at=when or at(1000),
        invitation=invitation,
        window="A03",
        source="http",
        service=Service(**service),
        clerk="c7",
        channel=channel,
    )


def rated(
    invitation: str,
    level: Level = Level.SATISFIED,
    when: At | None = None,
    *,
    again: bool = False,
    elapsed_ms: int = 2000,
) -> Rated:
    return Rated(
        at=when or at(3000),
        invitation=invitation,
        level=level,
        source="keys",
        elapsed_ms=elapsed_ms,
        again=again,
    )


def lapsed(invitation: str, when: At | None = None) -> Lapsed:
    return Lapsed(at=when or at(31_000), invitation=invitation)
