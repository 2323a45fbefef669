"""Which file a rollover sets aside under which name, which it goes on with, and what it says."""

from pathlib import Path
from typing import Any

import pytest

from device.ledger.rollover import UNKNOWN_LEDGER, Rollover
from device.ledger.salvage import Carryover
from sync.entries import HashName, Opened, Predecessor, Salvaged, read_body
from tests.rigs.ledger.ledger_process import at, open_in, rated

COMPANIONS = ("-wal", "-shm", "-journal", ".head")


def rollover_in(folder: Path, last_ledger: str = "01A") -> Rollover:
    return Rollover(folder / "ledger", "pad-1", at, HashName.SHA256, lambda: "01NEW", last_ledger)


def carryover(**known: Any) -> Carryover:
    return Carryover("01A", "pad-1", HashName.SHA256, **known)


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


@pytest.mark.parametrize(
    ("known", "words"),
    [
        ({}, "what ledger 01A held is not known"),
        ({"seq": 5, "digest": b"d" * 32}, "ledger 01A: none missing"),
        ({"missing": ((1, 1),)}, "ledger 01A: missing 1"),
        ({"seq": 5, "missing": ((6, 6), (8, 11), (13, 13))}, "ledger 01A: missing 6, 8-11, 13"),
    ],
)
def test_the_fault_says_what_is_missing(
    tmp_path: Path, known: dict[str, object], words: str
) -> None:
    rollover = rollover_in(tmp_path)
    rollover.prepare(carryover(**known), "lost")
    assert rollover.ensure_file() == f"its file is gone; {words}"
    assert rollover.ensure_file() is None, "there is a file now"


def test_a_first_ledger_is_no_fault_and_what_lies_in_its_way_is_deleted(tmp_path: Path) -> None:
    (tmp_path / "ledger.new").write_bytes(b"garbage")
    assert rollover_in(tmp_path, last_ledger="").ensure_file() is None
    assert names(tmp_path) == {"ledger"}


def test_a_file_is_set_aside_with_all_that_belongs_to_it_under_the_next_number(
    tmp_path: Path,
) -> None:
    others = {
        "ledger.damaged-2",
        "ledger.cut-9",
        "ledger.superseded-10-wal",  # its file is gone, its number is not
        "ledger.superseded-x",
        "ledger.other-40",
        "ledger2.damaged-50",
        "ledger.damaged-60.txt",
    }
    for name in others:
        (tmp_path / name).write_text(name)
    rollover = rollover_in(tmp_path)
    rollover.prepare(carryover(), "diverged")
    for companion in ("", *COMPANIONS):
        (tmp_path / f"ledger{companion}").write_text(companion)
    assert rollover.replace_intact() == tmp_path / "ledger.superseded-11"
    aside = {f"ledger.superseded-11{companion}" for companion in ("", *COMPANIONS)}
    assert names(tmp_path) == others | aside | {"ledger"}
    assert all((tmp_path / name).read_text() == name for name in others)
    for companion in ("", *COMPANIONS):
        assert (tmp_path / f"ledger.superseded-11{companion}").read_text() == companion


@pytest.mark.parametrize(
    ("aside", "reason"),
    [("damaged", "damaged"), ("cut", "cut"), ("superseded", "diverged")],
)
def test_a_rollover_that_was_cut_goes_on_from_the_newest_file_that_was_set_aside(
    tmp_path: Path, aside: str, reason: str
) -> None:
    for number, ratings in ((9, 1), (10, 3)):
        home = tmp_path / f"home{number}"
        home.mkdir()
        ledger = open_in(home)
        for n in range(ratings):
            ledger.append(rated(n))
        newest, head = ledger.id, ledger.head
        ledger.close()
        (home / "ledger").rename(tmp_path / f"ledger.{aside}-{number}")
    said = rollover_in(tmp_path, last_ledger="").ensure_file()
    assert said == f"set aside as ledger.{aside}-10; ledger {newest}: none missing"
    again = open_in(tmp_path)
    opened, *others = [read_body(entry.body) for entry in again.read(0, 99, 1 << 20).entries]
    again.close()
    assert isinstance(opened, Opened)
    assert opened.previous is not None
    assert opened.previous == Predecessor(
        ledger=newest, reason=reason, seq=head[0], digest=head[1].hex()
    )
    assert [one.seq for one in others if isinstance(one, Salvaged)] == [1, 2, 3, 4]


def test_a_wal_alone_of_an_unknown_ledger_is_kept_and_named_so(tmp_path: Path) -> None:
    (tmp_path / "ledger-wal").write_bytes(b"garbage")
    said = rollover_in(tmp_path, last_ledger="").ensure_file()
    assert UNKNOWN_LEDGER == "unknown"
    assert said == (
        "its file is gone; what was left beside it is set aside as ledger.damaged-1;"
        " what ledger unknown held is not known"
    )
    assert (tmp_path / "ledger.damaged-1-wal").read_bytes() == b"garbage"
