"""A machine's screen: its picture is taken by QEMU from outside of the machine.

QEMU's virtio-gpu is given no graphics chip to draw with, so all is drawn by the processor.
"""

import json
import socket
from pathlib import Path
from typing import Any

from PIL import Image


class Screen:
    """A screen of `size` pixels."""

    modules = ("virtio_gpu",)

    def __init__(self, folder: Path, size: tuple[int, int] = (800, 480)) -> None:
        self.size = size
        self._socket = folder / "qmp"
        self._dump = folder / "screen.ppm"
        self._plug: socket.socket | None = None
        self._rest = b""

    @property
    def qemu_options(self) -> tuple[str, ...]:
        """What a machine is started with to have it."""
        wide, high = self.size
        return (
            *("-device", f"virtio-gpu-pci,xres={wide},yres={high}"),
            *("-qmp", f"unix:{self._socket},server=on,wait=off"),
        )

    def picture(self) -> Image.Image:
        """The picture on the screen now."""
        self._ask("screendump", filename=str(self._dump))
        with Image.open(self._dump) as dumped:
            return dumped.convert("RGB")

    def _ask(self, command: str, **arguments: object) -> Any:
        """A command of QEMU's monitor (QMP), done."""
        if self._plug is None:
            self._plug = socket.socket(socket.AF_UNIX)
            self._plug.connect(str(self._socket))
            self._ask("qmp_capabilities")
        self._plug.sendall(json.dumps({"execute": command, "arguments": arguments}).encode())
        while True:
            while b"\n" not in self._rest:
                self._rest += self._plug.recv(65536)
            line, _, self._rest = self._rest.partition(b"\n")
            said = json.loads(line)
            assert "error" not in said, said
            if "return" in said:
                return said["return"]

    def close(self) -> None:
        """Disconnect from QEMU's monitor."""
        if self._plug is not None:
            self._plug.close()
