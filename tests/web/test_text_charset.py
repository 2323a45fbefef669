import pytest
from hypothesis import given
from hypothesis import strategies as st

from web.query_fields import QueryError
from web.text_charset import GB18030, UTF_8, charset_of, decode_fields

EVERYDAY = bytes(range(0xB0, 0xD8))
"""The first bytes of GB 2312 level 1."""


def read(value, configured=UTF_8, declared=None):
    return decode_fields({"case": value}, configured, declared)["case"]


def test_without_a_configured_charset_only_utf_8_is_taken():
    assert read("办件甲".encode()) == "办件甲"
    for bad in ("办件甲".encode("gbk"), b"\xff", b"\xed\xa0\x80", b"\xc0\xaf", b"\xe5\x8a"):
        with pytest.raises(QueryError):
            read(bad)


def test_with_one_both_are_taken_and_what_is_neither_is_refused():
    assert read("办件甲".encode("gbk"), GB18030) == "办件甲"
    assert read("办件甲".encode(), GB18030) == "办件甲"
    assert read(b"DH-1", GB18030) == "DH-1"
    with pytest.raises(QueryError):
        read(b"\xff\xff", GB18030)


@pytest.mark.parametrize("text", ["鲁2026-17", "一", "豫A", "粤", "鲁豫", "事项鲁"])
def test_a_gbk_text_that_is_utf_8_by_chance_is_read_as_gbk(text):
    raw = text.encode("gbk")
    assert read(raw, GB18030) == text


def test_no_text_of_everyday_characters_is_confused():
    """Each of the common characters alone, before and after each kind of neighbour."""
    trails = range(0xA1, 0xFF)
    for lead in EVERYDAY:
        for trail in trails:
            raw = bytes([lead, trail])
            try:
                text = raw.decode("gbk")
            except UnicodeDecodeError:
                continue
            for around in (b"%b", b"A%b7", b"%b\xb0\xec", b"%b\xc2\xb3", b"%b\xf7\xf7"):
                whole = around % raw
                assert read(whole, GB18030) == whole.decode("gbk"), text


@given(st.text(st.characters(min_codepoint=0x4E00, max_codepoint=0x9FFF), min_size=1, max_size=9))
def test_a_chinese_text_in_utf_8_is_read_as_such_whatever_is_configured(text):
    assert read(text.encode(), GB18030) == text


def test_all_fields_of_a_request_are_of_one_charset():
    fields = {"case": "鲁1".encode("gbk"), "step": "办结".encode("gbk")}
    assert decode_fields(fields, GB18030) == {"case": "鲁1", "step": "办结"}


def test_a_charset_that_is_named_is_the_only_one():
    assert read("一".encode("gbk"), UTF_8, "GB2312") == "一"
    assert read("一".encode(), GB18030, "utf-8") == "一"
    for value, declared in ((b"x", "utf-7"), (b"x", "utf-16"), ("一".encode("gbk")[:1], "gbk")):
        with pytest.raises(QueryError):
            read(value, GB18030, declared)


@pytest.mark.parametrize(
    ("content_type", "charset"),
    [
        ("application/x-www-form-urlencoded", None),
        ("application/x-www-form-urlencoded; charset=GBK", "gbk"),
        ('application/x-www-form-urlencoded;x=1; Charset="utf-8"', "utf-8"),
        ("", None),
        (";;=;charset", ""),
    ],
)
def test_the_charset_of_a_form_is_in_its_content_type(content_type, charset):
    assert charset_of(content_type) == charset


@given(st.binary(max_size=80), st.sampled_from([UTF_8, GB18030]), st.none() | st.text(max_size=9))
def test_any_bytes_are_text_or_the_declared_error_and_nothing_is_replaced(raw, configured, named):
    try:
        text = read(raw, configured, named)
    except QueryError:
        return
    assert raw in (text.encode("utf-8"), text.encode("gb18030"))


@pytest.mark.parametrize("name", ["utf-8", "UTF8", "us-ascii", "gb18030", "gbk", " GB2312 "])
def test_a_client_may_name_the_charsets_of_the_table_in_either_case(name):
    assert read(b"DH-1", GB18030, name) == "DH-1"


def test_a_refusal_names_the_charset_as_the_configuration_does():
    for configured, raw in ((UTF_8, b"\xff"), (GB18030, b"\xff\xff")):
        with pytest.raises(QueryError, match=f"^a field is not {configured}$"):
            read(raw, configured)
    assert (UTF_8, GB18030) == ("utf-8", "gb18030")


def test_ascii_beside_chinese_in_utf_8_stays_utf_8():
    assert read("办件 A-1\x7f".encode(), GB18030) == "办件 A-1\x7f"
    assert read("\u0800".encode(), GB18030) == "\u0800"  # the first of three bytes


def test_the_first_character_of_two_bytes_is_not_taken_for_utf_8():
    raw = "\x80".encode()
    assert read(raw, GB18030) == raw.decode("gb18030")
