"""The desk's events: what changes at the window is told to whoever listens, as it happens.

The pad calls `changed` on its loop and never waits: news are put into a short queue for each
listener, and a listener that does not empty his is cut. He comes back and asks.
"""

import asyncio
import contextlib
from collections.abc import Coroutine, Iterator
from typing import Any

import msgspec
from starlette.websockets import WebSocket, WebSocketDisconnect

from device.desk.api_errors import ERRORS
from device.desk.schemas import window_event
from device.desk.window_diff import WindowChange, WindowDiff
from device.ports import Desk
from web.api_answers import error_answer

MAX_LISTENERS = 8
QUEUED = 64
BEAT_S = 15.0
"""When nothing happens the window is told anew after so long, so that a listener can tell a quiet
pad from one that is gone."""

HUNG_UP = 1008
"""Close code (RFC 6455 §7.4.1): a listener has nothing to say here."""


class Subscriber:
    """What one listener has yet to be told."""

    def __init__(self) -> None:
        self.queue: asyncio.Queue[WindowChange] = asyncio.Queue(QUEUED)
        self.lags = asyncio.Event()

    def tell(self, event: WindowChange) -> None:
        """Put an event into the queue; one that finds it full is the last."""
        try:
            self.queue.put_nowait(event)
        except asyncio.QueueFull:
            self.lags.set()


class EventStream:
    """Everybody who listens to one pad."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._watch = WindowDiff(desk)
        self._listeners: list[Subscriber] = []

    @property
    def listeners(self) -> int:
        """How many listen now."""
        return len(self._listeners)

    def changed(self) -> None:
        """Something has happened at the pad; called on its loop, after everything else."""
        if not self._listeners:
            return
        for event in self._watch.look():
            for one in self._listeners:
                one.tell(event)

    @contextlib.contextmanager
    def listening(self) -> Iterator[Subscriber]:
        """A listener who has been told how the window stands, until he leaves."""
        if not self._listeners:
            self._watch = WindowDiff(self._desk)
            self._watch.look()  # what is there already is told below
        one = Subscriber()
        for event in WindowDiff(self._desk).look():
            one.tell(event)
        self._listeners.append(one)
        try:
            yield one
        finally:
            self._listeners.remove(one)

    async def accepts(self, websocket: WebSocket) -> bool:
        """Whether there is room for one more listener; he is told if not."""
        if self.listeners >= MAX_LISTENERS:
            await websocket.send_denial_response(error_answer(ERRORS, "too-many-listeners"))
            return False
        await websocket.accept()
        return True

    async def events(self, websocket: WebSocket) -> None:
        """Serve one listener until he goes, lags behind or talks."""
        if await self.accepts(websocket):
            with self.listening() as one:
                await until_one_ends(
                    _hang_up(websocket), self._pump(websocket, one), one.lags.wait()
                )

    async def _pump(self, websocket: WebSocket, one: Subscriber) -> None:
        while True:
            try:
                event = await asyncio.wait_for(one.queue.get(), BEAT_S)
            except TimeoutError:
                event = window_event(self._desk.window())
            await websocket.send_text(msgspec.json.encode(event).decode())


async def _hang_up(websocket: WebSocket) -> None:
    """Wait until the listener goes, or says something."""
    message = await websocket.receive()
    if message["type"] == "websocket.receive":
        await websocket.close(HUNG_UP, "only listen here")


async def until_one_ends(*parts: Coroutine[Any, Any, object]) -> None:
    """Run the parts of a connection until one of them ends, and end the others. A connection that
    is gone is an end like any other; what else a part raises is raised.
    """
    tasks = [asyncio.ensure_future(part) for part in parts]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    for task in done:
        with contextlib.suppress(WebSocketDisconnect):
            task.result()
