"""The token in a QR code: valid from the pad's own key, for one invitation, up to its last day."""

import hashlib
import hmac
import re
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sync import phone_token as token
from sync.entries import HashName
from sync.phone_token import (
    CHARS,
    DAY_MS,
    DIGITS,
    LONGEST_DAYS,
    NUMBER_MAX,
    POLICY_DAYS,
    SECRET_BYTES,
    PhoneKey,
    Purpose,
    Token,
    TokenRefusal,
    check,
    day_of,
    issue,
    last_day,
    read_key,
    write_key,
)
from tests.rigs.source.source_tree import ROOT

SERVED_MS = 1795399200000
"""2026-11-23T10:00 in China."""
CASE = "01JD5Z9QWV00000000000000A1"
KEY = PhoneKey("jl-0431-017", 42, bytes(range(32)))
TOKEN = "1001AM9K01JD5Z9QWV00000000000000A1BS6515DM6TWZ5FYV"

always = settings(max_examples=200, deadline=None, derandomize=True)

ids = st.text(st.sampled_from(DIGITS), min_size=25, max_size=25).map(lambda tail: "0" + tail)
pads = st.from_regex(r"[a-z0-9-]{1,32}", fullmatch=True)
keys = st.builds(
    PhoneKey,
    pads,
    st.integers(0, NUMBER_MAX),
    st.binary(min_size=SECRET_BYTES, max_size=SECRET_BYTES),
    st.sampled_from(HashName),
)
days = st.integers(1, 32**3 - 1)


def midnight_ms(day: int) -> int:
    """The moment at which a day begins in China."""
    return day * DAY_MS - token.CHINA_MS


def lookup(key: PhoneKey):
    """The province's look-up of keys, with this key only."""
    return {key.number: key}.get


def refused(key: PhoneKey, text: str, day: int) -> bool:
    return isinstance(check(text, lookup(key), midnight_ms(day)), TokenRefusal)


@pytest.fixture
def no_mac(monkeypatch):
    """The control: a token that anybody could make."""
    monkeypatch.setattr(token, "_mac", lambda _, __: "0" * token.MAC_CHARS)


# --- its bytes -----------------------------------------------------------------------------------


@always
@given(key=keys, invitation=ids, day=days)
def test_the_province_reads_a_pads_token_without_the_pad(key, invitation, day):
    text = issue(key, invitation, day)
    assert len(text) == CHARS
    assert set(text) <= set(DIGITS)
    assert check(text, lookup(key), midnight_ms(day)) == Token(key.pad, key.number, invitation, day)


def test_its_bytes_are_those_that_the_document_describes():
    """A second implementation, from the text of docs/token.md alone."""
    assert issue(KEY, CASE, last_day(SERVED_MS)) == TOKEN
    assert len(TOKEN) == CHARS == 50
    payload, mac = TOKEN[:34], TOKEN[34:]
    assert payload == "1" + "001A" + "M9K" + CASE
    digest = hmac.digest(KEY.secret, f"ratingpad phone {KEY.pad} {payload}".encode(), "sha256")
    bits = "".join(f"{byte:08b}" for byte in digest[:10])
    assert "".join(DIGITS[int(bits[at : at + 5], 2)] for at in range(0, 80, 5)) == mac


@always
@given(key=keys, invitation=ids, day=days)
def test_a_token_is_valid_only_with_the_digest_that_its_key_names(key, invitation, day):
    other = PhoneKey(
        key.pad,
        key.number,
        key.secret,
        next(name for name in HashName if name is not key.hash),
    )
    assert (
        check(issue(key, invitation, day), lookup(other), midnight_ms(day)) is TokenRefusal.FORGED
    )
    assert hashlib.new(other.hash.value).digest_size == 32


@pytest.mark.parametrize("bad", ["", "A" * 25, "8" + "0" * 25, "0" * 25 + "U", "a" * 26, "Ä" * 26])
def test_an_id_that_is_no_ulid_is_never_signed(bad):
    with pytest.raises(ValueError, match="no ULID"):
        issue(KEY, bad, None)


@pytest.mark.parametrize("day", [0, -1, 32**3])
def test_a_day_that_does_not_fit_is_never_signed(day):
    with pytest.raises(ValueError, match="does not fit"):
        issue(KEY, CASE, day)


def test_a_token_for_words_cannot_be_made_into_one_for_a_rating():
    words = issue(KEY, CASE, 20787, Purpose.WORDS)
    read = check(words, lookup(KEY), SERVED_MS)
    assert read == Token(KEY.pad, KEY.number, CASE, 20787, Purpose.WORDS)
    assert check("1" + words[1:], lookup(KEY), SERVED_MS) is TokenRefusal.FORGED


# --- only the pad's own key ----------------------------------------------------------------------


@always
@given(key=keys, invitation=ids, day=days, at=st.integers(0, CHARS - 1), bit=st.integers(0, 4))
def test_any_flipped_bit_is_refused(key, invitation, day, at, bit):
    text = issue(key, invitation, day)
    flipped = text[:at] + DIGITS[DIGITS.index(text[at]) ^ 1 << bit] + text[at + 1 :]
    # Even if the number names another key that has the same secret.
    for number in (key.number, token._number(flipped[1:5])):
        same_secret = PhoneKey(key.pad, number, key.secret, key.hash)
        assert refused(same_secret, flipped, day)


@always
@given(key=keys, invitation=ids, day=days, cut=st.integers(1, CHARS), more=st.text(min_size=1))
def test_a_shorter_or_longer_text_is_refused(key, invitation, day, cut, more):
    text = issue(key, invitation, day)
    for wrong in (text[:-cut], text[cut:], text + more, more + text):
        assert refused(key, wrong, day)


@always
@given(key=keys, day=days, invitation=ids, other=ids)
def test_the_mac_of_one_invitation_is_not_valid_for_another(key, day, invitation, other):
    mine, wanted = issue(key, invitation, day), issue(key, other, day)
    assert refused(key, wanted[:-16] + mine[-16:], day) is (invitation != other)


@always
@given(key=keys, invitation=ids, day=days, pad=pads)
def test_a_key_on_another_pad_makes_no_valid_token(key, invitation, day, pad):
    stolen = PhoneKey(pad, key.number, key.secret, key.hash)
    expected = TokenRefusal.FORGED if pad != key.pad else Token(pad, key.number, invitation, day)
    assert check(issue(stolen, invitation, day), lookup(key), midnight_ms(day)) == expected


@always
@given(
    key=keys,
    invitation=ids,
    day=days,
    secret=st.binary(min_size=SECRET_BYTES, max_size=SECRET_BYTES),
)
def test_another_key_makes_no_valid_token(key, invitation, day, secret):
    guessed = PhoneKey(key.pad, key.number, secret, key.hash)
    assert refused(key, issue(guessed, invitation, day), day) is (secret != key.secret)


@always
@given(text=st.text())
def test_any_text_is_refused_without_an_exception(text):
    assert refused(KEY, text, 20787)


@always
@given(invitation=ids, rest=st.text(st.sampled_from(DIGITS), min_size=23, max_size=23))
def test_guessed_digits_are_refused(invitation, rest):
    guessed = "1" + rest[:7] + invitation + rest[7:]
    assert check(guessed, lambda _: KEY, SERVED_MS) is TokenRefusal.FORGED


def test_control_without_the_mac_all_of_these_would_pass(no_mac):
    flipped = TOKEN[:33] + "2" + "0" * 16
    assert not refused(KEY, flipped, 20787)
    day_later = TOKEN[:7] + "P" + TOKEN[8:34] + "0" * 16
    assert not refused(KEY, day_later, 20787)
    stolen = PhoneKey("another-pad", KEY.number, b"")
    assert not refused(KEY, issue(stolen, CASE, 20787), 20787)
    assert not refused(KEY, "1" + "001A" + "M9K" + "0" * 42, 20787)
    assert not refused(KEY, issue(KEY, CASE, 20787)[:-16] + "0" * 16, 20787)


def test_macs_are_compared_in_constant_time(monkeypatch):
    compared = []

    def compare(given, expected):
        compared.append((given, expected))
        return given == expected

    monkeypatch.setattr(hmac, "compare_digest", compare)
    mac = TOKEN[-16:]
    for wrong in (mac, "0" * 16, mac[:-1] + "0"):
        check(TOKEN[:-16] + wrong, lookup(KEY), SERVED_MS)
        assert compared.pop() == (wrong, mac)
    assert compared == []


# --- why it is refused ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", TokenRefusal.MALFORMED),
        (TOKEN.lower(), TokenRefusal.MALFORMED),
        (TOKEN + "\n", TokenRefusal.MALFORMED),
        (TOKEN.replace("1001A", "1００1A"), TokenRefusal.MALFORMED),
        (TOKEN[:8] + "8" + TOKEN[9:], TokenRefusal.MALFORMED),
        ("3" + TOKEN[1:], TokenRefusal.VERSION),
        ("2" + TOKEN[1:], TokenRefusal.FORGED),
        ("1001B" + TOKEN[5:], TokenRefusal.UNKNOWN_KEY),
        (TOKEN[:-1] + "0", TokenRefusal.FORGED),
    ],
)
def test_each_refusal_has_its_reason(text, reason):
    assert check(text, lookup(KEY), SERVED_MS) is reason


def test_a_forged_token_is_refused_as_forged_even_after_its_last_day():
    """Somebody who tries digits learns nothing about days."""
    assert check(TOKEN[:-1] + "0", lookup(KEY), SERVED_MS + 99 * DAY_MS) is TokenRefusal.FORGED


# --- how long it is valid ------------------------------------------------------------------------


def test_the_day_of_service_is_not_counted_and_the_seventh_is_valid_to_its_end():
    day = day_of(SERVED_MS)
    token_of = issue(KEY, CASE, last_day(SERVED_MS))
    end_ms = midnight_ms(day + POLICY_DAYS + 1)
    assert isinstance(check(token_of, lookup(KEY), end_ms - 1), Token)
    assert check(token_of, lookup(KEY), end_ms) is TokenRefusal.EXPIRED
    assert check(token_of, lookup(KEY), end_ms + 5000 * DAY_MS) is TokenRefusal.EXPIRED


def test_a_day_ends_at_midnight_in_china_and_not_in_utc():
    assert day_of(midnight_ms(20780)) == 20780
    assert day_of(midnight_ms(20780) - 1) == 20779


def test_a_token_of_a_pad_whose_clock_is_ahead_is_refused():
    assert LONGEST_DAYS == 30
    ahead = issue(KEY, CASE, day_of(SERVED_MS) + LONGEST_DAYS + 2)
    assert check(ahead, lookup(KEY), SERVED_MS) is TokenRefusal.NOT_YET
    midnight = issue(KEY, CASE, day_of(SERVED_MS) + LONGEST_DAYS + 1)
    assert isinstance(check(midnight, lookup(KEY), SERVED_MS), Token)


@always
@given(key=keys, invitation=ids, now_ms=st.integers(0, 4_000_000_000_000))
def test_a_token_without_a_last_day_is_valid_for_the_province_to_date(key, invitation, now_ms):
    read = check(issue(key, invitation, None), lookup(key), now_ms)
    assert read == Token(key.pad, key.number, invitation, None)


@pytest.mark.parametrize("utc_ms", [-(10**15), -8 * DAY_MS, 10**13])
def test_an_impossible_date_gives_a_token_without_a_day(utc_ms):
    assert last_day(utc_ms) is None


CHINA = timezone(timedelta(hours=8))


@pytest.mark.parametrize("date", ["1970-01-01", "1999-12-31", "2026-11-23", "2028-02-29"])
def test_a_day_is_that_of_the_calendar_in_china(date):
    begun = datetime.fromisoformat(date).replace(tzinfo=CHINA)
    begun_ms = round(begun.timestamp() * 1000)
    day = begun.toordinal() - datetime(1970, 1, 1).toordinal()
    assert [day_of(begun_ms + more) for more in (-1, 0, 86_399_999, 86_400_000)] == [
        day - 1,
        day,
        day,
        day + 1,
    ]


def test_the_days_that_fit_into_a_token_are_1_to_32767():
    for day, found in ((0, None), (1, 1), (32_767, 32_767), (32_768, None)):
        assert last_day(midnight_ms(day), days=0) == found
        assert last_day(midnight_ms(day - 7)) == found


def test_the_words_for_a_refusal_are_those_of_the_document():
    rows = re.findall(r"^\| `([a-z-]+)` \|", (ROOT / "docs/token.md").read_text("utf-8"), re.M)
    assert rows == ["good", *(one.value for one in TokenRefusal)]


# --- the key's file ------------------------------------------------------------------------------


@always
@given(key=keys)
def test_a_key_is_read_back_from_its_file_and_its_repr_has_no_secret(key):
    assert read_key(write_key(key)) == key
    assert key.secret.hex() not in repr(key)
    assert repr(key.secret) not in repr(key)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no toml",
        write_key(KEY).replace("42", "1048576"),
        write_key(KEY).replace("42", "-1"),
        write_key(KEY).replace("sha256", "md5"),
        write_key(KEY).replace("jl-0431", "JL-0431"),
        write_key(KEY).replace("1e1f", "1e1"),
        write_key(KEY) + "more = 1\n",
    ],
)
def test_a_text_that_is_no_key_file_is_refused_without_quoting_the_secret(text):
    with pytest.raises(ValueError, match="is no key file") as refused:
        read_key(text)
    assert "000102" not in str(refused.value)


FILE = f'pad = "a"\nnumber = 1048575\nhash = "sm3"\nsecret = "{"0f" * 32}"\n'


def test_a_keys_file_has_the_largest_number_and_64_hex_digits():
    key = PhoneKey("a", 1_048_575, b"\x0f" * 32, HashName.SM3)
    assert read_key(FILE) == key
    assert write_key(key) == FILE
    for changed in (
        FILE.replace("1048575", "1048576"),
        FILE.replace("0f" * 32, "0f" * 31),
        FILE.replace("0f" * 32, "0f" * 33),
        FILE.replace("0f" * 32, "0f" * 31 + "0f\\n"),
    ):
        with pytest.raises(ValueError, match=r"is no key file: .* at `\$"):
            read_key(changed)


def test_a_keys_file_that_names_no_hash_means_sha256():
    assert read_key(FILE.replace('hash = "sm3"\n', "")).hash is HashName.SHA256


def test_a_keys_file_that_is_not_toml_is_refused_in_these_words():
    with pytest.raises(ValueError, match=r"^is no key file: not TOML$"):
        read_key("no toml")
