"""The page says the same in every language, in the words of the product."""

import re
from pathlib import Path
from typing import Any

import pytest

from demo import demo_words
from demo.demo_words import LANGUAGES, page_words

ROOT = Path(demo_words.__file__).parents[1]
STATIC = ROOT / "demo" / "static"
CHINESE_OR_KOREAN = re.compile("[\u3000-\u9fff\uac00-\ud7af\uff00-\uffef]")
BLANKS = re.compile(r"\{\w+\}")


def texts(words: dict[str, Any], path: str = "") -> dict[str, str]:
    found: dict[str, str] = {}
    for name, part in words.items():
        if isinstance(part, dict):
            found |= texts(part, f"{path}{name}.")
        else:
            found[path + name] = part
    return found


def test_every_language_has_the_same_texts_with_the_same_blanks():
    one, *others = (texts(page_words()[language]) for language in LANGUAGES)
    for other in others:
        assert other.keys() == one.keys()
        for path, text in other.items():
            assert set(BLANKS.findall(text)) == set(BLANKS.findall(one[path])), path


def test_each_language_is_in_its_own_letters():
    for path, text in texts(page_words()["en"]).items():
        assert not CHINESE_OR_KOREAN.search(text), path
    for path, text in texts(page_words()["ko"]).items():
        assert not re.search("[\u4e00-\u9fff]", text), path
    for path, text in texts(page_words()["zh"]).items():
        assert re.search("[\u4e00-\u9fff]", text) or not text or path == "page.lang", path


def test_everything_that_the_page_asks_for_is_there():
    known = texts(page_words()["zh"])
    asked = set()
    for file in STATIC.iterdir():
        text = file.read_text("utf-8")
        asked |= set(re.findall(r"""(?:data-t|data-label)="([\w.]+)"|say\("([\w.]+)"[,)]""", text))
    paths = {first or second for first, second in asked}
    assert len(paths) > 50
    assert paths - known.keys() == set()


@pytest.mark.parametrize("word", ["经办人", "误按", "省平台", "fairly satisfied", "mistaken"])
def test_words_that_the_glossary_has_others_for_are_not_used(word):
    for language in LANGUAGES:
        assert word not in str(page_words()[language])
    for file in (*STATIC.iterdir(), *(ROOT / "demo").glob("*.py")):
        assert word not in file.read_text("utf-8"), file.name


def test_the_standings_and_kinds_are_the_glossarys():
    glossary = (ROOT / "docs" / "glossary.md").read_text("utf-8")
    words = page_words()["zh"]
    for term in (words["kind"]["strayed"], words["kind"]["lapsed"], words["desk"]["title"]):
        assert f"| {term} |" in glossary, term
    for term in (words["ledger"]["title"], words["province"]["title"], words["desk"]["invite"]):
        assert term.replace("“", "”").replace("”", '"')[:4] in glossary.replace("“", '"'), term
