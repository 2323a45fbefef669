"""How this machine reaches PyPI and Debian's archive, told to a machine inside it."""

import re
import subprocess
import sys
from pathlib import Path

from tests.rigs.vm.archive import output_of
from tests.rigs.vm.kernel import CACHE

OF_PIP = ("index-url", "extra-index-url", "trusted-host", "proxy", "default-timeout", "timeout")
OF_APT = re.compile(r'^Acquire::(?:https?::Proxy|Check-Valid-Until|Check-Date).* ".+";$', re.M)


def pip_conf() -> str:
    """/etc/pip.conf, without what lies on this machine's own disk."""
    told = _pip_settings()
    lines = [f"{name} = {_remote(told[name])}" for name in OF_PIP if _remote(told.get(name, ""))]
    if "cert" in told:
        lines.append(f"cert = {CERTIFICATES}")
    return "\n".join(["[global]", *lines, ""])


CERTIFICATES = "/etc/ssl/certs/of-the-host.pem"
"""Where the file must be inside that `certificates` gives."""


def certificates() -> bytes:
    """The authorities that pip is told to trust here; nothing where it has its own."""
    path = _pip_settings().get("cert")
    if path is None:
        return b""
    return Path(path).read_bytes()


def apt_conf() -> str:
    """A file for /etc/apt/apt.conf.d: proxies, and whether an archive may be an old one."""
    told = output_of(["apt-config", "dump"], CACHE)
    return "".join(f"{line}\n" for line in OF_APT.findall(told))


def _pip_settings() -> dict[str, str]:
    """What pip is told by its files and its environment, by name."""
    listed = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True, check=True
    )
    rows = re.findall(r"^[^=]*\.([a-z-]+)='(.*)'$", listed.stdout, re.MULTILINE)
    return dict(rows)


def _remote(value: str) -> str:
    """The words of a setting but those that name a folder here."""
    words = re.split(r"\s+|\\n", value)
    return " ".join(word for word in words if not word.startswith(("file:", "/")))
