"""The Chinese documents say what the English ones say, in the glossary's words."""

import re
from pathlib import Path

import pytest

from device.errors import PadCode
from device.errors_zh import in_chinese as pad_in_chinese
from province.errors import ProvinceCode
from province.errors_zh import in_chinese as province_in_chinese
from tests.rigs.source import source_tree
from tests.rigs.source.chinese_text import badly_set
from tests.rigs.source.two_languages import (
    CHINESE,
    english_links,
    lost_anchors,
    numbers,
    other_language,
    places,
    prose,
    sections,
    shape,
    tables,
)

CHINESE_DOCUMENTS = sorted((source_tree.ROOT / "docs").rglob(f"*{CHINESE}"))


def english(path: Path) -> Path:
    """The English document beside a Chinese one."""
    return path.with_name(path.name.replace(CHINESE, ".md"))


def text_of(path: Path) -> str:
    """A document's text."""
    return path.read_text("utf-8")


of_each_document = pytest.mark.parametrize("path", CHINESE_DOCUMENTS, ids=lambda path: path.name)


@of_each_document
@pytest.mark.parametrize("what", shape(""))
def test_both_languages_say_the_same(path, what):
    assert shape(text_of(path))[what] == shape(text_of(english(path)))[what]


@of_each_document
def test_both_languages_tell_the_same_numbers(path):
    assert numbers(text_of(path)) == numbers(text_of(english(path)))


@of_each_document
def test_each_leads_to_the_other_and_to_its_own_parts(path):
    assert other_language(path) == english(path)
    assert other_language(english(path)) == path
    assert lost_anchors(path) == lost_anchors(english(path)) == []
    assert places(path) == places(english(path))


@of_each_document
def test_a_chinese_document_leads_to_chinese_ones(path):
    assert english_links(path) == []


def test_the_chinese_readme_leads_to_the_chinese_documents():
    readme = source_tree.ROOT / "README.zh-CN.md"
    assert english_links(readme) == []
    for path in CHINESE_DOCUMENTS:
        assert f"({path.relative_to(source_tree.ROOT)})" in text_of(readme)


@of_each_document
def test_chinese_is_set_as_chinese(path):
    assert badly_set(prose(text_of(path))) == []


def test_what_only_one_language_says_is_noticed(tmp_path: Path):
    """Control: a heading, row, cell, command, number, point more; a link that leads elsewhere."""
    text = text_of(source_tree.ROOT / "docs" / f"hardware{CHINESE}")
    same = shape(text)
    assert shape(text + "\n## 更多\n")["headings"] != same["headings"]
    assert shape(text + "\n| `x` | y |\n|---|---|\n| `a` | b |\n")["rows"] != same["rows"]
    assert shape(text.replace("16 GB", "8 GB"))["cells"] != same["cells"]
    assert shape(text.replace("sudo apt", "apt", 1))["blocks"] != same["blocks"]
    assert shape(text.replace("# or ", "# 或 ", 1))["blocks"] == same["blocks"]
    assert shape(text + "\n`rm`\n")["code"] != same["code"]
    assert shape(text + "\n- 又\n")["points"] != same["points"]
    assert shape(text.replace("](hardware/rpi-4.md)", "]", 1))["links"] != same["links"]
    assert numbers(text.replace("14 秒", "15 秒")) != numbers(text)
    (tmp_path / "a.zh-CN.md").write_text("[English](a.md)\n# 甲\n[b](a.md#nowhere)\n")
    (tmp_path / "a.md").write_text("")
    assert lost_anchors(tmp_path / "a.zh-CN.md") == ["a.md#nowhere"]
    assert english_links(tmp_path / "a.zh-CN.md") == ["a.md"]
    assert badly_set("按一下,再按") == ["按一下,再按"]
    assert badly_set("按3 次") == ["按3 次"]


# --- errors ------------------------------------------------------------------------------------


def rows_of_codes(name: str, columns: int) -> dict[str, list[str]]:
    """The rows that begin with an error code, in the tables with so many columns."""
    return {
        row[0]: row
        for table in tables(text_of(source_tree.ROOT / "docs" / f"{name}{CHINESE}"))
        for row in table
        if re.fullmatch(r"[A-Z]\d\d", row[0]) and len(row) == columns
    }


def test_every_code_is_told_in_its_chinese_words():
    told = {
        code: (row[1], row[-1])
        for columns in (3, 4)
        for code, row in rows_of_codes("errors", columns).items()
    }
    pad = {row.code: pad_in_chinese(row) for row in PadCode}
    province = {row.code: province_in_chinese(row) for row in ProvinceCode}
    assert told == pad | province


def test_what_closes_the_window_is_told_in_chinese():
    told = rows_of_codes("errors", 4)
    assert {code: row[2] for code, row in told.items()} == {
        row.code: "是" if row.blocks else "否" for row in PadCode
    }


def test_every_default_is_the_same_in_chinese():
    words = {"must be given": "必填", "none": "无"}
    path = source_tree.ROOT / "docs" / f"configuration{CHINESE}"
    told, expected = (
        [row[1] for table in tables(text_of(document)) for row in table if len(row) == 3]
        for document in (path, english(path))
    )
    assert told == [words.get(default, default) for default in expected]
    assert set(words.values()) <= set(told)


# --- the glossary's words ----------------------------------------------------------------------


def glossary() -> list[list[str]]:
    """The rows of docs/glossary.md that have a Chinese word."""
    return [
        row
        for table in tables(text_of(source_tree.ROOT / "docs/glossary.md"))
        for row in table
        if len(row) == 3
    ]


def terms() -> dict[str, list[str]]:
    """Each English term, and its Chinese words: one of them is to be used."""
    found = {}
    for english_cell, chinese_cell, _ in glossary():
        words = re.sub(r"[（(][^）)]*[）)]", "", chinese_cell).split("、")
        for term in english_cell.split(", "):
            found[term.strip("`")] = words
    return found


def is_in(term: str, text: str) -> bool:
    """Whether an English text has a term, in the singular or the plural."""
    return re.search(rf"\b{re.escape(term)}(?:s|es)?\b", text, re.IGNORECASE) is not None


SHORT = {
    "rating pad": ("评价器",),
    "province": ("省级",),
    "citizen": ("群众",),
    "hall": ("大厅",),
    "desk": ("窗口系统", "接口"),
    "level": ("等级", "一级"),
    "press": ("按",),
    "invitation": ("邀请",),
    "ledger": ("账本",),
    "light": ("灯",),
    "paused": ("暂停",),
    "standby": ("备机",),
    "token": ("扫码令牌",),
    "entry": ("入口文件",),
    "commit": ("提交",),
}
"""What else a term may be called: for short, or where it means something else."""

ORDINARY = {
    "line", "key", "port", "mark", "command", "detail", "reason", "picture", "frame", "header",
    "pin", "bus", "hole", "trust", "event", "action", "guard", "context", "diff", "schema", "live",
    "room", "law", "origin", "driver", "pure", "board", "store", "step",
}  # fmt: skip
"""Terms that are ordinary English words, too."""


UNTRANSLATED = re.compile(r"`[^`\n]+`|\]\([^)]+\)|<!--.*?-->|\[\[?[a-z0-9_.]+\](?!\()|Windows")
"""Code, targets of links, comments, names of TOML tables, and a system that is no window."""


def words_missing(english_text: str, chinese_text: str) -> list[str]:
    """The terms of the English sections whose Chinese words are not in the same section."""
    missing = []
    pairs = zip(sections(english_text), sections(chinese_text), strict=True)
    for told, translated in pairs:
        plain = UNTRANSLATED.sub(" ", told)
        missing += [
            f"{told.splitlines()[0]}: {term}, {words}"
            for term, words in terms().items()
            if term not in ORDINARY and is_in(term, plain)
            if not any(word in translated for word in [*words, *SHORT.get(term, ())])
        ]
    return missing


@of_each_document
def test_a_term_is_translated_as_in_the_glossary(path):
    assert words_missing(text_of(english(path)), text_of(path)) == []


STRINGS = [
    path
    for package in source_tree.PACKAGES
    for pattern in ("zh.toml", "zh/**/*.po")
    for path in (source_tree.ROOT / package).rglob(pattern)
]
"""What commands, pages and displays say in Chinese."""


def unused_words(text: str) -> list[str]:
    """The words of the glossary's last table that a text has, other than in one of its terms."""
    unused = [
        row[0]
        for table in tables(text_of(source_tree.ROOT / "docs/glossary.md"))
        for row in table
        if len(row) == 2 and not row[0].isascii()
    ]
    assert len(unused) > 3
    for words in terms().values():
        for word in words:
            text = text.replace(word, "")
    return [word for word in unused if word in text]


@pytest.mark.parametrize("path", [*CHINESE_DOCUMENTS, *STRINGS], ids=lambda path: path.name)
def test_words_that_are_not_used_are_not_used(path):
    assert unused_words(text_of(path)) == []


def test_the_strings_of_commands_and_pages_are_looked_at():
    assert {path.suffix for path in STRINGS} == {".po", ".toml"}
    assert len(STRINGS) >= 5


def test_another_word_is_noticed():
    """Control: the glossary's word, its short form, another word."""
    assert words_missing("## a\nThe ledger.\n", "## 甲\n账本。\n") == []
    assert words_missing("## a\nThe watchdog.\n", "## 甲\n看门狗。\n") == []
    assert words_missing("## a\nThe ledgers.\n", "## 甲\n流水。\n") != []
    assert words_missing("## a\n`ledger`\n", "## 甲\n`ledger`\n") == []
    assert unused_words("令牌") == ["令牌"]
    assert unused_words("扫码令牌和口令") == []
