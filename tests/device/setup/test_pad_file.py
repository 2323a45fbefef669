"""The file that setup writes is one that the pad takes, and is known again."""

import pytest

from device.board.profile import board_names
from device.config.config import load
from device.setup.answers import Answers
from device.setup.board_parts import keypad_names, read_parts
from device.setup.pad_file import is_ours, pad_file, read_answers


def answers_for(board: str) -> Answers:
    """Good answers for a board."""
    parts = read_parts(board)
    keys: dict[str, str | int] = {}
    if parts.keys == "evdev-keys":
        keys = {"name": 'HID "Five" Keys', "model": keypad_names("input")[0]}
    elif parts.keys == "serial-68":
        keys = {"port": "/dev/ttyUSB0", "model": keypad_names("68")[0], "address": 3}
    return Answers(
        pad_id="jl-2224-017",
        board=board,
        window="综合1",
        hall="延吉市政务服务大厅",
        languages=("zh", "ko"),
        chip="sh1106" if parts.display == "oled" else None,
        keys=keys,
        px_per_mm=5.5 if parts.touchscreen and parts.px_per_mm is None else None,
    )


@pytest.mark.parametrize("board", board_names())
def test_the_pad_takes_the_file_for_every_board(board, tmp_path):
    answers = answers_for(board)
    text = pad_file(answers, read_parts(board))
    file = tmp_path / "pad.toml"
    file.write_text(text, "utf-8")
    (tmp_path / "desk-token").write_text("0123456789abcdef0123456789abcdef\n")
    config = load(file)
    assert (config.pad.id, config.pad.window) == ("jl-2224-017", "综合1")
    assert config.pad.languages == ("zh", "ko")
    assert config.desk is not None
    assert (config.touch is not None) == read_parts(board).touchscreen
    assert getattr(getattr(config.board, "keys", None), "name", None) == answers.keys.get("name")


@pytest.mark.parametrize("board", board_names())
def test_a_file_of_ours_is_known_again_and_a_changed_one_is_not(board):
    answers = answers_for(board)
    text = pad_file(answers, read_parts(board))
    assert read_answers(text) == answers
    assert is_ours(text)
    assert not is_ours(text + "\n[session]\ngrace_s = 5\n")
    assert not is_ours(text.replace("[ledger]", "# 甲\n[ledger]"))
    assert not is_ours(text.replace(f'"{board}"', '"rpi-9"'))


def test_another_broker_stands_in_the_file():
    answers = answers_for("simulated")._replace(broker="mqtt://localhost:2883")
    text = pad_file(answers, read_parts("simulated"))
    assert '[province]\nbroker = "mqtt://localhost:2883"' in text
    assert read_answers(text) == answers


@pytest.mark.parametrize(
    "text", ["", "[pad]\n", "no toml", "pad = 3\n", "[pad]\nid = 1\nboard = 1"]
)
def test_what_is_no_file_of_a_pad_has_no_answers_of_ours(text):
    assert not is_ours(text)
