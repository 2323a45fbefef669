"""The environment in which a test starts the commands and its own programs."""

import os
import sys
from pathlib import Path

BIN = Path(sys.executable).parent
"""Where the console scripts are."""

_ROOT = Path(__file__).parents[3]


def environment() -> dict[str, str]:
    """An environment in which `python -m tests.rigs.x.y` is found from any folder."""
    return {**os.environ, "PYTHONPATH": str(_ROOT)}
