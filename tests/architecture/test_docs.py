"""The documents tell of everything there is: topics, kinds, codes, keys, commands."""

import configparser
import hashlib
import importlib
import re
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from device.board import keypad, profile
from device.board.driver_names import DRIVERS
from device.board.driver_options import (
    InputOptions,
    OledOptions,
    SerialOptions,
    SimOptions,
    VoiceOptions,
)
from device.config import clerk_keys, config
from device.config import touch_config as touch_settings
from device.desk.api_errors import ERRORS
from device.errors import PadCode
from device.ledger.ledger import MAX_ENTRY_BYTES
from device.session import diagram as session_diagram
from province.errors import ProvinceCode
from province.phone_ratings import PhoneVerdict
from sync.entries import KINDS, MAX_BODY_BYTES, Level, Trust
from sync.messages import (
    DEFLATE_FROM_BYTES,
    MAX_BATCH_BYTES,
    MAX_BATCH_ENTRIES,
    MAX_MESSAGE_BYTES,
    BatchHeader,
    Order,
    Problem,
    Settings,
    Status,
    Topic,
)
from sync.phone_token import SECRET_BYTES, PhoneKey, TokenRefusal, issue
from sync.schema import TOPICS
from tests.rigs.source import source_tree


def read(name: str) -> str:
    """A document's text."""
    return (source_tree.ROOT / name).read_text("utf-8")


def rows(text: str) -> dict[str, list[str]]:
    """The rows of all Markdown tables in a text, by their first cell without backticks."""
    found = {}
    for line in text.splitlines():
        if line.startswith("|"):
            cells = [cell.strip() for cell in line.strip("|").split("|")]
            found[cells[0].strip("`")] = cells
    return found


def section(text: str, title: str) -> str:
    """What stands under a heading, up to the next one."""
    _, _, rest = text.partition(f"\n## {title}\n")
    assert rest, f"no section {title!r}"
    return re.split(r"\n##? ", rest)[0]


# --- the contract ------------------------------------------------------------------------------


@pytest.mark.parametrize("topic", Topic)
def test_every_topic_is_told(topic):
    row = rows(read("docs/contract.md"))[topic.of("{pad}")]
    assert row[1] == ("↑" if topic.value.startswith("up/") else "↓")
    assert row[2] == ("yes" if TOPICS[topic].retained else "no")


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_entry_is_told_with_its_fields(kind):
    row = rows(section(read("docs/contract.md"), "Entries"))[kind]
    for field in msgspec.structs.fields(KINDS[kind]):
        assert field.name == "at" or f"`{field.name}`" in row[2], field.name


def test_the_words_of_the_contract_are_told():
    text = read("docs/contract.md")
    words = [*Problem, *Status, *Order, *Trust, *Level]
    assert [word.value for word in words if f"`{word.value}`" not in text] == []
    header = section(text, "Batch")
    fields = [field.name for field in msgspec.structs.fields(BatchHeader)]
    assert [name for name in fields if f"`{name}`" not in header] == []


def test_the_contracts_numbers_are_those_of_the_code():
    text = read("docs/contract.md")
    for number in (MAX_ENTRY_BYTES, MAX_BATCH_ENTRIES, f"{MAX_BODY_BYTES // 1024} KiB"):
        assert str(number) in section(text, "Entries") + section(text, "Batch")
    bounds = section(text, "Transport")
    for size in (MAX_BATCH_BYTES, MAX_MESSAGE_BYTES, DEFLATE_FROM_BYTES):
        assert f"{size // 1024} KiB" in bounds
    settings = Settings(window="3", invitation_s=30, grace_s=3, thanks_s=4)
    raw = msgspec.json.encode(settings, order="sorted")
    assert f"`{raw.decode()}`" in text
    assert f"`{hashlib.sha256(raw).hexdigest()}`" in text


def test_the_example_of_a_phones_token_is_one_and_its_words_are_told():
    text = read("docs/token.md")
    key = PhoneKey("jl-0431-017", 42, bytes(range(SECRET_BYTES)))
    shown = re.search(r"^ {4}HTTPS://\S+/(\w+)$", text, re.MULTILINE)
    assert shown
    assert shown.group(1) == issue(key, "01JD5Z9QWV00000000000000A1", 20787)
    assert set(rows(text)) >= {refusal.value for refusal in TokenRefusal}
    assert f"`{PhoneVerdict.WAITS.value}`" in section(text, "What counts")


# --- errors ------------------------------------------------------------------------------------


def test_every_code_of_a_pad_is_told_in_its_own_words():
    told = rows(section(read("docs/errors.md"), "On the pad"))
    expected = {
        code.code: [code.code, code.says, "yes" if code.blocks else "no", code.remedy]
        for code in PadCode
    }
    assert {key: row for key, row in told.items() if re.fullmatch(r"[A-Z]\d\d", key)} == expected


def test_every_code_of_the_province_is_told_in_its_own_words():
    told = rows(section(read("docs/errors.md"), "At the province"))
    expected = {code.code: [code.code, code.says, code.remedy] for code in ProvinceCode}
    assert {key: row for key, row in told.items() if re.fullmatch(r"[A-Z]\d\d", key)} == expected


def test_no_code_means_two_things():
    codes = [code.code for code in [*PadCode, *ProvinceCode]]
    assert len(codes) == len(set(codes))


def test_every_error_of_the_desk_is_told_in_its_own_words():
    told = rows(section(read("docs/errors.md"), "At the desk's HTTP API"))
    for error, row in ERRORS.items():
        assert told[error] == [f"`{error}`", str(row.status), row.says, row.remedy]
    assert len(told) == len(ERRORS) + 2  # the head and the rule below it


# --- configuration -----------------------------------------------------------------------------

TABLES: dict[str, type[msgspec.Struct]] = {
    "[pad]": config.PadConfig,
    "[ledger]": config.LedgerConfig,
    "[session]": config.SessionConfig,
    "[province]": config.ProvinceConfig,
    "[desk]": config.DeskConfig,
    "[bus68]": config.Bus68Config,
    "[clerk_keys]": clerk_keys.ClerkKeysConfig,
    "[phone]": config.PhoneConfig,
    "[display]": config.DisplayConfig,
    "[touch]": config.TouchConfig,
    "[touch.card]": touch_settings.CardConfig,
    "[board]": SimOptions,
    "[board.keys]": SerialOptions,
    "[board.keys] of an input device": InputOptions,
    "[board.display]": OledOptions,
    "[board.voice]": VoiceOptions,
    "profile [keys]": profile.KeysProfile,
    "profile [[keys.key]]": profile.Key,
    "profile [display]": profile.DisplayProfile,
    "profile [lights]": profile.LightsProfile,
    "profile [[lights.light]]": profile.Light,
    "profile [beeper]": profile.BeeperProfile,
    "profile [voice]": profile.VoiceProfile,
    "profile [touchscreen]": profile.TouchscreenProfile,
    "profile": profile.Profile,
    "key map": keypad.Keypad,
    "key map [[key]]": keypad.CodedKey,
}
ELSEWHERE = {"name", "keys", "display", "lights", "beeper", "voice", "touchscreen", "key", "light"}
ELSEWHERE |= {"card"}
WHOLE = (
    profile.Profile,
    profile.KeysProfile,
    profile.LightsProfile,
    keypad.Keypad,
    config.TouchConfig,
)
"""Types whose fields are in part the file's own name, or have a section of their own."""


def told_default(field: msgspec.structs.FieldInfo) -> str:
    """How a default is written in the table."""
    if field.required:
        return "must be given"
    if field.default is None:
        return "none"
    value = getattr(field.default, "value", field.default)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    plain = list(value) if isinstance(value, tuple) else value
    if isinstance(value, Path):
        plain = str(value)
    return f"`{msgspec.json.encode(plain).decode()}`"


@pytest.mark.parametrize("title", TABLES)
def test_every_configuration_key_is_told_with_its_default(title):
    told = rows(section(read("docs/configuration.md"), title))
    fields: tuple[msgspec.structs.FieldInfo, ...] = msgspec.structs.fields(TABLES[title])
    if TABLES[title] in WHOLE:
        fields = tuple(field for field in fields if field.encode_name not in ELSEWHERE)
    expected = {field.encode_name: told_default(field) for field in fields}
    known = {key: row[1] for key, row in told.items() if not re.fullmatch(r"-+|key", key)}
    assert known == expected


def test_every_driver_is_told_with_its_part_and_its_table():
    told = rows(section(read("docs/configuration.md"), "Drivers"))
    known = {name: row[1:3] for name, row in told.items() if not re.fullmatch(r"-+|word", name)}
    expected = {}
    for name, driver in DRIVERS.items():
        table = "[board]" if driver.part == "board" else f"[board.{driver.part}]"
        expected[name] = [driver.part, f"`{table}`" if driver.options else ""]
    assert known == expected


def test_the_smallest_configuration_that_is_told_works(tmp_path):
    example = re.search(r"```toml\n(.*?)```", read("docs/configuration.md"), re.DOTALL)
    assert example
    path = tmp_path / "pad.toml"
    path.write_text(example.group(1))
    assert config.load(path).pad.id == "jl-0431-017"


# --- commands ----------------------------------------------------------------------------------

PROGRAMS = {
    "ratingpad": "device.cli",
    "ratingpad-province": "province.cli",
    "ratingpad-demo": "demo.cli",
}


def help_of(program, capsys, *command: str) -> str:
    """What a program says of itself."""
    with pytest.raises(SystemExit) as ended:
        importlib.import_module(PROGRAMS[program]).main([*command, "--help"])
    assert ended.value.code in (0, None)
    said: str = capsys.readouterr().out
    return said


def commands_of(help_text: str) -> list[str]:
    """The subcommands that a program's help names."""
    choices = re.search(r"\{([a-z,-]+)\}", help_text)
    listed = re.findall(r"^ {4}([a-z][a-z-]+)(?: {2,}|$)", help_text, re.MULTILINE)
    return choices.group(1).split(",") if choices else listed


@pytest.mark.parametrize("program", PROGRAMS)
def test_every_command_and_option_is_told(program, capsys):
    text = read("docs/operations.md")
    overall = help_of(program, capsys)
    commands = commands_of(overall)
    assert commands
    options = set(re.findall(r"--[a-z][a-z-]+", overall))
    for command in commands:
        assert f"`{program} {command}" in text, command
        options |= set(re.findall(r"--[a-z][a-z-]+", help_of(program, capsys, command)))
    assert {option for option in options - {"--help"} if option not in text} == set()


def test_every_make_target_says_what_it_is_for():
    targets = re.findall(r"^([a-z-]+):(.*)$", read("Makefile"), re.MULTILINE)
    assert targets
    assert [name for name, rest in targets if "## " not in rest] == []


# --- the documents themselves ------------------------------------------------------------------


def test_the_session_diagram_is_the_one_that_the_table_draws():
    """Run `python -m device.session.diagram > docs/session.md` after a change of the table."""
    assert read("docs/session.md") == session_diagram.document()


def documents() -> list[Path]:
    """Every Markdown file of the project."""
    listing = subprocess.run(
        ["git", "ls-files", "*.md"],
        cwd=source_tree.ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return [Path(line) for line in listing.stdout.splitlines()]


@pytest.mark.parametrize("path", documents(), ids=str)
def test_every_link_leads_to_a_file(path):
    links = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)|src=\"([^\"]+)\"", read(str(path)))
    for link in filter(None, (a or b for a, b in links)):
        if "://" not in link:
            assert (source_tree.ROOT / path.parent / link).exists(), link


@pytest.mark.parametrize(
    ("name", "picture"),
    [("README.md", "docs/demo.png"), ("README.zh-CN.md", "docs/demo.zh-CN.png")],
)
def test_a_readme_fits_its_screen_and_leads_everywhere(name, picture):
    text = read(name)
    assert len(text.splitlines()) <= 90
    for needed in ("make demo", "make test", picture, "docs/architecture.md", "LICENSE"):
        assert needed in text, needed
    for room in (
        "device/drivers",
        "device/session/session.py",
        "device/ledger/ledger.py",
        "sync/uplink.py",
    ):
        assert room in text, room
    for folder in source_tree.PACKAGES:
        assert f"{folder}/" in text, folder


def paths_in(text: str) -> set[str]:
    """The files and folders that a text names, in backticks or in a box of a drawing."""
    spans = re.findall(r"`([\w./-]+)`", text) + re.findall(r"(?<=<br>)[\w./-]+", text)
    return {span for span in spans if "/" in span or span.endswith((".py", ".cfg"))}


def absent(paths: set[str]) -> set[str]:
    """The paths that are not in the repository; a bare file name may be anywhere in it."""
    names = {path.name for path in source_tree.sources()}
    return {path for path in paths if not (source_tree.ROOT / path).exists() and path not in names}


@pytest.mark.parametrize(
    ("name", "titles"),
    [
        ("README.md", ["One press, six rooms"]),
        ("README.zh-CN.md", ["一次按键，六个模块"]),
        ("docs/architecture.md", ["One press, six rooms", "Where things are", "Threads"]),
    ],
)
def test_every_path_that_an_overview_names_is_there(name, titles):
    for title in titles:
        paths = paths_in(section(read(name), title))
        assert paths
        assert absent(paths) == set()


def test_a_path_that_is_not_there_is_noticed():
    text = "`device/gone.py`, `debounce.py`, `device/pad.py`, `nowhere.py` and D[sync<br>sync/x.py]"
    assert absent(paths_in(text)) == {"device/gone.py", "nowhere.py", "sync/x.py"}


def test_both_readmes_lead_a_press_through_the_same_rooms():
    english = section(read("README.md"), "One press, six rooms")
    assert paths_in(english) == paths_in(section(read("README.zh-CN.md"), "一次按键，六个模块"))
    assert len(re.findall(r"^\| \d ", english, re.MULTILINE)) == 6


def test_the_layers_that_are_told_are_those_of_the_contract():
    settings = configparser.ConfigParser()
    settings.read(source_tree.ROOT / "setup.cfg", "utf-8")
    layers = settings["importlinter:contract:device"]["layers"].strip().splitlines()
    table = section(read("docs/architecture.md"), "Where things are").partition("| layer |")[2]
    told = iter(re.findall(r"`(\w+)`", table.partition("\n\n")[0]))
    for layer in layers:
        rooms = set(re.findall(r"\w+", layer))
        assert {next(told) for _ in rooms} == rooms
    assert not list(told)


def test_the_glossary_has_every_level_in_both_languages():
    from sync.codes import level_name

    told = rows(read("docs/glossary.md"))
    for level in Level:
        assert told[level.value][1] == level_name(level)


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_program_says_its_version(program):
    said = subprocess.run(
        [Path(sys.executable).with_name(program), "--version"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert re.fullmatch(rf"({program} )?\d+\.\d+\.\d+\n", said.stdout)
