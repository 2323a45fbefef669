import contextlib
import tracemalloc
from urllib.parse import quote_from_bytes, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from web.query_fields import MAX_FIELDS, QueryError, split_fields, unescape


def test_fields_are_bytes_and_their_escapes_and_plus_signs_undone():
    assert split_fields(b"case=DH-1&step=%B0%EC+x&a%62c=1&&empty=&bare") == {
        "case": b"DH-1",
        "step": b"\xb0\xec x",
        "abc": b"1",
        "empty": b"",
        "bare": b"",
    }
    assert split_fields(b"") == {}


@pytest.mark.parametrize(
    "raw",
    [b"a=%", b"a=%4", b"a=%zz", b"a=%%41", b"a=1&a=2", b"a=1&%61=2", b"\xff=1", b"n" * 65 + b"=1"],
)
def test_what_is_ambiguous_or_broken_is_refused(raw):
    with pytest.raises(QueryError):
        split_fields(raw)


def test_a_query_may_have_so_many_fields_and_no_more():
    most = b"&".join(b"f%d=1" % n for n in range(MAX_FIELDS))
    assert len(split_fields(most)) == MAX_FIELDS
    with pytest.raises(QueryError, match="more than"):
        split_fields(most + b"&x=1")


NAMES = st.text(st.characters(codec="ascii"), min_size=1, max_size=9)


@given(st.dictionaries(NAMES, st.binary(), max_size=MAX_FIELDS))
def test_what_a_client_escapes_is_what_is_read(fields):
    assert split_fields(urlencode(fields, quote_via=quote_from_bytes_plus).encode()) == fields


def quote_from_bytes_plus(value, *_):
    return quote_from_bytes(value if isinstance(value, bytes) else value.encode())


@given(st.binary(max_size=300))
def test_any_bytes_are_fields_or_the_declared_error(raw):
    with contextlib.suppress(QueryError):
        assert len(split_fields(raw)) <= MAX_FIELDS
        unescape(raw)


def test_the_memory_is_bounded_by_what_came():
    raw = b"&".join([b"%41" * 20_000] * MAX_FIELDS)
    tracemalloc.start()
    with pytest.raises(QueryError):
        split_fields(raw)
    assert tracemalloc.get_traced_memory()[1] < 10 * len(raw)
    tracemalloc.stop()


def test_a_name_may_have_64_bytes_and_no_more():
    assert split_fields(b"n" * 64 + b"=1") == {"n" * 64: b"1"}
    with pytest.raises(QueryError, match="too long"):
        split_fields(b"n" * 65 + b"=1")


def test_a_refusal_says_what_is_wrong():
    for raw, words in (
        (b"a=%4", "a % is not followed by two hexadecimal digits"),
        (b"a=1&a=2", "a field is there twice"),
        (b"\xff=1", "a field's name is not ASCII, or too long"),
        (b"&" * MAX_FIELDS, f"more than {MAX_FIELDS} fields"),
    ):
        with pytest.raises(QueryError) as refused:
            split_fields(raw)
        assert str(refused.value) == words
