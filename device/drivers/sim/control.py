"""The simulated board's control socket, by which a demo or a test presses keys and pulls cables.

A Unix socket for JSON, one object a line. Each request gets one answer, `{"ok":true,...}` or
`{"ok":false,"says":...}`. After `watch` the server also sends every change of the picture, and
every event of lights, beeper and voice as `{"signal":...}`. It is an asyncio loop on a thread of
its own, which sleeps while there is no request.
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
from device.drivers.sim.sim_signals import Part, SignalLog
from device.errors import DriverError, PadCode
from device.loop_bridge import join_thread
from device.os_errors import code_of, explain
from sync.entries import Trust


class SimRequest(
    msgspec.Struct,
    forbid_unknown_fields=True,
    tag_field="do",
    tag=lambda name: name.removeprefix("Sim").lower(),
):
    """A request; its JSON field `do` names which."""


class SimPress(SimRequest):
    """Press `key`, or all of `keys` together."""

    key: str | None = None
    keys: list[str] = []
    hold_ms: float = 120.0


class SimStuck(SimRequest):
    """Hold `key` down, or release it (`on` false)."""

    key: str
    on: bool


class SimChatter(SimRequest):
    """Let the contact of `key` open and close for `for_ms`."""

    key: str
    for_ms: float


class SimClock(SimRequest):
    """Set the time of day and its trust; `utc_ms` null is this machine's own time."""

    trust: Trust
    utc_ms: int | None = None


class SimDisplayFault(SimRequest, tag="display"):
    """Plug the display's cable in, or pull it."""

    on: bool


class SimPicture(SimRequest, tag="picture"):
    """Return the present picture."""


class SimWatch(SimRequest):
    """Return the present picture, then every change of it and every signal event."""


class SimSignals(SimRequest):
    """Return what is lit now, and the signal events so far."""


class SimBreak(SimRequest):
    """Break the lights, the beeper or the sound card, or repair it (`on` false)."""

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
    """The server. `start` and `stop` from any thread; it operates the parts from its own."""

    def __init__(
        self, path: Path, keys: SimKeys, wall: SimWall, display: SimDisplay, signals: SignalLog
    ) -> None:
        self._path = path
        self._keys = keys
        self._wall = wall
        self._display = display
        self._signals = signals
        self._watchers: set[asyncio.StreamWriter] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._end = asyncio.Event()
        self._thread: threading.Thread | None = None
        display.watch(lambda picture: self._send(_as_json(picture)))
        signals.watch(lambda event: self._send({"signal": event}))

    def start(self) -> None:
        """Create the socket and serve it. Raises DriverError when that fails or it is in use."""
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            _remove_stale(self._path)
            listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            listener.bind(str(self._path))
            self._path.chmod(0o600)
            listener.listen()  # before the thread runs: a client may connect once the file is there
        except OSError as error:
            code = code_of(error, PadCode.CONFIG_WRONG)  # there is no cable that could be loose
            raise DriverError(f"control socket {self._path}: {explain(error)}", code) from error
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
        join_thread(self._thread)
        self._thread = None
        self._path.unlink(missing_ok=True)

    def _run(self, loop: asyncio.AbstractEventLoop, listener: socket.socket) -> None:
        with contextlib.closing(loop):
            loop.run_until_complete(self._serve(listener))

    async def _serve(self, listener: socket.socket) -> None:
        server = await asyncio.start_unix_server(self._serve_client, sock=listener)
        await self._end.wait()
        server.close()
        clients = asyncio.all_tasks() - {asyncio.current_task()}
        for client in clients:
            client.cancel()
        await asyncio.gather(*clients, return_exceptions=True)

    async def _serve_client(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        with contextlib.suppress(ConnectionError, asyncio.CancelledError, ValueError):
            while line := await reader.readline():
                writer.write(_line(self._answer(line, writer)))
                await writer.drain()
        self._watchers.discard(writer)
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
                self._watchers.add(writer)
                return _as_json(self._display.picture)
            case SimPicture():
                return _as_json(self._display.picture)
            case SimSignals():
                return {"lit": self._signals.lit, "happened": self._signals.happened}
            case SimBreak():
                self._signals.damage(request.part, request.on)
        return {}

    def _send(self, message: dict[str, Any]) -> None:
        """Send a message to every client that watches; from any thread."""
        if self._loop is None:
            return
        with contextlib.suppress(RuntimeError):  # the loop is closed: there is no client any more
            self._loop.call_soon_threadsafe(self._write, message)

    def _write(self, message: dict[str, Any]) -> None:
        for writer in self._watchers:
            writer.write(_line(message))


INSTEAD = "stop the agent that uses it, or give another `[board] control`"


def _remove_stale(path: Path) -> None:
    """Remove a socket without a server. Raises OSError when one listens there."""
    if not path.is_socket():
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            path.unlink()
            return
        except PermissionError as error:
            raise OSError(error.errno, f"{error.strerror} ({INSTEAD})", str(path)) from error
    raise OSError(f"another simulated board listens there: {INSTEAD}")


def _as_json(picture: Picture) -> dict[str, Any]:
    return {
        "picture": base64.b64encode(picture.pixels).decode("ascii"),
        "width": picture.width,
        "height": picture.height,
        "shown": picture.shown,
    }


def _line(answer: dict[str, Any]) -> bytes:
    return msgspec.json.encode(answer) + b"\n"
