"""A USB serial adapter in a machine: QEMU's FTDI chip, whose other end is a socket of the host.

The adapter is plugged in while the socket is connected, and pulled when it is closed.
"""

import select
import socket
from pathlib import Path


class UsbSerial:
    """The adapter, and the pad's end of its line.

    It has the methods of `tests.rigs.serial.serial_keypad.SocketLine`.
    """

    def __init__(self, folder: Path) -> None:
        self._socket = folder / "usb-serial"
        self._plug: socket.socket | None = None

    @property
    def qemu_options(self) -> tuple[str, ...]:
        """What a machine is started with to have the adapter."""
        return (
            *("-device", "qemu-xhci"),
            *("-chardev", f"socket,id=usb,path={self._socket},server=on,wait=off"),
            *("-device", "usb-serial,chardev=usb"),
        )

    def plug(self) -> None:
        self._plug = socket.socket(socket.AF_UNIX)
        self._plug.connect(str(self._socket))

    def pull(self) -> None:
        if self._plug is not None:
            self._plug.close()
        self._plug = None

    def write(self, data: bytes) -> None:
        assert self._plug is not None
        self._plug.sendall(data)

    def read(self, timeout_s: float) -> bytes:
        """What has come within the time; empty when nothing has."""
        assert self._plug is not None
        ready, _, _ = select.select([self._plug], [], [], timeout_s)
        return self._plug.recv(4096) if ready else b""
