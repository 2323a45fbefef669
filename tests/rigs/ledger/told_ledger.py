"""A ledger that tells a small story, with an entry of every kind that a pad writes."""

from collections.abc import Callable, Iterator
from pathlib import Path

from device.ledger.ledger import Ledger
from sync.entries import (
    At,
    Body,
    Booted,
    Cleared,
    Clock,
    Configured,
    Detailed,
    Fault,
    Invited,
    Lapsed,
    Level,
    Paused,
    Rated,
    Resumed,
    Salvaged,
    Service,
    Strayed,
    Trust,
    Withdrawn,
    write_body,
)

PAD = "jl-2224-017"
NINE_MS = 1_795_914_000_000
"""2026-11-29 09:00 in Beijing."""
BOOT = "0d9f2a0e6f0a4a539c0c8d8f4f0a1b2c"
RECEIPTED = 14
"""Up to which entry the province has sent receipts."""


class ToldClock:
    """Moments 1.7 s apart; the first ones without a date."""

    def __init__(self, undated: int = 1) -> None:
        self._mono = 5000
        self._undated = undated

    def __call__(self) -> At:
        self._mono += 1700
        if self._mono > 6700 and self._undated:
            self._undated -= 1
            return At(utc=None, mono=self._mono, boot=BOOT, trust=Trust.NONE)
        return At(utc=NINE_MS + self._mono, mono=self._mono, boot=BOOT, trust=Trust.NTP)


def invitation(number: int) -> str:
    """The id of an invitation of the story."""
    return f"01KBA3S0Q0XMZ5T7R9P1{number:06d}"


def bodies(
    at: Callable[[], At],
    level: Level = Level.SATISFIED,
    options: tuple[str, ...] = ("attitude",),
    text: str = "等了很久",
    key: str = "satisfied",
) -> Iterator[Body]:
    """What is written behind `opened`; what depends on a citizen's level may be chosen."""
    yield Booted(at=at(), agent="0.1.0", board="rpi-4", boots=12)
    yield Clock(at=at(), utc=NINE_MS, mono=6000, source="ntp", uncertainty_ms=20)
    yield Configured(at=at(), version=3, digest="ab" * 32)
    service = Service(case="办件-2026-0417", step="1", matter="11220000MB")
    yield Invited(at=at(), invitation=invitation(1), window="A03", source="http", service=service,
                  clerk="021")  # fmt: skip
    yield Rated(at=at(), invitation=invitation(1), level=level, source="keys", elapsed_ms=4321)
    yield Rated(at=at(), invitation=invitation(1), level=level, source="keys", elapsed_ms=5900,
                again=True)  # fmt: skip
    yield Detailed(at=at(), invitation=invitation(1), options=options, text=text)
    yield Invited(at=at(), invitation=invitation(2), window="A03", source="http")
    yield Lapsed(at=at(), invitation=invitation(2))
    yield Invited(at=at(), invitation=invitation(3), window="A03", source="http")
    yield Withdrawn(at=at(), invitation=invitation(3), reason="desk")
    yield Paused(at=at(), by="021")
    yield Resumed(at=at(), by="021")
    yield Strayed(at=at(), key=key, state="idle", source="keys")
    yield Fault(at=at(), code="K01", detail="key of pin 7")
    yield Cleared(at=at(), code="K01")
    old = Rated(at=at(), invitation=invitation(9), level=level, source="keys", elapsed_ms=300)
    yield Salvaged(at=at(), ledger="01KB0OLD", seq=71, digest="cd" * 32,
                   body=write_body(old).decode(), unproven=True)  # fmt: skip


def tell(folder: Path, *more: Body, name: str = "ledger.db", **chosen: object) -> Path:
    """The story's ledger in `folder`, closed; `more`: entries behind it."""
    at = ToldClock()
    ledger = Ledger.open(folder / name, PAD, at=at, new_id=lambda: "01KBA3S0Q0RATINGPAD0000001")
    for body in (*bodies(at, **chosen), *more):  # type: ignore[arg-type]  # as bodies() has them
        ledger.append(body)
    ledger.mark_receipted(RECEIPTED)
    ledger.note_head()
    ledger.close()
    return folder / name
