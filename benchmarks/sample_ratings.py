"""The same facts for every contestant: a rating as our entries and as a peer's record.

A rating at a window is two entries of ours, `invited` and `rated`. A peer that only forwards
readings would say it all in one record, so on the wire two of our entries are held against one
record of the peer; in the drains, entry stands against record, and each carries one entry's facts.
"""

import random
from collections.abc import Iterator

from sync.entries import At, Body, HashName, Invited, Level, Opened, Rated, Service, Trust

SEED = 20_260_101
BOOT = "5f1d3c52-6f0a-4a39-9a6e-2f6f6f1b7c11"
STARTED_MS = 1_767_225_600_000
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_WEIGHTS = (80, 12, 5, 2, 1)
"""Of 100 ratings in a hall most are very satisfied; a uniform draw would deflate worse."""


def _at(mono_ms: int) -> At:
    return At(utc=STARTED_MS + mono_ms, mono=mono_ms, boot=BOOT, trust=Trust.NTP)


def _ulid(rng: random.Random, at_ms: int) -> str:
    """Ten characters of time, sixteen of chance, as the pad's own ids."""
    time = "".join(_ALPHABET[at_ms >> shift & 31] for shift in range(45, -1, -5))
    return time + "".join(rng.choices(_ALPHABET, k=16))


def ratings(count: int, seed: int = SEED) -> Iterator[tuple[Invited, Rated]]:
    """`count` ratings of one window, the same for the same seed.

    A few minutes apart, thirty matters, four clerks, case numbers that count up through the hall:
    what repeats at a window repeats here, and what does not is random.
    """
    rng = random.Random(seed)
    mono_ms, serial = 60_000, 0
    matters = [f"1144010500742{rng.randrange(10**6):06d}4442111{n:05d}" for n in range(30)]
    clerks = [f"{rng.randrange(10_000):04d}" for _ in range(4)]
    levels = tuple(Level)
    for _ in range(count):
        mono_ms += rng.randrange(60_000, 600_000)
        elapsed_ms = rng.randrange(900, 9_000)
        invitation = _ulid(rng, STARTED_MS + mono_ms)
        serial += rng.randrange(1, 40)
        case = f"11010120260101{serial:08d}"
        service = Service(case=case, matter=rng.choice(matters), step=rng.choice("123"))
        yield (
            Invited(
                at=_at(mono_ms),
                invitation=invitation,
                window="3",
                source="http",
                service=service,
                clerk=rng.choice(clerks),
            ),
            Rated(
                at=_at(mono_ms + elapsed_ms),
                invitation=invitation,
                level=rng.choices(levels, _WEIGHTS)[0],
                source="sim",
                elapsed_ms=elapsed_ms,
            ),
        )


def opened(ledger: str, pad: str) -> Opened:
    """The first entry of a ledger."""
    return Opened(at=_at(0), ledger=ledger, pad=pad, hash=HashName.SHA256, format=1)


def bodies(count: int) -> Iterator[Body]:
    """`count` entries: invited, rated, invited, rated …"""
    made = 0
    for pair in ratings((count + 1) // 2):
        for body in pair:
            if made < count:
                made += 1
                yield body


def entry_record(seq: int, body: Body) -> dict[str, object]:
    """One entry's facts as a flat telemetry record, in the short names a peer's user would take."""
    at = body.at
    values: dict[str, object] = {"seq": seq, "boot": at.boot, "mono": at.mono, "trust": "ntp"}
    if isinstance(body, Invited):
        values |= {"inv": body.invitation, "case": body.service.case, "clerk": body.clerk}
        values |= {"matter": body.service.matter, "step": body.service.step, "window": body.window}
    elif isinstance(body, Rated):
        values |= {"inv": body.invitation, "level": body.level.value, "elapsed": body.elapsed_ms}
    return {"ts": at.utc, "values": values}


def rating_record(seq: int, invited: Invited, rated: Rated) -> dict[str, object]:
    """A whole rating as one record: nothing twice, nothing that follows from the rest."""
    service = invited.service
    values: dict[str, object] = {
        "seq": seq,
        "case": service.case,
        "matter": service.matter,
        "step": service.step,
        "clerk": invited.clerk,
        "score": rated.level.value,
        "ms": rated.elapsed_ms,
    }
    return {"ts": rated.at.utc, "values": values}
