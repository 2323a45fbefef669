"""The shape of the source in numbers: sizes, names, imports. `python -m benchmarks.structure [DIR]`

DIR is a checkout of this project (this one, when none is given), so that two commits can be
compared: `git archive COMMIT | tar -x -C DIR`. Counted are the product's packages, without their
tests and benchmarks; `tests : code` counts lines of both. Needs grimp, which import-linter brings.
"""

import ast
import io
import statistics
import sys
import tokenize
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import grimp

PACKAGES = ("device", "sync", "web", "province", "demo", "hw")

Function = ast.FunctionDef | ast.AsyncFunctionDef

DECISIONS = (
    ast.If,
    ast.IfExp,
    ast.For,
    ast.AsyncFor,
    ast.While,
    ast.ExceptHandler,
    ast.comprehension,
    ast.match_case,
)
"""Each adds one way through a function; a boolean operator adds one for each `and` and `or`."""


class Module(NamedTuple):
    """One source file: its path from the checkout, its text and its syntax tree."""

    path: Path
    text: str
    tree: ast.Module


class Share(NamedTuple):
    """So many of so many."""

    part: int
    whole: int

    def __str__(self) -> str:
        return f"{100 * self.part / self.whole:.0f} %" if self.whole else "none"


def main(arguments: Sequence[str]) -> int:
    """Print the table for the checkout that is named; returns the exit code."""
    root = Path(arguments[0] if arguments else ".").resolve()
    packages = [name for name in PACKAGES if (root / name).is_dir()]
    if not packages:
        print(f"{root}: no checkout of this project", file=sys.stderr)
        return 2
    rows = table(root, packages)
    width = max(len(name) for name, _ in rows)
    print("\n".join(f"{name:<{width}}  {value}" for name, value in rows))
    return 0


def table(root: Path, packages: Sequence[str]) -> list[tuple[str, str]]:
    """The rows: what is counted, and the number."""
    modules = [module for name in packages for module in read(root, name)]
    functions = [
        node for module in modules for node in ast.walk(module.tree) if isinstance(node, Function)
    ]
    lengths = [len(module.text.splitlines()) for module in modules]
    code, comments = count_lines(modules)
    test_lines = sum(len(module.text.splitlines()) for module in read(root, "tests"))
    chain = longest_chain(root, packages)
    classes = repeated(name for module in modules for name in class_names(module.tree))
    files = repeated(m.path.name for m in modules if not m.path.name.startswith("__"))
    return [
        ("modules / k lines", f"{len(modules)} / {sum(lengths) / 1000:.1f}"),
        ("module lines: median / p95 / max", spread(lengths)),
        ("function lines: median / p95 / max", spread([length(node) for node in functions])),
        ("cyclomatic: median / p95 / max", spread([complexity(node) for node in functions])),
        ("public things with a docstring", str(documented(modules))),
        ("functions with all types", str(typed(functions))),
        ("comment lines per 100 of code", f"{100 * comments / code:.1f}"),
        ("tests : code, lines", f"{test_lines / sum(lengths):.2f}"),
        ("longest import chain, modules", f"{len(chain)}: {' → '.join(chain)}"),
        ("class names used more than once", f"{len(classes)} {' '.join(classes)}"),
        ("file names used more than once", f"{len(files)} {' '.join(files)}"),
    ]


def read(root: Path, folder: str) -> Iterator[Module]:
    """Every Python file below a folder of a checkout."""
    for path in sorted((root / folder).rglob("*.py")):
        text = path.read_text("utf-8")
        yield Module(path.relative_to(root), text, ast.parse(text, str(path)))


def spread(values: Sequence[int]) -> str:
    """Median, 95th percentile and maximum."""
    ordered = sorted(values)
    p95 = ordered[min(len(ordered) - 1, int(0.95 * len(ordered)))]
    return f"{statistics.median(ordered):g} / {p95} / {ordered[-1]}"


def length(function: Function) -> int:
    """The lines of a function, its docstring included, its decorators not."""
    return (function.end_lineno or function.lineno) - function.lineno + 1


def complexity(function: Function) -> int:
    """One, and one for each decision; those of a nested function are its own."""
    count = 1
    waiting: list[ast.AST] = list(ast.iter_child_nodes(function))
    while waiting:
        node = waiting.pop()
        if isinstance(node, Function):
            continue
        count += isinstance(node, DECISIONS)
        if isinstance(node, ast.BoolOp):
            count += len(node.values) - 1
        waiting += ast.iter_child_nodes(node)
    return count


def documented(modules: Iterable[Module]) -> Share:
    """How many public modules, classes, functions and methods have a docstring. A method that
    carries out what its base documents (`@override`) is not counted.
    """
    flags: list[bool] = []

    def visit(node: ast.Module | ast.ClassDef) -> None:
        flags.append(ast.get_docstring(node) is not None)
        for child in node.body:
            if not isinstance(child, ast.ClassDef | Function) or child.name.startswith("_"):
                continue
            if any(ast.unparse(d) in {"override", "overload"} for d in child.decorator_list):
                continue
            if isinstance(child, ast.ClassDef):
                visit(child)
            else:
                flags.append(ast.get_docstring(child) is not None)

    for module in modules:
        visit(module.tree)
    return Share(sum(flags), len(flags))


def typed(functions: Iterable[Function]) -> Share:
    """How many functions name the type of every argument (but `self`) and of the result."""
    flags = []
    for function in functions:
        given = function.args
        arguments = [*given.posonlyargs, *given.args, *given.kwonlyargs]
        arguments += [extra for extra in (given.vararg, given.kwarg) if extra is not None]
        needed = [a for a in arguments if a.arg not in {"self", "cls"}]
        flags.append(function.returns is not None and all(a.annotation for a in needed))
    return Share(sum(flags), len(flags))


def count_lines(modules: Iterable[Module]) -> tuple[int, int]:
    """The lines with code on them (docstrings are none), and those with a comment."""
    code = comments = 0
    for module in modules:
        docstrings = docstring_lines(module.tree)
        lines: set[int] = set()
        for token in tokenize.generate_tokens(io.StringIO(module.text).readline):
            if token.type == tokenize.COMMENT:
                comments += 1
            elif token.string.strip() and token.type != tokenize.ENDMARKER:
                lines |= set(range(token.start[0], token.end[0] + 1))
        code += len(lines - docstrings)
    return code, comments


def docstring_lines(tree: ast.Module) -> set[int]:
    """The lines of the strings that stand alone: docstrings, and those below a constant."""
    return {
        line
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
        for line in range(node.lineno, (node.end_lineno or node.lineno) + 1)
    }


def class_names(tree: ast.Module) -> list[str]:
    """The public classes at the top of a module."""
    return [
        node.name
        for node in tree.body
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_")
    ]


def repeated(names: Iterable[str]) -> list[str]:
    """The names that occur more than once."""
    return sorted(name for name, count in Counter(names).items() if count > 1)


def longest_chain(root: Path, packages: Sequence[str]) -> list[str]:
    """The longest line of modules each of which imports the next; imports for types only are not
    counted. Raises RecursionError when modules import each other in a circle.
    """
    sys.path.insert(0, str(root))
    try:
        graph = grimp.build_graph(*packages, exclude_type_checking_imports=True, cache_dir=None)
    finally:
        sys.path.remove(str(root))
    known: dict[str, list[str]] = {}

    def below(module: str) -> list[str]:
        if module not in known:
            imported = sorted(graph.find_modules_directly_imported_by(module))
            known[module] = [module, *max(map(below, imported), key=len, default=[])]
        return known[module]

    return max(map(below, sorted(graph.modules)), key=len)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
