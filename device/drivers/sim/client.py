"""The other end of the control socket, for demos and tests: press, pull, set, look.

Blocking, one thread; open a second client to watch while the first one acts.
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
from device.drivers.sim.sim_signals import Happening, Part


class SimClient:
    """A connection to a simulated board."""

    def __init__(self, path: Path, timeout_s: float | None = 5.0) -> None:
        """Connect; raises OSError when no board listens at `path`."""
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
        """Hang up; safe to call twice."""
        self._lines.close()
        self._socket.close()

    def request(self, do: str, **fields: Any) -> dict[str, Any]:
        """Send one request and give its answer; raises ValueError when the board refuses it."""
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
        """Let a key stay down, or free it."""
        self.request("stuck", key=key, on=on)

    def chatter(self, key: str, for_ms: float) -> None:
        """Let a contact find no rest for a while."""
        self.request("chatter", key=key, for_ms=for_ms)

    def clock(self, utc_ms: int | None, trust: str) -> None:
        """Set the time of day; None is this machine's own."""
        self.request("clock", utc_ms=utc_ms, trust=trust)

    def display(self, on: bool) -> None:
        """Put in or pull the display's cable."""
        self.request("display", on=on)

    def picture(self) -> Picture:
        """What the display shows now."""
        return _picture(self.request("picture"))

    def watch(self) -> Iterator[Picture]:
        """The picture now, then each change as it comes; ends when the board goes."""
        try:
            first = _picture(self.request("watch"))
        except ConnectionError:  # it went between answering the door and the question
            return
        yield first
        for news in self._news():
            if "picture" in news:
                yield _picture(news)

    def watch_signals(self) -> Iterator[Happening]:
        """What lights, beeper and voice do from this call on; ends when the board goes."""
        self.request("watch")
        news = (one["signal"] for one in self._news() if "signal" in one)
        return (msgspec.convert(one, Happening) for one in news)

    def signals(self) -> list[Happening]:
        """What lights, beeper and voice have done so far."""
        return msgspec.convert(self.request("signals")["happened"], list[Happening])

    def lit(self) -> set[str]:
        """The keys that are lit now."""
        return set(self.request("signals")["lit"])

    def damage(self, part: Part, on: bool) -> None:
        """Break a light, the beeper or the sound card, or mend it."""
        self.request("break", part=part, on=on)

    def _news(self) -> Iterator[dict[str, Any]]:
        while True:
            try:
                yield self._read()
            except ConnectionError:
                return

    def _read(self) -> dict[str, Any]:
        line = self._lines.readline()
        if not line:
            raise ConnectionResetError("the simulated board is gone")
        answer: dict[str, Any] = json.loads(line)
        return answer


def _picture(answer: dict[str, Any]) -> Picture:
    return Picture(
        base64.b64decode(answer["picture"]), answer["width"], answer["height"], answer["shown"]
    )
