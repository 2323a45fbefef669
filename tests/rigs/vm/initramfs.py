"""The first file system of a machine: busybox, an init script and kernel modules in one archive.

The format is `newc` of cpio(5), uncompressed: the kernel reads it as it is.
"""

import stat
from pathlib import Path

INIT = Path(__file__).with_name("init.sh")


class Newc:
    """An archive that grows entry by entry; inode and time are the same in every build."""

    def __init__(self) -> None:
        self._data = bytearray()
        self._inode = 0

    def _entry(
        self, name: str, mode: int, content: bytes = b"", device: tuple[int, int] = (0, 0)
    ) -> None:
        self._inode += 1
        path = name.encode() + b"\0"
        fields = (*(self._inode, mode, 0, 0, 1, 0, len(content), 0, 0, *device, len(path), 0),)
        self._data += b"070701" + b"".join(b"%08X" % field for field in fields) + path
        self._pad()
        self._data += content
        self._pad()

    def _pad(self) -> None:
        self._data += bytes(-len(self._data) % 4)

    def folder(self, name: str) -> None:
        self._entry(name, stat.S_IFDIR | 0o755)

    def file(self, name: str, content: bytes, mode: int = 0o644) -> None:
        self._entry(name, stat.S_IFREG | mode, content)

    def link(self, name: str, target: str) -> None:
        self._entry(name, stat.S_IFLNK | 0o777, target.encode())

    def character_device(self, name: str, major: int, minor: int) -> None:
        self._entry(name, stat.S_IFCHR | 0o600, device=(major, minor))

    def closed(self) -> bytes:
        self._entry("TRAILER!!!", 0)
        return bytes(self._data)


def pack(busybox: Path, modules: dict[str, bytes], options: dict[str, str]) -> bytes:
    """The archive; `options` are the modules' parameters by module."""
    made = Newc()
    for name in ("bin", "dev", "proc", "sys", "modules", "host", "over", "new"):
        made.folder(name)
    made.character_device("dev/console", 5, 1)
    made.file("bin/busybox", busybox.read_bytes(), 0o755)
    made.link("bin/sh", "busybox")
    made.file("init", INIT.read_bytes(), 0o755)
    for name, content in modules.items():
        made.file(f"modules/{name}.ko", content)
    order = "".join(f"{name} {options.get(name, '')}".rstrip() + "\n" for name in modules)
    made.file("modules/order", order.encode())
    return made.closed()
