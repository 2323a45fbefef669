"""Law 7, in the source: only the desk that replaces a key pad on an old bus is sent levels."""

import ast

import pytest

from device.ports import Desk, Granted, WindowStatus
from tests.rigs.source import source_tree


def asks_for_levels(tree: ast.Module) -> bool:
    """Whether a module asks the pad to be told levels."""
    return any(
        isinstance(node, ast.Attribute) and node.attr == "tell_levels" for node in ast.walk(tree)
    )


def knows_levels(tree: ast.Module) -> bool:
    """Whether a module imports `Level`."""
    return any(
        isinstance(node, ast.ImportFrom) and any(alias.name == "Level" for alias in node.names)
        for node in ast.walk(tree)
    )


def test_levels_are_asked_for_in_one_place():
    asking = [path for path in source_tree.sources() if asks_for_levels(source_tree.tree_of(path))]
    assert [str(path) for path in asking] == ["device/desk/desks.py"]


def test_of_all_desks_only_the_old_bus_knows_what_a_level_is():
    desks = [path for path in source_tree.sources("device") if path.parts[:2] == ("device", "desk")]
    knowing = [str(path) for path in desks if knows_levels(source_tree.tree_of(path))]
    assert knowing == ["device/desk/bus68.py"]


@pytest.mark.parametrize("port", [Desk, Granted, WindowStatus])
def test_the_desks_port_has_no_word_for_a_level(port):
    assert not [name for name in dir(port) if "level" in name]


def test_a_desk_that_asks_for_levels_is_noticed():
    assert asks_for_levels(ast.parse("def f(pad):\n    pad.tell_levels('http', print)"))
    assert knows_levels(ast.parse("from sync.entries import Level, Service"))
