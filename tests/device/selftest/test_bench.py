"""A self-test on the simulated board, with everything that can be wrong with a pad."""

import io
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from device import cli
from device.config.config import load
from device.drivers.sim.keys import SimKeys
from device.errors import DriverError, PadCode
from device.ledger.file import LedgerLock, exclude_agents
from device.selftest.bench import keys_of
from device.selftest.steps import StepOutcome
from sync.entries import Level
from sync.mqtt import BrokerAddress
from tests.rigs.ledger.ledger_process import open_in
from tests.rigs.pad.pad_process import PadProcess
from tests.rigs.pad.technician import LEVELS, NO, YES, Technician
from tests.rigs.system.child_environment import BIN
from tests.rigs.system.loopback import free_port

PICTURES = 4
"""Border, checker, and a text for each of two languages."""


@pytest.fixture
def listening() -> Iterator[int]:
    """The port of something that listens where the broker should be."""
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        yield server.getsockname()[1]


def test_a_good_pad_passes_with_its_keys_alone(tmp_path: Path, listening: int) -> None:
    with Technician(tmp_path, broker_port=listening) as one:
        one.press_all()
        one.answer(YES, PICTURES)
        for level in LEVELS:
            one.sees("灯亮吗")
            assert one.board.lit() == {level}
            one.press(YES)
        one.answer(YES, 2)
        items = one.end()
    assert [item for item in items.values() if item.outcome is not StepOutcome.PASSED] == []
    assert one.bench is not None
    assert one.bench.runner.passed
    assert "自检通过 / All passed" in one.out.getvalue()
    assert "pad 终端: pad-1" in one.bench.text
    assert not (tmp_path / "board.sock").exists()  # everything was released


def test_the_ledger_is_not_touched(tmp_path: Path, listening: int) -> None:
    ledger = open_in(tmp_path)
    ledger.close()
    (tmp_path / "ledger").rename(tmp_path / "ledger.db")
    (tmp_path / "ledger.lock").rename(tmp_path / "ledger.db.lock")

    def everything() -> dict[str, tuple[bytes, int]]:
        return {
            path.name: (path.read_bytes(), path.stat().st_mtime_ns)
            for path in tmp_path.glob("ledger*")
        }

    before = everything()
    with Technician(tmp_path, broker_port=listening, KEY_MS=200, ANSWER_MS=200) as one:
        one.sees("请按")
        one.press(YES)
        one.end()
    assert everything() == before
    assert before


def test_every_mistake_of_the_technician_is_reported(tmp_path: Path, listening: int) -> None:
    with Technician(tmp_path, broker_port=listening, KEY_MS=10_000, ANSWER_MS=300) as one:
        one.sees("请按 非常满意 / Press Very satisfied")
        one.press("dissatisfied")
        one.sees("按错了，请按 非常满意 / Wrong key. Press Very satisfied")
        one.press("satisfied", "dissatisfied")
        one.sees("只按一个键")
        one.press(YES)
        one.sees("请按 满意")
        one.press("dissatisfied")
        one.touch("dissatisfied")  # the same text, so it is not printed again
        one.press("dissatisfied")
        one.sees("K04")
        one.sees("请按 基本满意")
        one.press("basically_satisfied")
        for level in ("dissatisfied", NO):
            one.sees("请按")
            one.press(level)
        items = one.end()
    assert items[f"key {YES}"].outcome is StepOutcome.PASSED
    assert "+" in items[f"key {YES}"].says
    assert items["key satisfied"].code is PadCode.KEY_WRONG


def test_a_stuck_and_a_chattering_key_are_found(tmp_path: Path, listening: int) -> None:
    with Technician(tmp_path, broker_port=listening, ANSWER_MS=200) as one:
        one.sees("请按 非常满意")
        one.board.stuck("satisfied", True)
        one.sees("K01")
        one.board.chatter("dissatisfied", 2_000)
        one.sees("K02")
        one.press(YES)
        for level in ("basically_satisfied", NO):
            one.sees("请按")
            one.press(level)
        items = one.end()
    assert items["key satisfied"].code is PadCode.KEY_STUCK
    assert items["key dissatisfied"].code is PadCode.KEY_CHATTER


def test_a_pad_without_clock_broker_display_and_sound_names_each(tmp_path: Path) -> None:
    with Technician(tmp_path, broker_port=free_port(), types=True) as one:
        assert one.keyboard is not None
        one.sees("N01")
        one.board.display(False)
        one.board.damage("beeper", True)
        one.press_all()
        one.sees("灯亮吗")
        for _ in LEVELS:
            one.keyboard.write("n\n")
        one.sees("听到语音了吗")
        one.keyboard.write("s\n")
        items = one.end()
    assert items["broker"].code is PadCode.PROVINCE_SILENT
    assert {items[name].code for name in items if name.startswith("display")} == {
        PadCode.DISPLAY_GONE
    }
    assert items["light satisfied"].code is PadCode.SIGNAL_GONE
    assert items["beeper"].code is PadCode.SIGNAL_GONE
    assert items["voice"].outcome is StepOutcome.SKIPPED


def test_a_walk_that_is_ended_by_hand_is_reported_in_full(tmp_path: Path, listening: int) -> None:
    with Technician(tmp_path, broker_port=listening, types=True, KEY_MS=60_000) as one:
        assert one.keyboard is not None
        one.sees("请按")
        one.keyboard.write("what?\n退出\n")
        items = one.end()
        assert one.bench is not None
        text = one.bench.text
    assert items["voice"].says == "ended by hand"
    assert "key satisfied" in text


def test_no_is_an_answer(tmp_path: Path, listening: int) -> None:
    with Technician(tmp_path, broker_port=listening) as one:
        one.press_all()
        one.answer(NO, PICTURES + len(LEVELS) + 2)
        items = one.end()
    assert items["display border"].code is PadCode.DISPLAY_GONE
    assert {items[name].code for name in ("light satisfied", "beeper", "voice")} == {
        PadCode.SIGNAL_GONE
    }


def test_keys_that_cannot_be_started_are_reported_too(
    tmp_path: Path, listening: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise DriverError("line 5 is taken", PadCode.KEYS_GONE)

    monkeypatch.setattr(SimKeys, "start", refuse)
    with Technician(tmp_path, broker_port=listening, KEY_MS=200, ANSWER_MS=200) as one:
        items = one.end()
    assert {items[f"key {level}"].code for level in LEVELS} == {PadCode.KEYS_GONE}
    assert items["display border"].outcome is StepOutcome.SKIPPED  # nobody could answer


# --- beside an agent ---------------------------------------------------------------------------


def test_it_refuses_while_an_agent_runs_on_the_ledger(tmp_path: Path) -> None:
    pad = PadProcess(tmp_path / "pad", "pad-1", BrokerAddress("127.0.0.1", free_port()))
    command: list[str | Path] = [BIN / "ratingpad", "selftest", "--config", pad.config]
    report = tmp_path / "report"
    try:
        pad.start()
        done = subprocess.run(
            [*command, "--report", report], capture_output=True, text=True, check=False
        )
        assert done.returncode == 2
        assert "L04" in done.stderr
        assert str(pad.process and pad.process.pid) in done.stderr
        assert not report.exists()
        assert pad.window()["state"] == "ready"  # and the pad goes on
        assert pad.end(signal.SIGTERM) == 0
    finally:
        pad.remove()


def test_an_agent_refuses_while_a_self_test_runs(tmp_path: Path) -> None:
    open_in(tmp_path).close()
    with exclude_agents(tmp_path / "ledger"), pytest.raises(OSError, match="L04"):
        LedgerLock(tmp_path / "ledger")
    LedgerLock(tmp_path / "ledger").release()


# --- the command -------------------------------------------------------------------------------


def test_an_older_report_is_never_written_over(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "pad.toml"
    config.write_text('[pad]\nid = "pad-1"\n[ledger]\npath = "ledger.db"\n')
    report = tmp_path / "report"
    report.write_text("older")
    assert cli.main(["selftest", "--config", str(config), "--report", str(report)]) == 2
    assert "report" in capsys.readouterr().err
    assert report.read_text() == "older"


def test_the_command_writes_its_report_and_ends_with_one_unless_all_passed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    technician = Technician(tmp_path, broker_port=free_port())
    monkeypatch.setattr("device.selftest.runner.KEY_MS", 50)
    monkeypatch.setattr("device.selftest.runner.GOODBYE_MS", 50)
    monkeypatch.setattr("sys.stdin", io.StringIO())
    report = tmp_path / "report"
    command = ["selftest", "--config", str(technician.config_file), "--report", str(report)]
    assert cli.main(command) == 1
    assert report.read_text("utf-8") in capsys.readouterr().out
    assert "sha256 " in report.read_text("utf-8")


def test_the_keys_of_a_coded_pad_come_from_its_models_map(tmp_path: Path) -> None:
    file = tmp_path / "pad.toml"
    file.write_text(
        '[pad]\nid = "pad-1"\nboard = "linux-68"\n[ledger]\npath = "l"\n'
        '[board.keys]\nport = "/dev/ttyUSB0"\nmodel = "68-falling"\naddress = 1\n'
    )
    assert [key.level for key in keys_of(load(file))] == list(Level)
