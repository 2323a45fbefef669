"""The checks of `[phone]`: an address with room for a token, and the pad's own key."""

from pathlib import Path

import pytest

from device.config.config import Config, load
from device.config.phone_config import read_key_file
from device.errors import ConfigError
from device.output.display_output import refuse_unshowable
from sync.phone_token import CHARS, LONGEST_DAYS, POLICY_DAYS, PhoneKey, write_key

KEY = PhoneKey("pad-1", 42, bytes(range(32)))
URL = 'url = "https://rate.example.cn/R/"\n'
KEYED = URL + 'key_file = "phone-key"\n'


def loaded(folder: Path, phone: str, pad: str = "pad-1") -> Config:
    file = folder / "pad.toml"
    file.write_text(f'[pad]\nid = "{pad}"\n[ledger]\npath = "ledger.db"\n[phone]\n{phone}')
    return load(file)


def config_errors(folder: Path, phone: str, pad: str = "pad-1") -> list[str]:
    with pytest.raises(ConfigError) as caught:
        loaded(folder, phone, pad)
    return [line.strip() for line in caught.value.detail.splitlines()[1:]]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    key = tmp_path / "phone-key"
    key.touch(0o640)
    key.write_text(write_key(KEY))
    key.chmod(0o640)
    return tmp_path


def test_an_address_and_a_key_are_enough_and_the_days_default_to_the_policys(folder: Path) -> None:
    phone = loaded(folder, KEYED).phone
    assert phone.key_file is not None
    assert read_key_file(phone.key_file) == KEY
    assert phone.days == POLICY_DAYS == 7


def test_an_address_without_a_key_is_accepted(folder: Path) -> None:
    """The key may come later; until then no invitation has a code (test_phone_codes.py)."""
    assert loaded(folder, URL).phone.key_file is None


@pytest.mark.parametrize("mode", [0o644, 0o604, 0o660, 0o642, 0o777])
def test_a_key_that_others_may_read_or_change_is_refused(folder: Path, mode: int) -> None:
    (folder / "phone-key").chmod(mode)
    (line,) = config_errors(folder, KEYED)
    assert line.startswith("phone.key_file")
    assert f"has the rights {mode:o}" in line
    assert "chmod 640" in line


@pytest.mark.parametrize("mode", [0o600, 0o400, 0o640, 0o440])
def test_a_key_that_only_the_pad_may_read_is_accepted(folder: Path, mode: int) -> None:
    (folder / "phone-key").chmod(mode)
    loaded(folder, KEYED)


def test_the_key_of_another_pad_is_refused(folder: Path) -> None:
    (line,) = config_errors(folder, KEYED, pad="pad-2")
    assert "was issued to the pad 'pad-1'" in line


@pytest.mark.parametrize("text", [b"", b"secret", b"\xff", write_key(KEY)[:-3].encode()])
def test_a_file_that_holds_no_key_is_refused_and_not_quoted(folder: Path, text: bytes) -> None:
    (folder / "phone-key").write_bytes(text)
    (line,) = config_errors(folder, KEYED)
    assert line.startswith("phone.key_file")
    assert "000102" not in line


def test_a_missing_key_file_and_a_key_without_an_address_are_refused(folder: Path) -> None:
    (line,) = config_errors(folder, URL + 'key_file = "nowhere"')
    assert "No such file" in line
    (line,) = config_errors(folder, 'key_file = "phone-key"')
    assert "of no use without `url`" in line


@pytest.mark.parametrize("path", ["r/", "R/?t=", "R/%41", "R(", "R/~X/"])
def test_a_path_that_would_make_the_code_too_large_is_refused(folder: Path, path: str) -> None:
    (line,) = config_errors(folder, f'url = "https://h.example/{path}"\nkey_file = "phone-key"')
    assert line.startswith("phone.url")
    assert "nothing but capitals" in line


@pytest.mark.parametrize("value", ["days = 0", f"days = {LONGEST_DAYS + 1}", "late_s = 601"])
def test_times_have_bounds(folder: Path, value: str) -> None:
    (line,) = config_errors(folder, KEYED + value)
    assert line.startswith("phone.")


@pytest.mark.parametrize("pad", ["p", "p" * 32])
def test_every_accepted_address_has_room_for_every_pads_token(folder: Path, pad: str) -> None:
    """An address has at most 27 characters; tokens are of one length. `check` refuses 28."""
    (folder / "phone-key").write_text(write_key(PhoneKey(pad, 2**20 - 1, bytes(32))))
    for path in ("R/", "R/ABCDE/", "0123456$*+-./:"):
        url = f"https://{'h' * (27 - 9 - len(path))}/{path}"
        assert len(url) + CHARS == 77
        fits = f'url = "{url}"\nkey_file = "phone-key"'
        refuse_unshowable(loaded(folder, fits, pad))
        with pytest.raises(ConfigError, match=r"28 characters are too many .* at most 27"):
            refuse_unshowable(loaded(folder, fits.replace("://h", "://hh"), pad))
