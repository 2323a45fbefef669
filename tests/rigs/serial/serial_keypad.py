"""A "68" key pad at the far end of a real pseudo-terminal, over links that are good or bad.

The far end reads and writes with the codec of the product: what one end sends is what the other
receives. It does what the real pad does: a press is sent until it is answered.
"""

import contextlib
import fcntl
import os
import random
import select
import socket
import struct
import termios
import threading
import tty
from pathlib import Path
from typing import Protocol

from device.serial.frame68 import ACKNOWLEDGE, EVALUATOR, PRESS, Frame, Parser
from tests.rigs.time.wait import until

PATIENCE_S = 10.0
RESEND_S = 0.03
"""The real pad waits for about 80 ms; nothing here depends on the figure."""


class KeypadLine(Protocol):
    """The pad's end of a line."""

    def write(self, data: bytes) -> None: ...

    def read(self, timeout_s: float) -> bytes: ...


class PtyLine:
    """Where bytes go in and out at the pad's end: here a pty whose near end has a stable name."""

    def __init__(self, link: Path) -> None:
        self.link = link
        self.master, self._slave = os.openpty()
        tty.setraw(self._slave)  # or what is sent before the driver opens it comes back
        link.unlink(missing_ok=True)
        link.symlink_to(os.ttyname(self._slave))

    def write(self, data: bytes) -> None:
        os.write(self.master, data)

    def read(self, timeout_s: float) -> bytes:
        """What has come within the time; empty when nothing has."""
        ready, _, _ = select.select([self.master], [], [], timeout_s)
        return os.read(self.master, 4096) if ready else b""

    def taken(self) -> bool:
        """Whether the near end has read all that was written."""
        waiting = fcntl.ioctl(self._slave, termios.FIONREAD, b"\0\0\0\0")
        return struct.unpack("i", waiting) == (0,)

    def pull(self) -> None:
        """The adapter is pulled out: its name goes, whoever reads sees the line end."""
        self.link.unlink(missing_ok=True)
        for fd in (self._slave, self.master):
            with contextlib.suppress(OSError):
                os.close(fd)


class SocketLine:
    """The same behind a serial server: the pad's end of a TCP connection."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(PATIENCE_S)
        self.url = f"socket://127.0.0.1:{self._listener.getsockname()[1]}"
        self._plug: socket.socket | None = None

    def connected(self) -> None:
        self._plug, _ = self._listener.accept()
        self._plug.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def write(self, data: bytes) -> None:
        assert self._plug is not None
        self._plug.sendall(data)

    def read(self, timeout_s: float) -> bytes:
        assert self._plug is not None
        ready, _, _ = select.select([self._plug], [], [], timeout_s)
        return self._plug.recv(4096) if ready else b""

    def pull(self) -> None:
        if self._plug is not None:
            self._plug.close()

    def close(self) -> None:
        self.pull()
        self._listener.close()


class Plain:
    """A good line."""

    def carry(self, line: KeypadLine, message: bytes) -> None:
        line.write(message)

    def brings(self, _: Frame) -> bool:
        """Whether an answer gets back to the pad."""
        return True

    def settle(self) -> None:
        """Wait until nothing is under way any more."""


class ByteByByte(Plain):
    """Every byte is read by the host before the next one is sent."""

    def carry(self, line: KeypadLine, message: bytes) -> None:
        assert isinstance(line, PtyLine)
        for byte in message:
            line.write(bytes((byte,)))
            until(line.taken, PATIENCE_S, "the host reads a byte", every_s=0.0005)


class Lossy(Plain):
    """20 % of the messages are lost, cut or damaged, and 20 % of the answers are lost."""

    def __init__(self, seed: int) -> None:
        self._rng = random.Random(seed)

    def carry(self, line: KeypadLine, message: bytes) -> None:
        if self._rng.random() >= 0.2:
            super().carry(line, message)
            return
        place = self._rng.randrange(len(message) - 6, len(message))  # behind LEN LEN 68
        line.write(
            self._rng.choice(
                [
                    b"",
                    message[:place] + message[place + 1 :],
                    message[:place] + bytes((message[place] ^ 0x21,)) + message[place + 1 :],
                ]
            )
        )

    def brings(self, _: Frame) -> bool:
        return self._rng.random() >= 0.2


class Late(Plain):
    """Every message arrives later than the pad has patience for, so that all are sent again."""

    def __init__(self) -> None:
        self._under_way: list[threading.Timer] = []

    def carry(self, line: KeypadLine, message: bytes) -> None:
        timer = threading.Timer(2.5 * RESEND_S, line.write, [message])
        self._under_way.append(timer)
        timer.start()

    def settle(self) -> None:
        for timer in self._under_way:
            timer.join(PATIENCE_S)


LINKS = {"plain": Plain, "byte by byte": ByteByByte, "lossy": lambda: Lossy(7), "late": Late}


class SerialKeypad(Parser):
    """The key pad: the product's own parser, with keys."""

    def __init__(self, window: int, line: KeypadLine, link: Plain | None = None) -> None:
        super().__init__()
        self.address = EVALUATOR + window
        self.line = line
        self.link = link or Plain()
        self.sent = 0

    def send(self, frame: Frame) -> None:
        """One frame, once, as it comes to the link."""
        self.sent += 1
        self.link.carry(self.line, frame.to_bytes())

    def press(self, code: int) -> None:
        """One press: sent until it is answered."""
        for _ in range(200):
            self.send(Frame(self.address, PRESS, bytes((code,))))
            if self.answered():
                return
        raise AssertionError(f"code {code} was never answered")

    def answered(self, timeout_s: float = RESEND_S) -> bool:
        """Whether an answer to us came within the time."""
        wanted = Frame(self.address, ACKNOWLEDGE)
        frames = self.feed(self.line.read(timeout_s))
        return any(frame == wanted and self.link.brings(frame) for frame in frames)

    def forget(self) -> None:
        """Read away the answers that came late."""
        while self.line.read(0):
            pass
