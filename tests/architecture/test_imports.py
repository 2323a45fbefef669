"""Who may import whom. The rules are contracts in setup.cfg, which import-linter checks; here are
the proof that each of them can fail, and the rules that it cannot state: an import that no contract
knows, the few standard modules that a pure module may use, and the calls that it may not make.
"""

import ast
import configparser
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.rigs.source import source_tree

SETTINGS = configparser.ConfigParser()
SETTINGS.read(source_tree.ROOT / "setup.cfg", "utf-8")


def listed(contract: str, key: str) -> set[str]:
    """The names that a contract in setup.cfg lists under a key."""
    return set(SETTINGS[f"importlinter:contract:{contract}"][key].split())


# --- the contracts -----------------------------------------------------------------------------


def lint_imports(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """What import-linter says of the source in a folder, by the contracts of its setup.cfg."""
    program = Path(sys.executable).with_name("lint-imports")
    return subprocess.run(
        [program, "--no-cache", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_import_contracts_are_kept():
    linted = lint_imports(source_tree.ROOT)
    assert linted.returncode == 0, linted.stdout


BREAKS = {
    "packages": ("province/errors.py", "from device import errors"),
    "cycles": ("device/drivers/chords.py", "from device.drivers import evdev_keys"),
    "libraries": ("sync/delivery.py", "import paho.mqtt.client"),
    "pure": ("device/session/cases.py", "from web import server"),
    "device": ("device/events.py", "from device import pad"),
    "session": ("device/session/transitions.py", "from device.session import session"),
    "ledger": ("device/ledger/file.py", "from device.ledger import writer"),
    "config": ("device/config/phone_config.py", "from device.config import desk_config"),
    "board": ("device/board/pins.py", "from device.board import profile"),
    "sync": ("sync/messages.py", "from sync import delivery"),
    "province": ("province/rows.py", "from province import store"),
}
"""For each contract a line that breaks it, and the file that the line is added to."""


@pytest.fixture(scope="module")
def copied_tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The packages and setup.cfg, copied to where they may be broken."""
    folder = tmp_path_factory.mktemp("tree")
    for name in source_tree.PACKAGES:
        shutil.copytree(
            source_tree.ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__")
        )
    shutil.copy(source_tree.ROOT / "setup.cfg", folder)
    return folder


def test_every_contract_has_a_line_that_breaks_it():
    prefix = "importlinter:contract:"
    contracts = {name.removeprefix(prefix) for name in SETTINGS if name.startswith(prefix)}
    assert set(BREAKS) == contracts


@pytest.mark.parametrize("contract", BREAKS)
def test_a_line_that_breaks_a_contract_is_reported(contract, copied_tree):
    """Control: the contract is kept without the line, and broken with it."""
    name, line = BREAKS[contract]
    file = copied_tree / name
    before = file.read_text("utf-8")
    assert lint_imports(copied_tree, "--contract", contract).returncode == 0
    try:
        file.write_text(f"{before}\n\ndef lazy():\n    {line}\n", "utf-8")
        linted = lint_imports(copied_tree, "--contract", contract)
    finally:
        file.write_text(before, "utf-8")
    assert "0 kept, 1 broken" in linted.stdout
    assert linted.returncode == 1


def test_every_package_is_in_the_contracts():
    assert set(SETTINGS["importlinter"]["root_packages"].split()) == set(source_tree.PACKAGES)
    assert all((source_tree.ROOT / name / "__init__.py").is_file() for name in source_tree.PACKAGES)


# --- libraries ---------------------------------------------------------------------------------

MEASURES_LIBRARIES = "benchmarks"
"""Imports what it measures, and what its peers need; no contract is about it."""


def libraries_in(tree: ast.Module) -> set[str]:
    """What a file imports that is neither ours nor the standard library's. msgspec is not counted:
    types are written with it everywhere.
    """
    tops = {module.split(".")[0] for module, _ in source_tree.imports_in(tree)}
    return tops - sys.stdlib_module_names - set(source_tree.PACKAGES) - {"msgspec"}


def test_the_contract_names_every_library_that_is_imported():
    """import-linter forbids only what a contract names; a new library would be free."""
    packages = set(source_tree.PACKAGES) - {MEASURES_LIBRARIES}
    found = {
        library
        for path in source_tree.sources(*packages)
        for library in libraries_in(source_tree.tree_of(path))
    }
    assert found == listed("libraries", "forbidden_modules")
    assert found <= listed("pure", "forbidden_modules")


def test_a_library_that_no_contract_names_is_noticed():
    found = libraries_in(ast.parse("import ast, msgspec\ndef f():\n    import requests.api"))
    assert found == {"requests"}


# --- pure modules ------------------------------------------------------------------------------

HARMLESS = {
    "__future__",
    "abc",
    "base64",
    "bisect",
    "calendar",
    "collections",
    "copy",
    "dataclasses",
    "datetime",
    "difflib",
    "enum",
    "functools",
    "hashlib",
    "heapq",
    "hmac",
    "itertools",
    "json",
    "math",
    "operator",
    "pathlib",
    "random",
    "re",
    "string",
    "struct",
    "textwrap",
    "types",
    "typing",
    "unicodedata",
    "zlib",
}
"""The standard modules that a pure module may use. They read no clock and no file and draw no
random numbers, or (`pathlib`, `random`) do so only through the calls below: a path may be named,
and a seeded `random.Random` may be an argument."""

READS = (
    {"now", "today", "utcnow"}
    | {f"{verb}_{what}" for verb in ("read", "write") for what in ("text", "bytes")}
    | {
        "exists",
        "is_file",
        "is_dir",
        "stat",
        "iterdir",
        "glob",
        "rglob",
        "mkdir",
        "unlink",
        "resolve",
    }
)
"""Methods that read a clock or touch the file system, whatever object they are called on."""


PURE = listed("pure", "source_modules")


def says_pure(first_line: str) -> bool:
    """Whether the first line of a module's docstring says that it is pure."""
    return re.search(r"\bpure\b", first_line, re.IGNORECASE) is not None


def test_the_contract_lists_the_modules_that_say_they_are_pure():
    saying = {
        source_tree.name_of(path)
        for path in source_tree.sources()
        if says_pure(source_tree.first_line(path))
    }
    assert saying == PURE


def test_a_module_that_says_it_is_pure_is_noticed():
    assert says_pure("What counts. Pure: time is an argument.")
    assert not says_pure("What is purely a matter of taste, or impure.")


def impurities(tree: ast.Module, pure: set[str]) -> list[str]:
    """What in a module's tree is not pure, besides libraries: those are the contract's matter.
    `TYPE_CHECKING` imports do not count here.
    """
    found = []
    tree = source_tree.without_type_checking(tree)
    for module, line in source_tree.imports_in(tree):
        top = module.split(".")[0]
        if source_tree.is_ours(module) and module not in pure:
            found.append(f"line {line}: imports {module}, which is not pure")
        elif top in sys.stdlib_module_names - HARMLESS:
            found.append(f"line {line}: imports {module}")
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            asks = called in {"open", "print", "input"} or called.split(".")[-1] in READS
            if asks or called.startswith("random."):
                found.append(f"line {node.lineno}: calls {called}")
    return found


@pytest.mark.parametrize("module", sorted(PURE))
def test_a_pure_module_touches_nothing_outside_itself(module):
    assert impurities(source_tree.tree_of(source_tree.path_of(module)), PURE) == []


@pytest.mark.parametrize(
    "line",
    [
        "import time",
        "import random\nx = random.random()",
        "from pathlib import Path\nx = Path('y').read_text()",
        "import sqlite3",
        "from device import agent",
        "def f():\n    import socket",
        "from datetime import datetime\nx = datetime.now()",
        "x = open('y')",
    ],
)
def test_an_impure_line_is_noticed(line):
    assert impurities(ast.parse(line), PURE)
