"""The commands that explain a scanned code and make a pad's key."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from province.cli import main
from sync.entries import HashName
from sync.phone_token import Purpose, issue, last_day, read_key

PAD = "jl-0431-017"
CASE = "01JD5Z9QWV00000000000000A1"
ADDRESS = "HTTPS://RATE.EXAMPLE.CN/R/"


def made(folder: Path, number: int, *more: str) -> Path:
    path = folder / f"key-{number}"
    assert (
        main(["phone-key", "--pad", PAD, "--number", str(number), "--out", str(path), *more]) == 0
    )
    return path


def explained(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, list[str]]:
    code = main(["token", *arguments])
    return code, capsys.readouterr().out.split()


def test_every_key_is_new_and_only_its_owner_may_read_the_file(tmp_path: Path) -> None:
    first, second = (read_key(made(tmp_path, number).read_text("utf-8")) for number in (1, 2))
    assert (first.pad, first.number, first.hash) == (PAD, 1, HashName.SHA256)
    assert first.secret != second.secret
    assert (tmp_path / "key-1").stat().st_mode & 0o777 == 0o600
    sm3 = made(tmp_path, 3, "--hash", "sm3").read_text("utf-8")
    assert read_key(sm3).hash is HashName.SM3


def test_a_key_file_is_never_overwritten(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = made(tmp_path, 1).read_bytes()
    again = ["phone-key", "--pad", PAD, "--number", "2", "--out", str(tmp_path / "key-1")]
    assert main(again) == 2
    assert capsys.readouterr().err.startswith("P09")
    assert (tmp_path / "key-1").read_bytes() == before


@pytest.mark.parametrize(("pad", "number"), [("JL", "1"), ("p" * 33, "1")])
def test_a_key_that_no_pad_would_take_is_not_made(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], pad: str, number: str
) -> None:
    out = tmp_path / "key"
    assert main(["phone-key", "--pad", pad, "--number", number, "--out", str(out)]) == 2
    assert capsys.readouterr().err.startswith("P09")
    assert not out.exists()


def test_a_scanned_code_is_explained_with_its_address_or_without(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = [made(tmp_path, 1), made(tmp_path, 2)]
    keys = ["--key", str(files[0]), "--key", str(files[1])]
    token = issue(read_key(files[1].read_text("utf-8")), CASE, 20787)
    expected = (0, ["good", "rate", PAD, CASE, "2026-11-30"])
    assert explained(capsys, *keys, "--on", "2026-11-30", token) == expected
    assert explained(capsys, *keys, "--on", "2026-11-23", f" {ADDRESS}{token}\n") == expected
    assert explained(capsys, *keys, "--on", "2026-12-01", token) == (1, ["expired"])
    assert explained(capsys, *keys, "--on", "2026-10-01", token) == (1, ["not-yet"])
    changed = token[:-1] + ("1" if token[-1] == "0" else "0")
    assert explained(capsys, *keys, changed) == (1, ["forged"])
    assert explained(capsys, *keys[:2], token) == (1, ["unknown-key"])
    assert explained(capsys, *keys, ADDRESS) == (1, ["malformed"])


def test_a_code_is_judged_by_todays_date_and_one_without_a_last_day_is_marked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = made(tmp_path, 1)
    key = read_key(file.read_text("utf-8"))
    now_ms = round(datetime.now(UTC).timestamp() * 1000)
    assert explained(capsys, "--key", str(file), issue(key, CASE, last_day(now_ms)))[0] == 0
    assert explained(capsys, "--key", str(file), issue(key, CASE, 1)) == (1, ["expired"])
    code, words = explained(capsys, "--key", str(file), issue(key, CASE, None, Purpose.WORDS))
    assert (code, words[:4]) == (0, ["good", "words", PAD, CASE])
    assert " ".join(words[4:]) == "(pad without the time)"


@pytest.mark.parametrize("text", [None, b"pad = 1", b"\xff"])
def test_a_file_that_is_no_key_file_is_an_error_with_a_code(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: bytes | None
) -> None:
    file = tmp_path / "key"
    if text is not None:
        file.write_bytes(text)
    assert main(["token", "--key", str(file), "x"]) == 2
    assert capsys.readouterr().err.startswith("P09")
