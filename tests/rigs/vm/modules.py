"""Which kernel modules a module depends on, read from the files themselves.

Debian runs depmod when the kernel is installed; ours never is.
"""

import lzma
import re
from pathlib import Path

DEPENDS = re.compile(rb"\0depends=([^\0]*)\0")
"""A module names its dependencies in its section `.modinfo`."""


def _key(name: str) -> str:
    return name.replace("-", "_")


def _content(path: Path) -> bytes:
    data = path.read_bytes()
    return lzma.decompress(data) if path.suffix == ".xz" else data


def in_order(folder: Path, ours: list[Path], wanted: tuple[str, ...]) -> dict[str, bytes]:
    """The modules and all their dependencies, by name, each after what it needs; `ours` come last.

    What the kernel of `lib/modules/VERSION` has built in is left out; AssertionError for what it
    neither has built in nor as a file.
    """
    built_in = _built_into(folder)
    files = {_key(path.name.partition(".ko")[0]): path for path in [*folder.rglob("*.ko*"), *ours]}
    found: dict[str, bytes] = {}

    def take(name: str) -> None:
        if name in found or name in built_in:
            return
        assert name in files, f"this kernel has no module {name}"
        content = _content(files[name])
        named = DEPENDS.search(content)
        for needed in named[1].decode().split(",") if named and named[1] else ():
            take(_key(needed))
        found[name] = content

    for name in (*wanted, *(path.stem for path in ours)):
        take(_key(name))
    return found


def _built_into(folder: Path) -> set[str]:
    """The names of what is a module elsewhere and built into this kernel."""
    lines = (folder / "modules.builtin").read_text().splitlines()
    return {_key(Path(line).name.partition(".ko")[0]) for line in lines}
