"""Who may import whom: direction, pure rooms, and one door for each vendor's library."""

import ast
import configparser
import sys
from pathlib import Path

import pytest
from importlinter import cli

from rigs import source_tree

# --- direction ---------------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def logs_stay_on(monkeypatch):
    """The checker sets up logging anew and would mute every log of the tests that come after."""
    monkeypatch.setattr("logging.config.dictConfig", lambda _: None)


def test_the_import_contracts_are_kept(monkeypatch):
    monkeypatch.chdir(source_tree.ROOT)
    assert cli.lint_imports(config_filename="setup.cfg", no_cache=True) == 0


def test_a_contract_that_the_tree_breaks_is_reported(monkeypatch, tmp_path):
    """The control: the device does import sync, so forbidding it must fail."""
    monkeypatch.chdir(source_tree.ROOT)
    broken = tmp_path / "broken.cfg"
    broken.write_text(
        "[importlinter]\nroot_packages =\n    device\n    sync\n"
        "[importlinter:contract:x]\nname = x\ntype = forbidden\n"
        "source_modules = device\nforbidden_modules = sync\n"
    )
    assert cli.lint_imports(config_filename=str(broken), no_cache=True) == 1


def test_every_package_is_in_the_contracts():
    settings = configparser.ConfigParser()
    settings.read(source_tree.ROOT / "setup.cfg")
    assert set(settings["importlinter"]["root_packages"].split()) == set(source_tree.PACKAGES)
    assert all((source_tree.ROOT / name / "__init__.py").is_file() for name in source_tree.PACKAGES)


# --- pure rooms --------------------------------------------------------------------------------

PURE = {
    "device.session.session",
    "device.drivers.debounce",
    "device.drivers.chords",
    "device.ui.screens",
    "device.ports",
    "device.events",
    "device.errors",
    "sync.entries",
    "sync.messages",
    "sync.acceptance",
    "sync.delivery",
    "province.projection",
    "province.timestamps",
}
"""Rooms that must be pure. A module whose docstring's first line says so is held to it too."""

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
"""Standard modules that read no clock and no file and draw no lots, or (`pathlib`, `random`) do so
only through the calls below: a path may be named, and a seeded `random.Random` handed in."""

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
"""Calls that ask the world something, whatever they are called on."""


def pure_modules() -> set[str]:
    """The rooms that must be pure and those that say they are."""
    says = {
        source_tree.name_of(path)
        for path in source_tree.sources()
        if "pure" in source_tree.first_line(path).lower().replace(".", " ").split()
    }
    return PURE | says


def impurities(tree: ast.Module, pure: set[str]) -> list[str]:
    """What in a module's tree is not pure."""
    found = []
    tree = source_tree.without_type_checking(tree)
    for module, line in source_tree.imports_in(tree):
        top = module.split(".")[0]
        if source_tree.is_ours(module):
            if module not in pure:
                found.append(f"line {line}: imports {module}, which is not pure")
        elif top not in HARMLESS and top != "msgspec":
            found.append(f"line {line}: imports {module}")
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            asks = called in {"open", "print", "input"} or called.split(".")[-1] in READS
            if asks or called.startswith("random."):
                found.append(f"line {node.lineno}: calls {called}")
    return found


@pytest.mark.parametrize("module", sorted(pure_modules()))
def test_a_pure_room_touches_nothing_outside_itself(module):
    assert impurities(source_tree.tree_of(source_tree.path_of(module)), pure_modules()) == []


@pytest.mark.parametrize(
    "line",
    [
        "import time",
        "import random\nx = random.random()",
        "from pathlib import Path\nx = Path('y').read_text()",
        "import sqlite3",
        "from paho.mqtt import client",
        "from device import agent",
        "def f():\n    import socket",
        "from datetime import datetime\nx = datetime.now()",
        "x = open('y')",
    ],
)
def test_an_impure_line_is_noticed(line):
    assert impurities(ast.parse(line), PURE)


@pytest.mark.parametrize("module", sorted(PURE))
def test_a_pure_room_says_so_in_its_first_line(module):
    assert "pure" in source_tree.first_line(source_tree.path_of(module)).lower()


# --- one door per vendor -----------------------------------------------------------------------

DOORS: dict[str, set[str]] = {
    "paho": {"sync/mqtt.py"},
    "PIL": {"device/ui/oled_picture.py", "device/ui/fonts.py", "device/drivers/oled.py"},
    "ulid": {"device/agent.py"},
    "starlette": {"device/desk/", "device/ui/touch/", "demo/demo_server.py"},
    "uvicorn": {"web/server.py"},
    "fontTools": {"device/ui/touch/font_subset.py"},
    "h11": {"web/server.py"},
    "sqlalchemy": {"province/store/", "province/verify.py"},
    "iotcore": {"demo/broker.py"},
    "luma": {"device/drivers/oled_bus.py"},
    "segno": {"device/ui/qr.py"},
    "smbus2": {"device/drivers/oled_bus.py"},
    "serial": {"device/serial/serial_line.py"},
    "RPi": {"device/drivers/rpi_pins.py"},
    "evdev": {"device/drivers/evdev_keys.py"},
}
"""Which file may import which library; a name ended by `/` is a folder. msgspec is how types are
written here and may stand anywhere. `TYPE_CHECKING` imports cost nothing and are not counted."""

MEASURED = {"benchmarks"}
"""The bench measures libraries as such and imports what it measures."""


def strangers(path: Path, tree: ast.Module) -> list[str]:
    """Vendor libraries that a file imports although it is not their door."""
    found = []
    for module, _ in source_tree.imports_in(source_tree.without_type_checking(tree)):
        top = module.split(".")[0]
        if top in sys.stdlib_module_names or top in source_tree.PACKAGES or top == "msgspec":
            continue
        doors = DOORS.get(top, set())
        if not any(
            str(path) == door or str(path).startswith(f"{door.rstrip('/')}/") for door in doors
        ):
            found.append(f"{path} imports {module}; its doors are {sorted(doors) or 'nowhere'}")
    return found


@pytest.mark.parametrize(
    "path", source_tree.sources(*set(source_tree.PACKAGES) - MEASURED), ids=str
)
def test_a_vendors_library_is_imported_at_its_door_only(path):
    assert strangers(path, source_tree.tree_of(path)) == []


def test_every_door_exists_and_is_used():
    used = {
        (module.split(".")[0], str(path))
        for path in source_tree.sources(*set(source_tree.PACKAGES) - MEASURED)
        for module, _ in source_tree.imports_in(source_tree.tree_of(path))
    }
    for vendor, doors in DOORS.items():
        for door in doors:
            assert any(v == vendor and p.startswith(door) for v, p in used), (vendor, door)


def test_a_library_imported_beside_its_door_is_noticed():
    elsewhere = Path("device/session/session.py")
    assert strangers(elsewhere, ast.parse("def f():\n    import paho.mqtt.client"))
    assert strangers(elsewhere, ast.parse("import requests"))
    assert not strangers(Path("sync/mqtt.py"), ast.parse("import paho.mqtt.client"))


def test_the_uplink_never_reaches_for_the_province_nor_the_province_for_a_pad():
    for path in source_tree.sources("device"):
        assert not [
            m
            for m, _ in source_tree.imports_in(source_tree.tree_of(path))
            if m.startswith("province")
        ]
    for path in source_tree.sources("province"):
        assert not [
            m
            for m, _ in source_tree.imports_in(source_tree.tree_of(path))
            if m.startswith("device")
        ]
