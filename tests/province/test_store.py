"""Storing batches: raw bytes, heads, receipts, evidence. On both backends."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from province.errors import ProvinceCode, StoreError, StoreUrlError
from province.store import ProvinceStore, open_store
from province.store.incidents import DROPPED, MAX_OF_A_KIND
from province.verify import verify
from sync.entries import GENESIS, HashName, Level, Predecessor, Strayed
from sync.messages import (
    VERSION,
    ContractError,
    Health,
    Problem,
    Receipt,
    Reported,
    Settings,
    State,
    Status,
)
from sync.store_port import PadsHeldError, Told, evidence, read_arrival
from tests.rigs.ledger.ledger_builder import NOON_MS, LedgerBuilder, at, invited, lapsed, rated
from tests.rigs.province import postgres
from tests.rigs.province.hostile_database import held

Open = Callable[[], ProvinceStore]


def birth(store: ProvinceStore, pad: str, state: State) -> Receipt:
    """The receipt for a birth."""
    return store.take([], [Told(pad, state)])[0]


def tell(store: ProvinceStore, pad: str, message: State | Health | Reported) -> None:
    assert store.take([], [Told(pad, message)]) == []


def entries(store: ProvinceStore) -> list[tuple[str, int, bytes]]:
    with store.engine.connect() as connection:
        rows = connection.execute(
            sa.text("SELECT ledger, seq, body FROM entry ORDER BY ledger, seq")
        )
        return [(ledger, seq, bytes(body)) for ledger, seq, body in rows]


def test_entries_are_stored_byte_by_byte_and_the_receipt_has_the_head(
    store: ProvinceStore,
) -> None:
    pad = LedgerBuilder().add(
        invited("i1", case="办件-1"), rated("i1"), b'{"kind":"odd","x":"\\u0000\\n\\\\"}\x00'
    )
    [receipt] = store.take([pad.arrival()])
    assert (receipt.seq, receipt.digest, receipt.problem) == (4, pad.digest(4).hex(), None)
    assert entries(store) == [(pad.id, entry.seq, entry.body) for entry in pad.entries]


def test_a_batch_that_comes_again_or_overlaps_is_stored_once(store: ProvinceStore) -> None:
    pad = LedgerBuilder().add(*(lapsed(f"i{n}") for n in range(9)))
    receipts = store.take([pad.arrival(1, 4), pad.arrival(1, 4), pad.arrival(3, 7)])
    assert [receipt.seq for receipt in receipts] == [7, 7, 7]
    [receipt] = store.take([pad.arrival(2, 10)])
    assert receipt.seq == 10
    assert [seq for _, seq, _ in entries(store)] == list(range(1, 11))
    assert store.summary().entries == 10
    assert store.summary().doubled == 0


def test_a_gap_is_refused_with_the_stored_head_and_leaves_no_evidence(
    store: ProvinceStore,
) -> None:
    pad = LedgerBuilder().add(*(lapsed(f"i{n}") for n in range(5)))
    receipts = store.take([pad.arrival(1, 2), pad.arrival(5, 6)])
    assert [(receipt.seq, receipt.problem) for receipt in receipts] == [(2, None), (2, Problem.GAP)]
    assert store.summary().refusals == 0


def test_a_torn_batch_is_taken_and_its_hole_is_counted_as_lost(store: ProvinceStore) -> None:
    pad = LedgerBuilder().add(*(lapsed(f"i{n}") for n in range(9)))
    store.take([pad.arrival(1, 3)])
    [receipt] = store.take([pad.arrival(7, 10, torn=True)])
    assert receipt.seq == 10
    [hole] = store.lost()
    assert (hole.ledger, hole.first, hole.last, hole.reason) == (pad.id, 4, 6, "torn")
    assert store.summary().lost == 3
    assert store.take([pad.arrival(5, 6)])[0].problem is None, (
        "a hole is never filled; the batch is no fault"
    )


def test_a_forked_ledger_is_refused_kept_as_evidence_and_an_incident(
    store: ProvinceStore,
) -> None:
    pad = LedgerBuilder().add(rated("i1", Level.VERY_DISSATISFIED))
    forged = LedgerBuilder().add(rated("i1", Level.VERY_SATISFIED), lapsed("i2"))
    store.take([pad.arrival()])
    for _ in range(2):
        [receipt] = store.take([forged.arrival()])
        assert (receipt.problem, receipt.seq) == (Problem.CHAIN, 2)
    assert [rating.level for rating in store.ratings()] == ["very_dissatisfied"]
    [incident] = store.incidents()
    assert (incident.kind, incident.times) == ("fork", 2)
    with store.engine.connect() as connection:
        [(payload, times)] = connection.execute(sa.text("SELECT payload, times FROM refusal"))
    assert (bytes(payload), times) == (forged.payload(), 2)


def test_a_ledger_of_another_pad_is_refused_and_its_head_not_disclosed(
    store: ProvinceStore,
) -> None:
    pad, thief = LedgerBuilder(), LedgerBuilder("pad-2")
    store.take([pad.arrival()])
    [receipt] = store.take([pad.arrival()._replace(pad="pad-2")])
    assert (receipt.problem, receipt.seq) == (Problem.FOREIGN, 0)
    assert birth(store, "pad-2", thief.birth()).seq == 0


def test_a_payload_that_cannot_be_read_is_kept_as_evidence_and_others_are_stored(
    store: ProvinceStore,
) -> None:
    pad = LedgerBuilder()
    bad = [
        b"",
        b"\xff\x00",
        b"[" * 9000,
        pad.payload().replace(b'"v":1', b'"v":9'),
        b"x" * 300_000,
        pad.payload()[:-1],
    ]
    arrivals = [read_arrival("pad-1", payload, False, NOON_MS) for payload in bad]
    arrivals.append(evidence("pad-1", ContractError(Problem.MALFORMED, "a\0b"), b"z", NOON_MS))
    receipts = store.take([*arrivals, pad.arrival()])
    assert [receipt.problem for receipt in receipts[:4]] == [
        Problem.MALFORMED,
        Problem.MALFORMED,
        Problem.MALFORMED,
        Problem.VERSION,
    ]
    assert {(receipt.ledger, receipt.seq) for receipt in receipts[:-1]} == {("", 0)}
    assert receipts[-1].seq == 1
    assert store.summary().refusals == len(arrivals)


def test_refusals_are_bounded_for_each_pad(
    store: ProvinceStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("province.store.evidence.MAX_REFUSALS", 3)
    store.take([read_arrival("pad-1", b"%d" % n, False, NOON_MS) for n in range(9)])
    with store.engine.connect() as connection:
        times = connection.execute(sa.text("SELECT times FROM refusal ORDER BY times")).scalars()
        assert list(times) == [1, 1, 1, 6]


@pytest.mark.parametrize("change", ["UPDATE batch SET received_ms = 1", "DELETE FROM batch"])
def test_raw_entries_can_neither_be_changed_nor_deleted(store: ProvinceStore, change: str) -> None:
    store.take([LedgerBuilder().arrival()])
    with pytest.raises(sa.exc.DBAPIError, match="never"), store.engine.begin() as connection:
        connection.execute(sa.text(change))
    assert len(entries(store)) == 1


@pytest.mark.postgres
def test_raw_entries_cannot_be_truncated(store: ProvinceStore) -> None:
    if store.engine.dialect.name != "postgresql":
        return  # SQLite has no TRUNCATE
    with pytest.raises(sa.exc.DBAPIError, match="never"), store.engine.begin() as connection:
        connection.execute(sa.text("TRUNCATE batch"))


def test_a_failed_commit_stores_nothing_and_gives_no_receipt(
    store: ProvinceStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    pad = LedgerBuilder().add(lapsed("i1"))

    def broken(*_: object) -> None:
        raise sa.exc.OperationalError("INSERT", {}, OSError("no space left"))

    with monkeypatch.context() as patch:
        patch.setattr("province.store.projection_writer.write", broken)
        with pytest.raises(StoreError, match="P04"):
            store.take([pad.arrival()])
    assert entries(store) == []
    assert birth(store, pad.pad, pad.birth()).seq == 0
    assert store.take([pad.arrival()])[0].seq == 2


def test_a_birth_is_answered_with_the_head_and_its_session(store: ProvinceStore) -> None:
    pad = LedgerBuilder().add(lapsed("i1"))
    receipt = birth(store, pad.pad, pad.birth(boots=3, session=2))
    assert (receipt.seq, receipt.digest, receipt.session) == (0, GENESIS.hex(), "3.2")
    store.take([pad.arrival()])
    assert birth(store, pad.pad, pad.birth(boots=3, session=3)).seq == 2
    assert store.incidents() == []


def test_a_late_will_does_not_hide_a_newer_birth(store: ProvinceStore) -> None:
    pad = LedgerBuilder()
    birth(store, pad.pad, pad.birth(boots=1, session=2))
    will = pad.birth(boots=1, session=1)
    tell(store, pad.pad, type(will)(**{**_fields(will), "status": Status.LOST}))
    assert [seen.status for seen in store.pads()] == ["online"]
    tell(store, pad.pad, type(will)(**{**_fields(will), "status": Status.LOST, "session": 2}))
    assert [seen.status for seen in store.pads()] == ["lost"]


def test_a_pad_that_lost_its_ledger_and_its_boot_count_is_shown_with_its_new_ledger(
    store: ProvinceStore,
) -> None:
    old, new = LedgerBuilder(), LedgerBuilder(ledger="01LEDGER-B")
    birth(store, old.pad, old.birth(boots=37))
    tell(store, old.pad, _health(old.id, boots=37))
    birth(store, new.pad, new.birth(boots=1))
    tell(store, new.pad, _health(new.id, boots=1))
    will = type(old.birth())(**{**_fields(old.birth(boots=37)), "status": Status.LOST})
    tell(store, old.pad, will)
    tell(store, new.pad, _health(new.id, boots=0))  # control: an older one of the same ledger
    [seen] = store.pads()
    assert (seen.status, seen.boots, seen.ledger) == ("online", 1, new.id)
    assert seen.health is not None
    assert '"boots":1,' in seen.health
    assert [incident.kind for incident in store.incidents()] == ["backwards"]


def _health(ledger: str, boots: int) -> Health:
    return Health(v=VERSION, at=at(1000), boots=boots, ledger=ledger, head=1, receipted=0)


def _fields(state: State) -> dict[str, Any]:
    return {name: getattr(state, name) for name in state.__struct_fields__}


def test_a_restored_or_copied_card_is_an_incident(store: ProvinceStore) -> None:
    pad = LedgerBuilder().add(lapsed("i1"), lapsed("i2"))
    store.take([pad.arrival()])
    birth(store, pad.pad, pad.birth(boots=5))
    assert store.incidents() == []
    birth(store, pad.pad, pad.birth(boots=6, seq=1))
    birth(store, pad.pad, pad.birth(boots=2))
    birth(store, pad.pad, pad.birth(boots=7, digest="ab" * 32))
    kinds = sorted((incident.kind, incident.times) for incident in store.incidents())
    assert kinds == [("backwards", 2), ("fork", 1)]


@pytest.mark.parametrize("behind", [1, 3, 6])
@pytest.mark.parametrize("boots", [4, 5, 6])
def test_a_birth_of_another_history_is_a_fork_whatever_it_counts(
    store: ProvinceStore, behind: int, boots: int
) -> None:
    """A card restored from a copy boots as often as it did before, or less often, or more."""
    pad, other = LedgerBuilder(), LedgerBuilder()
    pad.add(*(lapsed(f"i{n}") for n in range(9)))
    other.add(*(lapsed(f"x{n}") for n in range(9)))
    store.take([pad.arrival()])
    for seq in range(10, 0, -1):
        birth(store, pad.pad, pad.birth(boots=5, seq=seq))  # a late one, or one that comes again
    assert store.incidents() == []
    birth(store, pad.pad, other.birth(boots=boots, seq=10 - behind))
    [seen] = store.incidents()
    assert (seen.kind, seen.ledger) == ("fork", pad.id)


def test_an_older_card_that_went_beyond_the_stored_head_is_a_fork(store: ProvinceStore) -> None:
    """Its birth cannot be compared; the pad compares, and its new ledger says what it found."""
    pad = LedgerBuilder(ledger="01A").add(lapsed("i1"), lapsed("i2"))
    card = LedgerBuilder(ledger="01A").add(*(lapsed(f"x{n}") for n in range(8)))
    store.take([pad.arrival()])
    answer = birth(store, card.pad, card.birth(boots=9))
    assert (answer.seq, answer.problem) == (3, None)
    new = Predecessor(ledger="01A", reason="diverged", seq=9, digest=card.digest(9).hex())
    store.take([LedgerBuilder(ledger="01B", previous=new).arrival()])
    [seen] = store.incidents()
    assert (seen.kind, seen.ledger) == ("fork", "01A")
    assert "01B" in seen.detail


@pytest.mark.parametrize("forged", ["torn", "opened"])
def test_nobody_takes_a_pads_ledger_by_naming_it_first(store: ProvinceStore, forged: str) -> None:
    pad = LedgerBuilder("pad-1", "01A").add(invited("i1"), rated("i1"), lapsed("i2"))
    rogue = LedgerBuilder("pad-2", "01A").add(*(lapsed(f"x{n}") for n in range(8)))
    first = rogue.arrival(5, torn=True) if forged == "torn" else rogue.arrival()
    [answer] = store.take([first])
    assert answer.seq == 9
    answer = birth(store, "pad-1", pad.birth())
    assert (answer.seq, answer.digest, answer.problem) == (0, GENESIS.hex(), None)
    [whole] = store.take([pad.arrival(1, 3)])
    assert (whole.ledger, whole.seq, whole.problem) == ("01A", 3, None)
    both = store.take([rogue.add(lapsed("x9")).arrival(10), pad.arrival()])
    assert [(receipt.seq, receipt.problem) for receipt in both] == [(10, None), (4, None)]
    assert birth(store, "pad-1", pad.birth(2)).digest == pad.digest(4).hex()
    assert {(row.pad, row.invitation, row.standing) for row in store.ratings(pad="pad-1")} == {
        ("pad-1", "i1", "rated"),
        ("pad-1", "i2", "unrated"),
    }
    assert {(seen.pad, seen.ledger) for seen in store.ledgers()} == {
        ("pad-2", "01A"),
        ("pad-1", "01A@pad-1"),
    }
    [seen] = [seen for seen in store.incidents() if seen.kind == "claimed"]
    assert (seen.pad, seen.ledger) == ("pad-1", "01A")
    assert verify(store).sound


def test_of_pads_that_name_one_new_ledger_in_one_group_each_has_its_own(
    store: ProvinceStore,
) -> None:
    pads = [LedgerBuilder(f"pad-{n}", "01A").add(lapsed("i1")) for n in (1, 2, 3)]
    receipts = store.take([pad.arrival() for pad in pads])
    assert [receipt.digest for receipt in receipts] == [pad.digest(2).hex() for pad in pads]
    assert verify(store).entries == 6


def test_a_ledger_that_its_pad_opened_is_not_continued_by_another(store: ProvinceStore) -> None:
    pad = LedgerBuilder("pad-1", "01A").add(lapsed("i1"), lapsed("i2"))
    rogue = LedgerBuilder("pad-2", "01A").add(lapsed("x1"), lapsed("x2"))
    store.take([pad.arrival()])
    for forged in (rogue.arrival(2), rogue.arrival(2, torn=True)):
        [answer] = store.take([forged])
        assert (answer.problem, answer.seq) == (Problem.FOREIGN, 0)


def test_what_is_lost_of_a_ledger_with_a_second_name_is_counted_for_its_pad(
    store: ProvinceStore,
) -> None:
    rogue = LedgerBuilder("pad-2", "01A").add(*(lapsed(f"x{n}") for n in range(8)))
    pad = LedgerBuilder("pad-1", "01A").add(lapsed("i1"), lapsed("i2"))
    new = Predecessor(ledger="01A", reason="damaged", seq=3, missing=((3, 5),))
    store.take([rogue.arrival(5, torn=True), pad.arrival()])
    store.take([LedgerBuilder("pad-1", "01B", previous=new).arrival()])
    lost = {(hole.pad, hole.first, hole.last) for hole in store.lost()}
    assert lost == {("pad-2", 1, 4), ("pad-1", 4, 5)}


def test_incidents_do_not_grow_with_what_repeats(store: ProvinceStore) -> None:
    """A card that is restored again and again, and one whose ledgers have ever new ids."""
    pad = LedgerBuilder().add(*(lapsed(f"i{n}") for n in range(60)))
    store.take([pad.arrival()])
    for boots in range(2, 52):
        birth(store, pad.pad, pad.birth(boots=boots, seq=boots))
    [seen] = store.incidents()
    assert (seen.kind, seen.times) == ("backwards", 50)
    assert ("up to 2," in seen.detail, "up to 51," in seen.last_detail) == (True, True)
    for n in range(2 * MAX_OF_A_KIND):
        store.take([LedgerBuilder(ledger=f"L{n:03}").arrival()])
    kinds = Counter(incident.kind for incident in store.incidents())
    assert kinds == {"backwards": 1, "unannounced": MAX_OF_A_KIND + 1}
    [dropped] = [row for row in store.incidents() if row.detail == DROPPED]
    assert (dropped.ledger, dropped.times) == ("", MAX_OF_A_KIND)
    assert "ledger L039: a new ledger" in dropped.last_detail


def test_a_new_ledger_that_names_no_predecessor_is_an_incident(store: ProvinceStore) -> None:
    named = Predecessor(ledger="01A", reason="damaged", seq=1, missing=((2, 4),))
    store.take([LedgerBuilder(ledger="01A").arrival()])
    store.take([LedgerBuilder(ledger="01B", previous=named).arrival()])
    assert store.incidents() == []
    assert store.summary().lost == 3
    store.take([LedgerBuilder(ledger="01C").arrival()])
    [incident] = store.incidents()
    assert (incident.kind, incident.ledger) == ("unannounced", "01C")


def test_a_ledger_that_was_lost_with_its_entries_is_an_incident(store: ProvinceStore) -> None:
    lost = Predecessor(ledger="01A", reason="lost")
    store.take([LedgerBuilder(ledger="01A").arrival()])
    store.take([LedgerBuilder(ledger="01B", previous=lost).arrival()])
    [incident] = store.incidents()
    assert (incident.kind, incident.ledger) == ("vanished", "01B")
    assert "01A" in incident.detail


def test_a_ledger_whose_end_is_gone_is_an_incident(store: ProvinceStore) -> None:
    cut = Predecessor(ledger="01A", reason="cut", seq=3, missing=((4, 6),))
    store.take([LedgerBuilder(ledger="01B", previous=cut).arrival()])
    [incident] = store.incidents()
    assert (incident.kind, incident.ledger) == ("cut", "01B")
    assert "01A" in incident.detail


def test_the_newest_configuration_of_a_pad_is_kept(store: ProvinceStore) -> None:
    tell(store, "pad-1", Reported(v=VERSION, version=4, digest="d", settings=Settings()))
    [seen] = store.pads()
    assert seen.reported is not None
    assert '"version":4' in seen.reported


def test_a_group_of_several_pads_and_hashes_is_one_transaction(store: ProvinceStore) -> None:
    first = LedgerBuilder("pad-1", "01A").add(invited("i"), rated("i"))
    second = LedgerBuilder("pad-2", "01B", hash_name=HashName.SM3).add(invited("i"), lapsed("i"))
    receipts = store.take([first.arrival(1, 2), second.arrival(), first.arrival(3, 3)])
    assert [receipt.seq for receipt in receipts] == [3, 3, 3]
    assert {(rating.pad, rating.standing) for rating in store.ratings()} == {
        ("pad-1", "rated"),
        ("pad-2", "unrated"),
    }


@pytest.mark.postgres
def test_a_pad_that_another_transaction_holds_is_named_and_not_waited_for(
    cluster: postgres.PostgresCluster,
) -> None:
    url = cluster.create("held_pad")
    store = open_store(url)
    pads = [LedgerBuilder(f"pad-{n}", f"01{n}").add(invited("i")) for n in (1, 2, 3)]
    store.take([pad.arrival(1, 1) for pad in pads])
    with held(url, "SELECT * FROM pad WHERE pad = 'pad-2' FOR UPDATE"):
        with pytest.raises(PadsHeldError) as caught:
            store.take([pad.arrival() for pad in pads])
        assert caught.value.pads == {"pad-2"}
        receipts = store.take([pads[0].arrival(), pads[2].arrival()])
        assert [receipt.seq for receipt in receipts] == [2, 2]
    store.close()


def test_a_second_process_reads_and_cannot_write(store: ProvinceStore, store_url: str) -> None:
    store.take([LedgerBuilder().add(invited("i1", case="c-9")).arrival()])
    reader = open_store(store_url, read_only=True)
    try:
        assert reader.summary().open == 1
        assert reader.ratings(limit=5, pad="pad-1")[0].case_number == "c-9"
        assert [seen.seq for seen in reader.ledgers()] == [2]
        with pytest.raises(StoreError):
            reader.take([LedgerBuilder(ledger="01B").arrival()])
    finally:
        reader.close()


def test_a_wrong_url_an_absent_and_a_foreign_database_have_different_codes(tmp_path: Path) -> None:
    for url in ("mysql://x/y", "no url", "sqlite://"):
        with pytest.raises(StoreUrlError) as wrong:
            open_store(url)
        assert wrong.value.code is ProvinceCode.STORE_URL
    with pytest.raises(StoreError) as absent:
        open_store(f"sqlite:///{tmp_path}/none/x.db")
    assert absent.value.code is ProvinceCode.STORE_NO_FILE
    with pytest.raises(StoreError) as missing:
        open_store(f"sqlite:///{tmp_path}/x.db", read_only=True)
    assert missing.value.code is ProvinceCode.STORE_NO_FILE
    with pytest.raises(StoreError) as unreachable:
        open_store("postgresql://nobody@127.0.0.1:1/none")
    assert unreachable.value.code is ProvinceCode.STORE_ABSENT
    foreign = sa.create_engine(f"sqlite:///{tmp_path}/foreign.db")
    with foreign.begin() as connection:
        connection.execute(sa.text("CREATE TABLE foreign_table (x)"))
    foreign.dispose()
    with pytest.raises(StoreError) as other:
        open_store(f"sqlite:///{tmp_path}/foreign.db")
    assert other.value.code is ProvinceCode.STORE_FOREIGN


def test_a_stray_is_kept_and_never_counted(store: ProvinceStore) -> None:
    stray = Strayed(at=at(5), key="satisfied", state="idle", source="keys")
    store.take([LedgerBuilder().add(stray).arrival()])
    summary = store.summary()
    assert (summary.strays, summary.invitations) == (1, 0)
