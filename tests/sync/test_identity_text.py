"""The canonical form of identity text; `golden/identity-text.json` is for other implementations."""

import json
import tracemalloc
import unicodedata

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.desk_fields import InviteFields
from sync.identity_text import (
    MAX_CHARS,
    MAX_RAW_CHARS,
    IdentityTextError,
    canonical,
    comparable,
)
from sync.messages import Command, ContractError, read_message
from tests.rigs.sync.golden_values import FOLDER

ROWS = json.loads((FOLDER / "identity-text.json").read_text("utf-8"))
ODD = st.sampled_from("\u200b\u00ad\ufeff\u3164\uffa0\u2011\u2212\uff0d\u3000\u0301\u1100 -\n")


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["why"])
def test_the_golden_texts_have_their_canonical_form(row):
    if row["canonical"] is None:
        with pytest.raises(IdentityTextError):
            canonical(row["text"], row["max_chars"])
    else:
        assert canonical(row["text"], row["max_chars"]) == row["canonical"]


def test_no_radical_or_stroke_is_a_text_of_its_own():
    for code in (*range(0x2E80, 0x2FE0), *range(0x31C0, 0x31F0)):
        try:
            found = canonical(chr(code), 50)
        except IdentityTextError:
            continue
        assert unicodedata.name(found).startswith("CJK UNIFIED"), hex(code)


@given(st.text(st.characters() | ODD, max_size=40))
def test_the_canonical_form_of_a_canonical_form_is_itself(text):
    try:
        once = canonical(text, MAX_RAW_CHARS)
    except IdentityTextError:
        return
    assert canonical(once, MAX_RAW_CHARS) == once
    assert once == once.strip() != ""
    assert unicodedata.is_normalized("NFKC", once)
    assert "\ufffd" not in once
    assert not {unicodedata.category(char) for char in once} & {"Cc", "Cf", "Co", "Cs", "Zl", "Zp"}


ALIKE = (range(0x3400, 0xA000), range(0xAC00, 0xD7A4), range(0x20000, 0x2F800))
"""Han and Hangul, of which the first is as good as any."""
TESTED = [code for code in range(0x2FA20) if not any(code in alike[1:] for alike in ALIKE)]


@pytest.mark.parametrize("context", ["{}", "A{}", "a{}\u0301b"])
def test_it_stays_itself_whatever_single_character_is_in_it(context):
    for code in TESTED:
        text = context.format(chr(code))
        once = comparable(text)
        assert comparable(once) == once, hex(code)


@given(st.text(st.characters() | ODD, max_size=MAX_RAW_CHARS + 8), st.integers(1, 60))
def test_any_text_has_a_canonical_form_within_its_bound_or_the_declared_error(text, max_chars):
    try:
        found = canonical(text, max_chars)
    except IdentityTextError:
        return
    assert 0 < len(found) <= max_chars


def test_the_work_is_bounded_whatever_comes():
    """NFKC sorts runs of accents in quadratic time, and makes 18 characters of U+FDFA."""
    tracemalloc.start()
    for text in ("\u0315\u0300" * 2_000_000, "\ufdfa" * MAX_RAW_CHARS):
        tracemalloc.reset_peak()
        with pytest.raises(IdentityTextError):
            canonical(text, 50)
        before, peak = tracemalloc.get_traced_memory()
        assert peak - before < 256 * 1024
    tracemalloc.stop()


def test_what_is_stored_and_has_no_canonical_form_is_compared_as_it_is():
    assert comparable("T\u20111 ") == "T-1"
    assert comparable("\ufffd") == "\ufffd"
    assert comparable(" ") == " "


def test_the_fields_of_an_order_are_taken_in_their_canonical_form():
    fields = InviteFields(
        sent=0, case=" T\u20111", matter="１２", step="办结\u200b", clerk="Ｃ003", window="３"
    )
    assert fields == InviteFields(
        sent=0, case="T-1", matter="12", step="办结", clerk="C003", window="3"
    )


@pytest.mark.parametrize("field", ["case", "matter", "step", "clerk", "window"])
def test_an_order_whose_field_has_none_is_malformed_and_names_it(field):
    order = {"v": 1, "order": "invite", "by": "hall-1", "ask": {"sent": 0, field: "\u3000"}}
    with pytest.raises(ContractError, match=f"`{field}` is blank"):
        read_message(Command, msgspec.json.encode(order))


def test_the_longest_form_of_each_field_is_that_of_the_contract():
    longest = {"case": 50, "matter": 40, "step": 20, "clerk": 40, "by": 40, "window": 8}
    assert longest == MAX_CHARS
    assert MAX_RAW_CHARS == 256
    for field, most in longest.items():
        assert canonical("a" * most, MAX_CHARS[field]) == "a" * most
        with pytest.raises(IdentityTextError):
            canonical("a" * (most + 1), MAX_CHARS[field])


def test_a_raw_text_of_256_characters_is_looked_at_and_a_longer_one_is_not():
    assert canonical("a" + " " * 255, 1) == "a"
    with pytest.raises(IdentityTextError):
        canonical("a" + " " * 256, 1)


def test_every_white_space_and_every_dash_of_the_tables_is_one():
    for white in "\x85\u1680 \u00a0\u3000":
        with_white = f"a{white}b"
        if unicodedata.category(white) != "Cc":
            assert canonical(with_white, 3) == "a b", hex(ord(white))
        assert canonical(f"{white}ab{white}", 2) == "ab", hex(ord(white))
    for code in (*range(0x2010, 0x2016), 0x2212):
        assert canonical(f"a{chr(code)}b", 3) == "a-b", hex(code)
    assert canonical("a\u2016b", 3) == "a\u2016b"


def test_a_han_character_of_planes_2_and_3_is_taken_before_unicode_has_named_it():
    for code in (0x20000, 0x2FFFD, 0x33480, 0x3FFFD):
        assert canonical(chr(code), 1) == chr(code), hex(code)
    for code in (0x1FFFD, 0x2FFFE, 0x2FFFF, 0x3FFFE, 0x3FFFF, 0x40000):
        with pytest.raises(IdentityTextError):
            canonical(chr(code), 1)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a" * 51, "is longer than 50 characters"),
        ("a" * 257, "is longer than 50 characters"),
        ("a\nb", "has a control character or a line end in it"),
        ("a\x85b", "has a control character or a line end in it"),
        ("a\u2028b", "has a control character or a line end in it"),
        ("\u3000", "is blank"),
        ("a\ue000", "has the character U+E000, which is not allowed"),
        ("\ud800", "has the character U+D800, which is not allowed"),
        ("\ufffd", "has the character U+FFFD, which is not allowed"),
        ("\u2e80", "has the radical or stroke U+2E80; type the character"),
        ("\u2eff", "has the radical or stroke U+2EFF; type the character"),
        ("\u31c0", "has the radical or stroke U+31C0; type the character"),
        ("\u31ef", "has the radical or stroke U+31EF; type the character"),
        ("\u2e7f", "has the character U+2E7F, which is unassigned"),
        ("\u0378", "has the character U+0378, which is unassigned"),
    ],
    ids=ascii,
)
def test_a_text_without_a_canonical_form_is_refused_with_the_reason(text, reason):
    with pytest.raises(IdentityTextError) as refused:
        canonical(text, 50)
    assert str(refused.value) == reason


@pytest.mark.parametrize("text", ["\u2e5d", "\u31bf", "\u31f0", "?a?", "a.b", "#1"], ids=ascii)
def test_what_is_next_to_the_radicals_and_what_keys_have_is_taken(text):
    assert canonical(text, 50) == text
