"""A sentence is English text, and can be said by other templates."""

import msgspec
import pytest

from sync.sentence import Sentence

GERMAN = {"{count} key": "{count} Taste", "{name} is wet": "nass ist {name}", "light": "Lampe"}


def german(text: str, plural: str | None, count: int) -> str:
    """Another language, whose plural has an `n` at its end."""
    found = GERMAN.get(text, text)
    return found + "n" if plural is not None and count != 1 else found


def test_it_is_the_english_text_to_whoever_does_not_translate_it():
    sentence = Sentence("{name} is {degree:.1f} wet", name="key 1", degree=0.25)
    assert sentence == "key 1 is 0.2 wet"
    assert type(str(sentence)) is str
    assert msgspec.json.encode(str(sentence)) == b'"key 1 is 0.2 wet"'


def test_without_values_braces_are_text():
    assert Sentence("{}{x}") == "{}{x}"
    assert Sentence("{}{x}").worded(german) == "{}{x}"


def test_values_that_are_sentences_are_translated_and_others_are_not():
    sentence = Sentence("{name} is wet", name=Sentence("light"))
    assert sentence.worded(german) == "nass ist Lampe"
    assert Sentence("{name} is wet", name="light").worded(german) == "nass ist light"


@pytest.mark.parametrize(("count", "english", "other"), [
    (1, "1 key", "1 Taste"), (2, "2 keys", "2 Tasten"), (0, "0 keys", "0 Tasten")
])  # fmt: skip
def test_a_count_chooses_the_plural_in_both_languages(count, english, other):
    sentence = Sentence.counted("{count} key", "{count} keys", count=count)
    assert (str(sentence), sentence.worded(german)) == (english, other)


def test_what_is_joined_is_translated_part_by_part():
    parts = [Sentence("light"), "light", Sentence("{name} is wet", name="{x}")]
    joined = Sentence.joined("; {", parts)
    assert joined == "light; {light; {{x} is wet"
    assert joined.worded(german) == "Lampe; {light; {nass ist {x}"
    assert Sentence.joined(", ", []) == ""
