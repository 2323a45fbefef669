"""The desk's events: what changes at the window is told to whoever listens, as it happens.

The pad calls `changed` on its loop and never waits: news are put into a short queue for each
listener, and a listener that does not empty his is cut. He comes back and asks.
"""

import asyncio
import contextlib

import msgspec
from starlette.websockets import WebSocket, WebSocketDisconnect

from device.desk.answers import mistake
from device.desk.base import Desk
from device.desk.news import News
from device.desk.wire import StandingEvent, WindowEvent, window_event

MAX_LISTENERS = 8
QUEUED = 64
BEAT_S = 15.0
"""When nothing happens the window is told anew after so long, so that a listener can tell a quiet
pad from one that is gone."""

HUNG_UP = 1008
"""Close code (RFC 6455 §7.4.1): a listener has nothing to say here."""


class _Listener:
    """What one listener has yet to be told."""

    def __init__(self) -> None:
        self.queue: asyncio.Queue[bytes] = asyncio.Queue(QUEUED)
        self.lags = asyncio.Event()

    def tell(self, event: WindowEvent | StandingEvent) -> None:
        """Put an event into the queue; one that finds it full is the last."""
        try:
            self.queue.put_nowait(msgspec.json.encode(event))
        except asyncio.QueueFull:
            self.lags.set()


class Live:
    """Everybody who listens to one pad."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._news = News(desk)
        self._listeners: list[_Listener] = []

    @property
    def listeners(self) -> int:
        """How many listen now."""
        return len(self._listeners)

    def changed(self) -> None:
        """Something has happened at the pad; called on its loop, after everything else."""
        if not self._listeners:
            return
        for event in self._news.look():
            for one in self._listeners:
                one.tell(event)

    async def events(self, websocket: WebSocket) -> None:
        """Serve one listener until he goes, lags behind or talks."""
        if self.listeners >= MAX_LISTENERS:
            await websocket.send_denial_response(mistake("too-many-listeners"))
            return
        await websocket.accept()
        one = _Listener()
        if not self._listeners:
            self._news = News(self._desk)
            self._news.look()  # what is there already is told below
        for event in News(self._desk).look():
            one.tell(event)
        self._listeners.append(one)
        try:
            await self._serve(websocket, one)
        finally:
            self._listeners.remove(one)

    async def _serve(self, websocket: WebSocket, one: _Listener) -> None:
        hearing = asyncio.ensure_future(websocket.receive())
        tasks = {
            hearing,
            asyncio.ensure_future(self._pump(websocket, one)),
            asyncio.ensure_future(one.lags.wait()),
        }
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        for task in done:
            with contextlib.suppress(WebSocketDisconnect):
                task.result()
        if hearing in done and hearing.result()["type"] == "websocket.receive":
            await websocket.close(HUNG_UP, "only listen here")

    async def _pump(self, websocket: WebSocket, one: _Listener) -> None:
        while True:
            try:
                text = await asyncio.wait_for(one.queue.get(), BEAT_S)
            except TimeoutError:
                text = msgspec.json.encode(window_event(self._desk.window()))
            await websocket.send_text(text.decode())
