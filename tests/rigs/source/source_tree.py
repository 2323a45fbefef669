"""Reading the project's own source: which modules there are and what they import."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[3]
PACKAGES = ("device", "sync", "web", "province", "demo", "hw", "benchmarks")


class Import(NamedTuple):
    """One module that is imported, wherever in a file the statement stands."""

    module: str
    line: int


def sources(*packages: str) -> list[Path]:
    """Every Python file of the packages (of all, when none is named), as paths from the root."""
    found = (path for name in packages or PACKAGES for path in (ROOT / name).rglob("*.py"))
    return sorted(path.relative_to(ROOT) for path in found)


def tests() -> list[Path]:
    """Every Python file under tests/."""
    return sorted(path.relative_to(ROOT) for path in (ROOT / "tests").rglob("*.py"))


@cache
def tree_of(path: Path) -> ast.Module:
    """The syntax tree of a file, given as a path from the root."""
    return ast.parse((ROOT / path).read_text("utf-8"), str(path))


def imports_in(tree: ast.AST) -> Iterator[Import]:
    """Every import in a tree, lazy ones included.

    `from a.b import c` counts as `a.b.c` when that is a module of ours, and as `a.b` otherwise.
    """
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (Import(alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                yield Import(inner if is_ours(inner) else node.module, node.lineno)


def is_ours(module: str) -> bool:
    """Whether a dotted name is a module or a package of this repository."""
    top, *rest = module.split(".")
    path = ROOT.joinpath(top, *rest)
    return top in PACKAGES and (path.with_suffix(".py").is_file() or path.is_dir())


def path_of(module: str) -> Path:
    """The file of a module of ours, as a path from the root."""
    path = Path(*module.split("."))
    return (
        path.with_suffix(".py")
        if (ROOT / path).with_suffix(".py").is_file()
        else (path / "__init__.py")
    )


def name_of(path: Path) -> str:
    """The dotted name of a file of ours."""
    parts = path.with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def first_line(path: Path) -> str:
    """The first line of a module's docstring; empty without one."""
    return (ast.get_docstring(tree_of(path)) or "").partition("\n")[0]


def without_type_checking(tree: ast.Module) -> ast.Module:
    """The tree without what only a type checker sees."""

    class Prune(ast.NodeTransformer):
        def visit_If(self, node: ast.If) -> ast.AST | None:
            return None if ast.unparse(node.test).endswith("TYPE_CHECKING") else node

    pruned: ast.Module = Prune().visit(ast.parse(ast.unparse(tree)))
    return pruned
