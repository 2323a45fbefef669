"""Where things are found: a package's `__init__.py` names its modules, and the tests of
`device/x/y.py` are `tests/device/x/test_y.py`.

A module may have several test files: `test_y_something.py`.
"""

import ast
import re
from collections import Counter
from pathlib import Path

import pytest

from tests.rigs.source import source_tree

OF_SEVERAL = {
    "demo/test_browser.py",  # the page, and the programs behind it
    "device/desk/test_blindness.py",  # law 7 on every interface
    "device/desk/test_clerk_looks.py",  # the page
    "device/desk/test_clerk_page.py",
    "device/desk/test_example_looks.py",  # of the documents
    "device/desk/test_examples.py",
    "device/desk/test_old_browsers.py",
    "device/desk/test_terminal.py",
    "device/drivers/test_gpio_signals.py",  # lights and beeper
    "device/drivers/test_pi_boards.py",  # the drivers that a Raspberry Pi's profiles name
    "device/ui/touch/test_boxes.py",  # the page
    "device/ui/touch/test_looks.py",
    "sync/test_broker_bad_link.py",  # uplink and receiver, over links and at brokers of each kind
    "sync/test_broker_limits.py",
    "sync/test_broker_refusals.py",
    "sync/test_stateful.py",  # uplink against receiver
}
"""Tests of more than one module, or of a file that is not Python."""


MAPPED = ("device", "sync", "web", "province", "demo", "benchmarks")


def unmapped(text: str, folder: Path) -> set[str]:
    """The modules and packages of a folder that a text does not name."""
    there = {path.stem for path in folder.glob("*.py") if not path.name.startswith("__")}
    there |= {path.parent.name for path in folder.glob("*/__init__.py")}
    return there - set(re.findall(r"[a-z][a-z0-9_]*", text))


@pytest.mark.parametrize(
    "path", [path for path in source_tree.sources(*MAPPED) if path.name == "__init__.py"], ids=str
)
def test_a_packages_first_words_are_the_map_of_its_modules(path):
    text = ast.get_docstring(source_tree.tree_of(path)) or ""
    assert unmapped(text, source_tree.ROOT / path.parent) == set()


def test_a_module_that_no_map_names_is_noticed():
    folder = source_tree.ROOT / "device" / "session"
    assert unmapped("session, states, cases, actions, guards, transitions, window_day", folder) == {
        "context",
        "diagram",
        "repeating_keys",
    }


# --- the rigs ----------------------------------------------------------------------------------

RIGS = source_tree.ROOT / "tests" / "rigs"


def unmapped_rigs(text: str) -> set[str]:
    """The rigs that a text does not name, as `folder/module`; a folder is named by a heading."""
    headings = {
        name
        for line in re.findall(r"^## ([^:\n]+)", text, re.MULTILINE)
        for name in line.split(", ")
    }
    named = set(re.findall(r"`([a-z0-9_]+)`", text))
    rigs = (path.relative_to(RIGS) for path in RIGS.rglob("*.py"))
    return {str(rig) for rig in rigs if rig.stem not in named or str(rig.parent) not in headings}


def test_the_map_of_the_rigs_names_each_of_them():
    assert unmapped_rigs((RIGS / "README.md").read_text("utf-8")) == set()


def test_the_map_of_the_rigs_names_nothing_that_is_gone():
    rows = re.findall(r"^\| (`.*?) \|", (RIGS / "README.md").read_text("utf-8"), re.MULTILINE)
    named = {name for row in rows for name in re.findall(r"`(\w+)`", row)}
    assert named - {path.stem for path in RIGS.rglob("*.py")} == set()


def named_twice(text: str) -> set[str]:
    """The rigs that a text lists more than once below one heading."""
    twice: set[str] = set()
    for section in re.split(r"^## ", text, flags=re.MULTILINE):
        cells = re.findall(r"^\| (`.*?) \|", section, re.MULTILINE)
        names = Counter(name for cell in cells for name in re.findall(r"`(\w+)`", cell))
        twice |= {name for name, count in names.items() if count > 1}
    return twice


def test_the_map_of_the_rigs_names_none_twice():
    assert named_twice((RIGS / "README.md").read_text("utf-8")) == set()


def test_a_rig_that_is_named_twice_is_noticed():
    text = "## pad\n| `a` | x | |\n| `b`, `c` | x | |\n| `a` | y | |\n## disk\n| `b` | x | |\n"
    assert named_twice(text) == {"a"}


def test_a_rig_that_the_map_does_not_name_is_noticed():
    text = (RIGS / "README.md").read_text("utf-8")
    assert unmapped_rigs(text.replace("`mosquitto`", "")) == {"broker/mosquitto.py"}
    assert "disk/small_disk.py" in unmapped_rigs(text.replace("## disk", "## "))


# --- the tests ---------------------------------------------------------------------------------


def mirrored() -> list[Path]:
    """Every test below the folders that mirror a package, as paths from `tests/`."""
    found = (
        path.relative_to("tests") for path in source_tree.tests() if path.name.startswith("test_")
    )
    return [path for path in found if path.parts[0] in source_tree.PACKAGES]


def has_its_own(test: Path, root: Path = source_tree.ROOT) -> bool:
    """Whether there is a module, or a folder, that a test's name begins with, where it stands."""
    words = test.stem.removeprefix("test_").split("_")
    names = ("_".join(words[:count]) for count in range(1, len(words) + 1))
    places = (root / test.parent / name for name in names)
    return any(place.with_suffix(".py").is_file() or place.is_dir() for place in places)


@pytest.mark.parametrize("test", mirrored(), ids=str)
def test_a_test_stands_where_what_it_tests_stands(test):
    assert has_its_own(test) or str(test) in OF_SEVERAL


def test_the_list_of_those_of_several_holds_nothing_stale():
    there = {str(test) for test in mirrored() if not has_its_own(test)}
    assert OF_SEVERAL - there == set()


def test_a_test_that_was_left_behind_by_a_move_is_noticed():
    assert has_its_own(Path("device/session/test_transitions.py"))
    assert has_its_own(Path("province/test_store.py"))
    assert has_its_own(Path("device/serial/test_frame68_fuzz.py"))
    assert not has_its_own(Path("device/test_transitions.py"))
    assert not has_its_own(Path("device/session/test_frame68.py"))
