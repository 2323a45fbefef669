"""Whatever bytes an entry has: it gives rows that a database can hold, or an unread row.

Changed golden entries, and entries that are built to cost much. The generator is seeded;
RATINGPAD_LONG=1 tries more.
"""

import os
import tracemalloc
from collections.abc import Iterator, Sequence
from random import Random
from typing import Any

import msgspec
import pytest

from province.projection import Projection
from province.verify import StoreVerdict
from province.verify_report import Findings
from sync.entries import MAX_BODY_BYTES, Predecessor, Salvaged, kind_of, read_body, write_body
from sync.messages import MAX_BATCH_BYTES
from sync.shown_text import shown
from tests.rigs.ledger.ledger_builder import NOON_MS, at
from tests.rigs.sync import golden_values as goldens

ROUNDS = 60_000 if os.environ.get("RATINGPAD_LONG") == "1" else 6_000
GOLDEN = [write_body(body) for body in goldens.BODIES]
TOKENS = (
    *(b"{", b"}", b"[", b"]", b'"', b":", b",", b"\\", b"\\u0000", b"\\ud800", b"\\u202e", b"\0"),
    *(b"\xff", b"null", b"true", b"-1", b"9007199254740993", b"9" * 25, b"9" * 5000, b"1e999"),
    *(b"-9223372036854775808", b"0.5", b'"' + b"x" * 200 + b'"', b"[" * 2000, b'""'),
)
KEYS = (b'"seq"', b'"utc"', b'"mono"', b'"invitation"', b'"kind"', b'"level"', b'"missing"')


def changed(rng: Random) -> bytes:
    raw = bytearray(rng.choice(GOLDEN))
    for _ in range(rng.randint(0, 4)):
        place = rng.randrange(len(raw) + 1)
        end = min(len(raw), place + rng.randint(0, 9))
        match rng.randrange(6):
            case 0:
                raw[place:end] = b""
            case 1:
                raw[place:end] = rng.choice(TOKENS)
            case 2:
                raw[place:end] = rng.choice(KEYS)
            case 3:
                key = rng.choice(KEYS)
                value = raw.find(key)
                if value >= 0:  # the value of a field, up to the next comma
                    begin = value + len(key) + 1
                    stop = raw.find(b",", begin)
                    raw[begin : stop if stop >= 0 else len(raw)] = rng.choice(TOKENS)
            case 4 if raw:
                raw[place % len(raw)] ^= 1 << rng.randrange(8)
            case _:
                other = rng.choice(GOLDEN)
                raw[place:end] = other[: rng.randrange(len(other))]
    return bytes(raw).replace(b"\n", b"")[:MAX_BODY_BYTES]


def rows(projection: Projection) -> Iterator[Sequence[Any]]:
    anchors: dict[str, list[Any]] = {}
    for anchor in projection.anchors:
        anchors.setdefault(anchor.boot, []).append(anchor)
    yield from projection.ratings(anchors)
    yield from projection.details.values()
    yield from projection.strays(anchors)
    yield from projection.faults(anchors)
    yield from projection.unread
    yield from projection.anchors
    yield from projection.salvages
    yield from projection.openings
    yield from projection.claims


def storable(value: object) -> bool:
    """Whether every database holds it: PostgreSQL's int8, its text without U+0000, its keys."""
    if isinstance(value, str):
        return "\0" not in value and len(value.encode()) <= 4 * MAX_BODY_BYTES
    return value is None or (isinstance(value, int) and abs(value) < 2**63)


def test_any_entry_gives_rows_that_can_be_stored_and_said() -> None:
    rng = Random(20261130)
    read = unread = 0
    for _ in range(ROUNDS // 20):
        projection = Projection("pad-1")
        bodies = [changed(rng) for _ in range(20)]
        projection.feed("01A", rng.choice([1, 7, 2**53 - 30]), bodies, NOON_MS)
        for row in rows(projection):
            assert all(map(storable, row)), row
        unread += len(projection.unread)
        read += 20 - len({row.seq for row in projection.unread if row.ledger == "01A"})
        verdict = StoreVerdict(1, 1, 20, 0, 0, 0, [], [], projection.oddities())
        lines = [shown(line) for line, _ in Findings(verdict).lines()]
        assert all(line.isprintable() for line in lines)
    assert min(read, unread) > ROUNDS / 10  # the generator finds both sides


def test_any_bytes_are_a_body_or_a_value_error() -> None:
    rng = Random(5)
    for _ in range(ROUNDS):
        raw = changed(rng)
        kind_of(raw)
        try:
            read_body(raw)
        except ValueError:
            continue


def nested() -> bytes:
    """A salvaged entry of a salvaged entry, as deep as an entry is long."""
    body = GOLDEN[7].decode()
    while True:
        raw = Salvaged(at=at(1), ledger="01B", seq=3, digest="ab" * 32, body=body)
        try:
            body = write_body(raw).decode()
        except ValueError:
            return body.encode()


def missing() -> bytes:
    opened = goldens.BODIES[0]
    ranges = tuple((n, n) for n in range(1, 1400))
    before = Predecessor(ledger="01B", reason="damaged", missing=ranges)
    return write_body(msgspec.structs.replace(opened, previous=before))


COSTLY = {
    "salvaged in salvaged": nested(),
    "a thousand holes": missing(),
    "a thousand options": GOLDEN[10].replace(
        b'"114","115"', b",".join([b'"%d"' % n for n in range(2000)])
    ),
    "a long text": GOLDEN[10].replace("跑了三趟".encode(), b"x" * 15_000),
    "deep": b'{"kind":"x","a":' + b"[" * (MAX_BODY_BYTES - 20),
    "a long number": b'{"kind":"rated","elapsed_ms":' + b"9" * (MAX_BODY_BYTES - 40) + b"}",
}


@pytest.mark.parametrize("raw", COSTLY.values(), ids=COSTLY)
def test_a_batch_that_is_built_to_cost_much_is_derived_in_bounded_memory(raw: bytes) -> None:
    assert len(raw) <= MAX_BODY_BYTES
    bodies = [raw] * (MAX_BATCH_BYTES // (len(raw) + 1))
    tracemalloc.start()
    try:
        projection = Projection("pad-1")
        projection.feed("01A", 2, bodies, NOON_MS)
        for _ in rows(projection):
            pass
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 40 * MAX_BATCH_BYTES, peak
