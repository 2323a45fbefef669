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
from device.ledger.writer import FILES_CHECK_S, IDLE_S, STOP_S, Writer
from sync.entries import GENESIS, HashName, Rated, read_body
from tests.rigs.ledger.ledger_process import open_in, rated
from tests.rigs.time.virtual_time import pass_s
from tests.rigs.time.virtual_time import run as run_in_virtual_time
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


def test_a_stop_waits_two_and_a_half_seconds_and_a_checkpoint_two_without_a_press() -> None:
    assert (STOP_S, IDLE_S) == (2.5, 2)
    assert FILES_CHECK_S == 5, "longer than IDLE_S, or there would be no checkpoint"


def test_before_a_start_there_is_no_ledger_and_no_fault(tmp_path: Path) -> None:
    writer = Writer(lambda: open_in(tmp_path))
    assert (writer.ledger_id, writer.hash_name) == ("", HashName.SHA256)
    assert (writer.head_seq, writer.head_digest, writer.receipted) == (0, GENESIS, 0)
    assert (writer.opened_because, writer.torn_tail, writer.died) == (None, False, False)
    assert writer.opened_code is PadCode.LEDGER_DAMAGED

    async def main() -> None:
        with pytest.raises(RuntimeError, match=r"^the writer does not run$"):
            await writer.append(rated(1))
        await writer.stop()

    run(main())


def test_what_a_start_found_is_known_when_it_returns(tmp_path: Path) -> None:
    ledger = open_in(tmp_path, hash_name=HashName.SM3)
    ledger.append(rated(1))
    ledger.mark_receipted(2)
    head = ledger.head
    ledger.close()

    def opened() -> Ledger:
        ledger = open_in(tmp_path)
        ledger.opened_because, ledger.opened_code = "1 entry is gone", PadCode.LEDGER_CUT
        ledger.torn_tail = True
        return ledger

    async def main() -> None:
        writer = Writer(opened)
        await writer.start()
        assert (writer.hash_name, writer.head_seq, writer.head_digest) == (HashName.SM3, *head)
        assert (writer.receipted, writer.ledger_id) == (2, ledger.id)
        assert (writer.opened_because, writer.torn_tail) == ("1 entry is gone", True)
        assert writer.opened_code is PadCode.LEDGER_CUT
        with pytest.raises(RuntimeError, match=r"^the writer runs already$"):
            await writer.start()
        assert await writer.run(lambda _: threading.current_thread().daemon)
        await writer.stop()
        assert not writer.died

    run(main())


def test_an_error_does_not_hide_what_was_done_before_it(tmp_path: Path) -> None:
    async def main() -> None:
        writer = Writer(lambda: open_in(tmp_path))
        await writer.start()

        def append_and_fail(ledger: Ledger) -> None:
            ledger.append(rated(1))
            raise LedgerError("the file is gone", PadCode.LEDGER_DISPLACED)

        with pytest.raises(LedgerError):
            await writer.run(append_and_fail)
        assert writer.head_seq == 2
        await writer.stop()

    run(main())


def test_each_entry_is_noted_after_its_thanks(tmp_path: Path) -> None:
    async def main() -> None:
        writer = Writer(lambda: open_in(tmp_path))
        await writer.start()
        await writer.append(rated(1))
        await writer.run(lambda _: None)  # then the one before it is done
        assert b" 2 " in (tmp_path / "ledger.head").read_bytes()
        await writer.stop()

    run(main())


def test_a_start_that_failed_is_no_dead_thread(tmp_path: Path) -> None:
    async def main() -> None:
        writer = Writer(fail)
        starting = asyncio.ensure_future(writer.start())
        await asyncio.sleep(0)
        thread = writer._thread
        assert thread is not None
        thread.join(10)
        assert not writer.died
        with pytest.raises(LedgerError):
            await starting

    def fail() -> Ledger:
        raise LedgerError("no room", PadCode.LEDGER_FULL)

    run(main())


def test_a_stop_does_not_wait_for_a_card_that_hangs_and_says_how_much_waits(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def main() -> None:
        writer = Writer(lambda: open_in(tmp_path))
        await writer.start()
        thread = writer._thread
        assert thread is not None
        gate = threading.Event()
        hung = asyncio.ensure_future(writer.run(lambda _: gate.wait(10)))
        waiting = asyncio.ensure_future(writer.append(rated(1)))
        await asyncio.sleep(0)
        await writer.stop(0.01)
        assert "has not answered for 0.01 s: the ledger is not closed, 3 calls wait" in caplog.text
        gate.set()  # it comes back, after all: what was asked for is done
        await hung
        assert (await waiting).seq == 2
        until(lambda: not thread.is_alive(), 10, "the thread has ended")
        open_in(tmp_path).close()  # the lock is free

    run(main())


def test_a_stop_ends_the_thread_and_says_when_the_ledger_could_not_be_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def main() -> None:
        writer = Writer(lambda: open_in(tmp_path))
        await writer.start()
        thread = writer._thread
        assert thread is not None
        close = Ledger.close

        def fail(ledger: Ledger) -> None:
            close(ledger)
            raise LedgerError("no room", PadCode.LEDGER_FULL)

        monkeypatch.setattr(Ledger, "close", fail)
        with pytest.raises(LedgerError, match="no room"):
            await writer.stop()
        assert not thread.is_alive()
        await writer.stop()

    run(main())


def test_the_files_are_looked_at_every_five_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    gone = LedgerError("/x/ledger is not there", PadCode.LEDGER_DISPLACED)

    async def main() -> None:
        writer = Writer(lambda: pytest.fail("not opened"))
        found = iter([None, gone, gone, None])
        told: list[tuple[float, str, str]] = []

        async def look(check: object) -> None:
            assert check is Ledger.check_files
            if (error := next(found)) is not None:
                raise error

        monkeypatch.setattr(writer, "run", look)
        loop = asyncio.get_running_loop()
        watch = asyncio.ensure_future(
            writer.watch_files(
                lambda code, detail: told.append((loop.time(), code.code, detail)),
                lambda code: told.append((loop.time(), code.code, "back")),
            )
        )
        await pass_s(21)
        watch.cancel()
        assert told == [
            (5, "L08", "back"),
            (10, "L08", "/x/ledger is not there"),
            (15, "L08", "/x/ledger is not there"),
            (20, "L08", "back"),
        ]

    run_in_virtual_time(main())


@pytest.mark.parametrize("fails", [False, True])
def test_a_start_that_is_cancelled_while_the_ledger_opens_leaves_no_ledger_open(
    tmp_path: Path, fails: bool
) -> None:
    opening, gate = threading.Event(), threading.Event()

    def open_slowly() -> Ledger:
        opening.set()
        assert gate.wait(10)
        if fails:
            raise LedgerError("no room", PadCode.LEDGER_FULL)
        return open_in(tmp_path)

    async def main() -> None:
        writer = Writer(open_slowly)
        starting = asyncio.ensure_future(writer.start())
        await asyncio.sleep(0)
        assert opening.wait(10)
        thread = writer._thread
        assert thread is not None
        starting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await starting
        gate.set()
        until(lambda: not thread.is_alive(), 10, "the thread has ended")
        assert not writer.died
        open_in(tmp_path).close()  # the lock is free
        if not fails:
            await writer.start()
            assert (await writer.append(rated(1))).seq == 2
        await writer.stop()

    run(main())
