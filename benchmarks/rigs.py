"""The tests' rigs, borrowed: a benchmark must not have a second, kinder idea of a power cut."""

import importlib
import sys
from types import ModuleType

from benchmarks.peers.install import ROOT


def rig(name: str) -> ModuleType:
    """The module `name` below `tests/`."""
    tests = str(ROOT / "tests")
    if tests not in sys.path:
        sys.path.append(tests)
    return importlib.import_module(name)
