"""A serial server in the hall: pyserial's own RFC 2217 port manager before a pseudo-terminal."""

import contextlib
import socket
import threading
from pathlib import Path

import serial
from serial import rfc2217

PATIENCE_S = 10.0
POLL_S = 0.02


class _Port(serial.Serial):
    """A pty as a serial port: it has no modem lines, so these are made up."""

    cts = dsr = cd = True
    ri = False

    def _update_rts_state(self) -> None:
        pass

    def _update_dtr_state(self) -> None:
        pass

    def _update_break_state(self) -> None:
        pass


class _Connection:
    """What the port manager writes through."""

    def __init__(self, plug: socket.socket) -> None:
        self._plug = plug
        self._lock = threading.Lock()

    def write(self, data: bytes) -> None:
        with self._lock, contextlib.suppress(OSError):
            self._plug.sendall(data)


class TerminalServer:
    """One port, one client at a time. `url` is where it is; `speed` what the client asked for."""

    def __init__(self, tty: Path) -> None:
        self._tty = tty
        self._port = 0
        self._ending = threading.Event()
        self._thread: threading.Thread | None = None
        self.speed = 0
        self.clients = 0
        self.power_on()

    @property
    def url(self) -> str:
        return f"rfc2217://127.0.0.1:{self._port}"

    def power_on(self) -> None:
        """Listen, at the same address as before."""
        self._ending.clear()
        listener = socket.create_server(("127.0.0.1", self._port))
        self._port = listener.getsockname()[1]
        listener.settimeout(POLL_S)
        self._thread = threading.Thread(target=self._serve, args=(listener,), name="server")
        self._thread.start()

    def power_off(self) -> None:
        """Everything is gone at once."""
        self._ending.set()
        if self._thread is not None:
            self._thread.join(PATIENCE_S)
        self._thread = None

    def _serve(self, listener: socket.socket) -> None:
        with listener:
            while not self._ending.is_set():
                try:
                    plug, _ = listener.accept()
                except TimeoutError:
                    continue
                with plug, _Port(str(self._tty), timeout=POLL_S) as port:
                    self.clients += 1
                    self._connect(plug, port)

    def _connect(self, plug: socket.socket, port: _Port) -> None:
        connection = _Connection(plug)
        manager = rfc2217.PortManager(port, connection)  # type: ignore[arg-type]  # the stubs err
        gone = threading.Event()

        def upwards() -> None:
            while not (gone.is_set() or self._ending.is_set()):
                data = port.read(max(1, port.in_waiting))
                connection.write(b"".join(manager.escape(data)))

        reading = threading.Thread(target=upwards, name="server upwards")
        reading.start()
        plug.settimeout(POLL_S)
        try:
            while not self._ending.is_set():
                with contextlib.suppress(TimeoutError):
                    data = plug.recv(1024)
                    if not data:
                        return
                    port.write(b"".join(manager.filter(data)))
                    self.speed = port.baudrate
        except OSError:  # the client has gone
            return
        finally:
            gone.set()
            reading.join(PATIENCE_S)
