"""The service's files as systemd reads them; tests/hardware starts the service."""

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from device import cli
from device.system import system_files
from device.ui.touch.kiosk_secret import secret_in

PROGRAM = Path(sys.executable).with_name("ratingpad")
EXPOSURE = 2.0
"""The most points that `systemd-analyze security` may give; 10 is a service without a sandbox."""

KIOSK_EXPOSURE = 3.0
"""A browser compiles what it runs, and Chromium's own sandbox takes namespaces."""


@pytest.fixture
def service(tmp_path: Path) -> Path:
    system_files.write(tmp_path, PROGRAM)
    return tmp_path / "etc/systemd/system/ratingpad.service"


def analyze(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = ["systemd-analyze", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def exposure(service: Path) -> float:
    done = analyze("security", "--offline=true", service)
    (points,) = re.findall(r"Overall exposure level for \S+: ([\d.]+)", done.stdout)
    return float(points)


def lines(service: Path) -> list[str]:
    return [line for line in service.read_text("utf-8").splitlines() if re.match(r"\w+=", line)]


def test_every_file_goes_to_its_place_and_the_service_starts_the_program_that_wrote_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["units", "--out", str(tmp_path)]) == 0
    printed = capsys.readouterr().out
    for name in (
        "systemd/system/ratingpad.service",
        "systemd/system.conf.d/ratingpad-watchdog.conf",
        "sysusers.d/ratingpad.conf",
        "tmpfiles.d/ratingpad.conf",
    ):
        assert (tmp_path / "etc" / name).is_file()
        assert str(tmp_path / "etc" / name) in printed
    assert "systemctl enable --now ratingpad" in printed
    service = (tmp_path / "etc/systemd/system/ratingpad.service").read_text("utf-8")
    assert f"ExecStart={PROGRAM} run --config /etc/ratingpad/pad.toml" in service
    assert "/opt/" not in service


def test_a_place_that_cannot_be_written_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "etc").write_text("a file")
    assert cli.main(["units", "--out", str(tmp_path)]) == 2
    assert str(tmp_path) in capsys.readouterr().err


def test_another_kiosk_replaces_every_file_of_the_one_before(tmp_path: Path) -> None:
    first = system_files.write(tmp_path, PROGRAM, "chromium")
    only = [path for path in first if path.name in ("chromium.conf", "ratingpad.json")]
    assert [path.is_file() for path in only] == [True, True]
    second = system_files.write(tmp_path, PROGRAM, "cog")
    assert {path for path in tmp_path.rglob("*") if path.is_file()} == set(second)
    third = system_files.write(tmp_path, PROGRAM)  # without a kiosk; its files stay
    assert set(third) < {path for path in tmp_path.rglob("*") if path.is_file()}


def test_a_kiosk_is_installed_on_request_only_and_its_folder_is_made_before_the_agent_starts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["units", "--out", str(tmp_path / "without")]) == 0
    assert "ratingpad-kiosk" not in capsys.readouterr().out
    assert cli.main(["units", "--out", str(tmp_path / "with"), "--kiosk", "cog"]) == 0
    printed = capsys.readouterr().out
    assert printed.index("tmpfiles --create ratingpad.conf ratingpad-kiosk.conf") < printed.index(
        "enable --now ratingpad\n"
    )
    assert "chromium" not in printed
    assert printed.endswith(
        "systemctl enable --now seatd ratingpad-kiosk ratingpad-kiosk-again.path\n"
    )


@pytest.mark.parametrize("browser", system_files.KIOSKS)
def test_the_kiosk_and_the_agent_do_not_end_each_other(tmp_path: Path, browser: str) -> None:
    system_files.write(tmp_path, PROGRAM, browser)
    kiosk = tmp_path / "etc/systemd/system/ratingpad-kiosk.service"
    settings = lines(kiosk)
    assert "Restart=always" in settings
    ties = ("Requires", "BindsTo", "PartOf", "Wants", "Upholds", "Requisite", "Conflicts")
    for line in [*settings, *lines(kiosk.with_name("ratingpad.service"))]:
        if line.startswith(ties):
            assert "ratingpad" not in line


def started(folder: Path, browser: str) -> list[str]:
    """The command that systemd starts for this browser: the last one counts."""
    system_files.write(folder, PROGRAM, browser)
    kiosk = folder / "etc/systemd/system/ratingpad-kiosk.service"
    files = [kiosk, *folder.glob("etc/systemd/system/ratingpad-kiosk.service.d/*")]
    found = [line for file in files for line in lines(file) if line.startswith("ExecStart=/")]
    return shlex.split(found[-1].removeprefix("ExecStart="))


LAST_WORDS = """#!/bin/sh
trap "" TERM
kill -TERM 0
echo "opening http://127.0.0.1:8610/#SECRET and secret.SECRET"
echo "The profile appears to be in use by another computer (pad-3)" >&2
exit 21
"""
"""A browser that is stopped as systemd does it: SIGTERM to every process of the service."""


@pytest.mark.parametrize("browser", system_files.KIOSKS)
def test_the_browsers_last_words_are_kept_without_the_secret(tmp_path: Path, browser: str) -> None:
    secret = secret_in(tmp_path / "entry.html")
    compositor = tmp_path / "cage"
    compositor.write_text(LAST_WORDS.replace("SECRET", secret))
    compositor.chmod(0o755)
    *before, script = started(tmp_path, browser)
    assert browser in script
    script = script.replace("/run/ratingpad-kiosk", str(tmp_path)).replace(
        "/usr/bin/cage", str(compositor)
    )
    done = subprocess.run(
        [*before, script],
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
        start_new_session=True,
    )
    assert done.returncode == 21
    assert "in use by another computer" in done.stdout
    assert "opening http://127.0.0.1:8610/#*** and secret.***" in done.stdout
    assert secret not in done.stdout + done.stderr
    settings = lines(tmp_path / "etc/systemd/system/ratingpad-kiosk.service")
    assert {"StandardOutput=journal", "StandardError=journal"} <= set(settings)


@pytest.mark.parametrize("browser", system_files.KIOSKS)
def test_the_browsers_profile_is_in_memory_and_new_at_each_start(
    tmp_path: Path, browser: str
) -> None:
    """systemd removes the runtime folder when the service ends, and makes it again."""
    script = started(tmp_path, browser)[-1]
    settings = lines(tmp_path / "etc/systemd/system/ratingpad-kiosk.service")
    assert "Environment=HOME=/run/ratingpad-kiosk" in settings
    assert "RuntimeDirectory=ratingpad-kiosk" in settings
    kept = ("StateDirectory", "CacheDirectory", "RuntimeDirectoryPreserve")
    assert not [line for line in settings if line.startswith(kept)]
    if browser == "chromium":
        assert "--user-data-dir=/run/ratingpad-kiosk/" in script
    assert "/var/" not in script


def test_chromium_shows_nothing_over_the_page(tmp_path: Path) -> None:
    script = started(tmp_path, "chromium")[-1]
    for flag in ("noerrdialogs", "disable-infobars", "hide-crash-restore-bubble", "no-first-run"):
        assert f" --{flag} " in script
    policy = json.loads((tmp_path / "etc/chromium/policies/managed/ratingpad.json").read_text())
    assert policy["TranslateEnabled"] is False
    assert policy["DefaultNotificationsSetting"] == 2


@pytest.mark.systemd
@pytest.mark.parametrize("browser", system_files.KIOSKS)
def test_systemd_has_no_complaint_about_the_kiosk(tmp_path: Path, browser: str) -> None:
    system_files.write(tmp_path, PROGRAM, browser)
    folder = tmp_path / "etc/systemd/system"
    kiosk = folder / "ratingpad-kiosk.service"
    done = analyze("verify", "--man=no", kiosk)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")
    assert exposure(kiosk) <= KIOSK_EXPOSURE
    again = kiosk.with_name("ratingpad-kiosk-again.service")
    done = analyze("verify", "--man=no", again.with_suffix(".path"), again)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")
    assert exposure(again) <= KIOSK_EXPOSURE


@pytest.mark.systemd
def test_systemd_has_no_complaint_about_the_service(service: Path) -> None:
    done = analyze("verify", "--man=no", service)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


@pytest.mark.systemd
@pytest.mark.parametrize(
    "wrong_line", ["WatchdogSecs=3", "MemoryMax=much", "SystemCallFilter=@sytem-service"]
)
def test_control_a_wrong_line_is_noticed(wrong_line: str, service: Path) -> None:
    text = service.read_text("utf-8").replace("[Install]", f"{wrong_line}\n[Install]")
    service.write_text(text, "utf-8")
    done = analyze("verify", "--man=no", service)
    assert done.returncode or done.stderr


@pytest.mark.systemd
def test_the_services_permissions_are_few(service: Path) -> None:
    assert exposure(service) <= EXPOSURE


@pytest.mark.systemd
@pytest.mark.parametrize(
    "line", ["CapabilityBoundingSet=", "NoNewPrivileges=yes", "SystemCallFilter=@system-service"]
)
def test_a_permission_too_many_is_noticed(line: str, service: Path) -> None:
    before = exposure(service)
    text = service.read_text("utf-8")
    assert f"\n{line}\n" in text
    service.write_text(text.replace(f"\n{line}\n", "\n"), "utf-8")
    assert exposure(service) > before


def test_what_the_pad_needs_is_permitted(service: Path) -> None:
    """Each of these was tried: with it the pad does not work."""
    settings = lines(service)
    assert not any(line.startswith("ProtectClock=") for line in settings)  # adjtimex(2) fails: C01
    assert not any(line.startswith("ProcSubset=") for line in settings)  # no boot id
    assert not any(line.startswith("PrivateDevices=") for line in settings)
    assert "StartLimitIntervalSec=0" in settings
    assert "Restart=always" in settings


def test_the_pads_folder_is_there_before_the_first_start():
    """`ratingpad check` and `ratingpad voice` are typed before the service runs."""
    files = {str(file.path): file.text for file in system_files.system_files(PROGRAM)}
    lines = files["etc/tmpfiles.d/ratingpad.conf"].splitlines()
    assert "d /var/lib/ratingpad 0750 ratingpad ratingpad -" in lines
