"""The simulated board's control socket: where a demo or a test plays finger, cable and clock.

A Unix socket that speaks JSON, one object a line. Each request gets one answer, `{"ok":true,...}`
or `{"ok":false,"says":...}`; after `watch` every change of the picture comes unasked, and what
lights, beeper and voice do, as `{"signal":...}`. The server is an asyncio loop on a thread of its
own: asleep while nobody speaks.
"""

import asyncio
import base64
import contextlib
import socket
import threading
from pathlib import Path
from typing import Any

import msgspec

from device.drivers.sim.clocks import SimWall
from device.drivers.sim.display import Picture, SimDisplay
from device.drivers.sim.keys import SimKeys
from device.drivers.sim.sim_signals import Part, SignalBook
from device.errors import DriverError
from sync.entries import Trust


class SimRequest(
    msgspec.Struct,
    forbid_unknown_fields=True,
    tag_field="do",
    tag=lambda name: name.removeprefix("Sim").lower(),
):
    """What every request carries: `do`."""


class SimPress(SimRequest):
    """A finger on `key`, or fingers on all of `keys` at once."""

    key: str | None = None
    keys: list[str] = []
    hold_ms: float = 120.0


class SimStuck(SimRequest):
    """`key` stays down, until `on` is false."""

    key: str
    on: bool


class SimChatter(SimRequest):
    """The contact of `key` finds no rest for `for_ms`."""

    key: str
    for_ms: float


class SimClock(SimRequest):
    """The time of day, and how far the board trusts it; `utc_ms` null is this machine's own."""

    trust: Trust
    utc_ms: int | None = None


class SimDisplayFault(SimRequest, tag="display"):
    """The display's cable."""

    on: bool


class SimPicture(SimRequest, tag="picture"):
    """The picture now."""


class SimWatch(SimRequest):
    """The picture now and after every change, and every signal from now on."""


class SimSignals(SimRequest):
    """What is lit now, and what lights, beeper and voice have done so far."""


class SimBreak(SimRequest):
    """A light, the beeper or the sound card breaks, or (`on` false) is mended."""

    part: Part
    on: bool


AnyRequest = (
    SimPress
    | SimStuck
    | SimChatter
    | SimClock
    | SimDisplayFault
    | SimPicture
    | SimWatch
    | SimSignals
    | SimBreak
)

_requests: msgspec.json.Decoder[AnyRequest] = msgspec.json.Decoder(AnyRequest)


class ControlServer:
    """The server. `start` and `stop` from any thread; the parts are driven from its own."""

    def __init__(
        self, path: Path, keys: SimKeys, wall: SimWall, display: SimDisplay, signals: SignalBook
    ) -> None:
        self._path = path
        self._keys = keys
        self._wall = wall
        self._display = display
        self._signals = signals
        self._watching: set[asyncio.StreamWriter] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._end = asyncio.Event()
        self._thread: threading.Thread | None = None
        display.watch(lambda picture: self._tell(_as_json(picture)))
        signals.watch(lambda happening: self._tell({"signal": happening}))

    def start(self) -> None:
        """Make the socket and serve it. Raises DriverError when it is taken or cannot be made."""
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            _free(self._path)
            listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            listener.bind(str(self._path))
            self._path.chmod(0o600)
            listener.listen()  # at once: who sees the socket may connect
        except OSError as error:
            raise DriverError(f"control socket {self._path}: {error}") from error
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(
            target=self._run, args=(self._loop, listener), name="sim-control", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """Close the socket and remove it; safe to call twice."""
        if self._thread is None or self._loop is None:
            return
        self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join()
        self._thread = None
        self._path.unlink(missing_ok=True)

    def _run(self, loop: asyncio.AbstractEventLoop, listener: socket.socket) -> None:
        with contextlib.closing(loop):
            loop.run_until_complete(self._serve(listener))

    async def _serve(self, listener: socket.socket) -> None:
        server = await asyncio.start_unix_server(self._talk, sock=listener)
        await self._end.wait()
        server.close()
        talks = asyncio.all_tasks() - {asyncio.current_task()}
        for talk in talks:
            talk.cancel()
        await asyncio.gather(*talks, return_exceptions=True)

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.CancelledError, ValueError):
            while line := await reader.readline():
                writer.write(_line(self._answer(line, writer)))
                await writer.drain()
        self._watching.discard(writer)
        writer.close()

    def _answer(self, line: bytes, writer: asyncio.StreamWriter) -> dict[str, Any]:
        try:
            return {"ok": True, **self._do(_requests.decode(line), writer)}
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            return {"ok": False, "says": str(error)}
        except KeyError as error:
            return {"ok": False, "says": f"no key {error}; there is {', '.join(self._keys.names)}"}

    def _do(self, request: SimRequest, writer: asyncio.StreamWriter) -> dict[str, Any]:
        match request:
            case SimPress():
                names = request.keys or [request.key or ""]
                for name in names:
                    if name not in self._keys.names:
                        raise KeyError(name)
                self._keys.press(names, request.hold_ms)
            case SimStuck():
                self._keys.stick(request.key, request.on)
            case SimChatter():
                self._keys.chatter(request.key, request.for_ms)
            case SimClock():
                self._wall.set(request.utc_ms, request.trust)
            case SimDisplayFault():
                self._display.plug(request.on)
            case SimWatch():
                self._watching.add(writer)
                return _as_json(self._display.picture)
            case SimPicture():
                return _as_json(self._display.picture)
            case SimSignals():
                return {"lit": self._signals.lit, "happened": self._signals.happened}
            case SimBreak():
                self._signals.damage(request.part, request.on)
        return {}

    def _tell(self, news: dict[str, Any]) -> None:
        if self._loop is None:
            return
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody watches any more
            self._loop.call_soon_threadsafe(self._push, news)

    def _push(self, news: dict[str, Any]) -> None:
        for writer in self._watching:
            writer.write(_line(news))


def _free(path: Path) -> None:
    """Remove a socket that nobody listens at any more; raise OSError when somebody does."""
    if not path.is_socket():
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            path.unlink()
            return
    raise OSError("another simulated board listens there")


def _as_json(picture: Picture) -> dict[str, Any]:
    return {
        "picture": base64.b64encode(picture.pixels).decode("ascii"),
        "width": picture.width,
        "height": picture.height,
        "shown": picture.shown,
    }


def _line(answer: dict[str, Any]) -> bytes:
    return msgspec.json.encode(answer) + b"\n"
