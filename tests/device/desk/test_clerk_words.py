"""The words of the clerk's page: whole in each language, and never a level's."""

import json
import re
from typing import Any

import msgspec
import pytest

from device.desk.api_errors import ERRORS
from device.desk.clerk_words import TAGS, WORDS, ClerkWords, Language, read_words, words_script
from device.ui.words import load
from tests.rigs.source.source_tree import ROOT

STATIC = ROOT / "device" / "desk" / "static"
LANGUAGES = sorted(TAGS)


def texts(words: ClerkWords) -> dict[str, str]:
    """Every text by its name."""
    found: dict[str, str] = {}
    for name, value in msgspec.structs.asdict(words).items():
        if isinstance(value, str):
            found[name] = value
        else:
            found |= {f"{name}.{key}": text for key, text in value.items()}
    return found


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_every_text_with_the_same_blanks(language: Language) -> None:
    chinese, other = texts(WORDS["zh"]), texts(WORDS[language])
    assert other.keys() == chinese.keys()
    for name, text in other.items():
        assert text.strip(), name
        assert set(re.findall(r"{\w+}", text)) == set(re.findall(r"{\w+}", chinese[name])), name


def test_no_text_is_left_in_another_language() -> None:
    for name, text in texts(WORDS["ko"]).items():
        assert not re.search("[\u4e00-\u9fff]", text), name
    for name, text in texts(WORDS["en"]).items():
        assert text.isascii() or not re.search("[\u3000-\uffff]", text), name


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_text_names_a_level(language: Language) -> None:
    (words,) = load([language])
    every = " ".join(texts(WORDS[language]).values()).lower()
    assert [name for name in words.levels.values() if name.lower() in every] == []


def test_every_refusal_that_an_invitation_may_meet_has_words() -> None:
    of_programs = {"foreign-origin", "not-found", "method-not-allowed", "too-large", "internal"}
    of_programs |= {"too-many-listeners", "unknown-window"}
    assert set(ERRORS) - of_programs <= set(WORDS["zh"].problems)


@pytest.mark.parametrize("part", ["standings", "states", "advice", "problems"])
def test_a_name_that_is_wrong_or_missing_is_noticed(part: str) -> None:
    """The control."""
    told: dict[str, Any] = msgspec.to_builtins(read_words("zh"))
    told[part] = {**told[part], "nowhere": "x"}
    with pytest.raises(msgspec.ValidationError, match="nowhere"):
        msgspec.convert(told, ClerkWords)


def test_the_page_names_texts_that_there_are_and_has_the_chinese_ones_itself() -> None:
    """Without its script, and before it has run, the page is in Chinese."""
    page = (STATIC / "index.html").read_text("utf-8")
    named = re.findall(r'data-word="([\w.]+)"[^>]*>([^<]*)<', page)
    chinese = texts(WORDS["zh"])
    assert len(named) > 20
    assert [name for name, text in named if chinese[name] != text] == []
    labels = re.findall(r'data-label="(\w+)" aria-label="([^"]+)"', page)
    assert [name for name, text in labels if chinese[name] != text] == []


def test_the_script_uses_no_text_that_there_is_not_and_every_one_is_used() -> None:
    page = (STATIC / "index.html").read_text("utf-8")
    script = (STATIC / "clerk.js").read_text("utf-8")
    used = set(re.findall(r"words\.(\w+)", script)) - {"length"}
    used |= {name.partition(".")[0] for name in re.findall(r'data-(?:word|label)="([\w.]+)"', page)}
    used |= set(re.findall(r'"((?:forget|pause)_(?:yes|no))"', script))
    used |= {f"{name}_question" for name in re.findall(r'ask\("(\w+)"', script)} | {"own"}
    assert used == set(ClerkWords.__struct_fields__)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_begins_with_the_pads_language(language: Language) -> None:
    script = words_script(language).decode()
    content = json.loads(script.removeprefix("window.clerk_words = ").removesuffix(";\n"))
    assert (content["language"], set(content["words"])) == (language, set(TAGS))
