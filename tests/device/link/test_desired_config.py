import asyncio
from pathlib import Path
from typing import Any

import pytest

from device.config.config import Config, load
from device.link.desired_config import DesiredConfig, _store
from device.output.display_output import unwritable
from sync.messages import VERSION, Desired, Settings


@pytest.fixture
def config(tmp_path: Path) -> Config:
    file = tmp_path / "pad.toml"
    file.write_text('[pad]\nid = "demo-1"\nwindow = "3"\n[ledger]\npath = "ledger.db"\n')
    return load(file)


def message(version: int, **settings: Any) -> Desired:
    return Desired(v=VERSION, version=version, settings=Settings(**settings))


def accept(desired_config: DesiredConfig, desired: Desired) -> bool:
    return asyncio.run(desired_config.accept(desired))


def test_without_a_desired_configuration_the_pads_own_is_in_force(
    tmp_path: Path, config: Config
) -> None:
    desired_config = DesiredConfig(tmp_path / "desired.json", config)
    assert desired_config.version == 0
    assert desired_config.settings == Settings(window="3", invitation_s=30, grace_s=3, thanks_s=4)


def test_a_desired_configuration_overrides_the_pads_own_and_survives_a_restart(
    tmp_path: Path, config: Config
) -> None:
    desired_config = DesiredConfig(tmp_path / "desired.json", config)
    assert accept(desired_config, message(2, invitation_s=60))
    again = DesiredConfig(tmp_path / "desired.json", config)
    assert again.version == 2
    assert again.settings == Settings(window="3", invitation_s=60, grace_s=3, thanks_s=4)
    assert again.digest == desired_config.digest


def test_a_window_is_taken_in_its_canonical_form(tmp_path: Path, config: Config) -> None:
    desired_config = DesiredConfig(tmp_path / "desired.json", config)
    assert accept(desired_config, message(1, window=" Ａ\u20112"))
    assert desired_config.settings.window == "A-2"
    assert not accept(desired_config, message(2, window="\u3000"))
    assert "blank" in desired_config.report().problems[0]


def test_an_older_or_equal_version_changes_nothing(tmp_path: Path, config: Config) -> None:
    desired_config = DesiredConfig(tmp_path / "desired.json", config)
    assert accept(desired_config, message(2, window="5"))
    assert not accept(desired_config, message(2, window="6"))
    assert not accept(desired_config, message(1, window="7"))
    assert desired_config.settings.window == "5"


def test_a_desired_configuration_out_of_bounds_is_refused_whole_and_every_problem_is_named(
    tmp_path: Path, config: Config
) -> None:
    desired_config = DesiredConfig(tmp_path / "desired.json", config)
    assert accept(desired_config, message(1, window="5"))
    assert not accept(desired_config, message(2, window="a\nb", invitation_s=0, thanks_s=9))
    report = desired_config.report()
    assert (report.version, report.settings.window, report.settings.thanks_s) == (1, "5", 4)
    assert [problem.split(":")[0] for problem in report.problems] == ["window", "invitation_s"]


def test_a_window_that_the_screen_cannot_show_is_refused(tmp_path: Path, config: Config) -> None:
    desired_config = DesiredConfig(
        tmp_path / "desired.json", config, lambda text: unwritable(config, text)
    )
    assert accept(desired_config, message(1, window="综3"))
    assert not accept(desired_config, message(2, window="综😀", invitation_s=60))
    report = desired_config.report()
    assert report.problems == ("window: the display has no glyph for '😀' (U+1F600)",)
    assert (report.settings.window, report.settings.invitation_s) == ("综3", 30)


def test_with_a_truncated_file_the_pads_own_is_in_force_and_the_report_says_so(
    tmp_path: Path, config: Config
) -> None:
    (tmp_path / "desired.json").write_bytes(b'{"v":1,"vers')
    desired_config = DesiredConfig(tmp_path / "desired.json", config)
    assert desired_config.version == 0
    assert "desired.json" in desired_config.report().problems[0]


def test_an_observer_is_called_with_the_settings_in_force_and_after_each_change(
    tmp_path: Path, config: Config
) -> None:
    desired_config = DesiredConfig(tmp_path / "desired.json", config)
    windows: list[str | None] = []
    desired_config.observe(lambda settings: windows.append(settings.window))
    accept(desired_config, message(1, window="5"))
    accept(desired_config, message(2, window="a\nb"))
    accept(desired_config, message(1, window="6"))
    assert windows == ["3", "5"]


def test_a_link_in_the_place_of_the_new_file_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("as it was")
    (tmp_path / "desired.new").symlink_to(tmp_path / "precious")
    _store(tmp_path / "desired.json", b"{}")
    assert (tmp_path / "precious").read_text() == "as it was"
    assert (tmp_path / "desired.json").read_bytes() == b"{}"
