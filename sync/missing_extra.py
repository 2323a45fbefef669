"""Which extra of ratingpad brings a library, and what to type for one that is missing."""

import shlex
import sys

EXTRAS = {
    "PIL": "pad",
    "segno": "pad",
    "starlette": "pad",
    "ulid": "pad",
    "uvicorn": "pad",
    "h11": "pad",
    "wsproto": "pad",
    "RPi": "pad,lgpio",
    "evdev": "pad,input",
    "serial": "pad,serial",
    "fontTools": "pad,touch",
    "luma": "pad,oled",
    "smbus2": "pad,oled",
    "spidev": "pad,spi",
    "sqlite_utils": "tools",
    "sqlalchemy": "province",
    "alembic": "province",
    "psycopg": "province,postgres",
    "iotcore": "demo",
}
"""By the name that is imported. A test compares them with setup.cfg."""


def pip_line(library: str, extra: str | None = None) -> str | None:
    """The command that installs a library by the extra that brings it, or by this `extra`; None for
    a module that no extra brings. `library`: as imported, also with dots.

    The pip is that of this environment: the system's refuses to install anything (PEP 668).
    """
    found = EXTRAS.get(library.partition(".")[0])
    return None if found is None else pip_install(f"ratingpad[{extra or found}]")


def pip_install(package: str) -> str:
    """The command by which the pip of this environment installs a package or an extra."""
    python = shlex.quote(sys.executable or "python3")
    return f"{python} -m pip install {shlex.quote(package)}"


def told(library: str, line: str) -> str:
    """What is said of a missing library, in Chinese and English."""
    name = library.partition(".")[0]
    return (
        f"缺少软件库 {name}，请输入：\nthe library {name} is not installed; type:\n\n    {line}\n"
    )
