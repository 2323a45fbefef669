import asyncio
from collections.abc import Callable

import pytest

from device.errors import LedgerError, PadCode
from device.ledger.commit_queue import MAX_HELD, CommitQueue
from sync.entries import GENESIS, At, Body, Entry, Paused, Trust, write_body

AT = At(utc=None, mono=1, boot="b1", trust=Trust.NONE)


class Card:
    """A ledger that can be full, and counts what it took."""

    def __init__(self) -> None:
        self.full = False
        self.code = PadCode.LEDGER_FULL
        self.hang: asyncio.Event | None = None
        self.tries = 0
        self.took: list[str] = []

    async def append(self, body: Body) -> Entry:
        self.tries += 1
        await asyncio.sleep(0)
        if self.hang is not None:
            await self.hang.wait()
        if self.full:
            raise LedgerError("no space left", self.code)
        assert isinstance(body, Paused)
        self.took.append(body.by)
        return Entry(len(self.took), write_body(body), GENESIS)


class Desk:
    def __init__(self, slow_s: float = 600) -> None:
        self.card = Card()
        self.heard: list[str] = []
        self.commits = CommitQueue(
            self.card.append,
            on_stuck=lambda code, _: self.heard.append(f"stuck {code.code}"),
            on_free=lambda code: self.heard.append(f"free {code.code}"),
            retry_s=0,
            slow_s=slow_s,
        )

    def put(self, *names: str) -> list[asyncio.Future[Entry]]:
        return [self._put(name) for name in names]

    def _put(self, name: str) -> asyncio.Future[Entry]:
        def committed(commit: asyncio.Future[Entry]) -> None:
            if not commit.cancelled() and commit.exception() is None:
                self.heard.append(f"stored {commit.result().seq}")

        commit = self.commits.put(Paused(at=AT, by=name))
        commit.add_done_callback(committed)
        return commit


async def turn(until: Callable[[], bool]) -> None:
    for _ in range(10_000):
        if until():
            return
        await asyncio.sleep(0.0001)
    raise AssertionError("it never came")


def test_entries_are_committed_one_by_one_in_order() -> None:
    async def story() -> None:
        desk = Desk()
        waits = desk.put("a", "b", "c")
        assert [entry.seq for entry in await asyncio.gather(*waits)] == [1, 2, 3]
        assert desk.card.took == ["a", "b", "c"]
        assert desk.heard == ["stored 1", "stored 2", "stored 3"]

    asyncio.run(story())


def test_a_full_card_holds_everything_and_lets_it_go_in_order_by_itself() -> None:
    async def story() -> None:
        desk = Desk()
        desk.card.full = True
        waits = desk.put("a", "b")
        await turn(lambda: desk.card.tries > 5)
        assert desk.heard == ["stuck L02"]
        assert not any(wait.done() for wait in waits)
        desk.card.full = False
        await asyncio.gather(*waits)
        await desk.commits.settle(1)
        assert desk.card.took == ["a", "b"]
        assert desk.heard == ["stuck L02", "free L02", "stored 1", "stored 2"]

    asyncio.run(story())


def test_a_card_that_stays_broken_turns_new_entries_away_and_counts_them() -> None:
    async def story() -> None:
        desk = Desk()
        desk.card.full = True
        desk.put(*(str(n) for n in range(MAX_HELD)))
        (extra,) = desk.put("one too many")
        with pytest.raises(LedgerError, match="already wait"):
            await extra
        assert desk.commits.refused == 1
        await desk.commits.stop()

    asyncio.run(story())


def test_settling_says_when_the_card_would_not_take_it() -> None:
    async def story() -> None:
        desk = Desk()
        assert await desk.commits.settle(0.01)
        desk.card.full = True
        desk.put("a")
        assert not await desk.commits.settle(0.01)
        await desk.commits.stop()

    asyncio.run(story())


def test_a_card_that_hangs_is_a_fault_until_it_answers_and_is_asked_only_once() -> None:
    async def story() -> None:
        desk = Desk(slow_s=0.01)
        desk.card.hang = asyncio.Event()
        (wait,) = desk.put("a")
        await turn(lambda: desk.heard == ["stuck L01"])
        assert not wait.done()
        desk.card.hang.set()
        await wait
        await desk.commits.settle(1)
        assert desk.heard == ["stuck L01", "free L01", "stored 1"]
        assert desk.card.tries == 1

    asyncio.run(story())


def test_a_new_reason_is_told_before_the_old_one_is_freed() -> None:
    async def story() -> None:
        desk = Desk()
        desk.card.full = True
        (wait,) = desk.put("a")
        await turn(lambda: desk.heard == ["stuck L02"])
        desk.card.code = PadCode.LEDGER_WRITE
        await turn(lambda: len(desk.heard) == 3)
        assert desk.heard == ["stuck L02", "stuck L01", "free L02"]
        desk.card.full = False
        await wait

    asyncio.run(story())


def test_what_nobody_expected_stops_the_loop_at_once_and_not_when_it_is_forgotten() -> None:
    async def main() -> None:
        heard: list[object] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, what: heard.append(what))

        async def append(body: Body) -> Entry:
            raise ValueError("too long")

        commits = CommitQueue(append, on_stuck=lambda *_: None, on_free=lambda _: None)
        commits.put(Paused(at=AT, by="x"))
        await turn(lambda: bool(heard))
        [what] = heard
        assert isinstance(what, dict)
        assert isinstance(what["exception"], ValueError)

    asyncio.run(main())
