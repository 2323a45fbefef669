import asyncio
from pathlib import Path
from typing import Any

import pytest

from device.config.config import Config, load
from device.link.desired_config import DesiredConfig
from device.output.display_output import unwritable
from sync.messages import VERSION, Desired, Settings


@pytest.fixture
def config(tmp_path: Path) -> Config:
    file = tmp_path / "pad.toml"
    file.write_text('[pad]\nid = "demo-1"\nwindow = "3"\n[ledger]\npath = "ledger.db"\n')
    return load(file)


def wish(version: int, **settings: Any) -> Desired:
    return Desired(v=VERSION, version=version, settings=Settings(**settings))


def accept(wishes: DesiredConfig, desired: Desired) -> bool:
    return asyncio.run(wishes.accept(desired))


def test_without_a_wish_the_pads_own_configuration_is_in_force(
    tmp_path: Path, config: Config
) -> None:
    wishes = DesiredConfig(tmp_path / "desired.json", config)
    assert wishes.version == 0
    assert wishes.settings == Settings(window="3", invitation_s=30, grace_s=3, thanks_s=4)


def test_a_wish_is_laid_over_the_configuration_and_survives_a_restart(
    tmp_path: Path, config: Config
) -> None:
    wishes = DesiredConfig(tmp_path / "desired.json", config)
    assert accept(wishes, wish(2, invitation_s=60))
    again = DesiredConfig(tmp_path / "desired.json", config)
    assert again.version == 2
    assert again.settings == Settings(window="3", invitation_s=60, grace_s=3, thanks_s=4)
    assert again.digest == wishes.digest


def test_an_older_or_equal_wish_changes_nothing(tmp_path: Path, config: Config) -> None:
    wishes = DesiredConfig(tmp_path / "desired.json", config)
    assert accept(wishes, wish(2, window="5"))
    assert not accept(wishes, wish(2, window="6"))
    assert not accept(wishes, wish(1, window="7"))
    assert wishes.settings.window == "5"


def test_a_wish_out_of_bounds_is_refused_whole_and_every_problem_is_named(
    tmp_path: Path, config: Config
) -> None:
    wishes = DesiredConfig(tmp_path / "desired.json", config)
    assert accept(wishes, wish(1, window="5"))
    assert not accept(wishes, wish(2, window="a\nb", invitation_s=0, thanks_s=9))
    report = wishes.report()
    assert (report.version, report.settings.window, report.settings.thanks_s) == (1, "5", 4)
    assert [problem.split(":")[0] for problem in report.problems] == ["window", "invitation_s"]


def test_a_window_that_the_screen_cannot_show_is_refused(tmp_path: Path, config: Config) -> None:
    wishes = DesiredConfig(tmp_path / "desired.json", config, lambda text: unwritable(config, text))
    assert accept(wishes, wish(1, window="综3"))
    assert not accept(wishes, wish(2, window="综😀", invitation_s=60))
    report = wishes.report()
    assert report.problems == ("window: the display has no glyph for '😀' (U+1F600)",)
    assert (report.settings.window, report.settings.invitation_s) == ("综3", 30)


def test_a_torn_file_falls_back_to_the_configuration_and_says_so(
    tmp_path: Path, config: Config
) -> None:
    (tmp_path / "desired.json").write_bytes(b'{"v":1,"vers')
    wishes = DesiredConfig(tmp_path / "desired.json", config)
    assert wishes.version == 0
    assert "desired.json" in wishes.report().problems[0]


def test_whoever_observes_is_called_with_what_is_in_force_and_with_what_changes(
    tmp_path: Path, config: Config
) -> None:
    wishes = DesiredConfig(tmp_path / "desired.json", config)
    windows: list[str | None] = []
    wishes.observe(lambda settings: windows.append(settings.window))
    accept(wishes, wish(1, window="5"))
    accept(wishes, wish(2, window="a\nb"))
    accept(wishes, wish(1, window="6"))
    assert windows == ["3", "5"]
