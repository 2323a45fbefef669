"""A folder for the demo's programs, which other processes reach by sockets."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def short_folder() -> Iterator[Path]:
    """An empty temporary folder with a short path.

    A UNIX socket's path has 107 bytes at most (`man 7 unix`), and the demo makes folders of its own
    below this one; `tmp_path` of a parallel run is too long for that.
    """
    with tempfile.TemporaryDirectory(prefix="rp-", dir="/tmp") as folder:
        yield Path(folder)
