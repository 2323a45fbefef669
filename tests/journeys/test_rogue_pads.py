"""Three pads flood the province with messages that are no batches; a good one goes on."""

import sys
from contextlib import ExitStack
from pathlib import Path

import pytest
import sqlalchemy as sa

from benchmarks.scratch import running
from province.store import tables
from province.store.evidence import MAX_REFUSALS
from tests.rigs.sync.pad_uplink import uplink_pad
from tests.rigs.system.deployment import Deployment
from tests.rigs.time.wait import until

ROGUES = ("rogue-1", "rogue-2", "rogue-3")
PER_S = 400

pytestmark = pytest.mark.broker


def test_a_good_pad_is_stored_beside_three_rogue_pads(deployment: Deployment) -> None:
    deployment.receiver()
    command = [sys.executable, "-m", "benchmarks.pads.flooding_pad", str(deployment.broker.port)]
    log = deployment.folder / "rogues.log"
    with uplink_pad(deployment.broker.address, "good") as pad, ExitStack() as stack:
        until(lambda: pad.receipted_seq >= 1, 20, "the good pad is receipted")
        for name in ROGUES:
            told = [*command, name, str(PER_S), "0"]
            stack.enter_context(running(told, cwd=Path.cwd(), log=log))
        for _ in range(20):
            pad.rate()
            head = pad.ledger.head_seq
            until(lambda head=head: pad.receipted_seq == head, 20, "the good pad goes on")
        assert pad.refusals == []

        def counted() -> dict[str, tuple[int, int]]:
            refusal = tables.refusal.c
            query = sa.select(refusal.pad, sa.func.count(), sa.func.sum(refusal.times))
            with deployment.store_reader.look(lambda store: store.engine).connect() as connection:
                rows = connection.execute(query.group_by(refusal.pad))
                return {name: (kept, int(times)) for name, kept, times in rows}

        until(
            lambda: sum(times for _, times in counted().values()) > 200,
            20,
            "far more are counted than are kept",
        )
        found = counted()
        assert set(found) == set(ROGUES)
        assert max(kept for kept, _ in found.values()) <= min(MAX_REFUSALS, 40)
    log_text = "".join(path.read_text() for path in deployment.folder.glob("receiver-*.log"))
    assert "Traceback" not in log_text
    assert len(log_text.splitlines()) < 20, log_text
