"""A key pad on a serial line that speaks "68" frames.

A line that cannot be opened or is lost is a fault (K03); `device/serial/serial_line.py` opens it
again. There is no debounce and no stuck key here: the key pad sends one frame for each press.
"""

import logging

from device.board.driver_options import SerialOptions
from device.board.keypad import Keypad, load_keypad
from device.board.profile import KeysProfile
from device.errors import PadCode
from device.events import Press
from device.ports import BootClock, FaultReport, OnFault, OnPress
from device.serial.frame68 import Parser, PressDecoder
from device.serial.serial_line import RETRY_S, SILENCE_S, SerialLine

log = logging.getLogger(__name__)

SOURCE = "serial68"
"""The source that is stated in presses."""


class SerialKeys:
    """The keys of one pad, read by the thread of their line."""

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
        self._url = options.port
        self._boot = boot
        self._line = SerialLine(
            options.port, keypad.baud, "keys", silence_s=silence_s, retry_s=retry_s
        )
        self._decoder = PressDecoder(options.address, keypad.resend_ms)
        self._parser = Parser()

    @property
    def alive(self) -> bool:
        """Whether the thread that `start` began still runs."""
        return self._line.alive

    def start(self, on_press: OnPress, on_fault: OnFault) -> None:
        """Start the line's thread; a line that cannot be opened is a fault, no error."""
        self._line.start(
            on_open=self._restart_parser,
            on_bytes=lambda data: self._receive(data, on_press),
            on_gone=lambda gone, detail: on_fault(FaultReport(PadCode.KEYS_GONE, gone, detail)),
        )

    def set_apart(self, names: frozenset[str]) -> None:
        """Does nothing: each frame is one press of one key."""

    def stop(self) -> None:
        """Close the line and deliver nothing more; safe to call twice."""
        self._line.stop()

    # --- on the line's thread -----------------------------------------------------------------

    def _restart_parser(self) -> None:
        # Half a frame from before the cable was pulled must not spoil the first frame after it.
        self._parser = Parser()

    def _receive(self, data: bytes, on_press: OnPress) -> None:
        mono_ms = self._boot.mono_ms()
        for frame in self._parser.feed(data) if data else self._parser.silence():
            press = self._decoder.decode(frame, mono_ms)
            if press is not None:
                self._line.write(self._decoder.acknowledgement)
                if not press.repeated:
                    on_press(self._press(press.code, mono_ms))

    def _press(self, code: int, mono_ms: int) -> Press:
        key = self._keys.get(code)
        if key is None:
            # Never a level by guess (law 1). It is acknowledged all the same: without that the key
            # pad would send it again and again.
            log.warning("%s: key code 0x%02x is not in the pad's key map", self._url, code)
            return Press(f"unknown_{code:02x}", None, SOURCE, mono_ms)
        return Press(key.name, key.level, SOURCE, mono_ms)


def build(_: KeysProfile, options: SerialOptions, boot: BootClock) -> SerialKeys:
    """The keys of a profile; the line is opened by `start`. Raises ConfigError for the key map."""
    return SerialKeys(load_keypad(options.model), options, boot)
