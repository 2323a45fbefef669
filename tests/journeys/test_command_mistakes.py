"""Every command, typed with paths, numbers and names that are wrong: words that fit the cause.

No traceback, no bare errno, no empty reason, and never the remedy of something else.
"""

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.rigs.system.child_environment import environment

NOBODY = 65_534
IS_ROOT = os.geteuid() == 0
POWERLESS = ("setpriv", "--bounding-set=-dac_override,-dac_read_search")
"""Root without the rights to read and write everybody's files: it is denied as any user is."""

PAD, PROVINCE, DEMO = "device.cli", "province.cli", "demo.cli"
BROKER = "--broker mqtt://127.0.0.1:1"

MISTAKES = [
    (PAD, "run --config missing", "No such file"),
    (PAD, "run --config folder", "Is a directory"),
    (PAD, "run --config binary", "not UTF-8"),
    (PAD, "check --config missing", "No such file"),
    (PAD, "check --config folder", "Is a directory"),
    (PAD, "check --config binary", "not UTF-8"),
    (PAD, "check --config folder/below/x", "No such file"),
    (PAD, "check --config file/x", "Not a directory"),
    (PAD, "selftest --config missing", "No such file"),
    (PAD, "selftest --config pad.toml --report file", "is there already"),
    (PAD, "selftest --config pad.toml --report folder", "is there already"),
    (PAD, "selftest --config pad.toml --report missing/x", "No such file"),
    (PAD, "wiring --board rpi4", 'did you mean "rpi-4"'),
    (PAD, "wiring --board toaster", "there is no board 'toaster'"),
    (PAD, "wiring --board simulated", "nothing to wire"),
    (PAD, "units --out file", "cannot be written: (File exists|Not a directory)"),
    (PAD, "units --out folder --kiosk firefox", "invalid choice"),
    (PAD, "voice --out file", "cannot be made: (File exists|Not a directory|espeak-ng is not)"),
    (PAD, "nonsense", "invalid choice"),
    (PROVINCE, "verify --store nonsense", "P01"),
    (PROVINCE, "verify --store sqlite:///missing/x.db", "P(18|19|20) "),
    (PROVINCE, "verify --store sqlite:///folder", "P(18|19|20) "),
    (PROVINCE, "verify --store sqlite:///binary", "P(18|19|20) "),
    (PROVINCE, "ratings --store sqlite:///missing/x.db", "P(18|19|20) "),
    (PROVINCE, "ratings --store sqlite:///missing/x.db --limit ten", "not a whole number"),
    (PROVINCE, "ratings --store sqlite:///missing/x.db --limit -1", "-1 is not 1 to 10000000"),
    (PROVINCE, "ratings --store sqlite:///missing/x.db --to 2026-11-31", "there is no 2026-11-31"),
    (PROVINCE, "ratings --store sqlite:///missing/x.db --limit 0", "0 is not 1 to 10000000"),
    (PROVINCE, "receive --store sqlite:///x.db --broker nonsense", "P08"),
    (PROVINCE, "receive --store sqlite:///x.db --broker mqtt://10.0.0.1", "P08"),
    (PROVINCE, "receive --store sqlite:///x.db --broker mqtt://127.0.0.1:99999", "P08"),
    (PROVINCE, "receive --store sqlite:///x.db --broker mqtt://127.0.0.1:0", "P08"),
    (PROVINCE, f"receive --store sqlite:///missing/x.db {BROKER}", "P(18|19|20) "),
    (PROVINCE, "phone-key --pad p --number 1 --out file", "P09 .*File exists"),
    (PROVINCE, "phone-key --pad p --number 1 --out folder", "P09 .*(File exists|Is a directory)"),
    (PROVINCE, "phone-key --pad p --number 1 --out missing/x", "P09 .*No such file"),
    (PROVINCE, "phone-key --pad p --number 99999999999 --out new", "is not 0 to"),
    (PROVINCE, "phone-key --pad p --number one --out new", "not a whole number"),
    (PROVINCE, "token --key missing x", "P09 .*No such file"),
    (PROVINCE, "token --key folder x", "P09 .*Is a directory"),
    (PROVINCE, "token --key binary x", "P09"),
    (PROVINCE, "token --key file --on yesterday x", "invalid"),
    (DEMO, "--port 99999", "99999 is not 0 to 65535"),
    (DEMO, "--port x", "not a whole number"),
    (DEMO, "--pads 10", "1 to 9"),
    (DEMO, "stroy", "invalid choice"),
]

DENIED = [
    (PAD, "check --config denied", "Permission denied: .*belongs to nobody"),
    (PAD, "run --config denied", "Permission denied: .*belongs to nobody"),
    (PAD, "selftest --config pad.toml --report closed/x", "Permission denied"),
    (PAD, "units --out closed", "Permission denied.*choose another --out"),
    (PAD, "voice --out closed", "cannot be made: (Permission denied|espeak-ng is not)"),
    (PROVINCE, "phone-key --pad p --number 1 --out closed/x", "P09 .*Permission denied"),
    (PROVINCE, "token --key denied x", "P09 .*Permission denied"),
    (PROVINCE, "verify --store sqlite:///denied", "P(18|19|20) "),
    (PROVINCE, f"receive --store sqlite:///closed/x.db {BROKER}", "P(18|19|20) "),
]


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """A working folder with one path of each wrong kind."""
    with tempfile.TemporaryDirectory(prefix="ratingpad-wrong-") as made:
        here = Path(made)
        (here / "folder").mkdir()
        (here / "file").write_text("text\n")
        (here / "binary").write_bytes(b"\xff\xfe\x00" * 999)
        (here / "denied").write_text("text\n")
        (here / "denied").chmod(0o600)
        (here / "closed").mkdir(mode=0o700)
        if IS_ROOT:
            for name in ("denied", "closed"):
                os.chown(here / name, NOBODY, NOBODY)
        (here / "pad.toml").write_text('[pad]\nid = "p"\n[ledger]\npath = "folder/l.db"\n')
        yield here


def typed(module: str, line: str, folder: Path, *before: str) -> tuple[int, str]:
    program = f"import sys; from {module} import command; sys.exit(command())"
    done = subprocess.run(
        [*before, sys.executable, "-c", program, *line.split()],
        capture_output=True,
        text=True,
        cwd=folder,
        env=environment(),
        stdin=subprocess.DEVNULL,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def look(code: int, printed: str, expected: str) -> None:
    assert code in (1, 2), printed
    assert re.search(expected, printed, re.DOTALL), printed
    for unwanted in ("Traceback", "[Errno", "Look at the card", "cable", ": : ", "\n: ", ":  "):
        assert unwanted not in printed, printed
    if "check" not in printed:
        assert "Mend every line" not in printed


@pytest.mark.parametrize(("module", "line", "expected"), MISTAKES, ids=lambda part: str(part)[:40])
def test_a_mistake_is_told_in_its_own_words(
    folder: Path, module: str, line: str, expected: str
) -> None:
    look(*typed(module, line, folder), expected)


@pytest.mark.skipif(not IS_ROOT, reason="needs root, to give files away")
@pytest.mark.parametrize(("module", "line", "expected"), DENIED, ids=lambda part: str(part)[:40])
def test_what_this_user_may_not_read_or_write_is_told_so(
    folder: Path, module: str, line: str, expected: str
) -> None:
    look(*typed(module, line, folder, *POWERLESS), expected)
