"""A receiver in JavaScript, written from the contract alone, against our pad."""

import hashlib
import json
import signal
from base64 import b64decode
from pathlib import Path
from typing import Any

import msgspec
import pytest

from sync.entries import Configured
from sync.messages import Problem, Settings
from tests.rigs.broker.mosquitto import Broker, running_broker
from tests.rigs.broker.proxy_thread import proxy_to
from tests.rigs.foreign.foreign_end import foreign_receiver
from tests.rigs.ledger.memory_ledger import MemoryLedger
from tests.rigs.pad.pad_process import PadProcess
from tests.rigs.sync.pad_uplink import uplink_pad
from tests.rigs.time.wait import until

pytestmark = [pytest.mark.node, pytest.mark.broker]


def stored(folder: Path, ledger: str) -> list[bytes]:
    """What the foreign receiver has of a ledger, in order, byte for byte."""
    rows = [json.loads(line) for line in (folder / f"{ledger}.ndjson").read_text().splitlines()]
    expected = 1
    for row in rows:
        assert row["first"] == expected, "stored twice, or a hole"
        expected += len(row["bodies"])
    return [b64decode(body) for row in rows for body in row["bodies"]]


def test_everything_is_receipted_once_through_cuts_kills_and_a_restored_store(
    modules: Path, tmp_path: Path
) -> None:
    store = tmp_path / "store"
    ledger = MemoryLedger("pad-1", "L-pad-1")
    ledger.rate(2500)
    with (
        running_broker() as broker,
        proxy_to(broker.address.port) as cable,
        uplink_pad(cable.address, "pad-1", ledger=ledger) as pad,
    ):
        with foreign_receiver(modules, broker.address, store) as receiver:
            receiver.wait_for("connected")
            until(lambda: pad.receipted_seq == 2501, 30, "the backlog is receipted")
            cable.cut()
            pad.rate(600)
            cable.mend()
            until(lambda: pad.receipted_seq == 3101, 30, "what came during the cut")
            receiver.kill()
        pad.rate(40)
        with foreign_receiver(modules, broker.address, store) as receiver:
            receiver.wait_for("connected")
            until(lambda: pad.receipted_seq == 3141, 30, "by another receiver")
            assert stored(store, "L-pad-1") == ledger.bodies
            receiver.order("forget", ledger="L-pad-1")  # restored from a backup of before
            receiver.wait_for("forgotten")
            pad.rate(1)  # behind what the store has lost: a gap
            until(lambda: pad.receipted_seq == 3142, 30, "all of it again")
            assert receiver.wait_for("refused")["problem"] == "gap"
            assert stored(store, "L-pad-1") == ledger.bodies
            receiver.kill()
        (store / "L-pad-1.ndjson").unlink()  # again, while no receiver runs
        with foreign_receiver(modules, broker.address, store) as receiver:
            receiver.wait_for("connected")
            pad.rate(1)
            until(lambda: pad.receipted_seq == 3143, 30, "all of it again")
            assert stored(store, "L-pad-1") == ledger.bodies
        assert (pad.refusals, pad.divergences) == ([], [])


def test_problem_receipts_are_told_and_everything_is_kept_and_sent_again(
    broker: Broker, modules: Path, tmp_path: Path
) -> None:
    store = tmp_path / "store"
    with (
        foreign_receiver(modules, broker.address, store) as receiver,
        uplink_pad(broker.address, "pad-2") as pad,
    ):
        until(lambda: pad.receipted_seq == 1, 20, "the first entry")
        for problem in ("retired", "unknown-pad", "signature", "malformed"):
            receiver.order("refuse", problem=problem)
            receiver.wait_for("refusing", problem=problem)
            pad.rate()
            until(lambda p=problem: pad.refusals and pad.refusals[-1][0] is Problem(p), 20, problem)
            receiver.order("refuse", problem=None)
            until(lambda: pad.receipted_seq == pad.ledger.head_seq, 20, "it is sent again")
        assert stored(store, "L-pad-2") == pad.ledger.bodies
        with uplink_pad(broker.address, "pad-3", ledger=MemoryLedger("pad-3", "L-pad-2")) as thief:
            until(lambda: thief.refusals, 20, "the birth is answered with a problem")
            assert thief.refusals[0][0] is Problem.FOREIGN
            assert thief.receipts == []
        copy = MemoryLedger("pad-2", "L-pad-2")
        copy.append_body(b'{"kind":"of-a-copied-card"}')
        copy.rate(9)
    with (
        foreign_receiver(modules, broker.address, store) as receiver,
        uplink_pad(broker.address, "pad-2", ledger=copy, boots=2) as pad,
    ):
        until(lambda: pad.divergences, 20, "another history is stored")


def test_our_agent_rates_is_configured_and_commanded_by_a_foreign_province(
    modules: Path, tmp_path: Path
) -> None:
    store = tmp_path / "store"
    with (
        running_broker() as broker,
        foreign_receiver(modules, broker.address, store) as receiver,
    ):
        receiver.wait_for("connected")
        receiver.order("desire", pad="pad-4", version=1, settings={"thanks_s": 2})
        pad = PadProcess(tmp_path / "pad", "pad-4", broker.address).start()
        try:
            until(lambda: last_reported(receiver.said("reported"))["version"] == 1, 20, "reported")
            invitation = pad.rate("foreign")  # before the pad shows which one it is
            for correlation, order in (("c1", "pause"), ("c2", "resume"), ("c3", "identify")):
                receiver.order("command", pad="pad-4", order=order, correlation=correlation)
                answer = receiver.wait_for("answer", correlation=correlation)
                assert answer["message"] == {"v": 1, "done": True}
            receiver.order("command", pad="pad-4", order="pause", correlation="c4", retain=True)
            receiver.order("command", pad="pad-4", order="explode", correlation="c5")
            answer = receiver.wait_for("answer", correlation="c5")["message"]
            assert (answer["done"], answer["code"]) == (False, "malformed")
            assert receiver.said("answer", correlation="c4") == []
            pad.end(signal.SIGTERM)
            receiver.wait_for("state")
            until(lambda: receiver.said("state")[-1]["message"]["status"] == "stopped", 20, "stop")
            ledger, head, _ = pad.head()
            until(lambda: receiver.said("stored", seq=head), 20, "all of it")
            bodies = [json.loads(body) for body in stored(store, ledger)]
            levels = [
                b["level"] for b in bodies if b.get("invitation") == invitation and "level" in b
            ]
            assert levels == ["satisfied"]
            [configured] = [body for body in pad.bodies() if isinstance(body, Configured)]
            settings = Settings(window="3", invitation_s=30, grace_s=0, thanks_s=2)
            canonical = msgspec.json.encode(settings, order="sorted")
            assert configured.digest == hashlib.sha256(canonical).hexdigest()
            assert last_reported(receiver.said("reported"))["digest"] == configured.digest
        finally:
            pad.end()
            pad.remove()


def last_reported(events: list[dict[str, Any]]) -> dict[str, Any]:
    """The last configuration that was reported; version 0 before there is one."""
    message: dict[str, Any] = events[-1]["message"] if events else {"version": 0}
    return message
