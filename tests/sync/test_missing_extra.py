"""A command without its libraries says what to type, in a clean environment too."""

import configparser
import importlib.metadata
import os
import re
import shlex
import subprocess
import sys
import venv
from pathlib import Path

import pytest

from sync.missing_extra import EXTRAS, pip_line
from tests.rigs.source import source_tree

PIP = f"{shlex.quote(sys.executable)} -m pip install"
BASE = ("msgspec", "paho")
"""What every installation has (install_requires), and nothing else here."""


def extras() -> dict[str, str]:
    settings = configparser.ConfigParser()
    settings.read(source_tree.ROOT / "setup.cfg")
    return dict(settings["options.extras_require"])


def test_every_extra_that_is_named_is_one() -> None:
    named = {extra for found in EXTRAS.values() for extra in found.split(",")}
    assert named <= extras().keys()


@pytest.mark.parametrize("library", EXTRAS)
def test_the_library_is_in_the_extra_that_is_named(library: str) -> None:
    packages = importlib.metadata.packages_distributions().get(library, [library])
    text = " ".join(extras()[extra] for extra in EXTRAS[library].split(",")).lower()
    if library == "h11":
        text += " h11"  # uvicorn's own
    other_names = {"evdev": "evdev", "RPi": "rpi-lgpio", "luma": "luma.oled", "spidev": "spidev"}
    names = {*packages, other_names.get(library, library)}
    assert any(re.search(rf"\b{re.escape(name.lower())}\b", text) for name in names), names


def test_the_libraries_are_named_as_they_are_imported() -> None:
    imports = {
        one.module.partition(".")[0]
        for path in source_tree.sources()
        for one in source_tree.imports_in(source_tree.tree_of(path))
    }
    imports.add("spidev")  # by luma.oled
    assert imports >= EXTRAS.keys()


def test_a_module_of_nobody_has_no_line() -> None:
    assert pip_line("sync.nothing") is None
    assert pip_line("luma.core.error") == f"{PIP} 'ratingpad[pad,oled]'"
    assert pip_line("starlette", "demo") == f"{PIP} 'ratingpad[demo]'"


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of an environment with nothing but the base libraries."""
    folder = tmp_path_factory.mktemp("bare") / "venv"
    venv.create(folder, symlinks=True)
    site = next(folder.glob("lib/python*/site-packages"))
    for name in BASE:
        module = sys.modules.get(name) or __import__(name)
        assert module.__file__ is not None
        (site / name).symlink_to(Path(module.__file__).parent)
    for package in ("device", "sync", "web", "province", "demo", "hw"):
        (site / package).symlink_to(source_tree.ROOT / package)
    return folder / "bin/python"


PAD_FILE = '[pad]\nid = "a"\nboard = "{}"\n[ledger]\npath = "l.db"\n'


@pytest.mark.parametrize(
    ("command", "extra"),
    [
        ("device.cli run --config pad.toml", "pad"),
        ("device.cli check --config pad.toml", "pad"),
        ("device.cli selftest --config pad.toml", "pad"),
        ("province.cli verify --store sqlite:///x.db", "province"),
        ("province.cli ratings --store sqlite:///x.db", "province"),
        ("province.cli receive --store sqlite:///x.db --broker mqtt://127.0.0.1:1", "province"),
        ("demo.cli", "demo"),
        ("demo.cli story", "demo"),
    ],
)
def test_a_command_of_a_bare_installation_names_the_line_that_is_missing(
    bare: Path, tmp_path: Path, command: str, extra: str
) -> None:
    (tmp_path / "pad.toml").write_text(PAD_FILE.format("simulated"))
    module, *arguments = command.split()
    program = f"import sys; from {module} import command; sys.exit(command())"
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    done = subprocess.run(
        [bare, "-c", program, *arguments],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=environment,
        timeout=60,
        check=False,
    )
    assert f"{bare} -m pip install 'ratingpad[{extra}]'" in done.stderr
    assert "缺少软件库" in done.stderr
    assert "Traceback" not in done.stderr
    assert done.returncode == 2


def test_the_line_names_the_pip_of_this_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/opt/rating pad/bin/python")
    line = pip_line("RPi")
    assert line == "'/opt/rating pad/bin/python' -m pip install 'ratingpad[pad,lgpio]'"
