"""A name that is twice in one object is noticed, at any depth; in two objects it is not."""

import pytest

from sync.unique_names import check_unique_names


@pytest.mark.parametrize(
    "raw",
    [
        b'{"a":1,"a":1}',
        b'{"a":1,"b":2,"a":3}',
        b'{"a":{"b":1,"b":2}}',
        b'[[{"a":null,"a":null}]]',
        b'{"a":1,"\\u0061":2}',
    ],
)
def test_a_name_that_is_there_twice_is_an_error(raw: bytes) -> None:
    with pytest.raises(ValueError, match=r"^a name is there twice$"):
        check_unique_names(raw)


@pytest.mark.parametrize(
    "raw",
    [
        b"{}",
        b"[]",
        b'"a"',
        b'{"a":1}',
        b'{"a":{"a":{"a":1}}}',
        b'[{"a":1},{"a":1}]',
        b'{"a":1,"A":1}',
        b'{"a":1e999,"b":' + b"9" * 10_000 + b"}",
    ],
    ids=lambda raw: repr(raw[:20]),
)
def test_names_in_different_objects_are_different_names(raw: bytes) -> None:
    check_unique_names(raw)
