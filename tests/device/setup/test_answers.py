"""A mistake is told while the technician is still being asked."""

import pytest

from device.config.config import load
from device.errors import ConfigError
from device.setup import answers

GOOD_BROKERS = ["mqtt://127.0.0.1:1883", "mqtt://localhost", "mqtt://[::1]:8883"]
BAD_BROKERS = [
    *("", "127.0.0.1", "mqtts://127.0.0.1", "mqtt://broker.hall.lan", "mqtt://127.0.0.1:0"),
    *("mqtt://127.0.0.1/x", "mqtt://a:b@127.0.0.1", "mqtt://127.0.0.1:99999", "mqtt://[::1"),
]
IDS = ["jl-0431-017", "a", "a" * 32, "", "A", "a_b", "a" * 33, "a\n", "窗"]
WINDOWS = ["3", "", "A-12", "综合一", "12345678", "123456789", " 3", "3\n", "\u200b"]


def is_taken(tmp_path, lines: str) -> bool:
    """Whether the pad itself takes a file with these lines in [pad]."""
    file = tmp_path / "pad.toml"
    file.write_text(f'[pad]\n{lines}[ledger]\npath = "ledger.db"\n', "utf-8")
    try:
        load(file)
    except ConfigError:
        return False
    return True


@pytest.mark.parametrize("broker", [*GOOD_BROKERS, *BAD_BROKERS])
def test_a_brokers_address_is_judged_as_the_pad_judges_it(broker, tmp_path):
    file = tmp_path / "pad.toml"
    text = f'[pad]\nid = "p"\n[ledger]\npath = "l.db"\n[province]\nbroker = "{broker}"\n'
    file.write_text(text, "utf-8")
    if answers.wrong_broker(broker) is None:
        assert load(file).province.broker == broker
    else:
        assert broker in BAD_BROKERS
        with pytest.raises(ConfigError):
            load(file)


@pytest.mark.parametrize("pad_id", IDS)
def test_an_id_is_judged_as_the_pad_judges_it(pad_id, tmp_path):
    escaped = pad_id.replace("\n", "\\n")
    assert (answers.wrong_id(pad_id) is None) == is_taken(tmp_path, f'id = "{escaped}"\n')


@pytest.mark.parametrize("window", WINDOWS)
def test_a_window_that_is_taken_is_taken_by_the_pad(window, tmp_path):
    if answers.wrong_window(window) is None:
        assert is_taken(tmp_path, f'id = "p"\nwindow = "{window}"\n')
    else:
        assert window in WINDOWS[5:]


@pytest.mark.parametrize(
    ("text", "good"),
    [("zh", True), ("zh,ko,en", True), ("zh,zh", False), ("", False), ("zh, ko", False), ("de", 0)],
)
def test_languages_are_a_list_without_repetitions(text, good):
    assert (answers.wrong_languages(text) is None) == bool(good)


@pytest.mark.parametrize(
    ("text", "good"),
    [("5.19", 1), ("1", 1), ("30", 1), ("0.9", 0), ("31", 0), ("x", 0), ("nan", 0)],
)
def test_a_density_is_a_number_that_a_screen_can_have(text, good):
    assert (answers.wrong_density(text) is None) == bool(good)


@pytest.mark.parametrize(
    ("text", "good"), [("0", 1), ("127", 1), ("128", 0), ("-1", 0), ("", 0), ("１", 0), ("3.0", 0)]
)
def test_an_address_is_what_the_bus_has(text, good):
    assert (answers.wrong_address(text) is None) == bool(good)


def test_a_halls_name_is_one_line():
    assert answers.wrong_hall("延吉市政务服务大厅") is None
    assert answers.wrong_hall("a\nb") is not None
    assert answers.wrong_hall("厅" * 41) is not None
