"""`ratingpad`: what each command prints and its exit code."""

import errno
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from device import agent, cli
from device.commands import units_command
from device.config.config import Config
from device.errors import ConfigError, DriverError, PadCode
from device.output import recordings
from sync import __version__
from tests.rigs.ledger.ledger_process import open_in, rated

GOOD = '[pad]\nid = "pad-1"\nwindow = "3"\n[ledger]\npath = "ledger.db"\n'


@pytest.fixture
def config(tmp_path: Path) -> Path:
    file = tmp_path / "pad.toml"
    file.write_text(GOOD)
    return file


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    """A ledger with 5 ratings, closed."""
    ledger = open_in(tmp_path)
    for n in range(5):
        ledger.append(rated(n))
    ledger.close()
    return tmp_path / "ledger"


def test_the_version_is_the_packages(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(["--version"])
    assert ended.value.code == 0
    assert capsys.readouterr().out == f"ratingpad {__version__}\n"


@pytest.mark.parametrize("arguments", [[], ["dance"], ["run"], ["verify"]])
def test_wrong_use_ends_with_exit_code_2_and_the_usage(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(arguments)
    assert ended.value.code == 2
    assert "usage: ratingpad" in capsys.readouterr().err


def test_check_accepts_a_correct_configuration(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["check", "--config", str(config)]) == 0
    assert "pad-1" in capsys.readouterr().out


@pytest.mark.parametrize(("command", "code"), [("check", 1), ("run", 2)])
def test_every_error_is_named_in_one_report(
    command: str, code: int, config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config.write_text(GOOD.replace("window", "windwo") + "[session]\ngrace_s = -1\n")
    assert cli.main([command, "--config", str(config)]) == code
    printed = capsys.readouterr().err
    assert "S01" in printed
    assert "windwo" in printed
    assert "grace_s" in printed
    assert not (config.parent / "ledger.db").exists()


def test_a_text_that_the_display_would_show_as_boxes_is_an_error(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = config.read_text(encoding="utf-8")
    config.write_text(text.replace("[pad]", '[pad]\nhall = "延吉😀"'), encoding="utf-8")
    assert cli.main(["check", "--config", str(config)]) == 1
    assert "[pad] hall = '延吉😀': the display has no glyph for '😀' (U+1F600)" in (
        capsys.readouterr().err
    )


def test_a_configuration_that_is_not_there_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["check", "--config", str(tmp_path / "nowhere.toml")]) == 1
    assert "nowhere.toml" in capsys.readouterr().err


def test_a_pad_that_cannot_start_ends_with_exit_code_1_and_names_its_error_code(
    config: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_keys(_: Config) -> None:
        raise DriverError("bus 1 does not answer", PadCode.KEYS_GONE)

    monkeypatch.setattr(agent, "run", no_keys)
    assert cli.main(["run", "--config", str(config)]) == 1
    printed = capsys.readouterr().err
    assert "K03" in printed
    assert "bus 1" in printed
    assert "Traceback" not in printed
    monkeypatch.setattr(agent, "run", lambda _: None)  # control
    assert cli.main(["run", "--config", str(config)]) == 0


def test_verify_prints_how_far_a_chain_is_good(
    ledger: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["verify", str(ledger)]) == 0
    printed = capsys.readouterr().out
    assert "of pad pad-1" in printed
    assert "6 entries, chain good up to seq 6" in printed


def test_verify_names_the_first_bad_entry(ledger: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with closing(sqlite3.connect(ledger, isolation_level=None)) as db:
        db.execute("DROP TRIGGER entry_is_never_updated")
        db.execute(
            "UPDATE entry SET body = CAST(replace(CAST(body AS TEXT), '4321', '4322') AS BLOB)"
            " WHERE seq >= 4"
        )
    assert cli.main(["verify", str(ledger)]) == 1
    printed = capsys.readouterr().out
    assert "good up to seq 3" in printed
    assert "BAD" in printed
    assert "4" in printed.split("BAD")[1]


def test_verify_of_something_else_is_wrong_use(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["verify", str(tmp_path / "nowhere")]) == 2
    photograph = tmp_path / "photograph"
    photograph.write_bytes(b"somebody's photograph" * 500)
    before = photograph.read_bytes()
    assert cli.main(["verify", str(photograph)]) != 0
    assert photograph.read_bytes() == before
    assert "L0" in capsys.readouterr().err


def test_verify_prints_which_ledger_was_before_and_what_is_missing_of_it(
    ledger: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    again = open_in(ledger.parent)
    again.mark_receipted(4)
    again.roll_over("diverged")
    again.close()
    assert cli.main(["verify", str(ledger)]) == 0
    printed = capsys.readouterr().out
    assert "(diverged)" in printed
    assert "missing of it: nothing" in printed


def test_wiring_prints_the_table_or_the_drawing_of_a_board(capsys):
    assert cli.main(["wiring", "--board", "rpi-4"]) == 0
    assert "key      very satisfied       29   GPIO5 " in capsys.readouterr().out
    assert cli.main(["wiring", "--board", "rpi-4", "--svg"]) == 0
    assert capsys.readouterr().out.startswith("<svg ")


@pytest.mark.parametrize(
    ("board", "expected"),
    [("rpi-44", "did you mean"), ("simulated", "there is nothing to wire to pins")],
)
def test_wiring_of_a_board_without_pins_is_an_error(board, expected, capsys):
    assert cli.main(["wiring", "--board", board]) == 2
    output = capsys.readouterr()
    assert expected in output.err
    assert output.out == ""


def test_check_names_the_missing_folder_of_the_ledger(
    config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config.write_text(GOOD.replace("ledger.db", "no/dir/ledger.db"))
    assert cli.main(["check", "--config", str(config)]) == 1
    printed = capsys.readouterr().err
    assert f"the folder of `[ledger] path`, {tmp_path}/no/dir, is not there" in printed
    assert "Look at the card" not in printed


@pytest.mark.parametrize("stored", [b"{", b"\xff", b"x" * 70_000, None])
def test_check_names_a_stored_configuration_that_cannot_be_used(
    config: Path, stored: bytes | None, capsys: pytest.CaptureFixture[str]
) -> None:
    file = config.with_name("ledger.desired.json")
    if stored is None:
        file.mkdir()
    else:
        file.write_bytes(stored)
    assert cli.main(["check", "--config", str(config)]) == 1
    printed = capsys.readouterr()
    assert printed.err.startswith("S05 ")
    assert str(file) in printed.err
    assert "in order" not in printed.out


def test_check_does_not_advise_to_run_check(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config.write_text(GOOD + "[provnce]\n")
    assert cli.main(["check", "--config", str(config)]) == 1
    printed = capsys.readouterr().err
    assert "ratingpad check" not in printed


def test_no_full_stop_follows_a_question_mark() -> None:
    assert "?. " not in str(ConfigError('did you mean "rpi-4"?'))
    assert 'mean "rpi-4"? Mend' in str(ConfigError('did you mean "rpi-4"?'))


@pytest.mark.parametrize("command", ["units", "voice"])
def test_an_output_folder_of_another_user_is_never_to_be_given_away(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    def denied(*_: object) -> list[Path]:
        raise PermissionError(errno.EACCES, "Permission denied", str(tmp_path / "x"))

    monkeypatch.setattr(units_command, "write", denied)
    monkeypatch.setattr(recordings, "record", denied)
    assert cli.main([command, "--out", str(tmp_path)]) == 2
    printed = capsys.readouterr().err
    assert "choose another --out, or run the command as root" in printed
    assert "chown" not in printed
