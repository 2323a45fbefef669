"""The checks of `[desk]`: what is a mistake, and what is allowed."""

from pathlib import Path

import pytest

from device.config.config import Config, load
from device.config.desk_config import is_loopback, read_tokens
from device.errors import ConfigError
from tests.rigs.web.certificate import make_certificate
from web.tls import tls_context

BASE = """
[pad]
id = "pad-1"
[ledger]
path = "ledger.db"
[desk]
token_file = "token"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "token").write_text("0123456789abcdef\n")
    return tmp_path


def loaded(folder: Path, lines: str) -> Config:
    (folder / "pad.toml").write_text(BASE + lines, "utf-8")
    return load(folder / "pad.toml")


def config_errors(folder: Path, lines: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        loaded(folder, lines)
    return caught.value.detail.split("\n  ")[1:]


def test_by_default_the_desk_listens_on_this_machine_only(folder: Path) -> None:
    desk = loaded(folder, "").desk
    assert desk is not None
    assert is_loopback(desk.host)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.9", "::1", "localhost"])
def test_plain_http_is_accepted_on_this_machine(folder: Path, host: str) -> None:
    assert loaded(folder, f'host = "{host}"').desk


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "pad-3.hall.lan"])
def test_plain_http_on_the_network_needs_an_explicit_line(folder: Path, host: str) -> None:
    (line,) = config_errors(folder, f'host = "{host}"')
    assert line.startswith(f'desk.host = "{host}"')
    assert "`certificate`" in line
    assert "`plain_on_lan = true`" in line
    assert loaded(folder, f'host = "{host}"\nplain_on_lan = true').desk


def test_a_certificate_is_enough_for_the_halls_network(folder: Path) -> None:
    certificate = make_certificate(folder)
    chain, key = certificate.chain.name, certificate.key.name
    apart = f'host = "0.0.0.0"\ncertificate = "{chain}"\ncertificate_key = "{key}"'
    assert loaded(folder, apart).desk
    assert loaded(folder, f'host = "0.0.0.0"\ncertificate = "{certificate.both.name}"').desk
    tls_context(certificate.both, None)


def test_a_certificate_that_cannot_be_used_is_named(folder: Path) -> None:
    certificate = make_certificate(folder)
    (line,) = config_errors(folder, 'certificate = "nowhere.pem"')
    assert "No such file" in line
    # Its key is in another file.
    (line,) = config_errors(folder, f'certificate = "{certificate.chain.name}"')
    assert "cannot be used with its key" in line
    other = folder / "other"
    other.mkdir()
    wrong = make_certificate(other).key
    (line,) = config_errors(
        folder, f'certificate = "{certificate.chain.name}"\ncertificate_key = "{wrong}"'
    )
    assert "cannot be used with its key" in line
    (line,) = config_errors(folder, 'certificate_key = "key.pem"')
    assert "of no use without `certificate`" in line
    (line,) = config_errors(folder, f'certificate = "{certificate.both.name}"\nplain_on_lan = true')
    assert "take out one of the two" in line


def test_there_may_be_several_tokens_and_each_must_be_long_enough(folder: Path) -> None:
    (folder / "token").write_text("0123456789abcdef\n\n  the-next-one-for-tomorrow \n")
    assert loaded(folder, "").desk
    assert read_tokens(folder / "token") == ("0123456789abcdef", "the-next-one-for-tomorrow")
    (folder / "token").write_text("0123456789abcdef\nshort\n")
    assert "shorter than 16" in config_errors(folder, "")[0]
    (folder / "token").write_text("\n")
    assert "shorter than 16" in config_errors(folder, "")[0]


def test_the_plug_ins_token_file_is_checked_too(folder: Path) -> None:
    (line,) = config_errors(folder, 'plugin_token_file = "nowhere"')
    assert line.startswith("desk.plugin_token_file")


@pytest.mark.parametrize(
    "origin",
    ["http://win.hall.lan", "https://win.hall.lan:8443", "http://10.0.0.5:8080", "null"],
)
def test_an_origin_is_what_a_browser_sends(folder: Path, origin: str) -> None:
    desk = loaded(folder, f'origins = ["{origin}"]').desk
    assert desk is not None
    assert desk.origins == (origin,)


@pytest.mark.parametrize(
    "origin",
    [
        "*",
        "",
        "win.hall.lan",
        "http://win.hall.lan/",
        "http://win.hall.lan/app",
        "http://Win.hall.lan",
        "http://win.hall.lan:80",
        "https://win.hall.lan:443",
        "http://user@win.hall.lan",
        "http://win:99999",
        "ftp://win.hall.lan",
        "http://",
        "https://*.hall.lan:x",
    ],
)
def test_an_origin_that_no_browser_sends_is_refused(folder: Path, origin: str) -> None:
    (line,) = config_errors(folder, f'origins = ["http://ok.lan", "{origin}"]')
    assert line.startswith("desk.origins")
