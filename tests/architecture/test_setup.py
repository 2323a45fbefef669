"""`setup/venv.sh` says "ready" only when the environment has what it must have."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.rigs.source.source_tree import ROOT

NEEDED = ("setup.cfg", "pyproject.toml", "README.md", "LICENSE", "setup", "sync")


def make_environment(tree: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run `setup/venv.sh demo` in a copy of the tree."""
    for name in NEEDED:
        there = ROOT / name
        copy = shutil.copytree if there.is_dir() else shutil.copy
        copy(there, tree / name)
    return subprocess.run(
        ["sh", "setup/venv.sh", "demo"],
        cwd=tree,
        env=os.environ | {"PYTHON": sys.executable} | environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )


def test_an_environment_without_its_packages_is_not_called_ready(tmp_path):
    made = make_environment(
        tmp_path, PIP_CONFIG_FILE=os.devnull, PIP_NO_INDEX="1", PIP_FIND_LINKS=str(tmp_path)
    )
    assert made.returncode != 0
    assert "could not be installed" in made.stderr
    assert "ready" not in made.stdout
    assert (tmp_path / ".venv/bin/python").exists()
    assert not (tmp_path / ".venv/.demo").exists()
