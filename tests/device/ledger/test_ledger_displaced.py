"""A ledger's file or WAL that is removed, renamed or replaced, and what the next start says."""

import asyncio
import contextlib
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from device.errors import LedgerError, PadCode
from device.ledger import ledger as ledger_module
from device.ledger import writer as writer_module
from device.ledger.ledger import Ledger
from device.ledger.writer import Writer
from sync.entries import HashName, Salvaged, next_digest, read_body
from tests.rigs.ledger.ledger_process import open_in, rated


def _replace(path: Path) -> None:
    copy = path.with_name("copy")
    copy.write_bytes(path.read_bytes())
    copy.replace(path)


def _rename(path: Path) -> None:
    path.rename(path.with_name("elsewhere"))


def refused(ledger: Ledger, n: int) -> None:
    with pytest.raises(LedgerError) as error:
        ledger.append(rated(n))
    assert error.value.code is PadCode.LEDGER_DISPLACED


@pytest.mark.parametrize("name", ["ledger", "ledger-wal"])
@pytest.mark.parametrize("lose", [Path.unlink, _rename, _replace])
def test_nothing_is_committed_into_a_file_that_is_gone_and_all_of_it_can_be_read(
    tmp_path: Path, name: str, lose: Callable[[Path], None]
) -> None:
    ledger = open_in(tmp_path)
    entries = [ledger.append(rated(n)) for n in range(5)]
    lose(tmp_path / name)
    head = ledger.head
    refused(ledger, 6)
    refused(ledger, 7)
    assert ledger.head == head
    assert ledger.read(1, 100, 1 << 20).entries == entries
    with contextlib.suppress(LedgerError):
        ledger.close()


@pytest.mark.parametrize("other_pad", [True, False])
def test_a_file_that_is_overwritten_in_place_is_noticed_and_may_be_put_back(
    tmp_path: Path, other_pad: bool
) -> None:
    path = tmp_path / "ledger"
    ledger = open_in(tmp_path)
    for n in range(40):
        ledger.append(rated(n))
    if other_pad:
        (tmp_path / "other").mkdir()
        other = open_in(tmp_path / "other", pad="pad-2")
        for n in range(60):
            other.append(rated(n))
        other.close()
        content = (tmp_path / "other" / "ledger").read_bytes()
    else:
        content = path.read_bytes()  # an older copy
    ledger.checkpoint()
    for n in range(40, 200):
        ledger.append(rated(n))
    ledger.checkpoint()
    head, own = ledger.head, path.read_bytes()
    path.write_bytes(content)
    refused(ledger, 201)
    refused(ledger, 202)
    assert ledger.head == head
    assert not ledger.checkpoint_if_due()
    assert path.read_bytes() == content, "it is not written over"
    path.write_bytes(own)
    assert ledger.append(rated(203)).seq == head[0] + 1
    ledger.close()
    again = open_in(tmp_path)
    assert again.opened_because is None
    assert again.head[0] == head[0] + 1
    again.close()


def test_a_file_whose_time_alone_has_changed_is_the_same_file(tmp_path: Path) -> None:
    ledger = open_in(tmp_path)
    ledger.append(rated(1))
    os.utime(tmp_path / "ledger", (1, 1))
    assert ledger.append(rated(2)).seq == 3
    ledger.close()


def test_a_new_ledger_is_watched_after_a_rollover(tmp_path: Path) -> None:
    ledger = open_in(tmp_path)
    ledger.append(rated(1))
    ledger.roll_over("diverged")
    ledger.append(rated(2))
    (tmp_path / "ledger-wal").unlink()
    refused(ledger, 3)
    ledger.close()


def test_a_file_that_goes_during_the_commit_gets_no_thanks_and_no_second_entry(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger = open_in(tmp_path)

    def lose_then(name: HashName, before: bytes, body: bytes) -> bytes:
        (tmp_path / "ledger").rename(tmp_path / "elsewhere")
        return next_digest(name, before, body)

    body = rated(1)
    monkeypatch.setattr(ledger_module, "next_digest", lose_then)
    with pytest.raises(LedgerError) as error:
        ledger.append(body)
    assert error.value.code is PadCode.LEDGER_DISPLACED
    monkeypatch.undo()
    assert [entry.seq for entry in ledger.read(1, 9, 1 << 20).entries] == [2]  # still to be sent
    (tmp_path / "elsewhere").rename(tmp_path / "ledger")
    assert ledger.append(body).seq == 2
    assert ledger.append(rated(2)).seq == 3
    ledger.close()


def test_a_wal_that_was_removed_is_saved_into_the_file_at_the_stop(tmp_path: Path) -> None:
    ledger = open_in(tmp_path)
    entries = [ledger.append(rated(n)) for n in range(5)]
    (tmp_path / "ledger-wal").unlink()
    refused(ledger, 6)
    ledger.close()
    again = open_in(tmp_path)
    assert again.opened_because is None
    assert again.read(1, 100, 1 << 20).entries == entries
    again.close()


def test_a_pad_that_nobody_uses_notices_it_and_that_the_file_is_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer_module, "FILES_CHECK_S", 0.01)

    async def scenario() -> None:
        writer = Writer(lambda: open_in(tmp_path))
        await writer.start()
        gone, back = asyncio.Event(), asyncio.Event()

        def on_displaced(code: PadCode, detail: str) -> None:
            assert code is PadCode.LEDGER_DISPLACED
            assert str(tmp_path / "ledger") in detail
            gone.set()

        watch = asyncio.ensure_future(writer.watch_files(on_displaced, lambda _: back.set()))
        await asyncio.wait_for(back.wait(), 30)
        assert not gone.is_set()
        (tmp_path / "ledger").rename(tmp_path / "elsewhere")
        await asyncio.wait_for(gone.wait(), 30)
        back.clear()
        (tmp_path / "elsewhere").rename(tmp_path / "ledger")
        await asyncio.wait_for(back.wait(), 30)
        watch.cancel()
        await asyncio.gather(watch, return_exceptions=True)
        await writer.stop()

    asyncio.run(scenario())


def test_what_is_left_of_each_lost_ledger_is_set_aside_by_itself(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "ledger"
    lost: list[tuple[str, bytes]] = []
    for n in range(3):
        ledger = open_in(tmp_path)
        ledger.append(rated(n))
        ledger.note_head()
        head = ledger.head[0]
        ledger.close()
        lost.append((ledger.id, (tmp_path / "ledger.head").read_bytes()))
        path.unlink()
        caplog.clear()
        again = open_in(tmp_path)
        said = str(again.opened_because)
        again.close()
        aside = f"ledger.damaged-{n + 1}"
        assert said.startswith("its file is gone; what was left beside it is set aside as " + aside)
        assert f"ledger {ledger.id}: missing 1-{head}" in said
        [line] = [record.getMessage() for record in caplog.records]
        assert line == f"L03 {path}: {said}. {PadCode.LEDGER_DAMAGED.remedy}"
    notes = [(tmp_path / f"ledger.damaged-{n + 1}.head").read_bytes() for n in range(3)]
    assert notes == [note for _, note in lost]


def test_a_wal_of_a_lost_ledger_is_salvaged_and_no_earlier_evidence_overwritten(
    tmp_path: Path,
) -> None:
    ledger = open_in(tmp_path)
    ledger.append(rated(1))
    ledger.roll_over("diverged")
    before = {file: file.read_bytes() for file in tmp_path.glob("ledger.superseded-1*")}
    body = ledger.append(rated(2)).body.decode()
    ledger.note_head()
    wal = (tmp_path / "ledger-wal").read_bytes()
    ledger.close()
    (tmp_path / "ledger").unlink()
    (tmp_path / "ledger-wal").write_bytes(wal)
    again = open_in(tmp_path)
    bodies = [read_body(entry.body) for entry in again.read(0, 99, 1 << 20).entries]
    again.close()
    assert body in [one.body for one in bodies if isinstance(one, Salvaged)]
    assert {file: file.read_bytes() for file in before} == before
    assert (tmp_path / "ledger.damaged-2-wal").read_bytes() == wal


def test_the_log_of_a_damaged_ledger_has_file_entries_and_remedy_but_no_content(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    ledger = open_in(tmp_path)
    for n in range(40):
        ledger.append(rated(n))
        ledger.note_head()
    ledger.close()
    path = tmp_path / "ledger"
    path.write_bytes(path.read_bytes()[:-4096])
    caplog.clear()
    open_in(tmp_path).close()
    text = caplog.text
    assert f"L03 {path}: " in text
    assert "set aside as ledger.damaged-1" in text
    assert f"ledger {ledger.id}: missing " in text
    assert PadCode.LEDGER_DAMAGED.remedy in text
    assert "satisfied" not in text


def test_a_note_that_cannot_be_read_is_logged_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    open_in(tmp_path).close()
    (tmp_path / "ledger.head").write_bytes(b"garbage")
    open_in(tmp_path).close()
    assert caplog.text.count("the note of the last entry cannot be read") == 1
    open_in(tmp_path).close()
    assert caplog.text.count("the note of the last entry cannot be read") == 1
