"""A press overtakes everybody who calls the desk: the real pad and the whole app, virtual time."""

import asyncio
from collections.abc import Awaitable, Callable

import httpx
import pytest

from device.desk.admission import Admission
from device.desk.event_stream import EventStream
from device.desk.http import build_app
from device.desk.press_priority import MAX_WAIT_S, PressPriority
from device.errors import PadCode
from device.events import Scene
from sync.entries import Level, Service
from tests.rigs.pad.virtual_pad import VirtualPad
from tests.rigs.time.virtual_time import pass_s, run

TOKEN = "a-token-for-tests-only"
CALLERS = 10


class Hall:
    """Callers of one pad; what stood on its display when each was answered, in order."""

    def __init__(self, bench: VirtualPad) -> None:
        self._bench = bench
        app = build_app(bench.pad, Admission([TOKEN]), EventStream(bench.pad))
        self._client = httpx.AsyncClient(
            transport=httpx.ASGITransport(app),
            base_url="http://pad",
            headers={"authorization": f"Bearer {TOKEN}"},
        )
        self.seen: list[Scene] = []

    async def _ask(self) -> None:
        answer = await self._client.get("/v1/window")
        assert answer.status_code == 200
        self.seen.append(self._bench.scene)

    def call(self) -> "list[asyncio.Task[None]]":
        """Everybody at once."""
        return [asyncio.ensure_future(self._ask()) for _ in range(CALLERS)]


def told(story: Callable[[VirtualPad, Hall], Awaitable[None]]) -> None:
    """One story with an invitation on the screen."""

    async def whole() -> None:
        bench = VirtualPad()
        bench.pad.start()
        await bench.pad.invite(Service(case="DH-1"), "C003", "http")
        await story(bench, Hall(bench))

    run(whole())


async def press_among_callers(bench: VirtualPad, hall: Hall) -> None:
    """The card takes a hundredth of a second; everybody calls just before the press."""
    bench.card.hangs = True
    calls = hall.call()
    asyncio.get_running_loop().call_soon(bench.press)
    asyncio.get_running_loop().call_later(0.01, bench.card.let_go)
    await asyncio.gather(*calls)


def test_whoever_calls_is_answered_after_thanks() -> None:
    async def story(bench: VirtualPad, hall: Hall) -> None:
        await press_among_callers(bench, hall)
        assert hall.seen == [Scene.THANKS] * CALLERS

    told(story)


def test_without_turns_they_are_answered_before_it(monkeypatch: pytest.MonkeyPatch) -> None:
    async def at_once(_: PressPriority) -> None:
        pass

    monkeypatch.setattr(PressPriority, "wait_turn", at_once)

    async def story(bench: VirtualPad, hall: Hall) -> None:
        await press_among_callers(bench, hall)
        assert Scene.THANKS not in hall.seen

    told(story)


def test_the_loop_looks_at_everything_else_between_two_callers() -> None:
    async def story(bench: VirtualPad, _: Hall) -> None:
        turns, order = PressPriority(bench.pad), []

        async def caller() -> None:
            await turns.wait_turn()
            order.append("caller")
            asyncio.get_running_loop().call_soon(order.append, "else")

        await asyncio.gather(*[caller() for _ in range(3)])
        await bench.settle()
        assert order == ["caller", "else"] * 3

    told(story)


def test_a_card_that_hangs_keeps_them_once_and_not_for_long() -> None:
    async def story(bench: VirtualPad, hall: Hall) -> None:
        async def waited_s() -> float:
            start_s = asyncio.get_running_loop().time()
            await asyncio.gather(*hall.call())
            return asyncio.get_running_loop().time() - start_s

        for level in (Level.SATISFIED, Level.DISSATISFIED):  # and once more after it was quick
            bench.card.hangs = True
            bench.press(level)
            assert await waited_s() == pytest.approx(MAX_WAIT_S, abs=0.001)
            assert await waited_s() == pytest.approx(0, abs=0.001)
            bench.card.let_go()
            await bench.settle()
            assert await waited_s() == pytest.approx(0, abs=0.001)
        assert bench.scene is Scene.THANKS

    told(story)


def test_a_card_that_refuses_leaves_the_desk_its_answers() -> None:
    async def story(bench: VirtualPad, hall: Hall) -> None:
        bench.card.refuses = PadCode.LEDGER_FULL
        bench.press()
        await pass_s(1)
        await asyncio.gather(*hall.call())
        assert hall.seen == [Scene.FAULT] * CALLERS

    told(story)


def test_a_caller_that_disconnects_gives_up_its_turn() -> None:
    async def story(bench: VirtualPad, hall: Hall) -> None:
        bench.card.hangs = True
        bench.press()
        calls = hall.call()
        await bench.settle()
        for gone in calls[:2]:
            gone.cancel()
        bench.card.let_go()
        await asyncio.gather(*calls[2:])
        assert len(hall.seen) == CALLERS - 2

    told(story)
