"""Runs the tests of a module on its mutants: `make mutants`, for the figures in CONTRIBUTING.

A mutant that no test notices is a gap, or is equivalent: it behaves as the module does. Those stand
in `equivalent.toml`, each with its reason, and do not count.

How. The tree is copied, and only the copy is changed. pytest collects the tests of a module once
and measures how long each takes and which lines it runs. Then it forks for each mutant: the child
puts the changed function into what is loaded (or loads everything again, for what runs while a
module loads), runs the tests of the changed line, the quickest first, and ends at the first that
fails. A mutant that takes four times as long as the tests need is found, too: a run would hang.

The tests of a module are those of its name. What they leave unnoticed is tried on those of its
folder, and then on the test files that import the module themselves.

Ours, because mutmut changes functions only: a table's row, an error's code and a constant stay as
they are, and a starting pytest for each mutant, as with cosmic-ray, takes hours for 6,000.
"""

import argparse
import ast
import configparser
import contextlib
import gc
import hashlib
import itertools
import json
import math
import os
import random
import resource
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any, NamedTuple

import coverage
import pytest

from tests.rigs.mutation.mutants import Mutant, enumerations, mutants

EQUIVALENT = Path(__file__).with_name("equivalent.toml")
PACKAGES = ("device", "sync", "web", "province", "demo", "hw", "benchmarks")

SLOW = ("hardware", "journeys", "power", "benchmarks", "demo")
"""Folders of tests that are not tried on what a module's own tests left unnoticed."""

MARKS = ("broker", "browser", "kernel_vm", "arm64_vm", "kiosk_vm", "strace")
"""Nor files whose tests need one of these."""

MORE: dict[str, tuple[str, ...]] = {
    "device.errors": ("tests/architecture/test_docs.py",),
    "device.session": ("tests/device/session", "tests/device/test_pad.py"),
    "sync.entries": ("tests/sync/test_schema.py",),
    "sync.messages": ("tests/sync/test_schema.py",),
    "province.precedence": (
        "tests/province/test_projection.py",
        "tests/province/test_projection_order.py",
    ),
    "province.rows": ("tests/province/test_projection.py",),
}
"""Tests of a module, or of all below it, that its name does not lead to."""

IMPORTERS = 12
"""So many files that import a module are tried."""

SLOWEST_S = 5.0
BUDGET_S = 8.0
"""In seconds of the processor: a test that takes longer runs on no mutant; the tests of one mutant
take no longer together.
"""

NO_TESTS = 5
"""pytest's exit code."""


class Found(NamedTuple):
    """One mutant and what became of it: found, timed out, unnoticed, or equivalent (`reason`)."""

    module: str
    line: int
    kind: str
    before: str
    after: str
    outcome: str
    reason: str = ""


class Measured(NamedTuple):
    """How long each test takes in s, and which tests run a line."""

    seconds: dict[str, float]
    by_line: dict[int, list[str]]

    def runs(self, mutant: Mutant) -> bool:
        """Whether a test runs a line of it: it may run while the module loads, and then only."""
        return any(self.by_line.get(line) for line in range(mutant.line, mutant.last + 1))


class Tree:
    """A copy of the checkout in which one module at a time is changed."""

    def __init__(self, root: Path, copy: Path) -> None:
        self.root = root
        self.copy = copy
        listed = subprocess.run(
            ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            cwd=root,
            check=True,
            capture_output=True,
        )
        for name in listed.stdout.decode().split("\0"):
            if name and (root / name).is_file():
                (copy / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(root / name, copy / name)
        for command in (["init", "-q"], ["add", "--all"]):  # some tests ask git for the files
            subprocess.run(["git", *command], cwd=copy, check=True)

    def path(self, module: str) -> Path:
        """A module's file, from the top of the tree."""
        path = Path(module.replace(".", "/"))
        return path / "__init__.py" if (self.root / path).is_dir() else path.with_suffix(".py")


# --- which modules, which tests ------------------------------------------------------------------


def pure_modules(root: Path) -> list[str]:
    """The modules that setup.cfg names as pure."""
    setup = configparser.ConfigParser()
    setup.read(root / "setup.cfg", "utf-8")
    return setup["importlinter:contract:pure"]["source_modules"].split()


def chosen_modules(root: Path, prefixes: list[str]) -> list[str]:
    """The pure modules and those of the ledger, or those of any package that a prefix names."""
    everything = [
        ".".join(path.relative_to(root).with_suffix("").parts)
        for package in PACKAGES
        for path in sorted((root / package).rglob("*.py"))
        if path.name != "__init__.py"
    ]
    if not prefixes:
        pure = {*pure_modules(root)}
        return [name for name in everything if name in pure or name.startswith("device.ledger.")]
    return [
        name for name in everything if any(f"{name}.".startswith(f"{one}.") for one in prefixes)
    ]


def test_files(root: Path, module: str) -> Iterator[list[str]]:
    """The files to try one after the other: those of the module's name, those of its folder and of
    `MORE`, those that import it.
    """
    *parts, stem = module.split(".")
    folder = Path("tests", *parts)
    tried: set[str] = set()
    near = [*(root / folder).glob("test_*.py")] if len(parts) > 1 else []
    for prefix, more in MORE.items():
        if f"{module}.".startswith(f"{prefix}."):
            near += [file for place in more for file in _files(root / place)]
    for some in (
        (root / folder).glob(f"test_{stem}*.py"),
        near,
        (root / file for file in importing_tests(root, module)),
    ):
        files = sorted({str(path.relative_to(root)) for path in some} - tried)
        tried |= set(files)
        if files:
            yield files


def _files(place: Path) -> list[Path]:
    return [place] if place.is_file() else sorted(place.glob("test_*.py"))


def importing_tests(root: Path, module: str) -> list[str]:
    """The test files that import a module themselves and need no server or machine."""
    found = []
    for path in sorted((root / "tests").rglob("test_*.py")):
        text = path.read_text("utf-8")
        place = path.relative_to(root)
        if place.parts[1] in SLOW or any(f"pytest.mark.{mark}" in text for mark in MARKS):
            continue
        if module in _imports(ast.parse(text)):
            found.append(str(place))
    return found[:IMPORTERS]


def _imports(tree: ast.Module) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


# --- processes -----------------------------------------------------------------------------------


def in_child(work: Callable[[], int], limit_s: float) -> int | None:
    """The exit code of `work` in a forked process; None when it took more than `limit_s` of the
    processor, or ten times as long by the clock. What it has started ends with it.
    """
    child = os.fork()
    if child == 0:
        code = 99
        try:
            os.setpgid(0, 0)
            limit_cpu(limit_s)
            code = work()
        finally:
            os._exit(code)
    watched = os.pidfd_open(child)
    try:
        ended, _, _ = select.select([watched], [], [], 10 * limit_s)
    finally:
        os.close(watched)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    return None if not ended or code == -signal.SIGXCPU else code


def limit_cpu(limit_s: float) -> None:
    """End this process when it has used so many seconds of the processor from now on."""
    end_s = math.ceil(time.process_time() + limit_s)
    resource.setrlimit(resource.RLIMIT_CPU, (end_s, end_s + 5))


def be_silent(place: Path) -> None:
    """In a child: nothing is printed, and the tree's copy is what is imported."""
    os.chdir(place)
    silent = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(silent, number)
    sys.dont_write_bytecode = True
    os.environ["PYTHONDONTWRITEBYTECODE"] = "1"  # a program that a test starts neither
    here = str(Path(__file__).parents[3])
    sys.path[:] = [str(place), *(one for one in sys.path if one not in ("", here))]
    os.environ["PYTHONPATH"] = str(place)
    forget_modules()  # of the checkout


def forget_modules() -> None:
    """Have the product and its tests loaded anew when they are imported again."""
    for name in [name for name in sys.modules if name.partition(".")[0] in ("tests", *PACKAGES)]:
        del sys.modules[name]


def run_pytest(files: Iterable[str], plugin: object) -> int:
    """pytest's exit code."""
    options = ["-q", "-x", "-p", "no:cacheprovider", "-p", "no:xdist", "--hypothesis-seed=0"]
    return int(pytest.main([*options, *files], plugins=[plugin]))


def run_items(session: pytest.Session, items: list[pytest.Item]) -> int:
    """Run collected tests up to the first that fails; 1 if one did."""
    for item, after in zip(items, [*items[1:], None], strict=True):
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=after)
        if session.testsfailed:
            return 1
    return 0


# --- judging -------------------------------------------------------------------------------------


class Judge:
    """pytest's loop of one module: measures its tests, then forks for each mutant.

    A mutant inside a function is put into the functions that are loaded, in the child. One that
    runs while the module loads, as the rows of a table do and the functions that make them, needs a
    child that loads everything again.
    """

    def __init__(self, path: Path, some: list[Mutant], tell: Callable[[Mutant, str], None]) -> None:
        self._path = path
        self._mutants = some
        self._tell = tell
        self._told = path.with_suffix(".measured")

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Instead of pytest's own."""
        measured = self.measure(session)
        items = {item.nodeid: item for item in session.items}
        functions = loaded_functions(self._path)
        for mutant in self._mutants:
            tests = order(measured, mutant)
            chosen = [items[test] for test in tests]
            limit_s = 4 * sum(measured.seconds[test] for test in tests) + 1
            if mutant.function and measured.runs(mutant):
                work = partial(self._patched, session, mutant, functions, chosen)
                code = in_child(work, limit_s)
            else:
                code = self._loaded_anew(mutant, tests, limit_s)
            outcome = "unnoticed" if code in (0, NO_TESTS) else "found"
            self._tell(mutant, "timed out" if code is None else outcome)
        return True

    def measure(self, session: pytest.Session) -> Measured:
        """Run the tests as they are; one that fails is not used."""

        def work() -> int:
            measuring = coverage.Coverage(
                data_file=None, include=[str(self._path)], config_file=False
            )
            seconds: dict[str, float] = {}
            measuring.start()
            for item, after in zip(session.items, [*session.items[1:], None], strict=True):
                failed = session.testsfailed
                measuring.switch_context(item.nodeid)
                begun_s = time.process_time()
                item.config.hook.pytest_runtest_protocol(item=item, nextitem=after)
                if session.testsfailed == failed:
                    seconds[item.nodeid] = time.process_time() - begun_s
            measuring.stop()
            by_line = measuring.get_data().contexts_by_lineno(str(self._path))
            self._told.write_text(json.dumps([seconds, by_line]), "utf-8")
            return 0

        if in_child(work, 1200) != 0:
            raise RuntimeError(f"the tests of {self._path} do not end unchanged")
        seconds, by_line = json.loads(self._told.read_text("utf-8"))
        return Measured(seconds, {int(line): tests for line, tests in by_line.items()})

    def _patched(
        self,
        session: pytest.Session,
        mutant: Mutant,
        functions: dict[str, list[FunctionType]],
        items: list[pytest.Item],
    ) -> int:
        module = compile(mutant.source, str(self._path), "exec")
        changed = {code.co_firstlineno: code for code in codes(module, mutant.function)}
        for function in functions.get(mutant.function, ()):
            if function.__code__.co_firstlineno in changed:
                function.__code__ = changed[function.__code__.co_firstlineno]
        return run_items(session, items)

    def _loaded_anew(self, mutant: Mutant, tests: list[str], limit_s: float) -> int | None:
        before = self._path.read_text("utf-8")
        self._path.write_text(mutant.source, "utf-8")
        files = dict.fromkeys(test.partition("::")[0] for test in tests)

        def work() -> int:
            forget_modules()
            return run_pytest(files, ChosenTests(tests))

        try:
            return in_child(work, limit_s + 5)
        finally:
            self._path.write_text(before, "utf-8")


class ChosenTests:
    """Of what pytest collects, these tests in this order and no others."""

    def __init__(self, tests: list[str]) -> None:
        self._rank = {test: n for n, test in enumerate(tests)}

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Keep and sort them."""
        items[:] = sorted(
            (item for item in items if item.nodeid in self._rank),
            key=lambda item: self._rank[item.nodeid],
        )


def order(measured: Measured, mutant: Mutant) -> list[str]:
    """The tests for a mutant, in the order in which they run: the quickest of its lines first. For
    what runs while the module loads all tests, those of its lines first.
    """
    lines = range(mutant.line, mutant.last + 1)
    hit = {test for line in lines for test in measured.by_line.get(line, ())}
    quick = {test: s for test, s in measured.seconds.items() if s <= SLOWEST_S}
    first = sorted((test for test in quick if test in hit), key=quick.__getitem__)
    others = sorted((test for test in quick if test not in hit), key=quick.__getitem__)
    chosen: list[str] = []
    spent_s = 0.0
    for test in [*first, *(() if mutant.function and first else others)]:
        spent_s += quick[test]
        if chosen and spent_s > BUDGET_S:
            break
        chosen.append(test)
    return chosen


def loaded_functions(path: Path) -> dict[str, list[FunctionType]]:
    """Every function of a file that is loaded, also those inside properties and decorators."""
    found: dict[str, list[FunctionType]] = {}
    for one in gc.get_objects():
        if isinstance(one, FunctionType) and one.__code__.co_filename == str(path):
            found.setdefault(one.__code__.co_qualname, []).append(one)
    return found


def codes(code: CodeType, name: str) -> Iterator[CodeType]:
    """The functions of this qualified name below a module's code."""
    for one in code.co_consts:
        if isinstance(one, CodeType):
            if one.co_qualname == name:
                yield one
            yield from codes(one, name)


# --- the run -------------------------------------------------------------------------------------


class MutationRun:
    """The mutants of some modules, judged one after the other."""

    def __init__(
        self,
        tree: Tree,
        modules: list[str],
        progress: Callable[[str], None],
        *,
        own: bool = False,
        kept: Path | None = None,
    ) -> None:
        self._own = own
        self._kept = kept
        self._before = read_kept(kept) if kept else {}
        self._tree = tree
        self._progress = progress
        sources = {
            str(path): path.read_text("utf-8")
            for package in PACKAGES
            for path in (tree.root / package).rglob("*.py")
        }
        members = enumerations(sources)
        self.all = [
            (module, mutant)
            for module in modules
            for mutant in mutants((tree.root / tree.path(module)).read_text("utf-8"), members)
        ]
        self._reasons = read_equivalents(EQUIVALENT)

    def sample(self, size: int, seed: int) -> None:
        """Keep `size` of them, drawn with `seed`, in the order of modules and lines."""
        if size < len(self.all):
            drawn = random.Random(seed).sample(range(len(self.all)), size)
            self.all = [self.all[n] for n in sorted(drawn)]

    def sample_each(self, size: int, seed: int) -> None:
        """Keep `size` of each module, whatever other modules there are."""
        kept = []
        for module in dict.fromkeys(module for module, _ in self.all):
            some = [one for one in self.all if one[0] == module]
            drawn = random.Random(f"{seed} {module}").sample(range(len(some)), min(size, len(some)))
            kept += [some[n] for n in sorted(drawn)]
        self.all = kept

    def judge(self) -> Iterator[Found]:
        """Each mutant's outcome, module by module."""
        for module in dict.fromkeys(module for module, _ in self.all):
            some = [mutant for name, mutant in self.all if name == module]
            yield from self._judge_module(module, some)

    def _judge_module(self, module: str, some: list[Mutant]) -> Iterator[Found]:
        source = (self._tree.root / self._tree.path(module)).read_text("utf-8").splitlines()
        left: list[Mutant] = []
        for mutant in some:
            line = source[mutant.line - 1].strip()
            reason = self._reasons.get((module, line, f"{mutant.before} -> {mutant.after}"))
            if reason is None:
                left.append(mutant)
            else:
                yield found_of(module, mutant, "equivalent", reason)
        outcomes = {
            n: self._before[digest(mutant)]
            for n, mutant in enumerate(left)
            if digest(mutant) in self._before
        }
        files_in_turn = test_files(self._tree.root, module)
        for files in itertools.islice(files_in_turn, 1 if self._own else None):
            missed = [n for n in range(len(left)) if outcomes.get(n, "unnoticed") == "unnoticed"]
            if missed:
                told = self._judge(module, files, [left[n] for n in missed])
                outcomes |= dict(zip(missed, told, strict=True))
        for n, mutant in enumerate(left):
            yield found_of(module, mutant, outcomes.get(n, "unnoticed"))

    def _judge(self, module: str, files: list[str], some: list[Mutant]) -> list[str]:
        """The outcomes of mutants by the tests in `files`."""
        place = self._tree.copy
        outcomes = place / ".outcomes"
        outcomes.write_text("", "utf-8")

        def work() -> int:
            shown = os.dup(2)

            def tell(mutant: Mutant, outcome: str) -> None:
                os.write(shown, f"{module}:{mutant.line} {mutant.kind} {outcome}\n".encode())
                with outcomes.open("a", encoding="utf-8") as file:
                    file.write(outcome + "\n")
                if self._kept and outcome != "unnoticed":
                    with self._kept.open("a", encoding="utf-8") as file:
                        file.write(f"{digest(mutant)} {outcome}\n")

            be_silent(place)
            run_pytest(files, Judge(place / self._tree.path(module), some, tell))
            return 0

        self._progress(f"{module}: {len(some)} mutants, {len(files)} files of tests")
        in_child(work, 24 * 3600)
        told = outcomes.read_text("utf-8").split("\n")[:-1]
        if len(told) != len(some):
            raise RuntimeError(f"pytest could not run {files}; try it in a copy of the checkout")
        return told


def digest(mutant: Mutant) -> str:
    """What names a mutant from run to run: it changes with the module."""
    return hashlib.sha256(mutant.source.encode()).hexdigest()


def read_kept(path: Path) -> dict[str, str]:
    """The outcomes of earlier runs, by the mutants' digests; a line that was cut does not count."""
    path.touch()
    lines = path.read_text("utf-8").split("\n")[:-1]
    return {name: outcome for name, _, outcome in (line.partition(" ") for line in lines)}


def found_of(module: str, mutant: Mutant, outcome: str, reason: str = "") -> Found:
    """What became of a mutant."""
    return Found(module, mutant.line, mutant.kind, mutant.before, mutant.after, outcome, reason)


def read_equivalents(path: Path) -> dict[tuple[str, str, str], str]:
    """The reasons, by module, line (its text) and change."""
    rows = tomllib.loads(path.read_text("utf-8")).get("equivalent", [])
    return {(row["module"], row["line"], row["change"]): row["reason"] for row in rows}


def table(found: list[Found]) -> str:
    """One row for each module, and what was unnoticed."""
    lines = [
        "| module | mutants | found | unnoticed | equivalent | found of those that differ |",
        "|---|---|---|---|---|---|",
    ]
    for module in [*dict.fromkeys(one.module for one in found), ""]:
        some = [one for one in found if module in ("", one.module)]
        equal = sum(one.outcome == "equivalent" for one in some)
        missed = sum(one.outcome == "unnoticed" for one in some)
        hit = len(some) - equal - missed
        share = f"{100 * hit / (hit + missed):.1f} %" if hit + missed else "-"
        name = module or "all"
        lines.append(f"| {name} | {len(some)} | {hit} | {missed} | {equal} | {share} |")
    lines += [
        f"{one.module}:{one.line} {one.kind}: {one.before} -> {one.after}"
        for one in found
        if one.outcome == "unnoticed"
    ]
    return "\n".join(lines)


def main(arguments: list[str] | None = None) -> int:
    """Run; 1 when a mutant was unnoticed."""
    parser = argparse.ArgumentParser(prog="make mutants", description=__doc__.splitlines()[0])
    parser.add_argument("module", nargs="*", help="a module or package; default: pure and ledger")
    parser.add_argument("--sample", type=int, metavar="N", help="so many mutants of all")
    parser.add_argument("--each", type=int, metavar="N", help="so many mutants of each module")
    parser.add_argument(
        "--keep",
        type=Path,
        metavar="FILE",
        help="what is found is noted there as it is found, and not run again",
    )
    parser.add_argument("--seed", type=int, default=1, help="of the sample (1)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every outcome there")
    parser.add_argument("--list", action="store_true", help="print the mutants, run nothing")
    parser.add_argument("--own", action="store_true", help="only the tests that are nearest")
    given = parser.parse_args(arguments)
    root = Path.cwd()
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        tree = Tree(root, Path(folder))
        run = MutationRun(
            tree,
            chosen_modules(root, given.module),
            lambda text: print(text, file=sys.stderr),
            own=given.own,
            kept=given.keep and given.keep.absolute(),
        )
        if given.each is not None:
            run.sample_each(given.each, given.seed)
        if given.sample is not None:
            run.sample(given.sample, given.seed)
        if given.list:
            for module, mutant in run.all:
                print(f"{module}:{mutant.line} {mutant.kind}: {mutant.before} -> {mutant.after}")
            return 0
        found: list[Found] = []
        try:
            found.extend(run.judge())
        except KeyboardInterrupt:
            print("interrupted; what was judged so far:", file=sys.stderr)
        write(found, given.json)
    return int(any(one.outcome == "unnoticed" for one in found))


def write(found: list[Found], path: Path | None) -> None:
    """Print the table; `path`: every outcome as JSON."""
    print(table(found))
    if path is not None:
        rows: list[dict[str, Any]] = [one._asdict() for one in found]
        path.write_text(json.dumps(rows, ensure_ascii=False, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    sys.exit(main())
