"""How long messages, batches and their parts may be: at the bound, and one beyond it."""

import zlib

import pytest

from sync import messages as contract
from sync import schema
from sync.entries import GENESIS, MAX_BODY_BYTES, Entry
from sync.messages import (
    MAX_BATCH_BYTES,
    MAX_BATCH_ENTRIES,
    MAX_MESSAGE_BYTES,
    MAX_SEQ,
    ContractError,
    Problem,
)
from tests.rigs.sync import golden_values as goldens

LINES = goldens.golden_lines("messages.txt")
BATCH = (goldens.FOLDER / "batch.ndjson").read_bytes()


def refused(action, *arguments) -> Problem:
    """The problem with which a call is refused."""
    with pytest.raises(ContractError) as caught:
        action(*arguments)
    return caught.value.problem


def test_the_bounds_are_those_of_the_contract():
    kib = 1024
    assert (1024, 256 * kib, 64 * kib) == (MAX_BATCH_ENTRIES, MAX_BATCH_BYTES, MAX_MESSAGE_BYTES)
    assert 260 * kib == contract.MAX_PACKET_UP_BYTES
    assert 68 * kib == contract.MAX_PACKET_DOWN_BYTES
    assert contract.DEFLATE == ("encoding", "deflate")
    assert (contract.DEFLATE_FROM_BYTES, contract.DEFLATE_LEVEL) == (1024, 5)
    assert MAX_SEQ == 2**53


def test_a_batch_of_256_kib_is_read():
    length, rest = divmod(MAX_BATCH_BYTES, 32)
    assert rest == 0
    rows = [Entry(seq, b"x" * (length - 1), b"\x01" * 32) for seq in range(1, 33)]
    header = contract.write_batch("L", rows, GENESIS).partition(b"\n")[0]
    rows[0] = rows[0]._replace(body=b"x" * (length - 1 - len(header) - 1))
    payload = contract.write_batch("L", rows, GENESIS)
    assert len(payload) == MAX_BATCH_BYTES
    assert contract.read_batch(payload).header.count == 32


def test_a_reason_is_cut_to_500_characters():
    error = ContractError(Problem.MALFORMED, "a" * 499 + "bc")
    assert error.detail == "a" * 499 + "b"
    assert str(error) == "malformed: " + error.detail


def test_a_payload_of_a_kibibyte_is_deflated_and_a_shorter_one_is_not():
    assert contract.deflate(bytes(1_023)) == (bytes(1_023), False)
    packed, is_deflated = contract.deflate(bytes(1_024))
    assert is_deflated
    assert contract.inflate(packed) == bytes(1_024)


def test_a_deflate_stream_of_256_kib_is_taken_and_a_longer_one_is_malformed():
    stored = next(
        zlib.compress(bytes(size), 0)
        for size in range(MAX_BATCH_BYTES - 100, MAX_BATCH_BYTES)
        if len(zlib.compress(bytes(size), 0)) == MAX_BATCH_BYTES
    )
    assert len(contract.inflate(stored)) > MAX_BATCH_BYTES - 100
    assert refused(contract.inflate, stored + b"x") is Problem.MALFORMED


def test_a_batch_at_its_bounds_is_read_and_one_beyond_them_is_malformed():
    def batch(count: int, length: int) -> bytes:
        row = Entry(1, b"x" * length, b"\x01" * 32)
        rows = [row._replace(seq=n) for n in range(1, count + 1)]
        return contract.write_batch("L", rows, GENESIS)

    assert contract.read_batch(batch(MAX_BATCH_ENTRIES, 200)).header.count == MAX_BATCH_ENTRIES
    assert contract.read_batch(batch(1, MAX_BODY_BYTES)).header.count == 1
    assert refused(contract.read_batch, batch(MAX_BATCH_ENTRIES + 1, 20)) is Problem.MALFORMED
    assert refused(contract.read_batch, batch(1, MAX_BODY_BYTES + 1)) is Problem.MALFORMED
    assert refused(contract.read_batch, batch(20, MAX_BODY_BYTES)) is Problem.MALFORMED


def test_a_payload_that_inflates_to_exactly_the_bound_is_taken():
    plain = b"0" * MAX_BATCH_BYTES
    assert contract.inflate(zlib.compress(plain)) == plain
    assert refused(contract.inflate, zlib.compress(plain + b"0")) is Problem.MALFORMED


@pytest.mark.parametrize("kind", [*schema.MESSAGES.values()])
def test_a_message_beyond_its_bound_is_refused_before_it_is_parsed(kind):
    case = next((case for case, m in goldens.MESSAGES.items() if type(m) is kind), None)
    raw = LINES[case] if case is not None else BATCH.partition(b"\n")[0]
    longest = raw[:-1] + b" " * (MAX_MESSAGE_BYTES - len(raw)) + b"}"
    assert contract.read_message(kind, longest) == contract.read_message(kind, raw)
    assert refused(contract.read_message, kind, longest + b" ") is Problem.MALFORMED
