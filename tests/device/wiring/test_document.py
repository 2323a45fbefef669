"""Page, drawing and overlay of boards that no profile has, as they were last looked at.

Those of the boards that there are stand in `docs/hardware` (`test___main__.py`).
"""

import pytest

from tests.rigs.drawing.golden_wiring import GOLDEN, files

WRITTEN = files()


def test_there_is_a_golden_file_for_each_that_is_written() -> None:
    assert {path.name for path in GOLDEN.iterdir()} == {*WRITTEN}


@pytest.mark.parametrize("name", [*WRITTEN])
def test_what_is_written_is_the_golden_file(name: str) -> None:
    """Run `python -m tests.rigs.drawing.golden_wiring` after a change that is wanted."""
    assert files()[name] == (GOLDEN / name).read_text("utf-8")
