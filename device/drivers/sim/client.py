"""The client of the control socket, for demos and tests.

Blocking, for one thread; open a second client to watch while the first one sends requests.
"""

import base64
import json
import socket
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any

import msgspec

from device.drivers.sim.display import Picture
from device.drivers.sim.sim_signals import Part, SignalEvent


class SimClient:
    """A connection to a simulated board."""

    def __init__(self, path: Path, timeout_s: float | None = 5.0) -> None:
        """Connect. Raises OSError when no board listens at `path`."""
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.settimeout(timeout_s)
        try:
            self._socket.connect(str(path))
        except OSError:
            self._socket.close()
            raise
        self._lines = self._socket.makefile("rb")

    def __enter__(self) -> "SimClient":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection; safe to call twice."""
        self._lines.close()
        self._socket.close()

    def request(self, do: str, **fields: Any) -> dict[str, Any]:
        """Send one request and return its answer. Raises ValueError when the board refuses it."""
        self._socket.sendall(json.dumps({"do": do, **fields}).encode() + b"\n")
        while True:
            answer = self._read()
            if "ok" in answer:  # a watched picture may have come in between
                break
        if not answer["ok"]:
            raise ValueError(answer["says"])
        return answer

    def press(self, *keys: str, hold_ms: float = 120.0) -> None:
        """Press one key, or several at once."""
        self.request("press", keys=list(keys), hold_ms=hold_ms)

    def stuck(self, key: str, on: bool) -> None:
        """Hold a key down, or release it."""
        self.request("stuck", key=key, on=on)

    def chatter(self, key: str, for_ms: float) -> None:
        """Let a contact open and close for `for_ms`."""
        self.request("chatter", key=key, for_ms=for_ms)

    def clock(self, utc_ms: int | None, trust: str) -> None:
        """Set the time of day; None is this machine's own."""
        self.request("clock", utc_ms=utc_ms, trust=trust)

    def display(self, on: bool) -> None:
        """Plug in or pull the display's cable."""
        self.request("display", on=on)

    def picture(self) -> Picture:
        """What the display shows now."""
        return _picture(self.request("picture"))

    def watch(self) -> Iterator[Picture]:
        """The present picture, then each change; ends when the board stops."""
        try:
            first = _picture(self.request("watch"))
        except ConnectionError:  # the board stopped after it had accepted the connection
            return
        yield first
        for message in self._messages():
            if "picture" in message:
                yield _picture(message)

    def watch_signals(self) -> Iterator[SignalEvent]:
        """The signal events from this call on; ends when the board stops."""
        self.request("watch")
        signals = (message["signal"] for message in self._messages() if "signal" in message)
        return (msgspec.convert(signal, SignalEvent) for signal in signals)

    def signals(self) -> list[SignalEvent]:
        """The signal events so far."""
        return msgspec.convert(self.request("signals")["happened"], list[SignalEvent])

    def lit(self) -> set[str]:
        """The keys that are lit now."""
        return set(self.request("signals")["lit"])

    def damage(self, part: Part, on: bool) -> None:
        """Break the lights, the beeper or the sound card, or repair it."""
        self.request("break", part=part, on=on)

    def _messages(self) -> Iterator[dict[str, Any]]:
        while True:
            try:
                yield self._read()
            except ConnectionError:
                return

    def _read(self) -> dict[str, Any]:
        line = self._lines.readline()
        if not line:
            raise ConnectionResetError("the simulated board has closed the connection")
        answer: dict[str, Any] = json.loads(line)
        return answer


def _picture(answer: dict[str, Any]) -> Picture:
    return Picture(
        base64.b64decode(answer["picture"]), answer["width"], answer["height"], answer["shown"]
    )
