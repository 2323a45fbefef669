"""`ratingpad check`, typed by root, looks at the files as the service's user would."""

import grp
import os
import pwd
import re
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from device import cli
from device.config.config import load
from device.config.file_rights import Reader, wrong_rights
from tests.rigs.source import source_tree

NOBODY = Reader("nobody", 65_534, frozenset({65_534}))
root_only = pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to give files away")


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that every user can reach; pytest's own are closed."""
    with tempfile.TemporaryDirectory(prefix="ratingpad-rights-") as made:
        Path(made).chmod(0o755)
        yield Path(made)


def written(folder: Path, mode: int) -> Path:
    """A pad's file with a desk, whose token file has this mode."""
    (folder / "token").write_text("0123456789abcdef\n")
    (folder / "token").chmod(mode)
    file = folder / "pad.toml"
    file.write_text('[pad]\nid = "pad-1"\n[ledger]\npath = "l.db"\n[desk]\ntoken_file = "token"\n')
    file.chmod(0o644)
    return file


@pytest.mark.parametrize("mode", [0o644, 0o604, 0o666])
def test_a_token_that_every_user_may_read_is_refused(
    folder: Path, mode: int, capsys: pytest.CaptureFixture[str]
) -> None:
    file = written(folder, mode)
    assert cli.main(["check", "--config", str(file)]) == 1
    printed = capsys.readouterr().err
    assert f'desk.token_file = "{folder}/token": mode {mode:o}' in printed
    assert f"chmod 640 {folder}/token" in printed
    (folder / "token").chmod(0o640)
    assert cli.main(["check", "--config", str(file)]) == 0


@root_only
def test_a_token_that_only_root_can_read_is_refused_although_root_asks(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = written(folder, 0o640)
    assert cli.main(["check", "--config", str(file), "--user", "nobody"]) == 1
    printed = capsys.readouterr().err
    assert "the service's user nobody cannot read it" in printed
    assert "token is root:root 640" in printed
    os.chown(folder / "token", 0, 65_534)
    assert cli.main(["check", "--config", str(file), "--user", "nobody"]) == 0


@root_only
def test_a_folder_on_the_way_that_is_closed_is_named(folder: Path) -> None:
    file = written(folder, 0o640)
    os.chown(folder / "token", 0, 65_534)
    assert wrong_rights(load(file), file, NOBODY) == []
    folder.chmod(0o700)
    lines = wrong_rights(load(file), file, NOBODY)
    assert len(lines) == 2
    assert all(f"chgrp nobody {folder} && chmod 750 {folder}`" in line for line in lines)


@root_only
@pytest.mark.parametrize(
    ("owner", "mode", "is_readable"),
    [
        ((65_534, 0), 0o600, True),
        ((65_534, 0), 0o040, False),  # the owner's rights decide, and there are none
        ((0, 65_534), 0o604, False),  # the group's decide
        ((0, 65_534), 0o640, True),
        ((0, 0), 0o640, False),
    ],
)
def test_owner_group_and_mode_decide_as_in_the_kernel(
    folder: Path, owner: tuple[int, int], mode: int, is_readable: bool
) -> None:
    file = written(folder, 0o640)
    config = load(file)
    os.chown(folder / "token", *owner)
    (folder / "token").chmod(mode & ~0o004)
    assert (wrong_rights(config, file, NOBODY) == []) is is_readable


def test_an_unknown_user_is_said(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = written(folder, 0o640)
    assert cli.main(["check", "--config", str(file), "--user", "no-such-user"]) == 2
    assert "there is no such user" in capsys.readouterr().err


@root_only
@pytest.mark.parametrize("page", ["desk.md", "desk.zh-CN.md"])
def test_the_documented_commands_make_a_token_that_the_service_can_read(
    folder: Path, page: str, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (source_tree.ROOT / "docs" / page).read_text("utf-8")
    (make,) = re.findall(r"^\$ (openssl .*)$", text, re.MULTILINE)
    (check,) = re.findall(r"^\$ sudo (ratingpad check .*)$", text, re.MULTILINE)
    make, check = (line.replace("/etc/ratingpad", str(folder)) for line in (make, check))
    file = written(folder, 0o600)
    (folder / "token").unlink()
    file.write_text(file.read_text().replace('"token"', '"desk-token"'))
    typed = make.replace("sudo ", "").replace("-g ratingpad", f"-g {grp.getgrgid(65_534).gr_name}")
    subprocess.run(["sh", "-c", f"umask 022; {typed}"], check=True, timeout=20)
    assert cli.main([*check.split()[1:], "--user", "nobody"]) == 0, capsys.readouterr().err


@root_only
def test_nobody_is_told_to_open_a_home_folder(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = written(folder, 0o640)
    os.chown(folder / "token", 0, 65_534)
    folder.chmod(0o700)
    home = pwd.getpwnam("root")
    monkeypatch.setattr(
        pwd, "getpwall", lambda: [pwd.struct_passwd((*home[:5], str(folder), home[6]))]
    )
    lines = wrong_rights(load(file), file, NOBODY)
    assert len(lines) == 2
    assert all("move it to a folder that nobody may enter" in line for line in lines)
    assert not any("chmod" in line for line in lines)
