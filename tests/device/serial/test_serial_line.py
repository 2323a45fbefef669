"""A serial line by itself: opened, lost, opened again; data that is written meanwhile is lost."""

import queue
import socket
import termios
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import serial

from device.serial.serial_line import SerialLine
from tests.rigs.serial.serial_keypad import PATIENCE_S, PtyLine, SocketLine

SOON = {"silence_s": 0.05, "retry_s": 0.02}


class LineCalls:
    """The calls of a line, by kind."""

    def __init__(self) -> None:
        self.openings: queue.Queue[None] = queue.Queue()
        self.pieces: queue.Queue[bytes] = queue.Queue()
        self.gone: queue.Queue[tuple[bool, str]] = queue.Queue()

    def bytes(self, count: int) -> bytes:
        got = b""
        while len(got) < count:
            got += self.pieces.get(timeout=PATIENCE_S)
        return got


@contextmanager
def running(line: SerialLine) -> Iterator[LineCalls]:
    calls = LineCalls()
    line.start(
        on_open=lambda: calls.openings.put(None),
        on_bytes=calls.pieces.put,
        on_gone=lambda gone, detail: calls.gone.put((gone, detail)),
    )
    try:
        yield calls
    finally:
        line.stop()


def test_bytes_and_silence_are_delivered_and_data_is_written(tmp_path: Path) -> None:
    far = PtyLine(tmp_path / "line")
    near = SerialLine(str(far.link), 9600, "line", **SOON)
    with running(near) as calls:
        calls.openings.get(timeout=PATIENCE_S)
        far.write(b"\x68\x00\xff")
        assert calls.bytes(3) == b"\x68\x00\xff"
        assert calls.pieces.get(timeout=PATIENCE_S) == b""
        near.write(b"\xff\x16")
        assert far.read(PATIENCE_S) == b"\xff\x16"
        assert calls.gone.empty()
    far.pull()


def test_what_is_said_to_a_line_that_is_gone_is_lost_and_nothing_breaks(tmp_path: Path) -> None:
    near = SerialLine(str(tmp_path / "line"), 9600, "line", **SOON)
    near.write(b"before the start")
    with running(near) as calls:
        assert calls.gone.get(timeout=PATIENCE_S)[0] is True
        near.write(b"to nobody")
        far = PtyLine(tmp_path / "line")
        assert calls.gone.get(timeout=PATIENCE_S) == (False, "")
        near.write(b"now")
        assert far.read(PATIENCE_S) == b"now"
    near.write(b"after the end")
    far.pull()


def test_a_line_that_takes_nothing_is_gone_and_is_opened_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    far = PtyLine(tmp_path / "line")
    stuck, write = iter(range(1)), serial.Serial.write

    def stuck_once(self: serial.Serial, data: bytes) -> int | None:
        if next(stuck, None) is not None:
            raise serial.SerialTimeoutException("Write timeout")
        return write(self, data)

    monkeypatch.setattr(serial.Serial, "write", stuck_once)
    near = SerialLine(str(far.link), 9600, "line", **SOON)
    with running(near) as calls:
        calls.openings.get(timeout=PATIENCE_S)
        near.write(b"lost")
        gone, detail = calls.gone.get(timeout=PATIENCE_S)
        assert gone
        assert "Write timeout" in detail
        assert calls.gone.get(timeout=PATIENCE_S) == (False, "")
        near.write(b"again")
        assert far.read(PATIENCE_S) == b"again"
    far.pull()


def test_the_speed_is_the_one_asked_for(tmp_path: Path) -> None:
    far = PtyLine(tmp_path / "line")
    with running(SerialLine(str(far.link), 19200, "line", **SOON)) as calls:
        calls.openings.get(timeout=PATIENCE_S)
        assert termios.tcgetattr(far.master)[5] == termios.B19200
    far.pull()


def test_a_serial_server_is_asked_whether_it_is_still_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A pulled network cable says nothing; without keep-alive a silent line would be waited for."""
    opened, lines = serial.serial_for_url, list[Any]()

    def seen(*args: Any, **kwargs: Any) -> serial.Serial:
        line = opened(*args, **kwargs)
        lines.append(line)
        return line

    monkeypatch.setattr(serial, "serial_for_url", seen)
    server = SocketLine()
    with running(SerialLine(server.url, 9600, "line", **SOON)) as calls:
        server.connected()
        calls.openings.get(timeout=PATIENCE_S)
        plug = lines[0]._socket
        assert plug.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
        idle, every, times = (
            plug.getsockopt(socket.IPPROTO_TCP, option)
            for option in (socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL, socket.TCP_KEEPCNT)
        )
        assert idle + every * times <= 25
    server.close()
