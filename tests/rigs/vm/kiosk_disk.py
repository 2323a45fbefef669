"""The disk of a pad with a touchscreen: Debian 12 as it is installed, as an image to boot from.

The packages are Debian's, installed by apt with their scripts, and among them are those that
docs/touch.md tells a technician to install; the agent's own libraries are in /opt/ratingpad, a venv
as docs/operations.md has it. The checkout is not on it: it is bound to CHECKOUT when it runs.

The first time takes three minutes and 400 MB of downloads.
"""

import re
import shutil
from pathlib import Path

from tests.rigs.vm.debian_disk import debootstrap, image_hook, kept, sources
from tests.rigs.vm.kernel import CACHE
from tests.rigs.vm.wheels import PYTHON, ROOT, install, requirements

SUITE = "bookworm"
SYSTEM = ("systemd-sysv", "dbus", "libpam-systemd", "python3", "python3-venv", "curl")
FOR_THE_RIG = ("python3-evdev",)
"""Its uinput is the touchscreen."""
EXTRAS = ("pad", "touch")
BROWSERS = ("chromium", "cog")

CHECKOUT = "/opt/checkout"
PREFIX = "/opt/ratingpad"
SITE = f"{PREFIX}/lib/python{PYTHON}/site-packages"
SCRIPT = f"""#!{PREFIX}/bin/python3
import sys
from device.cli import main
sys.exit(main())
"""
SIZE = "4G"
"""1.5 GB are in it."""


def prepare_disk() -> Path:
    """The image, from the cache when it was made of the same."""
    folder = CACHE / "kiosk"
    recipe = _recipe(folder)
    with kept(folder, "\n".join([*sources(SUITE), *recipe])) as stale:
        if stale:
            _make(folder, recipe)
    return folder / "disk"


def documented_packages() -> list[str]:
    """What docs/touch.md has a technician tell apt to install, with every browser it offers."""
    text = (ROOT / "docs/touch.md").read_text("utf-8")
    told = re.search(r"(?m)^sudo apt install ([^#\n]+)", text)
    assert told is not None, "docs/touch.md names no packages any more"
    words = told[1].split()
    assert BROWSERS[0] in words, words
    return [*(word for word in words if word not in BROWSERS), *BROWSERS]


def _recipe(folder: Path) -> list[str]:
    """mmdebstrap's hooks, which make the image of what it has installed."""
    apt = "env --unset=APT_CONFIG DEBIAN_FRONTEND=noninteractive apt-get -qq --yes install"
    return [
        f'chroot "$1" {apt} {" ".join([*documented_packages(), *FOR_THE_RIG])}',
        f'chroot "$1" python3 -m venv {PREFIX}',
        f"sync-in {folder}/site {SITE}",
        f'echo {CHECKOUT} >"$1"{SITE}/checkout.pth',
        f"printf %s '{SCRIPT}' >\"$1\"{PREFIX}/bin/ratingpad",
        f'chmod 755 "$1"{PREFIX}/bin/ratingpad && mkdir "$1"{CHECKOUT}',
        'rm -rf "$1"/var/cache/apt/archives/*.deb "$1"/var/lib/apt/lists/*',
        image_hook(folder, SIZE),
        *(f"# {line}" for line in requirements(*EXTRAS)),
    ]


def _make(folder: Path, recipe: list[str]) -> None:
    shutil.rmtree(folder / "site", ignore_errors=True)
    install(folder / "site", "x86_64", requirements(*EXTRAS))
    debootstrap(folder, SUITE, SYSTEM, [hook for hook in recipe if not hook.startswith("#")])
    shutil.rmtree(folder / "site")
