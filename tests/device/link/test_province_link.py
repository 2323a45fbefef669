"""What the pad does with the messages of the province; in virtual time."""

import asyncio
import os
import threading
from pathlib import Path
from typing import Any, cast

import pytest

from device.config.config import load
from device.errors import LedgerError, PadCode
from device.events import Refusal, Scene
from device.ledger.commit_queue import MAX_HELD
from device.ledger.writer import Writer
from device.link.desired_config import DesiredConfig
from device.link.mqtt_commands import MAX_BY_CHARS, ORDERS
from device.link.province_link import SILENT_MS, ProvinceLink
from sync.desk_fields import InviteFields
from sync.entries import (
    Cleared,
    Configured,
    Fault,
    Invited,
    Paused,
    Rated,
    Resumed,
    Service,
    Trust,
)
from sync.messages import (
    VERSION,
    Command,
    Desired,
    Health,
    Order,
    Problem,
    Reported,
    Settings,
)
from sync.obstacles import Obstacle
from tests.rigs.pad.virtual_pad import UTC_MS, VirtualPad, VirtualWall
from tests.rigs.time.virtual_time import pass_s, run

PATIENCE_S = 30


class BenchWriter:
    """The part of a writer that a link uses."""

    def __init__(self) -> None:
        self.head_seq = 10
        self.receipted = 0
        self.rolled_over: list[str] = []
        self.fails: LedgerError | None = None

    def mark_receipted(self, seq: int) -> None:
        self.receipted = seq

    async def roll_over(self, reason: str) -> None:
        await pass_s(1)
        if self.fails is not None:
            raise self.fails
        self.rolled_over.append(reason)


class BenchUplink:
    """What a link publishes."""

    def __init__(self) -> None:
        self.reports: list[Reported] = []
        self.healths = 0
        self.renewed = 0

    def publish_reported(self, reported: Reported) -> None:
        self.reports.append(reported)

    def publish_health(self, _health: Health) -> None:
        self.healths += 1

    def entries_added(self) -> None:
        self.renewed += 1


class LinkBench(VirtualPad):
    """A pad and its link. `applied`: how often settings came into force."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        config = folder / "pad.toml"
        config.write_text('[pad]\nid = "pad-1"\nwindow = "3"\n[ledger]\npath = "ledger.db"\n')
        self.desired_config = DesiredConfig(folder / "ledger.desired.json", load(config))
        self.writer = BenchWriter()
        self.applied = 0
        self.uplink = BenchUplink()
        self.link = ProvinceLink(
            self.pad,
            cast("Writer", self.writer),
            self.desired_config,
            health=lambda: cast("Health", None),
        )
        self.link.attach(self.uplink)
        self.desired_config.observe(self._apply)
        self.applied = 0

    def _apply(self, _settings: Settings) -> None:
        self.applied += 1

    async def stored(self) -> None:
        """Waits until the desired configuration is stored and in force, or refused."""
        assert self.link._accepting is not None
        await self.link._accepting
        await self.settle()

    def codes(self) -> list[tuple[str, str]]:
        return [(fault.code, fault.detail) for fault in self.pad.faults.now]


def message(version: int, **settings: Any) -> Desired:
    return Desired(v=VERSION, version=version, settings=Settings(**settings))


def test_a_backlog_without_a_receipt_for_an_hour_is_a_fault_until_one_comes(tmp_path: Path) -> None:
    async def story() -> None:
        bench = LinkBench(tmp_path)
        await pass_s(SILENT_MS / 1000)
        bench.link.watch()
        assert bench.codes() == []
        await pass_s(1)
        bench.link.watch()
        bench.link.watch()
        assert bench.codes() == [("N01", "")]
        bench.link.receipted(0)  # the answer to a birth; confirms nothing new
        assert bench.codes() == [("N01", "")]
        bench.link.receipted(4)
        assert bench.codes() == []
        await bench.settle()
        assert len(bench.recorded(Fault)) == len(bench.recorded(Cleared)) == 1
        assert bench.writer.receipted == 4

    run(story())


def test_a_long_silence_names_its_reason_and_a_new_one_an_hour_later(tmp_path: Path) -> None:
    async def story() -> None:
        bench = LinkBench(tmp_path)
        bench.link.unreachable("refused")
        await pass_s(SILENT_MS / 1000 + 1)
        bench.link.watch()
        assert bench.codes() == [("N01", "refused")]
        for minute in range(59):
            bench.link.unreachable(f"0x9F, {minute}")
            bench.link.watch()
            await pass_s(60)
        assert bench.codes() == [("N01", "refused")], "each change would be two entries"
        await pass_s(120)
        bench.link.watch()
        assert bench.codes() == [("N01", "0x9F, 58")]
        bench.link.receipted(4)
        await bench.settle()
        assert bench.codes() == []
        assert len(bench.recorded(Fault)) == len(bench.recorded(Cleared)) == 2

    run(story())


@pytest.mark.parametrize(
    ("obstacle", "code"),
    [
        (Obstacle.REFUSED, "N03"),
        (Obstacle.DUPLICATE, "N04"),
        (Obstacle.LACKING, "N05"),
        (Obstacle.TOO_SMALL, "N06"),
    ],
)
def test_each_obstacle_is_a_fault_that_leaves_the_window_open(
    tmp_path: Path, obstacle: Obstacle, code: str
) -> None:
    async def story() -> None:
        bench = LinkBench(tmp_path)
        bench.pad.start()
        bench.link.obstructed(obstacle, "the broker's words")
        assert bench.codes() == [(code, "the broker's words")]
        assert bench.scene is not Scene.FAULT
        bench.link.unobstructed(obstacle)
        await bench.settle()
        assert bench.codes() == []

    run(story())


def test_a_pad_with_nothing_to_send_needs_no_receipt(tmp_path: Path) -> None:
    async def story() -> None:
        bench = LinkBench(tmp_path)
        bench.link.receipted(10)
        for _ in range(3):
            await pass_s(SILENT_MS / 1000)
            bench.link.watch()
        assert bench.codes() == []
        bench.writer.head_seq = 11  # the hour begins with the first entry that waits
        await pass_s(60)
        bench.link.watch()
        assert bench.codes() == []

    run(story())


def test_a_refusal_is_a_fault_that_names_the_problem_until_a_newer_receipt(
    tmp_path: Path,
) -> None:
    async def story() -> None:
        bench = LinkBench(tmp_path)
        bench.link.refused(Problem.FOREIGN, "of another pad")
        bench.link.refused(Problem.FOREIGN, "of another pad")
        assert bench.codes() == [("N02", "foreign")]
        bench.link.refused(Problem.CHAIN, "does not fit")
        assert bench.codes() == [("N02", "chain")]
        bench.link.receipted(0)
        assert bench.codes() == [("N02", "chain")]
        bench.link.receipted(3)
        assert bench.codes() == []

    run(story())


def test_a_receipt_may_name_an_earlier_entry_after_the_province_was_restored(
    tmp_path: Path,
) -> None:
    async def story() -> None:
        bench = LinkBench(tmp_path)
        bench.link.receipted(8)
        bench.link.receipted(5)
        assert bench.writer.receipted == 5

    run(story())


def test_a_diverged_ledger_is_rolled_over_once_and_the_uplink_is_notified(tmp_path: Path) -> None:
    async def story() -> None:
        bench = LinkBench(tmp_path)
        for _ in range(3):
            bench.link.diverged("another entry 9")
        await pass_s(5)
        assert bench.writer.rolled_over == ["diverged"]
        assert bench.uplink.renewed == 1
        assert bench.codes() == [("L05", "another entry 9")]
        bench.link.diverged("again, later")
        await pass_s(5)
        assert len(bench.writer.rolled_over) == 2

    run(story())


def test_a_new_ledger_that_the_card_refuses_is_a_fault_and_retried_until_it_succeeds(
    tmp_path: Path,
) -> None:
    async def story() -> None:
        bench = LinkBench(tmp_path)
        bench.writer.fails = LedgerError("no room", PadCode.LEDGER_FULL)
        bench.link.diverged("another entry 9")
        await pass_s(60)
        assert bench.codes() == [("L05", "another entry 9"), ("L02", "no room")]
        assert (bench.uplink.renewed, bench.scene) == (0, Scene.FAULT)
        bench.writer.fails = LedgerError("it is odd", PadCode.LEDGER_WRITE)
        await pass_s(10)
        assert bench.codes() == [("L05", "another entry 9"), ("L01", "it is odd")]
        bench.writer.fails = None
        await pass_s(10)
        assert bench.codes() == [("L05", "another entry 9")]
        assert (bench.uplink.renewed, bench.scene) == (1, Scene.STANDBY)
        assert bench.writer.rolled_over == ["diverged"]
        assert [fault.code for fault in bench.recorded(Fault)] == ["L05", "L02", "L01"]

    run(story())


def test_a_desired_configuration_is_put_into_force_recorded_and_reported(tmp_path: Path) -> None:
    async def story() -> None:
        bench = LinkBench(tmp_path)
        bench.link.desired(message(7, window="5", grace_s=2))
        await bench.stored()
        assert bench.applied == 1
        (configured,) = bench.recorded(Configured)
        assert (configured.version, configured.digest) == (7, bench.desired_config.digest)
        assert bench.uplink.reports[-1].version == 7
        assert bench.uplink.reports[-1].settings.window == "5"
        bench.link.desired(message(7, window="6"))
        await bench.stored()
        bench.link.desired(message(6, window="6"))
        await bench.stored()
        assert (bench.applied, len(bench.recorded(Configured))) == (1, 1)
        assert bench.uplink.reports[-1].settings.window == "5"
        again = DesiredConfig(tmp_path / "ledger.desired.json", load(tmp_path / "pad.toml"))
        assert (again.version, again.settings.window) == (7, "5")

    run(story())


def test_a_desired_configuration_out_of_bounds_changes_nothing_and_its_problems_are_reported(
    tmp_path: Path,
) -> None:
    async def story() -> None:
        bench = LinkBench(tmp_path)
        bench.link.desired(message(3, grace_s=9_999, window="much too long a name"))
        await bench.stored()
        assert bench.applied == 0
        assert bench.recorded(Configured) == []
        assert bench.uplink.reports[-1].version == 0
        assert [problem.split(":")[0] for problem in bench.uplink.reports[-1].problems] == [
            "window",
            "grace_s",
        ]

    run(story())


def test_a_desired_configuration_that_cannot_be_stored_is_not_put_into_force(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story() -> None:
        bench = LinkBench(tmp_path)

        def full(*_: object) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr("device.link.desired_config._store", full)
        bench.link.desired(message(3, window="5"))
        await bench.stored()
        assert (bench.applied, bench.uplink.reports) == (0, [])
        assert bench.desired_config.version == 0

    run(story())


def test_a_card_that_hangs_holds_up_a_desired_configuration_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    syncing, answers = threading.Event(), threading.Event()

    def hanging_fsync(_: int) -> None:
        syncing.set()
        assert answers.wait(PATIENCE_S)

    async def story() -> None:
        bench = LinkBench(tmp_path)
        bench.pad.start()
        bench.link.desired(message(3, window="5"))
        assert await asyncio.to_thread(syncing.wait, PATIENCE_S), "the control: it is being written"
        assert not isinstance(await bench.pad.invite(Service(), None, "http"), Refusal)
        bench.press()
        await bench.settle()
        assert len(bench.recorded(Rated)) == 1
        assert (bench.applied, bench.desired_config.version) == (0, 0), "not before it is stored"
        answers.set()
        await bench.stored()
        assert (bench.applied, bench.desired_config.version) == (1, 3)
        assert len(bench.recorded(Configured)) == 1

    monkeypatch.setattr(os, "fsync", hanging_fsync)
    run(story())


def test_a_refused_configuration_does_not_replace_a_good_one_that_waits(tmp_path: Path) -> None:
    async def story() -> None:
        bench = LinkBench(tmp_path)
        bench.link.desired(message(1, window="5"))
        bench.link.desired(message(2, window="7"))
        bench.link.desired(message(3, grace_s=9_999))
        bench.link.desired(message(1, window="6"))
        await bench.stored()
        report = bench.uplink.reports[-1]
        assert (report.version, report.settings.window) == (2, "7")
        assert [problem.split(":")[0] for problem in report.problems] == ["grace_s"]

    run(story())


def test_a_stop_waits_for_a_configuration_that_is_being_stored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = threading.Event()

    async def story() -> None:
        bench = LinkBench(tmp_path)
        bench.link.desired(message(3, window="5"))
        await asyncio.sleep(0)
        stopping = asyncio.ensure_future(bench.link.stop())
        await asyncio.sleep(0)
        assert not stopping.done()
        answers.set()
        await stopping
        await bench.settle()
        assert [configured.version for configured in bench.recorded(Configured)] == [3]

    monkeypatch.setattr(os, "fsync", lambda _: answers.wait(PATIENCE_S))
    monkeypatch.setattr("device.link.province_link.STOP_S", None)  # virtual time would run out
    run(story())


def test_a_stop_does_not_wait_longer_for_a_card_that_hangs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = threading.Event()

    async def story() -> None:
        bench = LinkBench(tmp_path)
        bench.link.desired(message(3, window="5"))
        await asyncio.sleep(0)
        await bench.link.stop()
        assert bench.recorded(Configured) == []
        assert [t.daemon for t in threading.enumerate() if t.name == "desired-config"] == [True]

    monkeypatch.setattr(os, "fsync", lambda _: answers.wait(PATIENCE_S))
    run(story())
    answers.set()


def test_of_many_desired_configurations_during_a_store_the_last_is_put_into_force(
    tmp_path: Path,
) -> None:
    async def story() -> None:
        bench = LinkBench(tmp_path)
        for version in range(1, 100):
            bench.link.desired(message(version, window=str(version)))
        await bench.stored()
        assert bench.desired_config.settings.window == "99"
        recorded = [configured.version for configured in bench.recorded(Configured)]
        assert recorded == [99]

    run(story())


def test_fifteen_hundred_at_once_are_judged_and_applied_a_few_times_and_all_on_record(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    judged: list[int] = []
    real = DesiredConfig.is_acceptable

    def counting(self: DesiredConfig, desired: Desired) -> bool:
        judged.append(desired.version)
        return real(self, desired)

    async def story() -> None:
        bench = LinkBench(tmp_path)
        for version in range(1, 1_501):
            bench.link.desired(message(version, window=str(version % 100)))
            if version % 300 == 0:
                await pass_s(0.1)
        await bench.stored()
        assert bench.desired_config.version == 1_500
        recorded = [configured.version for configured in bench.recorded(Configured)]
        assert len(recorded) == bench.applied <= 3
        assert recorded[-1] == 1_500
        assert len(judged) <= 6
        assert len(bench.uplink.reports) <= 3

    monkeypatch.setattr(DesiredConfig, "is_acceptable", counting)
    run(story())


def test_what_is_applied_while_the_ledgers_queue_is_full_comes_on_record_later(
    tmp_path: Path,
) -> None:
    async def story() -> None:
        bench = LinkBench(tmp_path)
        bench.pad.start()
        bench.card.hangs = True
        for _ in range(MAX_HELD + 10):
            bench.pad.record(Paused(at=bench.pad.clock.at(), by="x"))
        bench.link.desired(message(7, window="5"))
        while bench.desired_config.version != 7:  # a thread stores it, in real time
            await asyncio.to_thread(threading.Event().wait, 0.01)
        bench.link.desired(message(8, window="6"))
        await pass_s(5)
        assert bench.desired_config.version == 7, "not before the first is on record"
        bench.card.let_go()
        await bench.stored()
        assert [entry.version for entry in bench.recorded(Configured)] == [7, 8]

    run(story())


def test_the_file_and_its_folder_are_synced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[str] = []
    real = os.fsync

    def fsync(descriptor: int) -> None:
        synced.append(str(Path(f"/proc/self/fd/{descriptor}").readlink()))
        real(descriptor)

    async def story() -> None:
        bench = LinkBench(tmp_path)
        bench.link.desired(message(1, window="5"))
        await bench.stored()
        assert synced == [str(tmp_path / "ledger.desired.new"), str(tmp_path)]

    monkeypatch.setattr(os, "fsync", fsync)
    run(story())


def test_what_is_in_force_is_reported_at_every_new_connection(tmp_path: Path) -> None:
    async def story() -> None:
        bench = LinkBench(tmp_path)
        for up in (True, True, False, True):
            bench.link.connected(up)
        assert len(bench.uplink.reports) == 2

    run(story())


@pytest.mark.parametrize("order", [order for order in Order if order not in ORDERS])
def test_every_command_is_carried_out_and_answered(tmp_path: Path, order: Order) -> None:
    async def story() -> None:
        bench = LinkBench(tmp_path)
        bench.pad.start()
        if order is Order.RESUME:
            await bench.pad.pause("desk")
        result = await bench.link.command(Command(v=VERSION, order=order, by="duty officer"))
        await bench.settle()
        assert (result.done, result.code) == (True, None)
        if order is Order.IDENTIFY:
            assert bench.scene is Scene.IDENTIFY
        elif order is Order.PAUSE:
            assert [paused.by for paused in bench.recorded(Paused)] == ["command:duty officer"]
        elif order is Order.RESUME:
            assert [resumed.by for resumed in bench.recorded(Resumed)] == ["command:duty officer"]
        else:
            assert bench.uplink.healths == 1

    run(story())


def test_a_command_that_cannot_be_carried_out_is_answered_with_the_reason(tmp_path: Path) -> None:
    async def story() -> None:
        bench = LinkBench(tmp_path)
        bench.card.hangs = True
        result = await bench.link.command(Command(v=VERSION, order=Order.PAUSE, by="officer"))
        assert (result.done, result.code) == (False, "fault")
        bench.card.let_go()
        await bench.settle()

    run(story())


def test_a_command_from_a_sender_with_a_very_long_name_is_carried_out(tmp_path: Path) -> None:
    async def story() -> None:
        bench = LinkBench(tmp_path)
        for order in (Order.PAUSE, Order.RESUME):
            result = await bench.link.command(Command(v=VERSION, order=order, by="x" * 20_000))
            assert result.done
        (paused,) = bench.recorded(Paused)
        assert paused.by == "command:" + "x" * MAX_BY_CHARS

    run(story())


def test_a_queueing_system_invites_and_asks_by_the_same_commands(tmp_path: Path) -> None:
    async def story() -> None:
        bench = LinkBench(tmp_path)
        bench.pad.start()
        sent = bench.pad.clock.at().utc
        assert sent is not None
        invite = Command(
            v=VERSION, order=Order.INVITE, by="queue", ask=InviteFields(sent=sent, case="DH-1")
        )
        made = await bench.link.command(invite)
        assert (made.done, made.standing, bench.scene) == (True, "open", Scene.INVITATION)
        bench.press()
        await bench.settle()
        standing = Command(v=VERSION, order=Order.STANDING, by="queue", invitation=made.invitation)
        assert (await bench.link.command(standing)).standing == "rated"
        assert [invited.source for invited in bench.recorded(Invited)] == ["mqtt:queue"]

    run(story())


def test_a_pad_that_does_not_know_the_time_takes_no_invitation_that_may_be_late(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(VirtualWall, "trust", Trust.NONE)  # after a boot with the clock at 1970

    async def story() -> None:
        bench = LinkBench(tmp_path)
        bench.pad.start()
        invite = Command(v=VERSION, order=Order.INVITE, by="queue", ask=InviteFields(sent=UTC_MS))
        answer = await bench.link.command(invite)
        assert (answer.done, answer.code) == (False, "clock-unknown")
        assert bench.recorded(Invited) == []

    run(story())
