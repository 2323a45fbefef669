import asyncio
import gc
from collections.abc import Callable

import pytest

from device.errors import LedgerError, PadCode
from device.ledger.commit_queue import MAX_HELD, CommitQueue
from sync.entries import GENESIS, At, Body, Entry, Paused, Trust, write_body

AT = At(utc=None, mono=1, boot="b1", trust=Trust.NONE)


class Card:
    """A ledger that can be full, and records what it stored."""

    def __init__(self) -> None:
        self.full = False
        self.code = PadCode.LEDGER_FULL
        self.hang: asyncio.Event | None = None
        self.tries = 0
        self.stored: list[str] = []

    async def append(self, body: Body) -> Entry:
        self.tries += 1
        await asyncio.sleep(0)
        if self.hang is not None:
            await self.hang.wait()
        if self.full:
            raise LedgerError("no space left", self.code)
        assert isinstance(body, Paused)
        self.stored.append(body.by)
        return Entry(len(self.stored), write_body(body), GENESIS)


class QueueBench:
    """A commit queue before a card, and the calls of its observers."""

    def __init__(self, slow_s: float = 600) -> None:
        self.card = Card()
        self.calls: list[str] = []
        self.commits = CommitQueue(
            self.card.append,
            on_stuck=lambda code, _: self.calls.append(f"stuck {code.code}"),
            on_free=lambda code: self.calls.append(f"free {code.code}"),
            retry_s=0,
            slow_s=slow_s,
        )

    def put(self, *names: str) -> list[asyncio.Future[Entry]]:
        return [self._put(name) for name in names]

    def _put(self, name: str) -> asyncio.Future[Entry]:
        def committed(commit: asyncio.Future[Entry]) -> None:
            if not commit.cancelled() and commit.exception() is None:
                self.calls.append(f"stored {commit.result().seq}")

        commit = self.commits.put(Paused(at=AT, by=name))
        commit.add_done_callback(committed)
        return commit


async def wait_until(condition: Callable[[], bool]) -> None:
    for _ in range(10_000):
        if condition():
            return
        await asyncio.sleep(0.0001)
    raise AssertionError("it never came")


def test_entries_are_committed_one_by_one_in_order() -> None:
    async def story() -> None:
        bench = QueueBench()
        commits = bench.put("a", "b", "c")
        assert [entry.seq for entry in await asyncio.gather(*commits)] == [1, 2, 3]
        assert bench.card.stored == ["a", "b", "c"]
        assert bench.calls == ["stored 1", "stored 2", "stored 3"]

    asyncio.run(story())


def test_entries_wait_for_a_full_card_and_are_committed_in_order_when_it_has_room() -> None:
    async def story() -> None:
        bench = QueueBench()
        bench.card.full = True
        commits = bench.put("a", "b")
        await wait_until(lambda: bench.card.tries > 5)
        assert bench.calls == ["stuck L02"]
        assert not any(wait.done() for wait in commits)
        bench.card.full = False
        await asyncio.gather(*commits)
        await bench.commits.wait_until_durable(1)
        assert bench.card.stored == ["a", "b"]
        assert bench.calls == ["stuck L02", "free L02", "stored 1", "stored 2"]

    asyncio.run(story())


def test_a_queue_that_is_full_refuses_new_entries_and_counts_them() -> None:
    async def story() -> None:
        bench = QueueBench()
        bench.card.full = True
        bench.put(*(str(n) for n in range(MAX_HELD)))
        (extra,) = bench.put("one too many")
        with pytest.raises(LedgerError, match="already wait"):
            await extra
        assert bench.commits.refused == 1
        await bench.commits.stop()

    asyncio.run(story())


def test_waiting_returns_false_when_the_card_did_not_take_everything() -> None:
    async def story() -> None:
        bench = QueueBench()
        assert await bench.commits.wait_until_durable(0.01)
        bench.card.full = True
        bench.put("a")
        assert not await bench.commits.wait_until_durable(0.01)
        await bench.commits.stop()

    asyncio.run(story())


def test_a_card_that_hangs_is_a_fault_until_it_answers_and_is_called_only_once() -> None:
    async def story() -> None:
        bench = QueueBench(slow_s=0.01)
        bench.card.hang = asyncio.Event()
        (wait,) = bench.put("a")
        await wait_until(lambda: bench.calls == ["stuck L01"])
        assert not wait.done()
        bench.card.hang.set()
        await wait
        await bench.commits.wait_until_durable(1)
        assert bench.calls == ["stuck L01", "free L01", "stored 1"]
        assert bench.card.tries == 1

    asyncio.run(story())


def test_a_new_reason_is_reported_before_the_old_one_is_over() -> None:
    async def story() -> None:
        bench = QueueBench()
        bench.card.full = True
        (wait,) = bench.put("a")
        await wait_until(lambda: bench.calls == ["stuck L02"])
        bench.card.code = PadCode.LEDGER_WRITE
        await wait_until(lambda: len(bench.calls) == 3)
        assert bench.calls == ["stuck L02", "stuck L01", "free L02"]
        bench.card.full = False
        await wait

    asyncio.run(story())


def test_an_unexpected_exception_reaches_the_event_loop_before_it_is_collected() -> None:
    async def main() -> None:
        contexts: list[object] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, found: contexts.append(found))

        async def append(body: Body) -> Entry:
            raise ValueError("too long")

        commits = CommitQueue(append, on_stuck=lambda *_: None, on_free=lambda _: None)
        commits.put(Paused(at=AT, by="x"))
        await wait_until(lambda: bool(contexts))
        [context] = contexts
        assert isinstance(context, dict)
        assert isinstance(context["exception"], ValueError)

    asyncio.run(main())


def test_what_a_start_records_waits_for_the_first_other_entry_and_keeps_its_order() -> None:
    async def main() -> None:
        bench = QueueBench()
        bench.commits.hold(600)
        bench.put("booted", "clock")
        for _ in range(20):
            await asyncio.sleep(0)
        assert (bench.card.tries, bench.commits.released.is_set()) == (0, False)
        assert await bench.commits.wait_until_durable(0)  # a stop need not wait for them
        last = bench.commits.put(Paused(at=AT, by="a clerk"), from_session=True)
        await last
        assert bench.card.stored == ["booted", "clock", "a clerk"]
        bench.put("later")
        assert await bench.commits.wait_until_durable(5)
        assert bench.card.stored[-1] == "later"

    asyncio.run(main())


def test_what_a_start_records_is_written_when_the_agent_has_run_for_a_while() -> None:
    async def main() -> None:
        bench = QueueBench()
        bench.commits.hold(0.01)
        (first,) = bench.put("booted")
        await bench.commits.released.wait()
        await first
        assert bench.card.stored == ["booted"]
        bench.commits.hold(600)
        bench.put("never")
        await bench.commits.stop()  # an end before that drops them
        assert bench.card.stored == ["booted"]

    asyncio.run(main())


def test_an_entry_that_nobody_waits_for_is_refused_without_a_line_of_asyncio() -> None:
    told: list[str] = []

    async def story() -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, context: told.append(str(context["message"])))
        bench = QueueBench()
        bench.card.full = True
        for n in range(MAX_HELD + 1):
            bench.commits.put(Paused(at=AT, by=str(n)))
        dropped = bench.commits.put(Paused(at=AT, by="dropped"))
        await asyncio.sleep(0)
        del dropped
        gc.collect()
        await bench.commits.stop()

    asyncio.run(story())
    assert told == []


def test_a_birth_waits_until_the_start_is_on_record() -> None:
    async def story() -> None:
        bench = QueueBench()
        begun: list[str] = []

        async def start() -> None:
            begun.append("birth")

        bench.commits.hold(600)
        waiting = asyncio.ensure_future(bench.commits.once_released(start))
        for _ in range(5):
            await asyncio.sleep(0)
        assert begun == []
        bench.commits.release()
        await waiting
        assert begun == ["birth"]

    asyncio.run(story())
