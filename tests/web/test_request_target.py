import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from web.query_fields import QueryError
from web.request_target import read_path

HOST = "pad:8600"


@pytest.mark.parametrize(
    ("raw", "path"),
    [
        (b"/", "/"),
        (b"/v1/window", "/v1/window"),
        (b"/v1/invitations/%E5%8A%9E", "/v1/invitations/办"),
        (b"/a%2fb", "/a/b"),
        (b"http://pad:8600/v1/window", "/v1/window"),
        (b"HTTPS://PAD:8600/", "/"),
        (b"http://pad:8600", "/"),
        (b"//v1/window", "//v1/window"),
    ],
)
def test_a_path_is_taken_also_in_absolute_form(raw, path):
    assert read_path(raw, HOST) == path


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"*",
        b"pad:8600",
        b"http://other:8600/v1/window",
        b"http:///v1/window",
        b"ftp://pad:8600/",
        b"/%FF",
        b"/\xff",
        b"/%",
        b"/%2",
        b"/%00",
        b"/a%0d%0aX:1",
        b"/%7f",
    ],
)
def test_what_is_no_path_of_ours_for_certain_is_refused(raw):
    with pytest.raises(QueryError):
        read_path(raw, HOST)


@given(st.binary(max_size=60), st.text(st.characters(codec="latin-1"), max_size=20))
def test_any_bytes_are_a_path_or_the_declared_error(raw, host):
    with contextlib.suppress(QueryError):
        assert read_path(raw, host).startswith("/")


def test_a_space_is_no_control_character_and_all_below_it_are():
    assert read_path(b"/a%20b", HOST) == "/a b"
    for code in (*range(0x20), 0x7F):
        with pytest.raises(QueryError, match="the path has a control character"):
            read_path(b"/a%%%02x" % code, HOST)
