"""The desk's events: every change at the window is sent to the listeners as it happens.

The pad calls `changed` on its loop and never waits: events are put into a short queue for each
listener. A listener that lets its queue fill up is disconnected; it connects again and asks for the
standings.
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
QUEUE_SIZE = 64
HEARTBEAT_S = 15.0
"""When nothing happens, the window is sent again after so long: a listener can then tell a quiet
pad from a lost one."""

POLICY_VIOLATION = 1008
"""Close code (RFC 6455 §7.4.1) for a listener that sends something."""


class Subscriber:
    """The events that one listener has yet to be sent."""

    def __init__(self) -> None:
        self.queue: asyncio.Queue[WindowChange] = asyncio.Queue(QUEUE_SIZE)
        self.overflowed = asyncio.Event()

    def put(self, event: WindowChange) -> None:
        """Put an event into the queue, or set `overflowed` when it is full."""
        try:
            self.queue.put_nowait(event)
        except asyncio.QueueFull:
            self.overflowed.set()


class EventStream:
    """The listeners of one pad. Called on the pad's loop."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._diff = WindowDiff(desk)
        self._subscribers: list[Subscriber] = []

    @property
    def listeners(self) -> int:
        """How many listen now."""
        return len(self._subscribers)

    def changed(self) -> None:
        """Something has happened at the pad; called after everything else has dealt with it."""
        if not self._subscribers:
            return
        for event in self._diff.changes():
            for subscriber in self._subscribers:
                subscriber.put(event)

    @contextlib.contextmanager
    def subscribe(self) -> Iterator[Subscriber]:
        """A subscriber whose queue begins with the present state of the window, until the end of
        the `with` block.
        """
        if not self._subscribers:
            self._diff = WindowDiff(self._desk)
            self._diff.changes()  # the present state: each subscriber gets it below
        subscriber = Subscriber()
        for event in WindowDiff(self._desk).changes():
            subscriber.put(event)
        self._subscribers.append(subscriber)
        try:
            yield subscriber
        finally:
            self._subscribers.remove(subscriber)

    async def accept(self, websocket: WebSocket) -> bool:
        """Accept a connection; False when there are too many listeners, which it is answered."""
        if self.listeners >= MAX_LISTENERS:
            await websocket.send_denial_response(error_answer(ERRORS, "too-many-listeners"))
            return False
        await websocket.accept()
        return True

    async def events(self, websocket: WebSocket) -> None:
        """Serve one listener until it disconnects, lets its queue fill up or sends something."""
        if await self.accept(websocket):
            with self.subscribe() as subscriber:
                await until_one_ends(
                    _close_when_it_sends(websocket),
                    self._send_events(websocket, subscriber),
                    subscriber.overflowed.wait(),
                )

    async def _send_events(self, websocket: WebSocket, subscriber: Subscriber) -> None:
        while True:
            try:
                event = await asyncio.wait_for(subscriber.queue.get(), HEARTBEAT_S)
            except TimeoutError:
                self.changed()  # the day may have ended, or a gap become long
                event = window_event(self._desk.window())
            await websocket.send_text(msgspec.json.encode(event).decode())


async def _close_when_it_sends(websocket: WebSocket) -> None:
    """Return when the listener has disconnected; close the connection when it sends something."""
    message = await websocket.receive()
    if message["type"] == "websocket.receive":
        await websocket.close(POLICY_VIOLATION, "only listen here")


async def until_one_ends(*parts: Coroutine[Any, Any, object]) -> None:
    """Run the parts of a connection until one of them ends, then cancel the others. A disconnect
    ends a part like anything else; any other exception of a part is raised.
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
