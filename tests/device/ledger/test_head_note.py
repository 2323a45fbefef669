"""The note of the last entry: what it finds, and when it must be silent."""

import os
import shutil
import stat
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from device.errors import PadCode
from device.ledger.head_note import (
    HeadNote,
    NotedHead,
    is_unreadable,
    noted_alone,
    noted_head,
)
from device.ledger.ledger import Ledger
from device.ledger.verify import verify
from sync.entries import Opened, Rated, Salvaged, read_body
from sync.messages import MAX_SEQ
from tests.rigs.disk.crash_states import ram_folder
from tests.rigs.ledger.ledger_process import open_in, rated
from tests.rigs.system.open_descriptors import open_below

DIGEST = bytes(range(32))


@pytest.fixture
def ram() -> Iterator[Path]:
    with ram_folder() as folder:
        yield folder


def cut_power(folder: Path, count: int, *, checkpointed: int = 0) -> Path:
    """A ledger with `count` ratings as a power cut leaves it; the first `checkpointed` of them are
    in the file, the others in the WAL.
    """
    home = folder / "home"
    home.mkdir()
    ledger = open_in(home)
    for n in range(count):
        if n == checkpointed:
            ledger.checkpoint()
        ledger.append(rated(n))
        ledger.note_head()
    copy = shutil.copytree(home, folder / "after")
    ledger.close()
    (copy / "ledger-shm").unlink()
    return copy


def carried(ledger: Ledger) -> list[int]:
    bodies = [read_body(entry.body) for entry in ledger.read(0, 1000, 1 << 20).entries]
    return [body.seq for body in bodies if isinstance(body, Salvaged)]


def test_what_was_written_last_is_read(tmp_path: Path) -> None:
    note = HeadNote(tmp_path / "ledger")
    assert noted_head(tmp_path / "ledger", "01A") is None
    for seq in range(1, 8):
        note.write(NotedHead("01A", seq, DIGEST))
        assert noted_head(tmp_path / "ledger", "01A") == NotedHead("01A", seq, DIGEST)
    note.close()
    assert noted_head(tmp_path / "ledger", "01B") is None


def test_no_single_changed_byte_makes_a_note_that_was_not_written(tmp_path: Path) -> None:
    note = HeadNote(tmp_path / "ledger")
    written: set[NotedHead | None] = {None}
    for seq in (900, 901):
        note.write(NotedHead("01A", seq, DIGEST))
        written.add(noted_head(tmp_path / "ledger", "01A"))
    note.close()
    file = tmp_path / "ledger.head"
    content = file.read_bytes()
    for place in range(len(content)):
        for bit in (0, 3, 7):
            changed = bytearray(content)
            changed[place] ^= 1 << bit
            file.write_bytes(changed)
            assert noted_head(tmp_path / "ledger", "01A") in written
    for end in range(len(content)):
        file.write_bytes(content[:end])
        assert noted_head(tmp_path / "ledger", "01A") in written


@pytest.mark.parametrize("how", ["removed", "emptied", "its header", "half", "last frame"])
def test_a_wal_that_is_cut_is_a_fault_that_says_how_many_entries_are_gone(
    ram: Path, how: str
) -> None:
    folder = cut_power(ram, 30, checkpointed=10)
    wal = folder / "ledger-wal"
    content = wal.read_bytes()
    kept = {"removed": None, "emptied": 0, "its header": 32, "half": len(content) // 2}
    if (size := kept.get(how, len(content) - 2072)) is None:
        wal.unlink()
    else:
        wal.write_bytes(content[:size])
    before = {file.name: file.read_bytes() for file in folder.iterdir()}
    verdict = verify(folder / "ledger")
    assert {file.name: file.read_bytes() for file in folder.iterdir()} == before
    assert verdict.bad is not None
    assert verdict.bad.is_cut
    gone = 31 - verdict.head
    assert gone >= 1
    assert f"{gone} entr" in str(verdict.bad)
    ledger = open_in(folder)
    assert ledger.opened_code is PadCode.LEDGER_CUT
    assert str(ledger.opened_because).startswith(str(verdict.bad))
    opened = read_body(ledger.read(0, 1, 9999).entries[0].body)
    assert isinstance(opened, Opened)
    assert opened.previous is not None
    assert (opened.previous.reason, opened.previous.seq) == ("cut", verdict.head)
    assert opened.previous.missing == ((verdict.head + 1, 31),)
    assert carried(ledger) == list(range(1, verdict.head + 1))
    ledger.append(rated(1))
    ledger.note_head()
    ledger.close()
    assert verify(folder / "ledger").intact
    assert verify(folder / "ledger.cut-1").bad == verdict.bad  # the note went with its file
    again = open_in(folder)
    assert again.opened_because is None
    again.close()


def test_without_a_note_a_cut_is_not_seen(ram: Path) -> None:
    folder = cut_power(ram, 30, checkpointed=10)
    (folder / "ledger-wal").unlink()
    (folder / "ledger.head").unlink()
    assert verify(folder / "ledger").intact  # control: it is the note that tells


def test_an_older_note_a_torn_one_and_one_of_another_ledger_are_no_fault(ram: Path) -> None:
    folder = cut_power(ram, 12)
    file = folder / "ledger.head"
    ledger_id = verify(folder / "ledger").ledger
    for content in (
        b"",
        b"\xff" * 1024,
        file.read_bytes()[:100],
        *(
            _note(ram / f"n{seq}", NotedHead(name, seq, DIGEST))
            for name, seq in [(ledger_id, 3), ("01OTHER", 99)]
        ),
    ):
        file.write_bytes(content)
        assert verify(folder / "ledger").intact
        shutil.copytree(folder, ram / "start")
        ledger = open_in(ram / "start")
        assert ledger.opened_because is None
        ledger.close()
        shutil.rmtree(ram / "start")


def _note(path: Path, head: NotedHead) -> bytes:
    note = HeadNote(path)
    note.write(head)
    note.close()
    return path.with_name(path.name + ".head").read_bytes()


def test_pruning_a_rollover_and_a_salvage_are_no_cut(ram: Path) -> None:
    ledger = open_in(ram)
    for n in range(40):
        ledger.append(rated(n))
        ledger.note_head()
    ledger.mark_receipted(30)
    ledger.prune(25)
    ledger.close()
    again = open_in(ram)
    assert again.opened_because is None
    again.roll_over("diverged")
    again.close()
    after = open_in(ram)
    assert after.opened_because is None
    after.append(rated(3))
    after.note_head()
    after.close()
    content = bytearray((ram / "ledger").read_bytes())
    content[content.index(b'"kind":"salvaged"')] ^= 1
    (ram / "ledger").write_bytes(content)
    salvaged = open_in(ram)
    assert salvaged.opened_code is PadCode.LEDGER_DAMAGED
    assert salvaged.opened_because is not None
    salvaged.close()
    assert verify(ram / "ledger").intact


def test_the_file_and_its_wal_gone_the_note_says_what_they_held(ram: Path) -> None:
    folder = cut_power(ram, 12)
    (folder / "ledger").unlink()
    (folder / "ledger-wal").unlink()
    ledger = open_in(folder)
    assert "missing 1-13" in str(ledger.opened_because)
    ledger.close()


def test_a_note_that_cannot_be_written_refuses_no_rating(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    ledger = open_in(tmp_path)
    (tmp_path / "ledger.head").unlink()
    (tmp_path / "ledger.head").mkdir()
    ledger._note.close()
    for n in range(3):
        entry = ledger.append(rated(n))
        ledger.note_head()
    assert isinstance(read_body(entry.body), Rated)
    ledger.close()
    assert caplog.text.count("cannot be noted") == 1


def test_a_note_that_is_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("keep me")
    (tmp_path / "pad").mkdir()
    (tmp_path / "pad" / "ledger.head").symlink_to(tmp_path / "precious")
    ledger = open_in(tmp_path / "pad")
    ledger.append(rated(1))
    ledger.note_head()
    ledger.close()
    assert (tmp_path / "precious").read_text() == "keep me"


def place(line: str) -> bytes:
    """One of the two places in the file of a note."""
    text = f"{line} {zlib.crc32(line.encode()):08x}\n".encode()
    return text.ljust(512, b"\0")


def test_a_note_has_two_sectors_that_are_written_in_turns(tmp_path: Path) -> None:
    note = HeadNote(tmp_path / "ledger")
    for seq in (6, 7, 8, 9):
        note.write(NotedHead("01A", seq, DIGEST))
    note.close()
    content = (tmp_path / "ledger.head").read_bytes()
    lines = {f"01A {seq} {DIGEST.hex()}" for seq in (8, 9)}
    assert {content[:512], content[512:].ljust(512, b"\0")} == {place(line) for line in lines}


def test_the_newest_of_the_two_places_counts_whichever_it_is(tmp_path: Path) -> None:
    older, newer = (place(f"01A {seq} {DIGEST.hex()}") for seq in (8, 10))
    other = place(f"01B 99 {DIGEST.hex()}")
    path = tmp_path / "ledger"
    for content, seq, alone in (
        (older + newer, 10, 10),
        (newer + older, 10, 10),
        (older + other, 8, 99),
        (bytes(512) + newer, 10, 10),
        (older[:40] + bytes(472) + newer, 10, 10),
        (older, 8, 8),
    ):
        (tmp_path / "ledger.head").write_bytes(content)
        assert noted_head(path, "01A") == NotedHead("01A", seq, DIGEST)
        found = noted_alone(path)
        assert found is not None
        assert found.seq == alone
        assert not is_unreadable(path)


@pytest.mark.parametrize(
    ("content", "unreadable"),
    [
        (None, False),
        (b"", False),
        (bytes(1024), False),
        (b"garbage", True),
        (b"?" * 1024, True),
        (bytes(600) + b"garbage", True),
        (b"garbage".ljust(512) + place(f"01A 3 {DIGEST.hex()}"), False),
    ],
)
def test_only_a_note_with_something_in_it_that_is_no_head_is_unreadable(
    tmp_path: Path, content: bytes | None, unreadable: bool
) -> None:
    if content is not None:
        (tmp_path / "ledger.head").write_bytes(content)
    assert is_unreadable(tmp_path / "ledger") is unreadable


def test_a_note_that_is_no_file_to_be_read_is_unreadable(tmp_path: Path) -> None:
    for make in (Path.mkdir, os.mkfifo):
        make(tmp_path / "ledger.head")
        assert is_unreadable(tmp_path / "ledger")
        (tmp_path / "ledger.head").rename(tmp_path / make.__name__)
    assert not is_unreadable(tmp_path / "ledger")


def test_others_may_read_a_note_and_only_its_user_may_write_it(tmp_path: Path) -> None:
    umask = os.umask(0)
    try:
        note = HeadNote(tmp_path / "ledger")
        note.write(NotedHead("01A", 1, DIGEST))
    finally:
        os.umask(umask)
    assert stat.S_IMODE((tmp_path / "ledger.head").stat().st_mode) == 0o644
    note.close()
    note.close()
    assert open_below(tmp_path) == []
    note.write(NotedHead("01A", 2, DIGEST))  # a note that was closed goes on
    note.close()
    assert noted_head(tmp_path / "ledger", "01A") == NotedHead("01A", 2, DIGEST)


def test_a_pipe_in_place_of_a_note_blocks_no_rating(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    os.mkfifo(tmp_path / "ledger.head")
    note = HeadNote(tmp_path / "ledger")
    note.write(NotedHead("01A", 1, DIGEST))
    note.write(NotedHead("01A", 2, DIGEST))
    note.close()
    assert caplog.text.count("cannot be noted") == 1
    assert noted_head(tmp_path / "ledger", "01A") is None


def test_the_last_possible_entry_can_be_noted(tmp_path: Path) -> None:
    for seq in (1, MAX_SEQ):
        note = HeadNote(tmp_path / "ledger")
        note.write(NotedHead("01A", seq, DIGEST))
        note.close()
        assert noted_head(tmp_path / "ledger", "01A") == NotedHead("01A", seq, DIGEST)


@pytest.mark.parametrize("seq", [0, -1, MAX_SEQ + 1, 10**30])
def test_a_note_of_an_entry_that_cannot_be_is_none(tmp_path: Path, seq: int) -> None:
    note = HeadNote(tmp_path / "ledger")
    note.write(NotedHead("01A", seq, DIGEST))
    note.close()
    assert noted_head(tmp_path / "ledger", "01A") is None
