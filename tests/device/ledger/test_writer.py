"""One thread commits; the event loop only waits."""

import asyncio
import sqlite3
import threading
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import pytest

from device.errors import LedgerError, PadCode
from device.ledger.ledger import Ledger
from device.ledger.writer import Writer
from sync.entries import Rated, read_body
from tests.rigs.ledger.ledger_process import open_in, rated
from tests.rigs.time.wait import until


def run(main: Coroutine[Any, Any, None]) -> None:
    asyncio.run(main)


def test_entries_are_returned_durable_and_in_the_order_of_the_calls(tmp_path: Path) -> None:
    async def main() -> None:
        writer = Writer(lambda: open_in(tmp_path))
        await writer.start()
        entries = await asyncio.gather(*(writer.append(rated(n)) for n in range(50)))
        assert [entry.seq for entry in entries] == list(range(2, 52))
        assert (writer.head_seq, writer.head_digest) == (51, entries[-1].digest)
        chunk = await writer.read(1, 100, 1 << 20)
        assert chunk.entries == entries
        assert await writer.digest_at(51) == entries[-1].digest
        bodies = [read_body(entry.body) for entry in entries]
        assert [b.invitation[-6:] for b in bodies if isinstance(b, Rated)] == [
            f"{n:06d}" for n in range(50)
        ]
        await writer.stop()
        await writer.stop()

    run(main())


def test_the_file_is_used_by_one_thread_that_is_not_the_event_loops(tmp_path: Path) -> None:
    async def main() -> None:
        writer = Writer(lambda: open_in(tmp_path))
        await writer.start()
        names = {await writer.run(lambda _: threading.current_thread().name) for _ in range(5)}
        assert names == {"ledger-writer"}
        ledger = await writer.run(lambda ledger: ledger)
        with pytest.raises(sqlite3.ProgrammingError):  # control: another thread cannot
            ledger._connection.execute("SELECT 1")
        await writer.stop()

    run(main())


def test_a_ledger_that_cannot_be_opened_fails_the_start_which_may_be_tried_again(
    tmp_path: Path,
) -> None:
    async def main() -> None:
        holder = open_in(tmp_path)
        writer = Writer(lambda: open_in(tmp_path))
        with pytest.raises(LedgerError) as refused:
            await writer.start()
        assert refused.value.code is PadCode.LEDGER_IN_USE
        holder.close()
        await writer.start()
        assert writer.head_seq == 1
        await writer.stop()

    run(main())


def test_the_receipted_mark_is_seen_immediately_and_kept(tmp_path: Path) -> None:
    async def main() -> None:
        writer = Writer(lambda: open_in(tmp_path))
        await writer.start()
        waiting = [asyncio.ensure_future(writer.append(rated(n))) for n in range(5)]
        await asyncio.gather(*waiting)
        writer.mark_receipted(4)
        assert writer.receipted == 4
        await writer.append(rated(9))
        assert writer.receipted == 4
        await writer.stop()
        await writer.start()
        assert writer.receipted == 4
        await writer.roll_over("diverged")
        assert writer.receipted == 0
        assert writer.opened_because == "diverged"
        await writer.stop()

    run(main())


def test_an_error_reaches_the_caller_and_the_writer_goes_on(tmp_path: Path) -> None:
    async def main() -> None:
        writer = Writer(lambda: open_in(tmp_path))
        await writer.start()

        def break_it(ledger: Ledger) -> None:
            raise LedgerError("no room", PadCode.LEDGER_FULL)

        with pytest.raises(LedgerError) as full:
            await writer.run(break_it)
        assert full.value.code is PadCode.LEDGER_FULL
        assert (await writer.append(rated(1))).seq == 2
        await writer.stop()
        with pytest.raises(RuntimeError):
            await writer.append(rated(1))

    run(main())


def test_the_ledger_is_checkpointed_while_there_are_no_calls(tmp_path: Path) -> None:
    async def main(idle_s: float) -> int:
        writer = Writer(lambda: open_in(tmp_path), idle_s=idle_s)
        await writer.start()
        for n in range(70):
            await writer.append(rated(n))
        before = (tmp_path / "ledger").stat().st_size
        if idle_s < 1:
            until(lambda: (tmp_path / "ledger").stat().st_size > before, 5, "a checkpoint")
        grown = (tmp_path / "ledger").stat().st_size - before
        await writer.stop()
        return grown

    assert asyncio.run(main(0.01)) > 0
    assert asyncio.run(main(60)) == 0  # control: no checkpoint while it has not been idle


def test_a_receipt_for_the_old_ledger_does_not_count_for_the_new_one(tmp_path: Path) -> None:
    async def main() -> None:
        writer = Writer(lambda: open_in(tmp_path))
        await writer.start()
        for n in range(5):
            await writer.append(rated(n))
        gate = threading.Event()
        held = asyncio.ensure_future(writer.run(lambda _: gate.wait(10)))
        rollover = asyncio.ensure_future(writer.roll_over("diverged"))
        await asyncio.sleep(0)
        writer.mark_receipted(5)
        gate.set()
        await asyncio.gather(held, rollover)
        assert await writer.run(lambda ledger: ledger.receipted) == 0
        assert writer.receipted == 0
        writer.mark_receipted(3)  # control: one for the new ledger counts
        assert await writer.run(lambda ledger: ledger.receipted) == 3
        await writer.stop()

    run(main())


# The thread dies on purpose.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_thread_that_has_died_is_noticed_and_nothing_waits_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: Ledger) -> bool:
        raise ZeroDivisionError("a part of the ledger failed")

    async def main() -> None:
        writer = Writer(lambda: open_in(tmp_path), idle_s=0.01)
        assert not writer.died
        await writer.start()
        assert not writer.died
        monkeypatch.setattr(Ledger, "checkpoint_if_due", fail)
        await writer.append(rated(1))
        until(lambda: writer.died, 10, "the thread has ended")
        with pytest.raises(RuntimeError, match="thread has ended"):
            await writer.append(rated(2))
        await writer.stop()

    run(main())
