"""What no linter checks: sizes, names, docstrings, sleeps, broad excepts, foreign paths."""

import ast
import io
import re
import statistics
import subprocess
import tokenize
from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest

from tests.rigs.source import source_tree

PRODUCT = sorted(set(source_tree.PACKAGES) - {"benchmarks"})

MEDIAN_LINES = 120
"""The median length of the product's modules may not pass this. It was 109 when the rule was made;
a median that grows says that modules have begun to hold more than one idea.
"""

LONG_LINES = 500
LONG: dict[str, str] = {}
"""Modules of more than `LONG_LINES` lines: the path, and why the module is one idea all the same.
"""

FORBIDDEN_WORDS = {"manager", "helper", "helpers", "util", "utils", "common", "handler"}

OUTERMOST = {
    "device/drivers/evdev_keys.py",
    "device/drivers/gpio_keys.py",
    "device/drivers/alsa_voice.py",
    "device/drivers/latest_worker.py",
    "device/drivers/display_worker.py",
    "device/drivers/sim/keys.py",
    "device/loop_bridge.py",
    "device/serial/serial_line.py",
    "device/ledger/writer.py",
    "sync/paho_client.py",
    "sync/uplink.py",
    "sync/receiver.py",
    "sync/receipts.py",
    "sync/store_worker.py",
}
"""Files with a thread's or task's outermost frame, where everything is caught, logged and made
visible. `except Exception` stands nowhere else."""


def source_and_tests() -> list[Path]:
    """Every Python file of the repository."""
    return [*source_tree.sources(), *source_tree.tests()]


def lengths(*packages: str) -> dict[str, int]:
    """The lines of every module of the packages (of all, when none is named), by path."""
    return {
        str(path): len((source_tree.ROOT / path).read_text("utf-8").splitlines())
        for path in source_tree.sources(*packages)
    }


def median_too_long(lines: Iterable[int]) -> bool:
    """Whether modules of these lengths are too long as a whole."""
    return statistics.median(lines) > MEDIAN_LINES


def unexplained(lines: Mapping[str, int], reasons: Mapping[str, str]) -> set[str]:
    """The long modules without a reason, and the reasons whose module is not long (any more)."""
    return {path for path, count in lines.items() if count > LONG_LINES} ^ reasons.keys()


def test_the_median_module_is_short():
    assert not median_too_long(lengths(*PRODUCT).values())


def test_a_long_module_has_a_reason():
    assert unexplained(lengths(), LONG) == set()
    assert all(LONG.values())


def test_modules_that_grow_are_noticed():
    assert median_too_long([20, MEDIAN_LINES + 1, LONG_LINES])
    assert not median_too_long([20, MEDIAN_LINES, 10 * LONG_LINES])
    assert unexplained({"a.py": LONG_LINES + 1, "b.py": LONG_LINES}, {}) == {"a.py"}
    assert unexplained({"a.py": LONG_LINES}, {"a.py": "one table"}) == {"a.py"}
    assert not unexplained({"a.py": LONG_LINES + 1}, {"a.py": "one table"})


@pytest.mark.parametrize("path", source_and_tests(), ids=str)
def test_names_say_what_a_thing_is(path):
    named = [path.stem] + [
        node.name
        for node in ast.walk(source_tree.tree_of(path))
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    words = {
        word.lower() for name in named for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", name)
    }
    assert not words & FORBIDDEN_WORDS or path == Path("tests/architecture/test_style.py")


def undocumented(tree: ast.Module) -> list[str]:
    """Public modules, classes and functions (methods too) without a docstring."""
    missing = [] if ast.get_docstring(tree) else ["the module"]

    def visit(node: ast.AST, prefix: str) -> None:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                if child.name.startswith("_") or "overload" in map(
                    ast.unparse, child.decorator_list
                ):
                    continue
                if not ast.get_docstring(child) and not is_override(child):
                    missing.append(f"{prefix}{child.name}")
                if isinstance(child, ast.ClassDef):
                    visit(child, f"{prefix}{child.name}.")

    visit(tree, "")
    return missing


def is_override(node: ast.AST) -> bool:
    """Whether a method is marked `@override`: its base documents it."""
    return any("override" in ast.unparse(d) for d in getattr(node, "decorator_list", ()))


@pytest.mark.parametrize("path", source_tree.sources(), ids=str)
def test_every_public_thing_has_a_docstring(path):
    assert undocumented(source_tree.tree_of(path)) == []


def test_a_missing_docstring_is_noticed():
    assert undocumented(ast.parse("class A:\n    '''a'''\n    def b(self): ...")) == [
        "the module",
        "A.b",
    ]


def sleeps(tree: ast.Module) -> list[int]:
    """The lines that wait for a fixed time. Allowed are `asyncio.sleep(0)`, which only lets other
    tasks run; `asyncio.sleep` inside a loop, which is a poll; and a rig that stands for a slow part
    and sleeps for a time from its arguments.
    """
    polls = {
        inner
        for node in ast.walk(tree)
        if isinstance(node, ast.For | ast.While | ast.AsyncFor)
        for inner in ast.walk(node)
    }
    return [
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and (called := ast.unparse(node.func)) in {"time.sleep", "sleep", "asyncio.sleep"}
        and (called == "time.sleep" or (node not in polls and is_fixed(node.args[0])))
    ]


def is_fixed(argument: ast.expr) -> bool:
    """Whether an argument is a number other than 0 in the source itself."""
    return isinstance(argument, ast.Constant) and argument.value != 0


@pytest.mark.parametrize("path", source_tree.tests(), ids=str)
def test_no_test_sleeps(path):
    """Waiting for a real process polls with a deadline: `tests.rigs.time.wait.until`."""
    assert sleeps(source_tree.tree_of(path)) == []


def test_a_sleep_is_noticed():
    assert sleeps(ast.parse("import time\ntime.sleep(1)")) == [2]
    assert sleeps(ast.parse("await asyncio.sleep(1)")) == [1]
    assert not sleeps(ast.parse("while not done():\n    await asyncio.sleep(0.01)"))


def broad_excepts(tree: ast.Module) -> list[int]:
    """The lines that catch everything and do not raise it again."""
    return [
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.ExceptHandler)
        and (node.type is None or ast.unparse(node.type) in {"Exception", "BaseException"})
        and not (isinstance(node.body[-1], ast.Raise) and node.body[-1].exc is None)
    ]


@pytest.mark.parametrize("path", source_tree.sources(), ids=str)
def test_a_broad_except_stands_at_a_threads_outermost_frame_only(path):
    lines = broad_excepts(source_tree.tree_of(path))
    assert not lines or str(path) in OUTERMOST, lines


def test_the_list_of_outermost_frames_holds_nothing_stale():
    for name in OUTERMOST:
        assert broad_excepts(source_tree.tree_of(Path(name))), (
            f"{name} catches nothing broad any more"
        )


def test_a_broad_except_is_noticed():
    assert broad_excepts(ast.parse("try:\n    x\nexcept:\n    pass")) == [3]
    assert broad_excepts(ast.parse("try:\n    x\nexcept Exception:\n    pass")) == [3]
    assert not broad_excepts(ast.parse("try:\n    x\nexcept Exception:\n    y()\n    raise"))


SILENCES = re.compile(r"#\s*(?:noqa|type:\s*ignore)")
SAYS_WHY = re.compile(r"# noqa: [A-Z0-9, ]+ -- \S|# type: ignore\[[a-z, -]+\]  # \S")


def silenced_without_reason(source: str) -> list[str]:
    """The comments that silence ruff or mypy without a reason on the same line."""
    comments = (
        token.string
        for token in tokenize.generate_tokens(io.StringIO(source).readline)
        if token.type == tokenize.COMMENT
    )
    return [text for text in comments if SILENCES.search(text) and not SAYS_WHY.search(text)]


@pytest.mark.parametrize("path", source_and_tests(), ids=str)
def test_what_silences_a_linter_says_why(path):
    assert silenced_without_reason((source_tree.ROOT / path).read_text("utf-8")) == []


def test_a_linter_silenced_without_reason_is_noticed():
    assert silenced_without_reason("x()  # noqa: B023") == ["# noqa: B023"]
    assert silenced_without_reason("x()  # type: ignore[misc]") == ["# type: ignore[misc]"]
    assert not silenced_without_reason("x()  # noqa: B023 -- called at once\ny = '# noqa'")
    assert not silenced_without_reason("x()  # type: ignore[misc]  # a part's")


def bound_twice(tree: ast.Module) -> list[str]:
    """The names that a module assigns more than once at its top level."""
    names = [
        target.id
        for node in tree.body
        if isinstance(node, ast.Assign | ast.AnnAssign)
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
        if isinstance(target, ast.Name)
    ]
    return sorted({name for name in names if names.count(name) > 1})


@pytest.mark.parametrize("path", source_and_tests(), ids=str)
def test_a_module_assigns_a_name_once(path):
    """A function sees the last value only, even if it stands above the second assignment."""
    assert bound_twice(source_tree.tree_of(path)) == []


def test_a_name_that_is_assigned_twice_is_noticed():
    assert bound_twice(ast.parse("A = 1\nB = A\nA: str = '2'")) == ["A"]
    assert not bound_twice(ast.parse("A = 1\ndef f():\n    A = 2\n    A = 3"))


FOREIGN = re.compile(
    r"(?<![\w.])/(?:" + "|".join(("work", "root", "home/[a-z]+", "Users")) + r")/", re.IGNORECASE
)


def committed() -> list[Path]:
    """Every file that is committed or would be by `git add`."""
    listing = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=source_tree.ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    return [Path(line) for line in listing.splitlines()]


def test_no_file_names_a_path_of_the_machine_it_was_written_on():
    found = []
    for path in committed():
        try:
            text = (source_tree.ROOT / path).read_text("utf-8")
        except (UnicodeDecodeError, OSError):  # a picture, or removed a moment ago
            continue
        found += [f"{path}: {match.group()}" for match in FOREIGN.finditer(text)]
    assert found == []


def test_a_path_of_a_machine_is_noticed():
    assert FOREIGN.search("open('" + "/ro" + "ot/x')")
    assert not FOREIGN.search("device/root/x")


def test_no_package_marks_the_tests():
    assert not list((source_tree.ROOT / "tests").rglob("__init__.py"))
