"""Every kind of entry, byte for byte, and what becomes of bytes that are no entry."""

import hashlib
import tomllib
from pathlib import Path

import msgspec
import pytest

from sync import entries
from sync.entries import GENESIS, KINDS, HashName, Level
from tests.rigs.sync import golden_values as goldens

TABLES = Path(entries.__file__).with_name("codes")
LINES = goldens.golden_lines("entries.txt")


def test_the_golden_ledger_holds_every_kind():
    assert {entries.kind_of(body) for body in LINES.values()} == set(KINDS)


@pytest.mark.parametrize("seq", LINES)
def test_an_entry_is_written_as_the_committed_bytes_and_read_back(seq):
    body = goldens.BODIES[int(seq) - 1]
    assert entries.write_body(body) == LINES[seq]
    assert entries.read_body(LINES[seq]) == body


@pytest.mark.parametrize("seq", LINES)
def test_the_bytes_are_canonical(seq):
    raw = LINES[seq]
    assert msgspec.json.encode(msgspec.json.decode(raw), order="sorted") == raw
    assert b"\n" not in raw
    assert raw.isascii() is (seq not in ("8", "11"))  # Chinese and Korean are not escaped


@pytest.mark.parametrize("name", HashName)
def test_the_chain_gives_the_committed_digests(name):
    committed = goldens.golden_lines(f"digests-{name.value}.txt")
    assert {str(e.seq): e.digest.hex().encode() for e in goldens.chain(name)} == committed
    previous = GENESIS
    for seq, body in LINES.items():  # the same, with hashlib alone
        previous = hashlib.new(name.value, previous + body).digest()
        assert previous.hex().encode() == committed[seq]


def test_one_changed_bit_changes_every_digest_after_it():
    bodies = list(LINES.values())
    altered = [*bodies[:8], bodies[8].replace(b"satisfied", b"satisfiee"), *bodies[9:]]
    before = list(entries.walk_chain(HashName.SHA256, GENESIS, bodies))
    after = list(entries.walk_chain(HashName.SHA256, GENESIS, altered))
    assert before[:8] == after[:8]
    assert not set(before[8:]) & set(after[8:])


def test_an_unknown_kind_is_no_error_because_it_must_be_stored():
    raw = b'{"at":null,"kind":"sang","loudness":[1,2,{"deep":true}]}'
    assert entries.read_body(raw) is None
    assert entries.kind_of(raw) == "sang"


def test_an_unknown_field_of_a_known_kind_is_ignored():
    raw = LINES["16"][:-1] + b',"weather":"snow"}'
    assert entries.read_body(raw) == goldens.BODIES[15]


def test_an_undefined_level_is_an_error_and_never_a_level():
    raw = LINES["9"].replace(b'"satisfied"', b'"quite_satisfied"')
    with pytest.raises(ValueError, match="rated"):
        entries.read_body(raw)
    for number in (b"5", b"1", b"null", b'""'):
        with pytest.raises(ValueError, match="rated"):
            entries.read_body(LINES["9"].replace(b'"satisfied"', number))


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"{}",
        b'{"kind":7}',
        b'{"kind":""}',
        b'{"kind":"paused"}',
        b'{"kind":"paused","at":{},"by":"desk"}',
        b'{"kind":"\xff\xfe"}',
        b'{"at":null,"kind":"paused","by":"\xe9"}',
        b'{"kind":"paused"} {"kind":"paused"}',
        b'{"kind":"rated","elapsed_ms":1e400}',
        b"\x00" * 64,
        b"[" * 16000,
    ],
    ids=lambda raw: repr(raw[:40]),
)
def test_bytes_that_are_no_entry_are_a_value_error_and_no_other(raw):
    with pytest.raises(ValueError, match="entry"):
        entries.read_body(raw)
    assert isinstance(entries.kind_of(raw), str)


def test_an_unknown_kind_nested_to_the_bound_is_stored_or_refused_but_never_a_crash():
    """How deep JSON may be nested depends on the interpreter's stack."""
    raw = b'{"kind":"sang","a":' + b"[" * 8000 + b"]" * 8000 + b"}"
    try:
        assert entries.read_body(raw) is None
    except ValueError as error:
        assert "entry" in str(error)  # noqa: PT017 -- both outcomes are allowed
    assert entries.kind_of(raw) in ("sang", "")


def test_an_entry_longer_than_the_bound_is_never_written():
    body = goldens.BODIES[10]
    fits = msgspec.structs.replace(body, text="好" * 5000)
    assert len(entries.write_body(fits)) <= entries.MAX_BODY_BYTES
    bare = len(entries.write_body(msgspec.structs.replace(body, text="")))
    longest = msgspec.structs.replace(body, text="a" * (16 * 1024 - bare))
    assert len(entries.write_body(longest)) == 16 * 1024
    longer = msgspec.structs.replace(body, text="a" * (16 * 1024 - bare + 1))
    with pytest.raises(ValueError, match="entry of 16385 bytes; at most 16384 are allowed"):
        entries.write_body(longer)
    with pytest.raises(ValueError, match="at most"):
        entries.write_body(msgspec.structs.replace(body, text="好" * 6000))


def test_an_id_has_128_characters_and_a_number_53_bits_at_most():
    raw = LINES["9"]
    value = msgspec.json.decode(raw)
    for changes in ({"invitation": "i" * 128}, {"elapsed_ms": 2**53}, {"elapsed_ms": -(2**53)}):
        assert entries.read_body(msgspec.json.encode(value | changes)) is not None
    for changes in (
        {"invitation": "i" * 129},
        {"elapsed_ms": 2**53 + 1},
        {"elapsed_ms": -(2**53) - 1},
    ):
        with pytest.raises(ValueError, match="entry of kind rated"):
            entries.read_body(msgspec.json.encode(value | changes))


def test_the_words_for_levels_and_channels_are_those_of_the_code_tables():
    levels = tomllib.loads((TABLES / "levels.toml").read_text("utf-8"))
    assert [level.value for level in Level] == [*levels["names"]]
    channels = tomllib.loads((TABLES / "channels.toml").read_text("utf-8"))
    assert [channel.value for channel in entries.Channel] == [*channels["numbers"]]


def test_the_words_for_trust_and_hash_are_those_of_the_contract():
    assert [trust.value for trust in entries.Trust] == ["ntp", "rtc", "held", "none"]
    assert [name.value for name in HashName] == ["sha256", "sm3"]


def test_a_rating_is_given_on_a_pad_in_a_hall_unless_the_invitation_says_otherwise():
    at = entries.At(utc=None, mono=0, boot="b", trust=entries.Trust.NONE)
    invited = entries.Invited(at=at, invitation="i", window="3", source="desk")
    assert invited.channel is entries.Channel.HALL_PAD


def test_no_level_has_a_number():
    assert all(isinstance(level.value, str) and not level.value.isdigit() for level in Level)


def test_a_rating_is_hasty_below_half_a_second_and_carries_no_field_for_it():
    at = entries.At(utc=None, mono=0, boot="b", trust=entries.Trust.NONE)
    for elapsed_ms, hasty in ((-1, True), (0, True), (499, True), (500, False), (30_000, False)):
        rated = entries.Rated(
            at=at,
            invitation="i",
            level=entries.Level.SATISFIED,
            source="keys",
            elapsed_ms=elapsed_ms,
        )
        assert rated.is_hasty is hasty
        assert b"hasty" not in entries.write_body(rated)
