"""The configuration: what a correct one gives, and how a wrong one is reported."""

import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from device.board.driver_options import SerialOptions, SimOptions
from device.board.profile import PartOptions, board_names, load_profile, parse_profile, read_options
from device.config.config import Config, load
from device.config.desk_config import read_tokens
from device.config_errors import ConfigErrors, as_toml
from device.errors import ConfigError, PadCode
from sync.entries import HashName, Level

GOOD = """
[pad]
id = "pad-1"
window = "3"
languages = ["zh", "ko"]

[ledger]
path = "ledger.db"

[board]
control = "run/control.sock"
"""


def loaded(folder: Path, text: str) -> Config:
    file = folder / "pad.toml"
    file.write_text(text, "utf-8")
    return load(file)


def config_errors(folder: Path, text: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        loaded(folder, text)
    assert caught.value.code is PadCode.CONFIG_WRONG
    head, *lines = caught.value.detail.split("\n  ")
    assert head.startswith(f"{len(lines)} mistake")
    return lines


def test_a_short_configuration_gets_the_default_times(tmp_path: Path) -> None:
    config = loaded(tmp_path, GOOD)
    assert (config.session.invitation_s, config.session.grace_s, config.session.thanks_s) == (
        30,
        3,
        4,
    )
    assert (config.province.host, config.province.port) == ("127.0.0.1", 1883)
    assert config.ledger.hash is HashName.SHA256
    assert config.desk is None
    assert config.profile.name == "simulated"


def test_relative_paths_are_relative_to_the_files_folder(tmp_path: Path) -> None:
    config = loaded(tmp_path, GOOD)
    assert config.ledger.path == tmp_path / "ledger.db"
    assert isinstance(config.board, SimOptions)
    assert config.board.control == tmp_path / "run/control.sock"


def test_a_configuration_cannot_be_changed(tmp_path: Path) -> None:
    config = loaded(tmp_path, GOOD)
    with pytest.raises(AttributeError):
        config.pad.window = "4"  # type: ignore[misc]  # that is what is refused


def test_every_error_is_in_one_report(tmp_path: Path) -> None:
    lines = config_errors(
        tmp_path,
        """
        [pad]
        id = "Pad 1"
        boad = "simulated"
        languages = ["zh", "zh"]
        [ledger]
        hash = "sha265"
        [session]
        invitation_s = "30"
        [provice]
        [province]
        broker = "mqtt://10.0.0.1"
        [desk]
        token_file = "nowhere"
        port = 99999
        [board]
        wall = "1971"
        """,
    )
    assert lines == [
        'provice: not known; did you mean "province"?',
        'pad.boad: not known; did you mean "board"?',
        'pad.id = "Pad 1": must be 1 to 32 of a-z, 0-9 and -',
        'pad.languages = ["zh", "zh"]: a language stands there twice',
        "ledger.path: missing; must be the path of the ledger's file",
        'ledger.hash = "sha265": must be one of "sha256", "sm3"; did you mean "sha256"?',
        'session.invitation_s = "30": must be a whole number of seconds from 1 to 600',
        'province.broker = "mqtt://10.0.0.1": plain MQTT may not leave this machine; let a broker'
        " or tunnel on 127.0.0.1 carry it on with TLS",
        "desk.port = 99999: must be a port from 0 to 65535",
        f"desk.token_file = {as_toml(str(tmp_path / 'nowhere'))}: cannot be read:"
        " No such file or directory",
        'board.wall = "1971": must be "system" or "1970"',
    ]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("id = 7", "pad.id = 7: must be 1 to 32"),
        ('id = "a\\n"', "pad.id"),
        ('id = "p"\nwindow = "123456789"', "pad.window"),
        ('id = "p"\nhall = "two\\nlines"', "pad.hall"),
        ('id = "p"\nlanguages = []', "pad.languages = []"),
        ('id = "p"\nlanguages = ["jp"]', 'pad.languages = ["jp"]'),
        ('id = "p"\nboard = "simulatd"', 'did you mean "simulated"?'),
        ('id = "p"\nboard = 3', "pad.board = 3"),
    ],
)
def test_a_wrong_pad_section_is_named(tmp_path: Path, line: str, expected: str) -> None:
    lines = config_errors(tmp_path, f'[ledger]\npath = "l"\n[pad]\n{line}\n')
    assert len(lines) == 1
    assert expected in lines[0]


@pytest.mark.parametrize(
    "broker",
    [
        "mqtt://192.168.1.5:1883",
        "mqtt://broker.example",
        "mqtts://127.0.0.1:8883",
        "http://127.0.0.1",
        "127.0.0.1:1883",
        "mqtt://127.0.0.1:99999",
        "mqtt://user:word@127.0.0.1",
        "mqtt://127.0.0.1/path",
        "mqtt://[::1",
        "",
    ],
)
def test_only_plain_mqtt_to_this_machine_is_accepted(tmp_path: Path, broker: str) -> None:
    (line,) = config_errors(tmp_path, f'{GOOD}\n[province]\nbroker = "{broker}"\n')
    assert line.startswith("province.broker")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]"])
def test_every_name_of_this_machine_is_loopback(tmp_path: Path, host: str) -> None:
    config = loaded(tmp_path, f'{GOOD}\n[province]\nbroker = "mqtt://{host}:2883"\n')
    assert (config.province.host, config.province.port) == (host.strip("[]"), 2883)


def test_a_desk_needs_a_token_that_cannot_be_guessed(tmp_path: Path) -> None:
    desk = f'{GOOD}\n[desk]\ntoken_file = "token"\n'
    (tmp_path / "token").write_text("short\n")
    assert "shorter than 16" in config_errors(tmp_path, desk)[0]
    (tmp_path / "token").write_bytes(b"\xff" * 32)
    assert "not UTF-8" in config_errors(tmp_path, desk)[0]
    (tmp_path / "token").write_text("0123456789abcdef\n")
    config = loaded(tmp_path, desk)
    assert config.desk is not None
    assert config.desk.token_file == tmp_path / "token"


@pytest.mark.parametrize(
    "text", ["pad = 3", "[pad\n", "[[pad]]\nid='x'\n", "[board]\n", "pad.id=1"]
)
def test_a_file_of_another_structure_is_reported_without_a_crash(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigError):
        loaded(tmp_path, text)


def test_a_file_that_cannot_be_read_is_reported(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="No such file"):
        load(tmp_path / "none.toml")
    (tmp_path / "pad.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match="not UTF-8"):
        load(tmp_path / "pad.toml")


def keys(*rows: tuple[str, int, str]) -> str:
    table = 'title = "t"\ndriver = "simulated"\n'
    table += "[keys]\n"
    for name, line, level in rows:
        table += f'[[keys.key]]\nname = "{name}"\nline = {line}\n'
        table += f'level = "{level}"\n' if level else ""
    return table


FIVE = [(level.value, place, level.value) for place, level in enumerate(Level)]


def profile_errors(text: str) -> list[str]:
    problems = ConfigErrors()
    parse_profile("bench", text, problems)
    return problems.lines


@pytest.mark.parametrize("name", board_names())
def test_every_profile_in_hw_boards_is_correct(name: str) -> None:
    profile = load_profile(name)
    levels = {key.level for key in profile.keys.key}
    assert profile.keys.coded or levels >= set(Level) or (profile.touchscreen and not levels)


def test_five_keys_and_one_without_a_level_are_a_board() -> None:
    assert profile_errors(keys(*FIVE, ("clerk", 9, ""))) == []


def test_two_keys_on_one_line_are_named() -> None:
    rows = [*FIVE[:4], ("very_dissatisfied", 0, "very_dissatisfied")]
    assert profile_errors(keys(*rows)) == [
        "keys.key very_dissatisfied.line = 0: already taken by key 'very_satisfied'"
    ]


def test_two_keys_with_one_level_and_a_level_without_a_key_are_named() -> None:
    rows = [*FIVE[:4], ("very_dissatisfied", 9, "satisfied")]
    assert profile_errors(keys(*rows)) == [
        "keys.key very_dissatisfied.level = \"satisfied\": already taken by key 'satisfied'",
        "keys.key: no key gives very_dissatisfied",
    ]


def test_an_unknown_level_is_answered_with_the_nearest() -> None:
    rows = [*FIVE[:4], ("very_dissatisfied", 9, "very_disatisfied")]
    lines = profile_errors(keys(*rows))
    assert lines[0].startswith('keys.key[5].level = "very_disatisfied": must be one of')
    assert lines[0].endswith('did you mean "very_dissatisfied"?')


def test_values_out_of_range_and_a_debounce_shorter_than_two_scans_are_named() -> None:
    text = keys(*FIVE)
    assert profile_errors(text.replace("[keys]", "[keys]\nscan_ms = 0")) == [
        "keys.scan_ms = 0: must be a whole number of milliseconds from 1 to 20"
    ]
    assert profile_errors(text.replace("[keys]", "[keys]\nscan_ms = 15\ndebounce_ms = 20")) == [
        "keys.debounce_ms = 20: must be at least twice scan_ms (15)"
    ]
    assert profile_errors(text + "[display]\nwidth = 12\n") == [
        "display.width = 12: must be pixels, from 64 to 1024"
    ]


def test_an_unknown_board_is_answered_with_the_known_ones() -> None:
    with pytest.raises(ConfigError, match=r"no board 'rpi'; there is .*simulated"):
        load_profile("rpi")


def test_a_boards_own_options_are_checked_against_its_own_type() -> None:
    with pytest.raises(ConfigError, match='contrl: not known; did you mean "control"'):
        read_options(load_profile("simulated"), {"contrl": "x"})


LINUX = """
[pad]
id = "pad-1"
board = "linux-68"
[ledger]
path = "ledger.db"
"""


def test_the_parts_of_a_board_have_options_of_their_own(tmp_path: Path) -> None:
    config = loaded(
        tmp_path, f'{LINUX}[board.keys]\nport = "/dev/ttyUSB0"\nmodel = "68-rising"\naddress = 3\n'
    )
    assert isinstance(config.board, PartOptions)
    assert config.board.keys == SerialOptions(port="/dev/ttyUSB0", model="68-rising", address=3)


def test_the_errors_of_every_part_are_in_one_report(tmp_path: Path) -> None:
    text = LINUX.replace("pad-1", "Pad 1")
    assert config_errors(tmp_path, text) == [
        'pad.id = "Pad 1": must be 1 to 32 of a-z, 0-9 and -',
        'board.keys.port: missing; must be a path like "/dev/ttyUSB0", or a socket://, rfc2217://'
        " or spy:// address",
        "board.keys.model: missing; must be the name of a key map in hw/keypads",
        "board.keys.address: missing; must be the window's address on the line, from 0 to 127",
    ]
    parts = '[board.kees]\n[board.keys]\nport = "COM1"\nmodel = "68-rissing"\naddress = 131\n'
    lines = config_errors(tmp_path, LINUX + parts)
    assert [line.partition(":")[0] for line in lines] == [
        "board.kees",
        'board.keys.port = "COM1"',
        "board.keys.address = 131",
        "board.keys.model",
    ]
    assert "no key pad '68-rissing'" in lines[3]
    assert lines[3].endswith('did you mean "68-rising"?')
    assert config_errors(tmp_path, LINUX.replace("[pad]", "board = 3\n[pad]"))


BUS = '[bus68]\nport = "/dev/ttyUSB1"\nmodel = "68-falling"\naddress = 3\n'


def test_what_is_sent_on_an_old_bus_has_no_default(tmp_path: Path) -> None:
    (line,) = config_errors(tmp_path, GOOD + BUS)
    assert line == 'bus68.tells: missing; must be "levels" or "nothing", there is no default'
    (line,) = config_errors(tmp_path, f'{GOOD}{BUS}tells = "level"')
    assert line.startswith('bus68.tells = "level": must be "levels" or "nothing"')
    bus = loaded(tmp_path, f'{GOOD}{BUS}tells = "nothing"').bus68
    assert bus is not None
    assert (bus.tells, bus.acknowledge_starts) == ("nothing", False)
    assert loaded(tmp_path, GOOD).bus68 is None


def test_the_errors_of_an_old_bus_are_named(tmp_path: Path) -> None:
    wrong = BUS.replace("/dev/ttyUSB1", "COM1").replace("68-falling", "68-falls")
    lines = config_errors(tmp_path, f'{GOOD}{wrong.replace("3", "128")}tells = "levels"')
    assert lines[0].startswith('bus68.port = "COM1"')
    assert lines[1].startswith("bus68.address = 128")
    assert "bus68.model: no key pad '68-falls'" in lines[2]


def test_the_key_pad_and_the_old_bus_are_on_two_lines(tmp_path: Path) -> None:
    keys = '[board.keys]\nport = "/dev/ttyUSB1"\nmodel = "68-rising"\naddress = 3\n'
    (line,) = config_errors(tmp_path, f'{LINUX}{keys}{BUS}tells = "levels"')
    assert line == 'bus68.port = "/dev/ttyUSB1": is the line of the key pad already'
    apart = loaded(tmp_path, f'{LINUX}{keys.replace("USB1", "USB0")}{BUS}tells = "levels"')
    assert apart.bus68 is not None


def test_checking_a_configuration_imports_no_vendors_library(tmp_path: Path) -> None:
    """The control: building the same board does import it."""
    (tmp_path / "pad.toml").write_text(
        f"{LINUX.replace('linux-68', 'linux-68-oled')}[board.keys]\n"
        'port = "/dev/ttyUSB0"\nmodel = "68-rising"\naddress = 3\n'
    )
    list_imports = "print(*sorted({'serial', 'luma', 'smbus2'} & set(sys.modules)))"
    check = (
        "import sys; from device.cli import main; main(['check', '--config', 'pad.toml']);"
        f"{list_imports}"
    )
    build = (
        "import sys; from pathlib import Path; from device.config.config import load;"
        "from device.drivers.registry import build_board; config = load(Path('pad.toml'));"
        f"build_board(config.profile, config.board); {list_imports}"
    )
    imported = [
        subprocess.run(
            [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
        ).stdout.splitlines()[-1]
        for code in (check, build)
    ]
    assert imported == ["", "luma serial smbus2"]


def test_a_driver_for_a_part_of_a_board_that_builds_its_parts_itself_is_named() -> None:
    text = keys(*FIVE).replace("[keys]", '[keys]\ndriver = "gpio-keys"')
    assert profile_errors(text) == [
        'keys.driver = "gpio-keys": the driver "simulated" builds the whole board'
    ]
    assert profile_errors(text.replace('"simulated"', '"linux"')) == []


@pytest.mark.parametrize(
    ("text", "error"),
    [
        (
            'driver = "linuks"\n[keys]',
            'driver = "linuks": must be one of "linux", "simulated"; did you mean "linux"?',
        ),
        (
            'driver = "linux"\n[keys]\ndriver = "gpio-kees"',
            'keys.driver = "gpio-kees": must be one of "evdev-keys", "gpio-keys", "serial-68";'
            ' did you mean "gpio-keys"?',
        ),
        (
            'driver = "linux"\n[display]\ndriver = "device.drivers.oled:build"\n[keys]',
            'display.driver = "device.drivers.oled:build": must be one of "oled"',
        ),
        (
            'driver = "linux"\n[voice]\ndriver = "gpio-beeper"\n[keys]',
            'voice.driver = "gpio-beeper": must be one of "alsa-voice"',
        ),
    ],
)
def test_an_unknown_driver_is_answered_with_the_drivers_of_its_part(text: str, error: str) -> None:
    table = keys(*FIVE).replace('driver = "simulated"\n[keys]', text)
    assert profile_errors(table) == [error]


def test_an_error_in_the_driver_and_others_in_its_table_are_named_together() -> None:
    text = keys(*FIVE) + '[beeper]\ndriver = "beep"\nlines = 3\n'
    assert [line.partition(":")[0] for line in profile_errors(text)] == [
        "beeper.lines",
        "beeper.line",
        'beeper.driver = "beep"',
    ]


def test_a_key_pad_that_sends_codes_has_no_keys_on_lines() -> None:
    assert profile_errors(keys(*FIVE).replace("[keys]", "[keys]\ncoded = true")) == [
        "keys.key: a key pad that sends codes has its keys in hw/keypads"
    ]


OLED = """
[pad]
id = "pad-1"
board = "linux-68-oled"
[ledger]
path = "ledger.db"
[board.keys]
port = "/dev/ttyUSB0"
model = "68-rising"
address = 1
[board.display]
"""


@pytest.mark.parametrize(
    ("line", "error"),
    [
        ("bus = 1", 'board.display.bus = 1: must be a bus like "i2c-1" or "spi-0.0"'),
        ('bus = "i2c"', 'board.display.bus = "i2c": must be a bus like "i2c-1" or "spi-0.0"'),
        (
            'bus = "spi-0.0"',
            "board.display.dc_line: missing; a display on SPI has a data/command line",
        ),
        ("reset_line = 25", "board.display.reset_line = 25: only a display on SPI has this line"),
    ],
)
def test_a_wrong_connection_of_a_display_is_an_error(tmp_path: Path, line: str, error: str) -> None:
    assert config_errors(tmp_path, OLED + line) == [error]


def test_a_display_whose_bus_the_board_names_may_not_be_given_another_by_the_pad() -> None:
    profile = load_profile("linux-68-oled")
    assert profile.display is not None
    display = msgspec.structs.replace(profile.display, bus="i2c-1")
    keys = {"port": "/dev/ttyUSB0", "model": "68-rising", "address": 1}
    table = {"keys": keys, "display": {"bus": "spi-0.0", "dc_line": 24}}
    read_options(profile, table)
    with pytest.raises(ConfigError) as caught:
        read_options(msgspec.structs.replace(profile, display=display), table)
    assert caught.value.detail.splitlines()[1:] == [
        '  display.bus = "spi-0.0": this board\'s display is on i2c-1',
        "  display.dc_line = 24: this board's display is on i2c-1",
    ]


def test_a_light_belongs_to_a_key_and_a_key_has_one() -> None:
    def lights(*names: str) -> str:
        rows = "\n".join(
            f'[[lights.light]]\nname = "{name}"\nline = {20 + place}'
            for place, name in enumerate(names)
        )
        return f"{keys(*FIVE)}[lights]\n{rows}\n"

    assert profile_errors(lights("satisfied", "dissatisfied")) == []
    assert profile_errors(lights("satisfied", "disatisfied", "satisfied")) == [
        'lights.light[2].name = "disatisfied": no key; did you mean "dissatisfied"?',
        'lights.light[3].name = "satisfied": has a light already',
    ]


# --- a touchscreen ------------------------------------------------------------------------------

TOUCH = '[pad]\nid = "a"\nboard = "{}"\n[ledger]\npath = "l.db"\n[touch]\nentry_file = "e.html"\n'


def test_a_board_without_keys_has_a_touchscreen() -> None:
    driver = 'title = "x"\ndriver = "linux"\n'
    assert profile_errors(driver + "[touchscreen]\n") == []
    assert profile_errors(driver) == ["keys: missing; a board without a touchscreen has keys"]


def test_an_invitation_on_a_touchscreen_is_open_longer_by_default(
    tmp_path: Path,
) -> None:
    path = tmp_path / "pad.toml"
    path.write_text(TOUCH.format("touch-7"))
    assert load(path).session.invitation_s == 60
    path.write_text(TOUCH.format("touch-7") + "[session]\ninvitation_s = 20\n")
    assert load(path).session.invitation_s == 20


@pytest.mark.parametrize(
    ("board", "more", "expected"),
    [
        ("rpi-4", "", "touch: the board has no touchscreen"),
        ("linux-touch", "", "touch.px_per_mm: missing; the board takes any screen, so measure"),
        ("touch-7", "px_per_mm = 5", "touch.px_per_mm = 5.0: the board's profile says it already"),
        ("touch-7", 'framed_by = ["*"]', 'touch.framed_by = "*": must be an origin'),
        ("touch-7", 'framed_by = ["null"]', 'touch.framed_by = "null": must be an origin'),
        ("touch-7", "watch_s = 19", "touch.watch_s = 19: must be 0, for never, or at least 20"),
        ("touch-7", '[touch.card]\nname = "李"\nphoto = "no.jpg"', "cannot be read: No such file"),
        ("touch-7", '[touch.card]\nname = "李"\nphoto = "x.bmp"', "must be a .jpg or .png file"),
    ],
)
def test_what_does_not_fit_a_touchscreen_is_named(
    tmp_path: Path, board: str, more: str, expected: str
) -> None:
    path = tmp_path / "pad.toml"
    path.write_text(TOUCH.format(board) + more)
    with pytest.raises(ConfigError) as caught:
        load(path)
    assert expected in caught.value.detail


def test_files_saved_on_windows_are_read(tmp_path: Path) -> None:
    """A byte order mark and CRLF, in the pad's file and in a token file."""
    text = f'{GOOD}\n[desk]\ntoken_file = "token"\n'.replace("\n", "\r\n")
    (tmp_path / "pad.toml").write_bytes(b"\xef\xbb\xbf" + text.encode())
    (tmp_path / "token").write_bytes(b"\xef\xbb\xbf0123456789abcdef\r\n")
    assert load(tmp_path / "pad.toml").pad.id == "pad-1"
    assert read_tokens(tmp_path / "token") == ("0123456789abcdef",)
    (tmp_path / "pad.toml").write_bytes(text.encode("utf-16"))
    with pytest.raises(ConfigError, match="save it as UTF-8"):
        load(tmp_path / "pad.toml")


@pytest.mark.parametrize(
    "token", ["0123456789 abcdef", "0123456789abcdé", "令牌" * 10, "0\u200b" * 9]
)
def test_a_token_that_no_header_can_carry_is_refused(tmp_path: Path, token: str) -> None:
    (tmp_path / "token").write_text(token, "utf-8")
    (line,) = config_errors(tmp_path, f'{GOOD}\n[desk]\ntoken_file = "token"\n')
    assert "no HTTP header can carry" in line


def test_a_file_that_cannot_be_used_is_left_to_its_part_unless_there_is_another_mistake(
    tmp_path: Path,
) -> None:
    file = tmp_path / "pad.toml"
    file.write_text(f'{GOOD}\n[desk]\ntoken_file = "token"\n')
    with pytest.raises(ConfigError, match="token_file"):
        load(file)
    assert load(file, files=False).desk is not None
    file.write_text(f'{GOOD}\n[desk]\ntoken_file = "token"\nprt = 1\n')
    with pytest.raises(ConfigError, match=r"(?s)2 mistakes.*prt.*token_file"):
        load(file, files=False)
