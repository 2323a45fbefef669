"""A pad in JavaScript, written from the contract alone, against our receiver and its store."""

import os
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa

from province.store import ProvinceStore, open_store
from province.verify import verify
from sync.messages import Topic, read_batch
from sync.mqtt import BrokerAddress
from sync.receiver import Receiver
from tests.rigs.broker.mosquitto import Broker, running_broker
from tests.rigs.broker.mqtt_probe import mqtt_probe
from tests.rigs.broker.proxy_thread import proxy_to
from tests.rigs.foreign.foreign_end import ForeignEnd, foreign_pad, ledger_bodies
from tests.rigs.province import postgres
from tests.rigs.sync import golden_values as goldens
from tests.rigs.time.wait import until

pytestmark = [pytest.mark.node, pytest.mark.broker]
GOLDEN = (goldens.FOLDER / "batch.ndjson").read_bytes()


LONG = os.environ.get("RATINGPAD_LONG") == "1"
BACKENDS = ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)]


class Province:
    """Our receiver over a real store, which may be stopped and started."""

    def __init__(self, broker: BrokerAddress, url: str) -> None:
        self._broker = broker
        self._url = url
        self.start()

    def start(self, url: str | None = None) -> None:
        self.store: ProvinceStore = open_store(url or self._url)
        self._receiver = Receiver(self._broker, self.store)
        self._receiver.start()

    def stop(self) -> None:
        self._receiver.stop()
        self.store.close()

    def bodies(self, ledger: str) -> list[bytes]:
        """What is stored of a ledger, in order, byte for byte."""
        query = sa.text("SELECT body FROM batch WHERE ledger = :ledger ORDER BY first")
        with self.store.engine.connect() as connection:
            rows = connection.execute(query, {"ledger": ledger}).scalars()
            return [line for row in rows for line in bytes(row).split(b"\n")[:-1]]

    def refused(self) -> list[tuple[str, str]]:
        """The problem and the ledger of what was refused."""
        with self.store.engine.connect() as connection:
            rows = connection.execute(sa.text("SELECT problem, ledger FROM refusal"))
            return [(problem, ledger) for problem, ledger in rows]


@contextmanager
def province_at(broker: BrokerAddress, url: str) -> Iterator[Province]:
    """A province for the time of a `with` block."""
    running = Province(broker, url)
    try:
        yield running
    finally:
        running.stop()


def grown(pad: ForeignEnd, count: int, *, quietly: bool = False) -> int:
    """Let it append, quietly without sending; its head then."""
    before = len(pad.said("head"))
    pad.order("append", count=count, quietly=quietly)
    until(lambda: len(pad.said("head")) > before, 20, "it has appended")
    head: int = pad.said("head")[-1]["seq"]
    return head


@pytest.mark.parametrize("backend", BACKENDS if LONG else BACKENDS[:1])
def test_through_restarts_cuts_and_duplicates_every_entry_is_stored_once(
    request: pytest.FixtureRequest, backend: str, modules: Path, tmp_path: Path
) -> None:
    url = f"sqlite:///{tmp_path / 'province.db'}"
    if backend == "postgresql":
        server: postgres.PostgresCluster = request.getfixturevalue("cluster")
        url = server.create("foreign")
    folder = tmp_path / "pad"
    with (
        running_broker() as broker,
        province_at(broker.address, url) as province,
        proxy_to(broker.address.port) as cable,
    ):
        with foreign_pad(modules, cable.address, "js-1", folder, "sm3") as pad:
            pad.wait_for("mark", seq=1)
            ledger = pad.said("started")[0]["ledger"]
            head = grown(pad, 1500)  # deflated batches, several in flight
            pad.wait_for("mark", seq=head)
            pad.order("send", first=1, count=700)  # once more
            head = grown(pad, 10, quietly=True)
            pad.order("send", first=head - 19, count=20)  # half of it once more
            pad.wait_for("mark", seq=head)
            cable.cut()
            head = grown(pad, 900)
            cable.mend()
            pad.wait_for("mark", seq=head)
            province.stop()
            head = grown(pad, 300)
            province.start()
            pad.wait_for("mark", seq=head)
            broker.kill()
            head = grown(pad, 5)
            broker.start()
            pad.wait_for("mark", seq=head)
            pad.kill()
        with foreign_pad(modules, cable.address, "js-1", folder, "sm3") as pad:
            assert pad.wait_for("started")["boots"] == 2
            pad.wait_for("mark", seq=head)
            head = grown(pad, 2)
            pad.wait_for("mark", seq=head)
            pad.stop()
        until(lambda: province.store.pads()[0].status == "stopped", 10, "the stop is stored")
        assert province.bodies(ledger) == ledger_bodies(folder, ledger)
        assert verify(province.store).sound


def test_a_gap_is_filled_and_a_province_that_lost_everything_gets_it_again(
    broker: Broker, modules: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "pad"
    with (
        province_at(broker.address, f"sqlite:///{tmp_path / 'province.db'}") as province,
        proxy_to(broker.address.port) as cable,
        foreign_pad(modules, cable.address, "js-2", folder) as pad,
    ):
        pad.wait_for("mark", seq=1)
        ledger = pad.said("started")[0]["ledger"]
        head = grown(pad, 9, quietly=True)
        pad.order("send", first=5, count=3)
        assert pad.wait_for("gap")["seq"] == 1
        pad.wait_for("mark", seq=head)
        assert province.bodies(ledger) == ledger_bodies(folder, ledger)
        assert pad.said("problem") == []
        province.stop()
        province.start(f"sqlite:///{tmp_path / 'restored.db'}")
        before = len(pad.said("mark"))
        cable.cut()
        cable.mend()
        until(lambda: [m["seq"] for m in pad.said("mark")[before:]][-1:] == [head], 20, "again")
        assert pad.said("mark")[before]["seq"] == 0, "the birth's answer moved its mark back"
        assert province.bodies(ledger) == ledger_bodies(folder, ledger)


BIRTH = goldens.golden_lines("messages.txt")["state-online"]
UNREADABLE = {
    "CRLF": (Topic.ENTRIES, GOLDEN.replace(b"\n", b"\r\n"), False, "malformed"),
    "hex in capitals": (
        *(Topic.ENTRIES, GOLDEN.replace(b"f4218d", b"F4218D", 1), False, "malformed"),
    ),
    "another version": (Topic.ENTRIES, GOLDEN.replace(b'"v":1', b'"v":2', 1), False, "version"),
    "not deflated": (Topic.ENTRIES, GOLDEN, True, "malformed"),
    "a birth of another version": (
        *(Topic.STATE, BIRTH.replace(b'"v":1', b'"v":2'), False, "version"),
    ),
    "a birth that is deflated": (Topic.STATE, zlib.compress(BIRTH), True, "malformed"),
    "another pad's birth": (Topic.STATE, BIRTH, False, "foreign"),
}


def test_what_cannot_be_read_is_answered_without_a_ledger_and_delays_nothing(
    broker: Broker, modules: Path, tmp_path: Path
) -> None:
    with (
        province_at(broker.address, f"sqlite:///{tmp_path / 'province.db'}"),
        foreign_pad(modules, broker.address, "js-3", tmp_path / "pad") as pad,
    ):
        pad.wait_for("mark", seq=1)
        for count, (topic, payload, deflated, problem) in enumerate(UNREADABLE.values(), 1):
            pad.order("raw", hex=payload.hex(), deflated=deflated, on=topic.value)
            until(lambda n=count: len(pad.said("problem")) >= n, 20, f"an answer to {problem}")
            answer = pad.said("problem")[-1]
            assert (answer["problem"], answer["ledger"], answer["seq"]) == (problem, "", 0)
        pad.wait_for("mark", seq=grown(pad, 2))


def test_the_golden_batch_is_another_pads_and_its_ledger_is_named(
    broker: Broker, modules: Path, tmp_path: Path
) -> None:
    with province_at(broker.address, f"sqlite:///{tmp_path / 'province.db'}") as province:
        with foreign_pad(modules, broker.address, "js-4", tmp_path / "pad") as thief:
            thief.wait_for("mark", seq=1)
            thief.order("raw", hex=GOLDEN.hex())
            until(lambda: province.refused() == [("foreign", goldens.LEDGER)], 10, "it is refused")
            assert province.bodies(goldens.LEDGER) == []
        receipts = Topic.RECEIPT.of("jl-0431-017")
        with mqtt_probe(broker.address, receipts) as probe:
            probe.publish(Topic.ENTRIES.of("jl-0431-017"), GOLDEN)
            until(lambda: probe.payloads(receipts), 10, "its own pad's receipt")
        assert province.bodies(goldens.LEDGER) == read_batch(GOLDEN).bodies
