"""The database is killed between two groups: receipted entries are stored, the store goes on."""

from contextlib import closing

import pytest

from province.errors import StoreError
from province.store import open_store
from province.verify import verify
from sync.store_port import Told
from tests.rigs.ledger.ledger_builder import LedgerBuilder, invited, rated
from tests.rigs.province import postgres


@pytest.mark.postgres
def test_after_a_crash_of_the_database_receipted_entries_are_there_and_others_come_again() -> None:
    with postgres.cluster() as cluster, closing(open_store(cluster.create("crash"))) as store:
        pad = LedgerBuilder().add(invited("i1"), rated("i1"), invited("i2"), rated("i2"))
        [receipt] = store.take([pad.arrival(1, 3)])
        assert receipt.seq == 3
        cluster.kill()
        with pytest.raises(StoreError, match="P02"):
            store.take([pad.arrival(4)])
        cluster.start()
        assert store.take([], [Told(pad.pad, pad.birth())])[0].seq == 3
        [receipt] = store.take([pad.arrival(4)])
        assert receipt.seq == 5
        verdict = verify(store)
        assert verdict.sound
        assert (verdict.entries, verdict.ratings) == (5, 2)
