"""One word, one thing: names of classes and modules, held against docs/glossary.md."""

import ast
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from tests.rigs.source import source_tree

PRODUCT = sorted(set(source_tree.PACKAGES) - {"benchmarks"})
NOT_USED = "Words that are not used"

AT_SEVERAL_ENDS = {
    "api_errors.py": "the errors of an HTTP API: their shape in web, the desk's own in desk",
    "cli.py": "each program's command line: ratingpad, ratingpad-province, ratingpad-demo",
    "errors.py": "the stable error codes of an end: pad, province",
    "errors_zh.py": "the same codes in Chinese, of an end: pad, province",
    "openapi.py": "an OpenAPI document: the builder in web, the desk's own in desk",
    "verify.py": "the check of the digest chain at an end: one ledger, the province's store",
    "verify_command.py": "the command `verify` of an end: what it prints of that check",
}
"""File names that stand in more than one package, because they are the same thing at several ends:
the name, and what it is.
"""


def public_classes(tree: ast.Module) -> list[str]:
    """The public classes of a module, not those inside a function or another class."""
    return [
        node.name
        for node in tree.body
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_")
    ]


def repeated(names: Iterable[str]) -> set[str]:
    """The names that occur more than once."""
    return {name for name, count in Counter(names).items() if count > 1}


def test_a_public_class_name_stands_for_one_thing():
    names = [
        name
        for path in source_tree.sources(*PRODUCT)
        for name in public_classes(source_tree.tree_of(path))
    ]
    assert repeated(names) == set()


def test_a_file_name_stands_for_one_thing():
    names = [path.name for path in source_tree.sources(*PRODUCT) if path.stem[:2] != "__"]
    assert repeated(names) == set(AT_SEVERAL_ENDS)


def test_a_name_of_two_things_is_noticed():
    trees = [ast.parse("class Link: ..."), ast.parse("class _Row: ...\nclass Link: ...")]
    assert repeated(name for tree in trees for name in public_classes(tree)) == {"Link"}
    assert repeated(["cli.py", "rows.py", "cli.py"]) == {"cli.py"}


# --- the glossary ------------------------------------------------------------------------------


def glossary() -> dict[str, list[str]]:
    """The words in the first column of each table of docs/glossary.md, by the table's heading."""
    text = (source_tree.ROOT / "docs/glossary.md").read_text("utf-8")
    _, *sections = re.split(r"^## (?=\w)", text, flags=re.MULTILINE)
    return {section.partition(" ·")[0]: first_column(section) for section in sections}


def first_column(section: str) -> list[str]:
    """The words of a table's first column; `a, b` is two words."""
    cells = re.findall(r"^\| ([^|]+) \|", section, re.MULTILINE)[1:]
    return [word.strip("`") for cell in cells for word in cell.split(", ")]


def words_of(name: str) -> set[str]:
    """The words of a name: `LedgerVerdict`, `ledger_verdict` → ledger, verdict."""
    return {word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", name)}


def names_in(path: Path) -> Iterator[str]:
    """The names of a module, of its classes and of its functions, private ones too."""
    yield path.stem
    for node in ast.walk(source_tree.tree_of(path)):
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name


def test_no_word_is_in_the_glossary_twice():
    words = [word.lower() for column in glossary().values() for word in column]
    assert len(words) > 100
    assert repeated(words) == set()


def test_a_word_that_is_there_twice_is_noticed():
    column = first_column(
        "| word | 中文 | meaning |\n|---|---|---|\n| a, `b` | 甲 | x |\n| b | 乙 | y |\n"
    )
    assert column == ["a", "b", "b"]


@pytest.mark.parametrize("path", source_tree.sources(*PRODUCT), ids=str)
def test_no_name_has_a_word_that_is_not_used(path):
    unused = set(glossary()[NOT_USED])
    assert {name: used for name in names_in(path) if (used := words_of(name) & unused)} == {}


def test_a_word_that_is_not_used_is_noticed():
    unused = set(glossary()[NOT_USED])
    assert words_of("_DoorOpened") & unused == {"door"}
    assert words_of("phone_wishes") & unused == {"wishes"}
    assert not words_of("display_output") & unused
