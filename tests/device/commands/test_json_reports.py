"""What commands print for programs: by the schema, the same in every locale, errors too."""

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from device import cli
from tests.rigs.commands.documents import FILE, text
from tests.rigs.ledger.ledger_process import open_in, rated

GOOD = '[pad]\nid = "pad-1"\nwindow = "3"\n[ledger]\npath = "ledger.db"\n'
BROKEN = GOOD.replace("window", "windwo") + "[session]\ngrace_s = -1\n"
SCHEMA = json.loads(FILE.read_text("utf-8"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A correct and a wrong configuration, and a ledger."""
    (tmp_path / "pad.toml").write_text(GOOD)
    (tmp_path / "wrong.toml").write_text(BROKEN)
    ledger = open_in(tmp_path)
    ledger.append(rated(0))
    ledger.close()
    return tmp_path


@pytest.fixture
def printed(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Callable[[str], tuple[int, Any]]:
    """Types a command in both languages; its exit code and its document, which are the same."""
    monkeypatch.chdir(folder)
    monkeypatch.delenv("LC_ALL", raising=False)
    monkeypatch.setattr("sys.stdin", io.StringIO())

    def typed(line: str) -> tuple[int, Any]:
        found = []
        for language in ("en", "zh_CN"):
            monkeypatch.setenv("LANGUAGE", language)
            monkeypatch.setenv("FORCE_COLOR", "1")
            code = cli.main([*line.split(), "--json"])
            out = capsys.readouterr().out
            assert out.count("\n") == 1
            found.append((code, json.loads(out)))
        assert found[0] == found[1]
        return found[0]

    return typed


def validate(name: str, document: Any) -> None:
    """Raises jsonschema.ValidationError; also for a key that the schema does not name."""
    schema = {**SCHEMA["properties"][name], "$defs": SCHEMA["$defs"]}
    jsonschema.Draft202012Validator(schema).validate(document)
    part = SCHEMA["$defs"][schema["$ref"].rpartition("/")[2]]
    assert set(document) == set(part["properties"])


def test_the_schema_is_that_of_the_types() -> None:
    """`make schema` writes it."""
    assert FILE.read_text("utf-8") == text()


@pytest.mark.parametrize(
    ("line", "code", "name"),
    [
        ("check --config pad.toml", 0, "ratingpad check"),
        ("check --config wrong.toml", 1, "ratingpad check"),
        ("check --config nowhere.toml", 1, "ratingpad check"),
        ("check --config pad.toml --user no-such-user", 2, "error"),
        ("verify ledger", 0, "ratingpad verify"),
        ("verify nowhere", 2, "error"),
        ("verify .", 2, "error"),
        ("wiring --board rpi-4", 0, "ratingpad wiring"),
        ("wiring --board rpi-44", 2, "error"),
        ("wiring --board simulated", 2, "error"),
        ("selftest --config wrong.toml", 2, "error"),
        ("selftest --config pad.toml --report pad.toml", 2, "error"),
    ],
)
def test_a_document_is_as_the_schema_says_in_every_locale(
    line: str, code: int, name: str, printed: Callable[[str], tuple[int, Any]]
) -> None:
    found, document = printed(line)
    assert found == code
    validate(name, document)


def test_each_mistake_of_a_configuration_has_its_code(
    printed: Callable[[str], tuple[int, Any]],
) -> None:
    _, document = printed("check --config wrong.toml")
    [problem] = document["problems"]
    assert problem["code"] == "S01"
    assert "windwo" in problem["detail"]
    assert document["in_order"] is False


def test_what_verify_found_is_in_its_document(printed: Callable[[str], tuple[int, Any]]) -> None:
    _, document = printed("verify ledger")
    assert (document["outcome"], document["pad"], document["head"]) == ("intact", "pad-1", 2)
    assert document["bad"] is None
