"""The events, for a browser and for listeners that are slow, silent or send something."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any, cast

import pytest
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute

from device import ports
from device.desk import event_stream as live_module
from device.desk.event_stream import MAX_LISTENERS, QUEUE_SIZE, EventStream
from device.events import Standing
from device.ports import DayStatus, WindowStatus
from tests.rigs.web.websocket_client import RefusedError, WebSocketClient
from web.server import WebServer, serve


class Desk:
    def __init__(self) -> None:
        self.turn = 0
        self.today = DayStatus()

    def window(self) -> WindowStatus:
        return WindowStatus("3", "busy" if self.turn % 2 else "ready")

    def day(self) -> DayStatus:
        return self.today

    def standing(self, _: str) -> Standing | None:
        return None


class Bench:
    """A desk's events on a real port."""

    def __init__(self, server: WebServer, desk: Desk, live: EventStream) -> None:
        self.server, self.desk, self.live = server, desk, live

    async def listen(self) -> WebSocketClient:
        return await WebSocketClient.connect("127.0.0.1", self.server.port, "/v1/events")

    def turn(self) -> None:
        self.desk.turn += 1
        self.live.changed()

    async def until(self, so: Callable[[], bool]) -> None:
        while not so():
            await asyncio.sleep(0.01)


def run(story: Callable[[Bench], Awaitable[None]]) -> None:
    async def whole() -> None:
        desk = Desk()
        live = EventStream(cast("ports.Desk", desk))
        app = Starlette(routes=[WebSocketRoute("/v1/events", live.events)])
        server = await serve(app, "127.0.0.1", 0)
        try:
            async with asyncio.timeout(20):
                await story(Bench(server, desk, live))
        finally:
            await server.stop()

    asyncio.run(whole())


def test_a_listener_gets_the_window_and_every_change() -> None:
    async def story(bench: Bench) -> None:
        one = await bench.listen()
        first: dict[str, Any] = json.loads(await one.receive())
        assert (first["event"], first["window"], first["state"]) == ("window", "3", "ready")
        assert json.loads(await one.receive())["event"] == "today"
        for state in ("busy", "ready", "busy"):
            bench.turn()
            assert json.loads(await one.receive())["state"] == state
        await one.close()
        await bench.until(lambda: bench.live.listeners == 0)

    run(story)


def test_without_changes_the_window_is_sent_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_module, "HEARTBEAT_S", 0.05)

    async def story(bench: Bench) -> None:
        one = await bench.listen()
        first = await one.receive()
        await one.receive()
        assert await one.receive() == await one.receive() == first
        await one.close()

    run(story)


def test_what_changes_by_time_alone_is_told_at_the_next_beat(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Midnight, or a gap that has become long: no event of the pad says so."""
    monkeypatch.setattr(live_module, "HEARTBEAT_S", 0.05)

    async def story(bench: Bench) -> None:
        one = await bench.listen()
        await bench.until(lambda: bench.live.listeners == 1)
        bench.desk.today = DayStatus("2026-12-01", 0, 0, 0, 0, is_complete=True)
        while json.loads(await one.receive()).get("date") != "2026-12-01":
            pass
        await one.close()

    run(story)


def test_a_listener_that_does_not_read_is_disconnected_and_the_others_get_everything() -> None:
    async def story(bench: Bench) -> None:
        lazy, good = await bench.listen(), await bench.listen()
        await bench.until(lambda: bench.live.listeners == 2)
        for one in (lazy, good):
            await one.receive()
            await one.receive()
        heard = 0
        lazy.stop_reading()
        while bench.live.listeners == 2:
            for _ in range(QUEUE_SIZE // 2):
                bench.turn()
            for _ in range(QUEUE_SIZE // 2):
                await good.receive()
            heard += QUEUE_SIZE // 2
        assert bench.live.listeners == 1
        bench.turn()
        await good.receive()
        assert heard > QUEUE_SIZE  # the control: what fits into the sockets' buffers cuts nobody
        await good.close()
        lazy.abort()

    run(story)


def test_a_listener_that_sends_something_is_disconnected() -> None:
    async def story(bench: Bench) -> None:
        one = await bench.listen()
        await one.receive()
        await one.send("hello")
        assert await one.receive_close() == live_module.POLICY_VIOLATION
        await bench.until(lambda: bench.live.listeners == 0)

    run(story)


def test_there_is_an_end_to_listeners() -> None:
    async def story(bench: Bench) -> None:
        held = [await bench.listen() for _ in range(MAX_LISTENERS)]
        await bench.until(lambda: bench.live.listeners == MAX_LISTENERS)
        with pytest.raises(RefusedError, match="503"):
            await bench.listen()
        await held.pop().close()
        await bench.until(lambda: bench.live.listeners < MAX_LISTENERS)
        await bench.listen()

    run(story)


def test_a_listener_that_disappears_is_removed() -> None:
    async def story(bench: Bench) -> None:
        one = await bench.listen()
        await one.receive()
        one.abort()
        await bench.until(lambda: bench.live.listeners == 0)

    run(story)


def test_the_pad_does_nothing_for_nobody() -> None:
    class Busy(Desk):
        def window(self) -> WindowStatus:
            raise AssertionError("nobody listens")

    EventStream(cast("ports.Desk", Busy())).changed()
