"""A serial line, found by URL and held for as long as it is wanted; the one door to pyserial.

The URL is a tty, `socket://host:port` of a serial server, `rfc2217://host:port`, or
`spy:///dev/ttyUSB0?file=/tmp/wire.txt`, a wire tap for technicians. A line that is not there, or
goes, is tried again every second, so an adapter that is plugged in again goes on by itself. Give
the adapter a stable name (/dev/serial/by-id/…): ttyUSB numbers move.
"""

import logging
import socket
import termios
import threading
from collections.abc import Callable
from typing import NamedTuple

import serial

log = logging.getLogger(__name__)

SILENCE_S = 0.25
"""A frame takes 10 ms at 9600 baud; a line that rests for so long is not in the middle of one,
even behind a slow serial server. It is also how long `stop` may take."""

RETRY_S = 1.0
"""Between two tries to open the line."""

WRITE_S = 1.0
"""A few bytes that cannot be written in this time: the line is gone."""

ALIVE_AFTER_S, ALIVE_EVERY_S, ALIVE_TIMES = 10, 5, 3
"""A serial server that has been silent so long is asked, so often; after 25 s in all it is gone."""

# termios.error is no OSError; pyserial lets it through when an adapter is pulled out in the middle
# of setting the line up. SerialException is an OSError.
GONE = (OSError, termios.error)


class _Hears(NamedTuple):
    """Who hears of a line: that it is open, what came, that it is gone or back."""

    opened: Callable[[], None]
    came: Callable[[bytes], None]
    gone: Callable[[bool, str], None]


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
        """Begin to open the line and to listen; all three are called from the line's thread.

        `on_open`: it is open, anew. `on_bytes`: what came; nothing after each silence of
        `silence_s`. `on_gone`: once with True and why when it is not there, once with False when
        it is back.
        """
        self._ending.clear()
        hears = _Hears(on_open, on_bytes, on_gone)
        self._thread = threading.Thread(
            target=self._run, args=(hears,), name=self._name, daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """Close the line and deliver nothing more; safe to call twice."""
        self._ending.set()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join()
        self._thread = None

    def write(self, data: bytes) -> None:
        """Send `data`, from any thread; may take `WRITE_S`.

        What is said to a line that is gone is lost, as on any wire; a line that does not take it
        is gone.
        """
        with self._writing:
            if self._line is None:
                return
            try:
                self._line.write(data)
            except GONE as error:
                self._lost = error

    # --- the thread -------------------------------------------------------------------------

    def _run(self, hears: _Hears) -> None:
        try:
            while not self._ending.is_set():
                self._once(hears)
        except Exception as error:
            log.exception("the thread of the %s ended", self._name)
            hears.gone(True, f"its thread ended: {error}")

    def _once(self, hears: _Hears) -> None:
        """From opening the line to losing it."""
        try:
            with self._open() as line:
                self._hold(line)
                try:
                    self._say(hears, gone=False, detail="")
                    hears.opened()
                    self._listen(line, hears)
                finally:
                    self._hold(None)
        except GONE as error:
            self._say(hears, gone=True, detail=f"{self._url}: {error}")
            self._ending.wait(self._retry_s)

    def _open(self) -> serial.Serial:
        # Exclusive: a second agent, or a terminal left open, would eat half of the frames.
        # A kind of line that has no locks ignores it.
        # pyserial's RFC 2217 client refuses a write timeout; its socket has one of 5 s instead.
        far = self._url.startswith("rfc2217:")
        line = serial.serial_for_url(
            self._url,
            baudrate=self._baud,
            timeout=self._silence_s,
            write_timeout=None if far else WRITE_S,
            exclusive=True,
        )
        _keep_alive(line)
        return line

    def _hold(self, line: serial.Serial | None) -> None:
        with self._writing:
            self._line, self._lost = line, None

    def _listen(self, line: serial.Serial, hears: _Hears) -> None:
        while not self._ending.is_set():
            hears.came(line.read(max(1, line.in_waiting)))
            if self._lost is not None:
                raise self._lost

    def _say(self, hears: _Hears, *, gone: bool, detail: str) -> None:
        """Say once that the line has gone, and once that it is back."""
        if gone != self._gone:
            self._gone = gone
            hears.gone(gone, detail)


def _keep_alive(line: serial.Serial) -> None:
    """Let the kernel ask a serial server now and then whether it is still there.

    Else nobody would notice a network cable that was pulled: a pad that waits for keys says
    nothing by itself. pyserial has no name for the socket of its network lines but this one.
    """
    plug: socket.socket | None = getattr(line, "_socket", None)
    if plug is not None:
        plug.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        plug.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, ALIVE_AFTER_S)
        plug.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, ALIVE_EVERY_S)
        plug.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, ALIVE_TIMES)
