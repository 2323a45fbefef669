"""Entries become rows in the same commit: times, salvage, unknown kinds. On both backends."""

import random
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa

from province.store import ProvinceStore
from province.timestamps import ANCHORS_MAX
from province.verify import verify
from sync.entries import Fault, Level, Predecessor, Salvaged, Strayed
from sync.messages import Receipt
from sync.store_port import Arrival, PadsHeldError
from tests.rigs.ledger.ledger_builder import (
    NOON_MS,
    LedgerBuilder,
    at,
    clock,
    invited,
    lapsed,
    rated,
    without_time,
)

Open = Callable[[], ProvinceStore]


def salvaged(old: LedgerBuilder, seq: int) -> Salvaged:
    entry = old.entries[seq - 1]
    return Salvaged(
        at=at(1, boot="boot-2"),
        ledger=old.id,
        seq=seq,
        digest=entry.digest.hex(),
        body=entry.body.decode(),
    )


def test_a_rating_before_the_time_was_known_gets_its_time_when_the_anchor_comes(
    store: ProvinceStore,
) -> None:
    pad = LedgerBuilder()
    pad.add(invited("i1", without_time(1000)), rated("i1", when=without_time(3000)))
    pad.add(Strayed(at=without_time(3500), key="satisfied", state="thanks", source="keys"))
    store.take([pad.arrival()])
    [rating] = store.ratings()
    assert (rating.utc_ms, rating.dated_by, rating.rated_utc_ms) == (None, "unknown", None)
    assert store.summary().undated == 1
    pad.add(clock(63_000, NOON_MS + 63_000))
    store.take([pad.arrival(5)])
    [rating] = store.ratings()
    assert (rating.utc_ms, rating.dated_by, rating.uncertainty_ms) == (NOON_MS + 3000, "anchor", 26)
    with store.engine.connect() as connection:
        assert connection.execute(sa.text("SELECT utc_ms FROM stray")).scalar() == NOON_MS + 3500
    assert verify(store).sound


def test_a_more_certain_anchor_of_the_same_boot_corrects_times_and_another_boots_does_not(
    store: ProvinceStore,
) -> None:
    pad = LedgerBuilder().add(clock(0, NOON_MS + 900, uncertainty_ms=1000))
    pad.add(invited("i1", without_time(1000)), invited("i2", without_time(1000, "boot-2")))
    store.take([pad.arrival()])
    pad.add(clock(2000, NOON_MS + 2000, uncertainty_ms=5))
    store.take([pad.arrival(5)])
    dated = {row.invitation: (row.utc_ms, row.uncertainty_ms) for row in store.ratings()}
    assert dated == {"i1": (NOON_MS + 1000, 6), "i2": (None, None)}
    assert verify(store).sound


@pytest.mark.parametrize("batch", [7, 1000])
def test_many_anchors_of_one_boot_give_the_same_dates_in_any_order(
    opened: Open, batch: int
) -> None:
    store = opened()
    pad = LedgerBuilder()
    pad.add(*(invited(f"s{n}", without_time(n)) for n in range(9)))
    pad.add(*(clock(n, NOON_MS + n, uncertainty_ms=900 - n) for n in range(3 * ANCHORS_MAX)))
    pad.add(invited("i1", without_time(5)))
    for first in range(1, len(pad.entries) + 1, batch):
        store.take([pad.arrival(first, min(first + batch - 1, len(pad.entries)))])
    rating = next(row for row in store.ratings() if row.invitation == "i1")
    # The last one that counts: every further one would be more certain.
    assert rating.uncertainty_ms == 900 - (ANCHORS_MAX - 1) + 1
    assert verify(store).bad_rows == []
    store.close()


def test_anchors_that_do_not_count_date_nothing_again(opened: Open) -> None:
    store = opened()
    pad = LedgerBuilder()
    pad.add(*(invited(f"s{n}", without_time(n)) for n in range(9)))
    pad.add(*(clock(n, NOON_MS + n, uncertainty_ms=900 - n) for n in range(ANCHORS_MAX + 20)))
    counts = 9 + 1 + ANCHORS_MAX
    store.take([pad.arrival(1, counts - 1)])
    statements: list[str] = []
    sa.event.listen(
        store.engine,
        "before_cursor_execute",
        lambda _, __, statement, *___: statements.append(statement),
    )
    store.take([pad.arrival(counts, counts)])
    if store.engine.dialect.name == "postgresql":  # the database's language may sort otherwise
        assert any("ORDER BY anchor.ledger COLLATE" in statement for statement in statements)
    assert any("dated_by" in statement for statement in statements)  # control
    statements.clear()
    store.take([pad.arrival(counts + 1)])
    assert [statement for statement in statements if "dated_by" in statement] == []
    store.close()


def test_an_unknown_kind_is_stored_receipted_and_counted(store: ProvinceStore) -> None:
    pad = LedgerBuilder().add(b'{"kind":"future-thing"}', b"not json", invited("i1"))
    [receipt] = store.take([pad.arrival()])
    assert (receipt.seq, receipt.problem) == (4, None)
    summary = store.summary()
    assert (summary.entries, summary.unread, summary.open) == (4, 2, 1)
    assert verify(store).sound


def test_salvaged_entries_that_also_came_in_their_chain_count_once(store: ProvinceStore) -> None:
    old = LedgerBuilder(ledger="01A")
    old.add(invited("i1"), rated("i1"), invited("i2"), rated("i2"), invited("i3"), rated("i3"))
    missing = Predecessor(ledger="01A", reason="damaged", seq=5, missing=((4, 4), (6, 6)))
    new = LedgerBuilder(ledger="01B", previous=missing)
    new.add(salvaged(old, 3), salvaged(old, 5), salvaged(old, 7), rated("i9", Level.DISSATISFIED))
    store.take([old.arrival(1, 4)])
    store.take([new.arrival()])
    ratings = {rating.invitation: rating.standing for rating in store.ratings()}
    assert ratings == {"i1": "rated", "i2": "rated", "i3": "rated", "i9": "rated"}
    lost = [(hole.ledger, hole.first, hole.last) for hole in store.lost()]
    assert lost == [("01A", 6, 6)], "entry 4 came in chain, so it is not lost"
    assert verify(store).sound
    store.take([old.arrival(5)])  # the old card is found and sends its rest
    assert store.summary().lost == 0
    assert store.summary().invitations == 4
    assert verify(store).sound
    assert store.incidents() == []


def test_a_salvaged_entry_that_differs_from_its_chain_is_an_incident(store: ProvinceStore) -> None:
    old = LedgerBuilder(ledger="01A").add(rated("i1", Level.DISSATISFIED))
    forged = LedgerBuilder(ledger="01A").add(rated("i1", Level.VERY_SATISFIED))
    store.take([old.arrival()])
    new = LedgerBuilder(ledger="01B", previous=Predecessor(ledger="01A", reason="damaged"))
    store.take([new.add(salvaged(forged, 2)).arrival()])
    [incident] = store.incidents()
    assert incident.kind == "salvage-differs"
    assert [rating.level for rating in store.ratings()] == ["dissatisfied"]


def test_a_backlog_gives_the_same_rows_as_one_entry_at_a_time(opened: Open) -> None:
    rng = random.Random(7)
    backlog, live = LedgerBuilder("pad-1", "01A"), LedgerBuilder("pad-2", "01B")
    for n in range(300):
        end = rng.choice([rated(f"i{n}", rng.choice(list(Level))), lapsed(f"i{n}")])
        for pad in (backlog, live):
            pad.add(invited(f"i{n}", without_time(n)), end)
            if n % 100 == 50:
                pad.add(clock(n, NOON_MS + n, uncertainty_ms=200 - n))
    store = opened()
    store.take(backlog.arrivals(97))
    for start in range(1, len(live.entries) + 1, 5):
        store.take([live.arrival(start, start + 4)])
    from_backlog, from_live = (
        [rating[1:15] + rating[16:17] + rating[18:] for rating in store.ratings(None, pad)]
        for pad in ("pad-1", "pad-2")
    )
    assert len(from_backlog) == 300
    assert from_backlog == from_live
    assert verify(store).sound


def test_an_invitation_id_used_twice_falls_back_to_merging(store: ProvinceStore) -> None:
    pad = LedgerBuilder().add(invited("i0"), rated("i0"))
    store.take([pad.arrival()])
    pad.add(*(invited(f"i{n}") for n in range(200)))
    store.take([pad.arrival(4)])
    assert store.summary().invitations == 200
    assert store.summary().rated == 1
    assert verify(store).sound


def take(store: ProvinceStore, group: list[Arrival]) -> list[Receipt]:
    """Store a group, again when the other receiver holds its pads."""
    end_s = time.monotonic() + 30
    while True:
        try:
            return store.take(group)
        except PadsHeldError:
            assert time.monotonic() < end_s


def deliver_twice(opened: Open) -> list[BaseException]:
    """Two receivers take the same groups at the same time; the exceptions there were."""
    pads = []
    for name in ("pad-a", "pad-b", "pad-c"):
        pad = LedgerBuilder(name, f"01-{name}")
        for n in range(200):
            pad.add(invited(f"{name}-{n}"), rated(f"{name}-{n}"))
        pads.append(pad)
    stores = [opened(), opened()]
    together = threading.Barrier(2)

    def deliver(store: ProvinceStore, seed: int) -> None:
        rng = random.Random(seed)
        try:
            for start in range(1, 402, 10):
                group: list[Arrival] = [pad.arrival(start, start + 9) for pad in pads]
                rng.shuffle(group)
                together.wait(30)
                receipts = take(store, group)
                assert all(receipt.problem is None for receipt in receipts), receipts
                assert {receipt.seq for receipt in receipts} == {min(start + 9, 401)}
        finally:
            together.abort()  # the other does not wait for one that has ended

    with ThreadPoolExecutor(2) as pool:
        ends = [pool.submit(deliver, store, seed) for seed, store in enumerate(stores)]
        failures = [end.exception() for end in ends]
    return [failure for failure in failures if failure is not None]


def test_two_receivers_on_the_same_ledgers_store_everything_once(opened: Open) -> None:
    assert deliver_twice(opened) == []
    verdict = verify(opened())
    assert verdict.sound, verdict
    assert (verdict.entries, verdict.ratings, verdict.doubled) == (1203, 600, 0)


def test_control_without_the_pads_lock_two_receivers_collide(
    opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control. Not on SQLite, which has one lock for the whole file."""
    if opened().engine.dialect.name == "postgresql":
        monkeypatch.setattr("province.store.store._lock", lambda *_: None)
        monkeypatch.setattr("province.store.store.TRIES", 1)
        assert deliver_twice(opened) != []


def test_of_two_pads_that_open_one_new_ledger_at_the_same_time_each_has_its_own(
    opened: Open,
) -> None:
    stores = [opened(), opened()]
    claims = [LedgerBuilder("pad-a", "01X"), LedgerBuilder("pad-b", "01X")]
    together = threading.Barrier(2)

    def claim(store: ProvinceStore, pad: LedgerBuilder) -> bool:
        together.wait(30)
        [receipt] = store.take([pad.arrival()])
        return receipt.digest == pad.digest(1).hex()

    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(claim, stores, claims)) == [True, True]
    assert sorted(len(seen.ledger) for seen in stores[0].ledgers()) == [3, len("01X@pad-a")]
    assert [seen.kind for seen in stores[0].incidents()] == ["claimed"]


def test_an_old_batch_is_compared_with_what_is_stored_at_its_end(store: ProvinceStore) -> None:
    """The digest of any stored entry can be looked up, also inside a batch."""
    pad = LedgerBuilder().add(*(lapsed(f"i{n}") for n in range(9)))
    store.take(pad.arrivals(4))
    other = LedgerBuilder().add(*(lapsed(f"i{n}") for n in range(5)), lapsed("forged"))
    receipts = store.take([pad.arrival(1, 6), other.arrival(1, 6), other.arrival(1, 7)])
    assert [receipt.problem and receipt.problem.value for receipt in receipts] == [
        None,
        None,
        "chain",
    ]


@pytest.mark.parametrize("first", ["in chain", "salvaged"])
def test_a_copied_cards_second_history_gives_the_same_rows_in_any_order(
    store: ProvinceStore, first: str
) -> None:
    chained, other = LedgerBuilder(), LedgerBuilder()
    for pad, key, code in ((chained, "b", "D01"), (other, "a", "K01")):
        pad.add(Strayed(at=at(5), key=key, state="idle", source="keys"), Fault(at=at(5), code=code))
        pad.add(f'{{"kind":"odd-{key}"}}'.encode(), invited(key), rated(key))
    new = LedgerBuilder(ledger="01LEDGER-B")
    new.add(*(salvaged(other, seq) for seq in range(2, 7)))
    arrivals = [chained.arrival(), new.arrival()]
    for arrival in arrivals if first == "in chain" else reversed(arrivals):
        store.take([arrival])
    with store.engine.connect() as connection:
        assert connection.execute(sa.text("SELECT key FROM stray")).scalars().all() == ["a"]
    assert {row.invitation for row in store.ratings()} == {"a", "b"}, "no rating hides another"
    assert verify(store).sound, verify(store).bad_rows


def test_a_salvaged_entry_is_compared_byte_by_byte_even_with_a_nul_in_it(
    store: ProvinceStore,
) -> None:
    old = LedgerBuilder().add(Strayed(at=at(5), key="a\0", state="idle", source="keys"))
    new = LedgerBuilder(
        ledger="01LEDGER-B", previous=Predecessor(ledger=old.id, reason="damaged", seq=2)
    )
    store.take([old.arrival(), new.add(salvaged(old, 2)).arrival()])
    assert store.incidents() == []
    assert verify(store).sound
