"""systemd's notification socket (sd_notify(3)); the test is in systemd's place."""

import os
import socket
from pathlib import Path


class NotifySocket:
    """`heard`: every datagram so far, as its lines. Use as a context manager."""

    def __init__(self, path: Path | None = None) -> None:
        """A socket at `path`, or an abstract one."""
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(path) if path else f"\0ratingpad-{os.getpid()}-{id(self)}")
        self._socket.setblocking(False)
        self._heard: list[list[str]] = []

    def __enter__(self) -> "NotifySocket":
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def environ(self, **more: str) -> dict[str, str]:
        """What systemd puts into the environment of the service."""
        name = self._socket.getsockname()
        address = "@" + name[1:].decode() if isinstance(name, bytes) else name
        return {"NOTIFY_SOCKET": address, **more}

    @property
    def heard(self) -> list[list[str]]:
        """Every datagram so far."""
        while True:
            try:
                self._heard.append(self._socket.recv(4096).decode().splitlines())
            except BlockingIOError:
                return self._heard

    def lines(self, name: str) -> list[str]:
        """The values of all lines `name=…` so far."""
        every = [line for lines in self.heard for line in lines]
        return [line.partition("=")[2] for line in every if line.startswith(f"{name}=")]
