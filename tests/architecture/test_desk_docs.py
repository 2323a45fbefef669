"""The two documents for whoever connects a window system: true, and the same."""

import pytest

from device.desk.api_errors import ERRORS
from tests.rigs.source import source_tree
from tests.rigs.source.two_languages import lost_anchors, numbers, other_language, shape, tables

PATHS = {
    "en": source_tree.ROOT / "docs/desk.md",
    "zh": source_tree.ROOT / "docs/desk.zh-CN.md",
}
DOCUMENTS = {language: path.read_text("utf-8") for language, path in PATHS.items()}


@pytest.mark.parametrize("what", shape(DOCUMENTS["en"]))
def test_both_languages_say_the_same(what):
    assert shape(DOCUMENTS["zh"])[what] == shape(DOCUMENTS["en"])[what]


def test_both_languages_tell_the_same_numbers():
    assert numbers(DOCUMENTS["zh"]) == numbers(DOCUMENTS["en"])


def test_what_only_one_language_says_is_noticed():
    """Control: a heading, a row, a call, a number more, a link less."""
    text = DOCUMENTS["zh"]
    assert shape(text + "\n## 更多\n")["headings"] != shape(text)["headings"]
    assert shape(text + "\n| `x` | y |\n|---|---|\n| `a` | b |\n")["rows"] != shape(text)["rows"]
    assert shape(text.replace("curl -s -X POST", "curl -X POST", 1)) != shape(text)
    assert shape(text.replace("](terminal/README.md)", "", 1))["links"] != shape(text)["links"]
    assert numbers(text.replace("40 秒", "50 秒")) != numbers(text)


@pytest.mark.parametrize("language", PATHS)
def test_each_leads_to_the_other_and_to_its_own_parts(language):
    (other,) = set(PATHS) - {language}
    assert other_language(PATHS[language]) == PATHS[other]
    assert lost_anchors(DOCUMENTS[language]) == []
    assert lost_anchors(f"{DOCUMENTS[language]}\n[a](#nowhere)\n") == ["#nowhere"], "the control"


@pytest.mark.parametrize("language", PATHS)
def test_every_refusal_is_told_with_its_status(language):
    told = {
        row[0].strip("`"): int(row[1])
        for table in tables(DOCUMENTS[language])
        for row in table
        if len(row) == 3 and row[1].isdigit()
    }
    assert told == {name: row.status for name, row in ERRORS.items()}


def test_the_chinese_readme_leads_to_the_chinese_document():
    readme = (source_tree.ROOT / "README.zh-CN.md").read_text("utf-8")
    assert "(docs/desk.zh-CN.md)" in readme
    assert "(docs/desk.md)" not in readme
