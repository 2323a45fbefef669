"""How a test starts the commands and its own stand-ins for them."""

import os
import sys
from pathlib import Path

BIN = Path(sys.executable).parent
"""Where the console scripts are."""

_TESTS = Path(__file__).parents[1]


def environment() -> dict[str, str]:
    """An environment in which `python -m rigs.xxx` is found from any folder."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join([str(_TESTS.parent), str(_TESTS)])}
