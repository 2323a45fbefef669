import contextlib

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from web.strict_json import JsonError, read_json


class Wish(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    case: str | None = None
    number: float = 0


def test_what_fits_is_read():
    assert read_json('{"case":"办件"}'.encode(), Wish) == Wish("办件")
    assert read_json('{"a":{"b":[1]}}', dict[str, object]) == {"a": {"b": [1]}}


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"[]",
        b'{"case":1}',
        b'{"kase":"1"}',
        b'{"case":"1","case":"2"}',
        b'{"case":"1","\\u0063ase":"2"}',
        b'{"case":"\xb0\xec"}',
        b'{"case":"\\ud800"}',
        b'{"number":NaN}',
        b"\xef\xbb\xbf{}",
        "{}".encode("utf-16"),
        b"[" * 16_000,
        b'{"number":' + b"9" * 5_000 + b"}",
    ],
)
def test_what_does_not_is_one_declared_error(raw):
    with pytest.raises(JsonError):
        read_json(raw, Wish)


@pytest.mark.parametrize(
    "raw", [b'{"a":{"b":1,"b":2}}', b'{"a":[{"b":1,"b":2}]}', b'{"a":' * 9_000]
)
def test_names_that_are_there_twice_are_noticed_at_any_depth(raw):
    with pytest.raises(JsonError):
        read_json(raw, dict[str, object])


JSON = st.recursive(st.none() | st.text(), st.lists).map(msgspec.json.encode)


@given(st.binary(max_size=80) | JSON)
def test_any_bytes_are_a_value_or_the_declared_error(raw):
    for kind in (Wish, dict[str, object]):
        with contextlib.suppress(JsonError):
            assert isinstance(read_json(raw, kind), Wish | dict)


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b'{"a":1,"a":2}', "^a name is there twice$"),
        (b'{"a":' * 9_000, "recursion"),
        (b"{", "truncated"),
    ],
)
def test_the_error_says_what_is_wrong(raw, words):
    with pytest.raises(JsonError, match=words):
        read_json(raw, dict[str, object])
