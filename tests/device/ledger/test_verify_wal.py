"""What `verify` says of the WAL behind the last entry that SQLite reads: a commit that a power cut
interrupted, entries that are gone, bytes that somebody forged.
"""

import itertools
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from device.errors import LedgerError, PadCode
from device.ledger import verify as verify_module
from device.ledger.head_note import HeadNote, NotedHead
from device.ledger.ledger import Ledger
from device.ledger.records import PAGE_BYTES
from device.ledger.verify import Defect, LedgerVerdict, verify
from device.ledger.wal import FRAME_BYTES, HEADER_BYTES
from sync.entries import GENESIS, Body, Detailed, HashName, next_digest
from tests.rigs.disk.crash_states import ram_folder
from tests.rigs.ledger import big_ledger
from tests.rigs.ledger.ledger_process import at, open_in, rated
from tests.rigs.system.open_descriptors import open_below


@pytest.fixture
def ram() -> Iterator[Path]:
    with ram_folder() as folder:
        yield folder


@pytest.fixture
def agent(ram: Path) -> Iterator[Ledger]:
    """A ledger of five entries, of which the last four are in the WAL."""
    (ram / "home").mkdir()
    agent = open_in(ram / "home")
    agent.checkpoint()
    for n in range(4):
        agent.append(rated(n))
    yield agent
    agent.close()


def cut(agent: Ledger, folder: Path) -> Path:
    """The files as a power cut leaves them."""
    copy = folder / "cut"
    shutil.copytree(folder / "home", copy)
    (copy / "ledger-shm").unlink()
    return copy / "ledger"


def note(path: Path, ledger: str, seq: int) -> None:
    written = HeadNote(path)
    written.write(NotedHead(ledger, seq, bytes(32)))
    written.close()


def last_commits(path: Path, count: int) -> list[bytearray]:
    """The frames of the WAL, without the last so many commits; then those, one by one."""
    wal = path.with_name("ledger-wal").read_bytes()
    places = range(HEADER_BYTES, len(wal), FRAME_BYTES)
    found = [bytearray(wal[place : place + FRAME_BYTES]) for place in places]
    ends = [n for n, frame in enumerate(found) if frame[4:8] != bytes(4)]
    begin = ends[-count - 1] + 1
    return [bytearray(wal[: HEADER_BYTES + begin * FRAME_BYTES]), *found[begin:]]


def put(path: Path, parts: list[bytearray]) -> None:
    path.with_name("ledger-wal").write_bytes(b"".join(parts))


def with_wrong_sum(frame: bytearray) -> bytearray:
    changed = bytearray(frame)
    changed[16] ^= 1
    return changed


def text(n: int = 0, length: int = 6000) -> Detailed:
    """An entry that needs pages of its own."""
    return Detailed(at=at(), invitation=f"{n}", text="x" * length)


# --- a commit that was interrupted ---------------------------------------------------------------


@pytest.mark.parametrize("body", [rated(9), text(length=3000), text(length=6000)])
def test_a_commit_that_is_there_as_a_whole_is_no_defect_and_will_be_appended(
    ram: Path, agent: Ledger, body: Body
) -> None:
    entry = agent.append(body)
    path = cut(agent, ram)
    begin, *frames_of_it = last_commits(path, 1)
    put(path, [begin, *map(with_wrong_sum, frames_of_it)])
    for noted in (None, entry.seq):  # its thanks may have been shown
        if noted is not None:
            note(path, agent.id, noted)
        verdict = verify(path)
        assert (verdict.bad, verdict.head, verdict.unfinished) == (None, 5, entry.body)
        assert not verdict.torn


def test_a_long_entry_is_whole_when_the_rest_of_it_is_in_the_file_already(
    ram: Path, agent: Ledger
) -> None:
    before = (ram / "home" / "ledger").read_bytes()
    entry = agent.append(text())
    path = cut(agent, ram)
    begin, *frames_of_it = last_commits(path, 1)
    for frame in frames_of_it[1:]:
        if b'"kind":"detailed"' not in frame and b"xxxx" in frame:
            frame[0] ^= 0x40  # no such page
    put(path, [begin, *map(with_wrong_sum, frames_of_it)])
    assert verify(path).unfinished is None  # control: without it a part is missing
    agent.checkpoint()
    after = (ram / "home" / "ledger").read_bytes()
    path.write_bytes(before + after[len(before) :])
    assert verify(path).unfinished == entry.body


def test_a_commit_of_which_a_part_is_there_is_torn_and_with_a_note_it_is_gone(
    ram: Path, agent: Ledger
) -> None:
    agent.append(rated(9))
    path = cut(agent, ram)
    begin, *frames_of_it = last_commits(path, 1)
    for frame in frames_of_it:
        place = frame.index(b'"kind":"rated"')  # of the newest row
        frame[place - 3] ^= 1
    put(path, [begin, *frames_of_it])
    verdict = verify(path)
    assert (verdict.bad, verdict.head, verdict.unfinished, verdict.torn) == (None, 5, None, True)
    note(path, agent.id, 5)
    assert verify(path).bad is None
    note(path, agent.id, 6)
    assert verify(path).bad == Defect(
        6, "1 entry is gone from the end: entry 6 was committed, the last one here is 5", True
    )
    note(path, agent.id, 8)
    verdict = verify(path)
    assert verdict.bad is not None
    assert verdict.bad.text.startswith("3 entries are gone from the end: entry 8 was committed")


def test_without_anything_behind_the_last_entry_nothing_is_torn(ram: Path, agent: Ledger) -> None:
    path = cut(agent, ram)
    verdict = verify(path)
    assert (verdict.bad, verdict.head, verdict.unfinished, verdict.torn) == (None, 5, None, False)


def test_a_wal_that_is_broken_before_a_committed_entry_is_a_defect(
    ram: Path, agent: Ledger
) -> None:
    agent.append(rated(9))
    path = cut(agent, ram)
    begin, first, *rest = last_commits(path, 2)
    put(path, [begin, with_wrong_sum(first), *rest])
    assert verify(path).bad == Defect(5, "the WAL is broken before entry 6")


@pytest.mark.parametrize(
    ("wrong", "copies", "found"), [(1, 30, True), (15, 1, True), (16, 1, False)]
)
def test_the_right_one_of_16_entries_that_say_to_be_the_next_is_found(
    ram: Path, agent: Ledger, wrong: int, copies: int, found: bool
) -> None:
    entry = agent.append(rated(9))
    path = cut(agent, ram)
    begin, *frames_of_it = last_commits(path, 1)
    forged = []
    for n in range(wrong):
        frame = bytearray(frames_of_it[-1])
        place = frame.index(b"N000009", frame.index(entry.body[:40])) + 1
        frame[place : place + 6] = b"%06d" % (100 + n)
        forged += [frame] * copies
    put(path, [begin, *forged, *map(with_wrong_sum, frames_of_it)])
    verdict = verify(path)
    assert verdict.unfinished == (entry.body if found else None)
    assert verdict.torn is not found


# --- what else is said first ---------------------------------------------------------------------


def test_of_a_broken_chain_the_first_defect_is_named_whatever_the_wal_and_the_note_say(
    ram: Path, agent: Ledger
) -> None:
    path = cut(agent, ram)
    note(path, agent.id, 99)
    content = bytearray(path.read_bytes())
    content[content.index(b'"kind":"opened"')] ^= 1
    wal = path.with_name("ledger-wal")
    pages = bytearray(wal.read_bytes())
    assert b'"kind":"opened"' in pages, "the first page is in the WAL as well"
    path.write_bytes(content)
    wal.unlink()
    bad = verify(path).bad
    assert bad is not None
    assert bad.seq == 1
    wal.write_bytes(pages[: HEADER_BYTES + 16] + b"\xff" + pages[HEADER_BYTES + 17 :])
    assert verify(path).bad == bad


def test_beside_an_agent_too_a_broken_chain_is_named_and_not_the_note(
    ram: Path, agent: Ledger
) -> None:
    path = ram / "home" / "ledger"
    agent._connection.execute("DROP TRIGGER entry_is_never_updated")
    agent._connection.execute("UPDATE entry SET digest = zeroblob(32) WHERE seq = 3")
    note(path, agent.id, 99)
    bad = verify(path).bad
    assert bad is not None
    assert bad.seq == 3
    path.with_name("ledger.head").unlink()
    assert verify(path).bad == bad


def test_beside_an_agent_without_a_note_nothing_is_missed(ram: Path, agent: Ledger) -> None:
    path = ram / "home" / "ledger"
    path.with_name("ledger.head").unlink(missing_ok=True)
    assert (verify(path).intact, verify(path).head) == (True, 5)


def nothing_known(says: str) -> LedgerVerdict:
    """The verdict on a file of which nothing can be read."""
    bad = Defect(None, says)
    return LedgerVerdict("", "", HashName.SHA256, 0, 0, GENESIS, 0, 0, None, bad, None, False)


@pytest.mark.parametrize(
    ("size", "says"),
    [
        (0, "the file is shorter than a page"),
        (PAGE_BYTES - 1, "the file is shorter than a page"),
        (PAGE_BYTES, "database disk image is malformed"),
    ],
)
def test_a_file_that_was_cut_in_its_first_page_says_nothing_about_itself(
    ram: Path, agent: Ledger, size: int, says: str
) -> None:
    path = cut(agent, ram)
    path.with_name("ledger-wal").unlink()
    path.write_bytes(path.read_bytes()[:size])
    verdict = verify(path)
    assert verdict == nothing_known(says)
    assert not verdict.intact


def test_a_header_that_forbids_writing_is_a_defect(ram: Path, agent: Ledger) -> None:
    path = cut(agent, ram)
    content = bytearray(path.read_bytes())
    content[18] = 1
    path.write_bytes(content)
    assert verify(path) == nothing_known("the header forbids writing")


def test_a_ledger_without_its_first_entry_is_a_ledger_all_the_same(
    ram: Path, agent: Ledger
) -> None:
    agent.checkpoint()
    path = cut(agent, ram)
    path.with_name("ledger-wal").unlink()
    content = path.read_bytes().replace(b'"kind":"opened"', b'"kind":"closed"')
    path.write_bytes(content)
    assert verify(path).bad is not None
    path.write_bytes(b"a shopping list\n" * 500)
    with pytest.raises(LedgerError) as refused:
        verify(path)
    assert refused.value.code is PadCode.LEDGER_FOREIGN
    assert refused.value.detail == f"{path} is no ledger"


def test_what_is_not_there_and_what_may_not_be_opened_are_errors(ram: Path, agent: Ledger) -> None:
    path = cut(agent, ram)
    for nothing in (ram / "nowhere", ram):
        with pytest.raises(LedgerError) as missing:
            verify(nothing)
        assert missing.value.detail == f"{nothing} is not there"
    path.with_name("ledger.lock").unlink()
    path.with_name("ledger.lock").symlink_to(ram / "elsewhere")
    with pytest.raises(LedgerError) as refused:
        verify(path)
    assert refused.value.code is PadCode.CONFIG_WRONG


def test_what_an_agent_does_meanwhile_is_not_seen_in_part(
    ram: Path, agent: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = ram / "home" / "ledger"
    agent.mark_receipted(5)
    original = verify_module._opened

    calls = itertools.count()

    def opened(body: object, digest: object) -> object:
        if next(calls) == 1:  # the first is of the look for the ledger's id
            agent.prune(4)
        return original(body, digest)

    monkeypatch.setattr(verify_module, "_opened", opened)
    agent.note_head()
    verdict = verify(path)
    assert (verdict.intact, verdict.head, verdict.pruned) == (True, 5, 0)
    assert agent.pruned == 3


def test_of_a_newer_format_only_the_first_entry_is_read(ram: Path, agent: Ledger) -> None:
    agent.checkpoint()
    path = cut(agent, ram)
    db = sqlite3.connect(path)
    db.execute("DROP TRIGGER entry_is_never_updated")
    [body] = db.execute("SELECT body FROM entry WHERE seq = 1").fetchone()
    body = body.replace(b'"format":1', b'"format":2')
    digest = next_digest(HashName.SHA256, GENESIS, body)
    db.execute("UPDATE entry SET body = ?, digest = ? WHERE seq = 1", (body, digest))
    db.commit()
    db.close()
    note(path, agent.id, 99)
    verdict = verify(path)
    assert (verdict.format, verdict.head, verdict.entries, verdict.bad) == (2, 1, 1, None)


def test_an_error_of_the_card_is_raised_and_leaves_nothing_open(
    ram: Path, agent: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = cut(agent, ram)

    def broken(*_: object) -> None:
        error = sqlite3.OperationalError("disk I/O error")
        error.sqlite_errorcode = sqlite3.SQLITE_IOERR_FSYNC
        raise error

    for step in ("_opened", "connect_alone"):
        with monkeypatch.context() as patched:
            patched.setattr(verify_module, step, broken)
            with pytest.raises(LedgerError) as refused:
                verify(path)
            assert refused.value.code is PadCode.LEDGER_WRITE
            assert open_below(path.parent) == []


def test_damage_that_is_met_while_the_file_is_opened_is_a_defect(
    ram: Path, agent: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = cut(agent, ram)

    def malformed(_: Path) -> sqlite3.Connection:
        raise sqlite3.DatabaseError("it is malformed")

    monkeypatch.setattr(verify_module, "connect_alone", malformed)
    assert verify(path) == nothing_known("it is malformed")


def test_the_share_that_is_told_is_of_entries_first_and_of_pages_then(tmp_path: Path) -> None:
    path = big_ledger.make(tmp_path, 20_000)
    told: list[float] = []
    verify(path, told.append)
    chain = [0.6 * n / 20_001 for n in (5000, 10_000, 15_000, 20_000)]
    assert told[:4] == pytest.approx(chain, rel=1e-6)
    steps = 20_001 * 25 / 10_000 + 1
    assert told[4:6] == pytest.approx([0.6 + 0.4 / steps, 0.6 + 0.8 / steps], rel=1e-6)
    assert max(told) <= 1


def test_a_defect_says_which_entry_it_is_about() -> None:
    assert str(Defect(7, "is missing")) == "entry 7: is missing"
    assert str(Defect(None, "no such table: mark")) == "no such table: mark"
