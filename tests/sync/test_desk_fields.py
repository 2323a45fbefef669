"""The bounds of what a desk asks for, as JSON is read."""

import re

import msgspec
import pytest

from sync.desk_fields import By, InvitationId, InviteFields, Reason

LONGEST = {"case": 50, "matter": 40, "step": 20, "clerk": 40, "window": 8}


def read(raw: object, kind: object) -> object:
    return msgspec.json.decode(msgspec.json.encode(raw), type=kind)


@pytest.mark.parametrize(("field", "most"), LONGEST.items())
def test_each_field_has_a_longest_form_and_its_schema_says_so(field: str, most: int) -> None:
    assert read({"sent": 0, field: "a" * most}, InviteFields) is not None
    with pytest.raises(msgspec.ValidationError, match=f"`{field}` is longer than {most}"):
        read({"sent": 0, field: "a" * (most + 1)}, InviteFields)
    schema = msgspec.json.schema(InviteFields)["$defs"]["InviteFields"]["properties"][field]
    [text] = [one for one in schema["anyOf"] if one["type"] == "string"]
    assert f"{{0,{most - 1}}}" in text["pattern"]
    assert f"at most {most} characters" in text["description"]
    assert (text["minLength"], text["maxLength"]) == (1, 256)


def test_the_schema_says_in_words_what_each_field_is() -> None:
    properties = msgspec.json.schema(InviteFields)["$defs"]["InviteFields"]["properties"]
    words = {
        field: text["description"].partition(";")[0]
        for field in LONGEST
        for text in properties[field]["anyOf"]
        if text["type"] == "string"
    }
    assert words == {
        "case": "a case number",
        "matter": "a matter code",
        "step": "a step of the case",
        "clerk": "a clerk's number",
        "window": "a window",
    }


@pytest.mark.parametrize("kind", [Reason, InvitationId])
def test_a_reason_and_an_invitation_have_at_most_64_characters_of_one_line(kind: object) -> None:
    assert read("a" * 64, kind) == "a" * 64
    assert read("what? 办结 ~!", kind) == "what? 办结 ~!"
    for bad in ("a" * 65, "a\nb", "a\n", "\ufffd"):
        with pytest.raises(msgspec.ValidationError):
            read(bad, kind)


def test_an_invitation_is_named_and_a_reason_may_be_empty() -> None:
    assert read("", Reason) == ""
    assert read("a", InvitationId) == "a"
    with pytest.raises(msgspec.ValidationError):
        read("", InvitationId)
    with pytest.raises(msgspec.ValidationError):
        read("a\u2028b", By)


def test_the_senders_clock_is_from_1970_to_2_to_the_53() -> None:
    for good in (0, 2**53):
        assert read({"sent": good}, InviteFields) == InviteFields(sent=good)
    for bad in (-1, 2**53 + 1):
        with pytest.raises(msgspec.ValidationError):
            read({"sent": bad}, InviteFields)


def test_the_pattern_of_the_schema_takes_what_is_taken_and_refuses_what_is_refused() -> None:
    schema = msgspec.json.schema(InviteFields)["$defs"]["InviteFields"]["properties"]["window"]
    [pattern] = [one["pattern"] for one in schema["anyOf"] if one["type"] == "string"]
    for good in ("3", " 3 ", "a?b", "十二号窗口", "12345678"):
        assert re.search(pattern, good), good
        read({"sent": 0, "window": good}, InviteFields)
    for bad in ("", " ", "123456789", "1\n2", "\ufffd", "1\u20282"):
        assert not re.search(pattern, bad), bad
        with pytest.raises(msgspec.ValidationError):
            read({"sent": 0, "window": bad}, InviteFields)


def test_an_invitation_is_not_asked_again_unless_it_says_so() -> None:
    assert not InviteFields(sent=0).again
