"""The wiring pages, drawings and overlay in the tree are those that the profiles give today.

They are the golden copies of tables and drawings: look at a drawing before its change is committed.
"""

import runpy
import sys
from pathlib import Path

import pytest

from device.board.profile import board_names, load_profile
from device.wiring import __main__ as wiring
from tests.rigs.source import source_tree

ROOT = source_tree.ROOT


def test_wiring_and_overlay_are_those_that_the_profiles_give() -> None:
    """Run `python -m device.wiring` after a change of a profile."""
    written = dict(wiring.files())
    assert written
    assert [
        str(path) for path, text in written.items() if (ROOT / path).read_text("utf-8") != text
    ] == []


@pytest.mark.parametrize("folder", ["docs/hardware", "hw/overlays"])
def test_nothing_is_left_of_a_board_that_there_is_no_more(folder: str) -> None:
    there = {path.relative_to(ROOT) for path in (ROOT / folder).iterdir()}
    assert there == {path for path, _ in wiring.files() if path.is_relative_to(folder)}


def test_the_command_writes_a_page_and_a_drawing_of_every_board_with_pins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    wired = [name for name in board_names() if load_profile(name).header is not None]
    for _ in range(2):  # and writes over what it wrote before
        monkeypatch.delitem(sys.modules, "device.wiring.__main__", raising=False)
        with pytest.raises(SystemExit) as ended:
            runpy.run_module("device.wiring", run_name="__main__")
        assert ended.value.code == 0
    there = {path.relative_to(tmp_path) for path in tmp_path.rglob("*") if path.is_file()}
    assert there == {
        *(Path("docs/hardware", f"{name}.{kind}") for name in wired for kind in ("md", "svg")),
        Path("hw/overlays/ratingpad-keys.dts"),
    }
    for path in there:
        assert (tmp_path / path).read_bytes() == (ROOT / path).read_bytes()
