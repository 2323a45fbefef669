"""A key pad on a serial line that speaks "68" frames; the one door to pyserial.

The line is opened by URL: a tty, `socket://host:port` of a serial server, `rfc2217://host:port`,
or `spy:///dev/ttyUSB0?file=/tmp/wire.txt`, a wire tap for technicians. A line that is not there,
or goes, is a fault (K03) and is tried again every second; a pad whose adapter is plugged in again
goes on by itself. Give the adapter a stable name (/dev/serial/by-id/…): ttyUSB numbers move.

Nothing here holds a key down, so there is no debounce and no stuck key: the pad does that itself.
"""

import logging
import termios
import threading

import serial

from device.drivers.base import BootClock, FaultReport, OnFault, OnPress
from device.drivers.frame68 import Ear, Parser
from device.drivers.options import SerialOptions
from device.errors import Code
from device.events import Press
from device.keypad import Keypad, load_keypad
from device.profile import KeysProfile

log = logging.getLogger(__name__)

SOURCE = "serial68"
"""What presses name as their source."""

SILENCE_S = 0.25
"""A frame takes 10 ms at 9600 baud; a line that rests for so long is not in the middle of one,
even behind a slow serial server. It is also how long `stop` may take."""

RETRY_S = 1.0
"""Between two tries to open the line."""

WRITE_S = 1.0
"""An answer of 9 bytes that cannot be written in this time: the line is gone."""

# termios.error is no OSError; pyserial lets it through when an adapter is pulled out in the middle
# of setting the line up. SerialException is an OSError.
GONE = (OSError, termios.error)


class SerialKeys:
    """The keys of one pad, read by their own thread."""

    def __init__(
        self,
        keypad: Keypad,
        options: SerialOptions,
        boot: BootClock,
        *,
        silence_s: float = SILENCE_S,
        retry_s: float = RETRY_S,
    ) -> None:
        self._keys = keypad.by_code()
        self._baud = keypad.baud
        self._url = options.port
        self._boot = boot
        self._ear = Ear(options.address, keypad.resend_ms)
        self._silence_s = silence_s
        self._retry_s = retry_s
        self._ending = threading.Event()
        self._thread: threading.Thread | None = None
        self._gone = False

    @property
    def alive(self) -> bool:
        """Whether the thread that `start` began still runs."""
        return self._thread is not None and self._thread.is_alive()

    def start(self, on_press: OnPress, on_fault: OnFault) -> None:
        """Begin to open the line and to listen; a line that is not there is a fault, no error."""
        self._ending.clear()
        self._thread = threading.Thread(
            target=self._run, args=(on_press, on_fault), name="keys", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """Close the line and deliver nothing more; safe to call twice."""
        self._ending.set()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join()
        self._thread = None

    # --- the thread -------------------------------------------------------------------------

    def _run(self, on_press: OnPress, on_fault: OnFault) -> None:
        try:
            while not self._ending.is_set():
                self._once(on_press, on_fault)
        except Exception as error:
            log.exception("the keys' thread ended")
            on_fault(FaultReport(Code.KEYS_GONE, True, f"its thread ended: {error}"))

    def _once(self, on_press: OnPress, on_fault: OnFault) -> None:
        """From opening the line to losing it."""
        try:
            with self._open() as line:
                self._report(on_fault, gone=False, detail="")
                self._listen(line, on_press)
        except GONE as error:
            self._report(on_fault, gone=True, detail=f"{self._url}: {error}")
            self._ending.wait(self._retry_s)

    def _open(self) -> serial.Serial:
        # Exclusive: a second agent, or a terminal left open, would eat half of the frames.
        # A kind of line that has no locks ignores it.
        return serial.serial_for_url(
            self._url,
            baudrate=self._baud,
            timeout=self._silence_s,
            write_timeout=WRITE_S,
            exclusive=True,
        )

    def _listen(self, line: serial.Serial, on_press: OnPress) -> None:
        parser = Parser()
        while not self._ending.is_set():
            data = line.read(max(1, line.in_waiting))
            mono_ms = self._boot.mono_ms()
            for frame in parser.feed(data) if data else parser.silence():
                heard = self._ear.hear(frame, mono_ms)
                if heard is not None:
                    line.write(self._ear.answer)
                    if not heard.again:
                        on_press(self._press(heard.code, mono_ms))

    def _press(self, code: int, mono_ms: int) -> Press:
        key = self._keys.get(code)
        if key is None:
            # Refused, not guessed (law 1); it is answered, or the pad would never be quiet.
            log.warning("%s: key code 0x%02x is not in the pad's key map", self._url, code)
            return Press(f"unknown_{code:02x}", None, SOURCE, mono_ms)
        return Press(key.name, key.level, SOURCE, mono_ms)

    def _report(self, on_fault: OnFault, *, gone: bool, detail: str) -> None:
        """Say once that the line has gone, and once that it is back."""
        if gone != self._gone:
            self._gone = gone
            on_fault(FaultReport(Code.KEYS_GONE, gone, detail))


def build(_: KeysProfile, options: SerialOptions, boot: BootClock) -> SerialKeys:
    """The keys of a profile; the line is opened by `start`. Raises ConfigError for the key map."""
    return SerialKeys(load_keypad(options.model), options, boot)
