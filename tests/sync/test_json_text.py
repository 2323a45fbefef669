"""JSON comes back as it was, and no terminal obeys it."""

import json

from hypothesis import given
from hypothesis import strategies as st

from sync.json_text import json_text

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@given(VALUES, st.booleans())
def test_what_is_written_comes_back_and_is_seen(value: object, ascii_only: bool) -> None:
    text = json_text(value, ascii_only=ascii_only)
    assert json.loads(text) == value
    assert text.isprintable()
    assert text.isascii() or not ascii_only


def test_chinese_is_readable_and_what_is_hidden_is_escaped() -> None:
    text = 'case: 办件-1 "친절" \x1b[1A\n\x7f\x9b\u202e\u2028\U000e0001\ud800'
    seen = json_text(text)
    assert seen.startswith('"case: 办件-1 \\"친절\\" \\u001b[1A\\n\\u007f\\u009b\\u202e\\u2028')
    assert seen.endswith('\\udb40\\udc01\\ud800"')
    assert "办" not in json_text(text, ascii_only=True)
