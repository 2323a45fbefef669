"""A store of an older format becomes one of this, and says the same as one that always was."""

from collections.abc import Callable

import pytest
import sqlalchemy as sa

from province.errors import ProvinceCode, StoreError
from province.store import ProvinceStore, open_store, upgrade
from province.store.tables import FORMAT
from province.verify import verify
from sync.entries import Channel
from tests.rigs.ledger.ledger_builder import (
    NOON_MS,
    ChainedLedger,
    clock,
    dark,
    invited,
    lapsed,
    rated,
)

Open = Callable[[], ProvinceStore]

TO_FORMAT_1 = ("ALTER TABLE rating DROP COLUMN channel", "UPDATE format SET version = 1")
"""The tables as they were before the channel was told."""


def pads() -> list[ChainedLedger]:
    """A window that rates, a terminal, and one of which the invitation has not come."""
    window = ChainedLedger("pad-1", "01A").add(invited("i1", dark(1)), rated("i1", when=dark(2)))
    window.add(invited("i2"), lapsed("i2"), clock(3, NOON_MS + 3))
    terminal = ChainedLedger("pad-2", "01B")
    terminal.add(invited("i3", channel=Channel.HALL_TERMINAL), rated("i3"))
    return [window, terminal, ChainedLedger("pad-3", "01C").add(rated("i4"))]


def make_older(store: ProvinceStore) -> None:
    with store.engine.begin() as connection:
        for statement in TO_FORMAT_1:
            connection.execute(sa.text(statement))


def version_of(store_url: str) -> int:
    engine = sa.create_engine(store_url.replace("postgresql:", "postgresql+psycopg:"))
    with engine.connect() as connection:
        version = connection.execute(sa.text("SELECT version FROM format")).scalar_one()
    engine.dispose()
    return int(version)


def test_ratings_of_an_older_store_get_the_channel_that_their_entries_say(
    opened: Open, store_url: str
) -> None:
    store = opened()
    store.take([pad.arrival() for pad in pads()])
    before = store.ratings()
    channels = {row.invitation: row.channel for row in before}
    assert channels == {"i1": "hall_pad", "i2": "hall_pad", "i3": "hall_terminal", "i4": None}
    make_older(store)
    store.close()
    assert version_of(store_url) == 1
    again = opened()
    assert version_of(store_url) == FORMAT
    assert again.ratings() == before
    assert verify(again).sound
    late = pads()[0].add(invited("i5"), rated("i5"))
    again.take([late.arrival(7)])
    assert verify(again).sound
    assert len(again.ratings()) == 5


def test_who_only_looks_changes_nothing_and_is_told_who_does(opened: Open, store_url: str) -> None:
    store = opened()
    make_older(store)
    store.close()
    with pytest.raises(StoreError, match="`ratingpad-province receive` upgrades it") as refused:
        open_store(store_url, read_only=True)
    assert refused.value.code is ProvinceCode.STORE_FOREIGN
    assert version_of(store_url) == 1


def test_an_upgrade_that_fails_leaves_the_store_as_it_was(
    opened: Open, store_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = opened()
    store.take([pad.arrival() for pad in pads()])
    before = store.ratings()
    make_older(store)
    store.close()

    def broken(_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(upgrade, "_derive_ratings", broken)
        with pytest.raises(KeyboardInterrupt):
            open_store(store_url)
    assert version_of(store_url) == 1
    assert opened().ratings() == before


@pytest.mark.parametrize("version", [0, FORMAT + 1])
def test_a_format_that_nobody_here_knows_is_refused(
    opened: Open, store_url: str, version: int
) -> None:
    store = opened()
    with store.engine.begin() as connection:
        connection.execute(sa.text(f"UPDATE format SET version = {version}"))
    store.close()
    with pytest.raises(StoreError, match=f"has format {version}, not {FORMAT}") as refused:
        open_store(store_url)
    assert refused.value.code is ProvinceCode.STORE_FOREIGN
