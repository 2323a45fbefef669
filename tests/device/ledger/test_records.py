"""Rows are found in the bytes of pages exactly as SQLite wrote them, and nothing else is."""

from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from device.ledger.file import create, seal
from device.ledger.records import MAX_SEQ, PAGE_BYTES, RawRecord, record_at, records_in

DIGEST = bytes(range(100, 132))


def body_of(size: int) -> bytes:
    """JSON of so many bytes."""
    return b"{}" if size < 8 else b'{"k":"' + b"x" * (size - 8) + b'"}'


def pages_of(path: Path, rows: list[RawRecord]) -> list[bytes]:
    """The pages of a file into which SQLite has written these rows."""
    db = create(path)
    db.execute("DROP TRIGGER entry_has_no_gap")
    db.executemany("INSERT INTO entry(seq, body, digest, receipted) VALUES (?, ?, ?, ?)", rows)
    seal(db)
    content = path.read_bytes()
    return [content[n : n + PAGE_BYTES] for n in range(0, len(content), PAGE_BYTES)]


def loader(pages: list[bytes]) -> Callable[[int], bytes]:
    return lambda number: pages[number - 1] if 0 < number <= len(pages) else b""


def found_in(pages: list[bytes]) -> list[RawRecord]:
    load = loader(pages)
    return sorted(record for page in pages for _, record in records_in(page, load))


def test_entries_of_every_length_are_found(tmp_path: Path) -> None:
    lengths = [
        *(2, 8, 9, 56, 57, 58, 59, 127, 128, 300),
        *range(1960, 1985),  # the whole entry is on its page, or a part on another
        *range(2010, 2060),
        *range(4000, 4110),
        *(8000, 8184, 8185, 8186, 8187, 16_000, 20_000, 40_000),
    ]
    rows = [RawRecord(seq, body_of(size), DIGEST, 1) for seq, size in enumerate(lengths, 1)]
    assert found_in(pages_of(tmp_path / "ledger", rows)) == rows


def test_every_sequence_number_and_every_receipt_is_found(tmp_path: Path) -> None:
    edges = [n for bits in range(1, 54) for n in (2**bits - 1, 2**bits, 2**bits + 1)]
    seqs = sorted({seq for seq in edges if seq <= MAX_SEQ})
    rows = [RawRecord(seq, body_of(200), DIGEST, min(seq, 2**53)) for seq in seqs]
    assert MAX_SEQ == 2**53
    assert found_in(pages_of(tmp_path / "a", rows)) == rows
    receipts = [*range(4), 127, 128, 255, 2**15 - 1, 2**15, 2**23, 2**31 - 1, 2**31, 2**47, 2**62]
    rows = [RawRecord(seq, body_of(200), DIGEST, mark) for seq, mark in enumerate(receipts, 1)]
    assert found_in(pages_of(tmp_path / "b", rows)) == rows


def test_a_number_beyond_the_contract_or_below_zero_is_damage(tmp_path: Path) -> None:
    rows = [RawRecord(seq, body_of(200), DIGEST, 0) for seq in (7, MAX_SEQ, MAX_SEQ + 1, 2**62)]
    assert [r.seq for r in found_in(pages_of(tmp_path / "a", rows))] == [7, MAX_SEQ]
    rows = [RawRecord(7, body_of(200), DIGEST, -5)]
    assert found_in(pages_of(tmp_path / "b", rows)) == [rows[0]._replace(receipted=0)]


def test_where_a_record_begins_is_where_it_is_read_again_and_nowhere_else(tmp_path: Path) -> None:
    rows = [RawRecord(seq, body_of(150 + seq), DIGEST, seq) for seq in range(1, 30)]
    pages = pages_of(tmp_path / "ledger", rows)
    load = loader(pages)
    for page in pages:
        places = dict(records_in(page, load))
        for start in range(len(page)):
            assert record_at(page, start, load) == places.get(start)


def test_only_records_behind_an_entry_are_asked_for(tmp_path: Path) -> None:
    rows = [RawRecord(seq, body_of(100), DIGEST, 0) for seq in range(1, 6)]
    pages = pages_of(tmp_path / "ledger", rows)
    load = loader(pages)
    behind = [sorted(r.seq for page in pages for _, r in records_in(page, load, n)) for n in (0, 3)]
    assert behind == [[1, 2, 3, 4, 5], [4, 5]]


@pytest.mark.parametrize("left", [b"", b"\0" * (PAGE_BYTES - 1)])
def test_a_record_of_which_a_page_is_missing_is_none(tmp_path: Path, left: bytes) -> None:
    rows = [RawRecord(1, body_of(3000), DIGEST, 0), RawRecord(2, body_of(9000), DIGEST, 0)]
    pages = pages_of(tmp_path / "ledger", rows)
    rest = [n for n, page in enumerate(pages) if page.count(b"x") > 1900]
    assert len(rest) >= 4
    assert found_in(pages) == rows
    for n in rest:
        assert len(found_in([*pages[:n], left, *pages[n + 1 :]])) == 1


def cell(serial: int, content: bytes, *, seq: int = 5, mark: int = 8, before: bytes = b"") -> bytes:
    """A row as it stands on a page: payload's length, rowid, header, content."""
    header = bytes([5, 0, serial, 0x4C, mark])
    return before + bytes([len(header) + len(content), seq]) + header + content


@pytest.mark.parametrize(
    ("serial", "body"), [(12, None), (13, None), (14, b"{"), (15, None), (16, b"{}"), (17, None)]
)
def test_a_body_is_a_blob_that_is_not_empty(serial: int, body: bytes | None) -> None:
    size = max(0, serial - 12) // 2
    page = bytes(40) + cell(serial, b"{}{}"[:size] + b"{" + DIGEST[1:])
    found = [record for _, record in records_in(page.ljust(PAGE_BYTES, b"\0"), loader([]))]
    assert found == ([RawRecord(5, body, b"{" + DIGEST[1:], 0)] if body else [])


def test_a_record_at_the_edge_of_a_page_is_found_and_one_that_is_cut_is_not() -> None:
    load = loader([])
    whole = cell(16, b"{}" + DIGEST)
    assert [start for start, _ in records_in(whole, load)] == [2]
    for cut in (whole[1:], whole[2:], whole[:-1]):
        assert list(records_in(cut, load)) == []
    assert record_at(cell(16, b"{}" + DIGEST, seq=0), 2, load) is None, "no entry 0"
    wrong = bytes([whole[0] + 1]) + whole[1:]
    assert list(records_in(wrong, load)) == [], "the length in front says another thing"
    around = whole[1:] + whole[:1]
    assert list(records_in(around, load)) == [], "in front, and not at the page's end"


def test_the_numbers_in_front_of_a_record_must_be_whole(tmp_path: Path) -> None:
    load = loader([])
    whole = cell(16, b"{}" + DIGEST)
    assert record_at(cell(16, b"{}" + DIGEST, mark=0), 2, load) == RawRecord(5, b"{}", DIGEST, 0)
    assert record_at(cell(16, b"{}" + DIGEST, seq=0x85), 2, load) is None, "it goes on behind"
    for begin, there in ((0x81, True), (0x7F, False), (0x05, False)):
        longer = whole[:1] + bytes([begin]) + whole[1:]
        assert (record_at(longer, 3, load) is not None) is there
    pages = pages_of(tmp_path / "ledger", [RawRecord(5, body_of(200), DIGEST, 0)])
    [(page, start)] = [(page, start) for page in pages for start, _ in records_in(page, load)]
    assert record_at(page, start, load) is not None
    changed = page[: start - 3] + bytes([page[start - 3] ^ 1]) + page[start - 2 :]
    assert record_at(changed, start, load) is None, "a length of two bytes"


def test_random_bytes_hold_no_record_and_raise_nothing() -> None:
    rng = Random(8)
    header = b"\x06\x00\x83\x1a\x4c\x01{"
    for _ in range(500):
        page = bytearray(rng.randbytes(PAGE_BYTES))
        for _ in range(5):
            place = rng.randrange(PAGE_BYTES - 10)
            page[place : place + len(header)] = header
        assert [
            r for _, r in records_in(bytes(page), lambda _: bytes(PAGE_BYTES)) if r.seq < 1
        ] == []
