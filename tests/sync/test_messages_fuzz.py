"""Bytes from outside: whatever they are, a reader refuses them in its own words, in bounded memory.

Changed golden bytes, and inputs that are built to cost much. The generator is seeded;
RATINGPAD_LONG=1 tries more.
"""

import os
import tracemalloc
import zlib
from collections.abc import Callable
from random import Random

import pytest

from sync import messages as contract
from sync import schema
from sync.entries import kind_of, read_body
from sync.messages import MAX_BATCH_BYTES, MAX_DETAIL_CHARS, MAX_MESSAGE_BYTES, Topic
from sync.store_port import read_arrival
from tests.rigs.sync import golden_values as goldens

ROUNDS = 100_000 if os.environ.get("RATINGPAD_LONG") == "1" else 15_000
MEMORY_BYTES = 8 * 1024 * 1024
"""What reading one payload may take at most: some copies of the longest batch, and its lines."""

BATCH = (goldens.FOLDER / "batch.ndjson").read_bytes()
ENTRIES = [*goldens.golden_lines("entries.txt").values()]
LINES = goldens.golden_lines("messages.txt")
BEGINNINGS = [*LINES.values(), BATCH, *ENTRIES, zlib.compress(BATCH)]
TOKENS = (
    *(b"{", b"}", b"[", b"]", b'"', b":", b",", b"\n", b"\r", b"\\", b"\\u0000", b"\\ud800", b"\0"),
    *(b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"null", b"true", b"-", b"1e999", b"0.1", b" "),
    *(b"9" * 400, b"9" * 5000, b'"v":1', b'"v":2', b"[" * 2000, b'{"a":' * 2000, b"x" * 70_000),
)

KINDS = [*schema.MESSAGES.values()]
Reader = Callable[[bytes], object]
READERS: list[Reader] = [
    *(lambda raw, kind=kind: contract.read_message(kind, raw) for kind in KINDS),
    contract.read_batch,
    contract.inflate,
    lambda raw: read_arrival("pad-1", raw, True, 0),
    lambda raw: read_arrival("pad-1", raw, False, 0),
    kind_of,
]
COSTLY = {
    "a bomb": zlib.compress(bytes(64 * MAX_BATCH_BYTES), 9),
    "many short lines": BATCH.partition(b"\n")[0] + b"\n" * (MAX_BATCH_BYTES - 1000),
    "many faults": b'{"v":1,"faults":[' + b"{}," * 21_000 + b"{}]}",
    "many problems": b'{"v":1,"problems":[' + b'"",' * 21_000 + b'""]}',
    "a long word": b'{"v":1,"order":"' + b"y" * 60_000 + b'"}',
    "another long word": LINES["receipt-gap"].replace(b'"gap"', b'"' + b"y" * 60_000 + b'"'),
    "many fields": b"{" + b'"v":1,' * 10_000 + b'"v":1}',
    "very many fields": b"{" + b'"v":1,' * 400_000 + b'"v":1}',
    "deep": b'{"v":1,"a":' + b"[" * (MAX_MESSAGE_BYTES - 20),
    "deeper": b'{"v":1,"a":' + b'{"a":' * 4_000_000,
    "a long number": b'{"v":' + b"9" * (MAX_MESSAGE_BYTES - 20) + b"}",
    "a long text": b'{"v":1,"detail":"' + b"x" * 30_000_000 + b'"}',
    "long zeros": bytes(30_000_000),
}


def changed(rng: Random) -> bytes:
    """Golden bytes with a few places cut, doubled, flipped or filled."""
    raw = bytearray(rng.choice(BEGINNINGS))
    for _ in range(rng.randint(1, 4)):
        at = rng.randrange(len(raw) + 1)
        end = min(len(raw), at + rng.randint(0, 12))
        match rng.randrange(5):
            case 0:
                raw[at:end] = b""
            case 1:
                raw[at:at] = rng.choice(TOKENS)
            case 2:
                raw[at:end] = rng.choice(TOKENS)
            case 3 if raw:
                raw[at % len(raw)] ^= 1 << rng.randrange(8)
            case _:
                raw[at:at] = raw[at:end] * rng.randint(1, 3)
    return bytes(raw)


def tried(read: Reader, raw: bytes) -> bool:
    """Whether the reader takes it; any other exception than its own comes through."""
    try:
        read(raw)
    except contract.ContractError as error:
        reason = error.detail
    else:
        return True
    assert len(reason) <= MAX_DETAIL_CHARS, "a reason is no copy of the payload"
    return False


def test_changed_messages_are_read_or_refused_and_nothing_else_happens():
    rng = Random(10)
    taken = 0
    for _ in range(ROUNDS):
        raw = changed(rng)
        taken += sum(tried(read, raw) for read in READERS)
        try:
            read_body(raw)
        except ValueError:
            continue
    assert taken > ROUNDS, "the changes are small enough that some are still read"


@pytest.mark.parametrize("name", COSTLY)
def test_what_is_built_to_cost_memory_is_refused_cheaply(name):
    raw = COSTLY[name]
    for read in READERS:
        tracemalloc.start()
        try:
            tried(read, raw)
            _, peak_bytes = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert peak_bytes < MEMORY_BYTES


def test_control_a_reader_without_a_bound_takes_more():
    tracemalloc.start()
    try:
        zlib.decompress(COSTLY["a bomb"])
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak_bytes > MEMORY_BYTES


def test_changed_topics_name_a_pad_or_none():
    rng = Random(11)
    for _ in range(ROUNDS):
        text = list(Topic.ENTRIES.of("jl-0431-017"))
        for _ in range(rng.randint(0, 3)):
            text[rng.randrange(len(text))] = rng.choice("/+#aA-\n\0窗 $")
        named = contract.read_topic("".join(text))
        assert named is None or contract.PAD_ID.fullmatch(named[0])
