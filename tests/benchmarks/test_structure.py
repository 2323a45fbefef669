"""The numbers of the source's shape, on sources that are small enough to count by hand."""

import ast
from pathlib import Path

import pytest

from benchmarks import structure
from benchmarks.structure import Function, Module


def functions(text: str) -> list[Function]:
    return [node for node in ast.walk(ast.parse(text)) if isinstance(node, Function)]


def module(text: str) -> Module:
    return Module(Path("a.py"), text, ast.parse(text))


@pytest.mark.parametrize(
    ("body", "ways"),
    [
        ("pass", 1),
        ("if a:\n  pass\n elif b:\n  pass\n else:\n  pass", 3),
        ("return [x for x in y if x] if a and b or c else 0", 5),
        ("try:\n  pass\n except OSError:\n  pass", 2),
        ("def g():\n  if a:\n   pass", 1),  # those of a nested function are its own
    ],
)
def test_each_decision_is_one_way_more(body, ways):
    assert structure.complexity(functions(f"def f():\n {body}\n")[0]) == ways


def test_public_things_without_docstring_and_types_are_counted():
    text = "'''m'''\nclass A:\n  '''a'''\n  def b(self, c: int) -> None: ...\n  def _d(self): ...\n"
    assert structure.documented([module(text)]) == (2, 3)
    assert structure.typed(functions(text)) == (1, 2)


def test_docstrings_are_neither_code_nor_comments():
    assert structure.count_lines([module("'''a\nb'''\n\nx = 1  # one\n# two\n")]) == (1, 2)


def test_the_longest_chain_is_found_and_an_import_for_types_is_none(tmp_path):
    package = tmp_path / "chained"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "a.py").write_text("from chained import b\n")
    (package / "b.py").write_text(
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from chained import a\n"
        "from chained import c\n"
    )
    (package / "c.py").touch()
    chain = structure.longest_chain(tmp_path, ["chained"])
    assert chain == ["chained.a", "chained.b", "chained.c"]


def test_median_and_p95_and_names_used_twice():
    assert structure.spread(range(1, 101)) == "50.5 / 96 / 100"
    assert structure.repeated(["a", "b", "a"]) == ["a"]
