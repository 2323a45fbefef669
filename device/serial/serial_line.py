"""A serial line, opened by URL and opened again when it is lost. The only user of pyserial.

The URL is a tty, `socket://host:port` of a serial server, `rfc2217://host:port`, or
`spy:///dev/ttyUSB0?file=/tmp/wire.txt`, which also writes every byte to a file for a technician. A
line that cannot be opened or is lost is tried again every second, so an adapter may be unplugged
and plugged in. Use a stable name for the adapter (/dev/serial/by-id/…): ttyUSB numbers change.
"""

import logging
import socket
import termios
import threading
from collections.abc import Callable
from typing import NamedTuple

import serial

from device.loop_bridge import join_thread

log = logging.getLogger(__name__)

SILENCE_S = 0.25
"""A frame takes 10 ms at 9600 baud. A line without a byte for this long is between two frames, even
behind a slow serial server. It is also how long `stop` may take."""

RETRY_S = 1.0
"""Between two attempts to open the line."""

WRITE_S = 1.0
"""A line that does not take a few bytes within this time is lost."""

ALIVE_AFTER_S, ALIVE_EVERY_S, ALIVE_TIMES = 10, 5, 3
"""TCP keep-alive to a serial server: the first probe after 10 s of silence, then one every 5 s. The
line is lost after 3 without an answer: 25 s in all."""

# SerialException is an OSError. termios.error is not; pyserial passes it on when an adapter is
# unplugged while the line is being set up.
LINE_ERRORS = (OSError, termios.error)


class _Callbacks(NamedTuple):
    """The arguments of `SerialLine.start`."""

    on_open: Callable[[], None]
    on_bytes: Callable[[bytes], None]
    on_gone: Callable[[bool, str], None]


class SerialLine:
    """One line with a reading thread of its own, called `name`."""

    def __init__(
        self,
        url: str,
        baud: int,
        name: str,
        *,
        silence_s: float = SILENCE_S,
        retry_s: float = RETRY_S,
    ) -> None:
        self._url = url
        self._baud = baud
        self._name = name
        self._silence_s = silence_s
        self._retry_s = retry_s
        self._ending = threading.Event()
        self._thread: threading.Thread | None = None
        self._writing = threading.Lock()
        self._line: serial.Serial | None = None
        self._lost: BaseException | None = None
        self._gone = False

    @property
    def alive(self) -> bool:
        """Whether the thread that `start` began still runs."""
        return self._thread is not None and self._thread.is_alive()

    def start(
        self,
        on_open: Callable[[], None],
        on_bytes: Callable[[bytes], None],
        on_gone: Callable[[bool, str], None],
    ) -> None:
        """Start the thread that opens and reads the line. It calls all three.

        `on_open`: after the line was opened, each time. `on_bytes`: with the bytes that came, and
        with none after each `silence_s` without a byte. `on_gone`: once with True and the reason
        when the line cannot be opened or is lost, once with False when it is open again.
        """
        self._ending.clear()
        callbacks = _Callbacks(on_open, on_bytes, on_gone)
        self._thread = threading.Thread(
            target=self._run, args=(callbacks,), name=self._name, daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """Close the line and deliver nothing more; safe to call twice."""
        self._ending.set()
        if self._thread is not None and self._thread is not threading.current_thread():
            join_thread(self._thread)
        self._thread = None

    def write(self, data: bytes) -> None:
        """Send `data`, from any thread; may take `WRITE_S`. Raises nothing.

        While the line is not open the data is dropped, as on any wire. A line that does not accept
        it is lost.
        """
        with self._writing:
            if self._line is None:
                return
            try:
                self._line.write(data)
            except LINE_ERRORS as error:
                self._lost = error

    # --- the thread -------------------------------------------------------------------------

    def _run(self, callbacks: _Callbacks) -> None:
        try:
            while not self._ending.is_set():
                self._read_until_lost(callbacks)
        except Exception as error:
            log.exception("the thread of the %s ended", self._name)
            callbacks.on_gone(True, f"its thread ended: {error}")

    def _read_until_lost(self, callbacks: _Callbacks) -> None:
        """Open the line and read it until it is lost or `stop` is called."""
        try:
            with self._open() as line:
                self._hold(line)
                try:
                    self._report(callbacks, gone=False, detail="")
                    callbacks.on_open()
                    self._listen(line, callbacks)
                finally:
                    self._hold(None)
        except LINE_ERRORS as error:
            self._report(callbacks, gone=True, detail=f"{self._url}: {error}")
            self._ending.wait(self._retry_s)

    def _open(self) -> serial.Serial:
        # Exclusive: a second agent, or a terminal left open, would take half of the bytes.
        # pyserial ignores it for lines that have no lock.
        # Its RFC 2217 client refuses a write timeout; its socket has one of 5 s instead.
        rfc2217 = self._url.startswith("rfc2217:")
        line = serial.serial_for_url(
            self._url,
            baudrate=self._baud,
            timeout=self._silence_s,
            write_timeout=None if rfc2217 else WRITE_S,
            exclusive=True,
        )
        _keep_alive(line)
        return line

    def _hold(self, line: serial.Serial | None) -> None:
        with self._writing:
            self._line, self._lost = line, None

    def _listen(self, line: serial.Serial, callbacks: _Callbacks) -> None:
        while not self._ending.is_set():
            callbacks.on_bytes(line.read(max(1, line.in_waiting)))
            if self._lost is not None:
                raise self._lost

    def _report(self, callbacks: _Callbacks, *, gone: bool, detail: str) -> None:
        """Report only a change: the line was lost, or is open again."""
        if gone != self._gone:
            self._gone = gone
            callbacks.on_gone(gone, detail)


def _keep_alive(line: serial.Serial) -> None:
    """Turn on TCP keep-alive, if the line is a connection to a serial server.

    Without it a pulled network cable would not be noticed: a driver that waits for keys sends
    nothing by itself. pyserial has no public name for the socket of a network line.
    """
    connection: socket.socket | None = getattr(line, "_socket", None)
    if connection is not None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, ALIVE_AFTER_S)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, ALIVE_EVERY_S)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, ALIVE_TIMES)
