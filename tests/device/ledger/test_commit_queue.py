import asyncio
import gc
from collections.abc import Callable

import pytest

from device.errors import LedgerError, PadCode
from device.ledger.commit_queue import MAX_HELD, CommitQueue
from sync.entries import (
    GENESIS,
    At,
    Body,
    Booted,
    Cleared,
    Clock,
    Entry,
    Fault,
    Lapsed,
    Paused,
    Resumed,
    Trust,
    write_body,
)
from tests.rigs.time.virtual_time import pass_s, run

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
            try:
                await self.hang.wait()
            except asyncio.CancelledError:
                self.stored.append("cancelled")
                raise
        if self.full:
            raise LedgerError("no space left", self.code)
        self.stored.append(body.by if isinstance(body, Paused) else type(body).__name__)
        return Entry(len(self.stored), write_body(body), GENESIS)


class QueueBench:
    """A commit queue before a card, and the calls of its observers."""

    def __init__(self, slow_s: float = 600, retry_s: float = 0) -> None:
        self.card = Card()
        self.calls: list[str] = []
        self.commits = CommitQueue(
            self.card.append,
            on_stuck=lambda code, _: self.calls.append(f"stuck {code.code}"),
            on_free=lambda code: self.calls.append(f"free {code.code}"),
            retry_s=retry_s,
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


def test_a_refused_entry_is_tried_again_each_second_and_five_without_an_answer_are_a_fault() -> (
    None
):
    async def story() -> None:
        loop, card = asyncio.get_running_loop(), Card()
        tried_s: list[float] = []
        told: list[tuple[float, str, str]] = []

        async def append(body: Body) -> Entry:
            tried_s.append(loop.time())
            return await card.append(body)

        commits = CommitQueue(
            append,
            on_stuck=lambda code, detail: told.append((loop.time(), code.code, detail)),
            on_free=lambda code: told.append((loop.time(), code.code, "free")),
        )
        card.full = True
        commits.put(Paused(at=AT, by="a"))
        await pass_s(3.5)
        assert tried_s == [0, 1, 2, 3]
        assert told == [(0, "L02", "no space left")]
        card.full, card.hang = False, asyncio.Event()
        await pass_s(5)
        assert told[1:] == []
        await pass_s(1)
        assert told[1:] == [
            (9, "L01", "the card has not answered for 5 s"),
            (9, "L02", "free"),
        ]
        card.hang.set()
        await pass_s(60)
        assert [code for _, code, _ in told[3:]] == ["L01"], "free, and not stuck again"
        assert card.stored == ["a"]

    run(story())


def test_a_card_that_answers_is_no_fault_however_long_nothing_comes_after_it() -> None:
    async def story() -> None:
        bench = QueueBench(slow_s=5)
        await asyncio.gather(*bench.put("a", "b"))
        await pass_s(3600)
        assert bench.calls == ["stored 1", "stored 2"]

    run(story())


def test_256_entries_wait_for_a_card_and_what_the_session_records_is_never_refused() -> None:
    async def story() -> None:
        bench = QueueBench()
        bench.card.full = True
        bench.put(*(str(n) for n in range(255)))
        (last, extra) = bench.put("256", "257")
        assert (last.done(), extra.done(), bench.commits.refused) == (False, True, 1)
        of_session = bench.commits.put(Paused(at=AT, by="258"), from_session=True)
        assert (of_session.done(), bench.commits.refused) == (False, 1)
        (extra,) = bench.put("259")
        with pytest.raises(LedgerError) as refused:
            await extra
        assert refused.value.detail == "256 entries already wait for the card"
        assert bench.commits.refused == 2
        bench.card.full = False
        assert (await of_session).seq == 257
        assert bench.card.stored[-2:] == ["256", "258"]

    asyncio.run(story())


@pytest.mark.parametrize(
    ("body", "from_session", "ends"),
    [
        (Booted(at=AT, agent="1", board="simulated", boots=1), False, False),
        (Clock(at=AT, utc=1, mono=1, source="ntp", uncertainty_ms=1), False, False),
        (Paused(at=AT, by="a"), False, False),
        (Fault(at=AT, code="C01"), False, False),
        (Cleared(at=AT, code="C01"), False, False),
        (Fault(at=AT, code="C01"), True, True),
        (Lapsed(at=AT, invitation="i"), False, True),
        (Resumed(at=AT, by="a"), False, True),
    ],
    ids=lambda one: type(one).__name__ if not isinstance(one, bool) else str(one),
)
def test_what_a_start_records_waits_until_somebody_uses_the_pad(
    body: Body, from_session: bool, ends: bool
) -> None:
    async def story() -> None:
        bench = QueueBench()
        bench.commits.hold(60)
        bench.commits.put(body, from_session=from_session)
        await pass_s(59)
        assert (bench.commits.released.is_set(), bool(bench.card.stored)) == (ends, ends)
        await pass_s(2)
        assert bench.card.stored == [body.by if isinstance(body, Paused) else type(body).__name__]

    run(story())


def test_a_hold_that_was_ended_early_does_not_end_a_later_one() -> None:
    async def story() -> None:
        bench = QueueBench()
        bench.commits.hold(10)
        bench.commits.release()
        assert await bench.commits.wait_until_durable(0), "nothing waits"
        bench.commits.hold(60)
        bench.put("booted")
        await pass_s(59)
        assert bench.card.stored == []
        await pass_s(2)
        assert bench.card.stored == ["booted"]

    run(story())


def test_nothing_is_written_after_a_stop() -> None:
    async def story() -> None:
        held, full, hung = QueueBench(), QueueBench(retry_s=1), QueueBench()
        held.commits.hold(10)
        full.card.full = True
        hung.card.hang = asyncio.Event()
        for bench in (held, full, hung):
            bench.put("a")
        await pass_s(1)
        for bench in (held, full, hung):
            await bench.commits.stop()
        assert hung.card.stored == ["cancelled"], "it has ended when `stop` returns"
        tries = full.card.tries
        full.card.full = False
        await pass_s(60)
        assert (held.card.stored, full.card.stored, full.card.tries) == ([], [], tries)
        await QueueBench().commits.stop()  # one that was never used

    run(story())


def test_an_entry_whose_caller_gave_up_is_committed_all_the_same() -> None:
    async def story() -> None:
        bench = QueueBench(retry_s=1)
        bench.card.full = True
        (first, _) = bench.put("a", "b")
        await pass_s(1)
        first.cancel()
        bench.card.full = False
        await pass_s(2)
        assert bench.card.stored == ["a", "b"]

    run(story())
