"""A day without a network, without a broker, without a clock."""

import time

import pytest

from device.drivers.sim.client import SimClient
from device.errors import PadCode
from device.events import Scene
from sync.entries import Clock, Rated, Trust
from tests.rigs.system.deployment import Deployment
from tests.rigs.time.wait import until

pytestmark = pytest.mark.broker
DAY_MS = 24 * 3600 * 1000


def test_the_ratings_of_a_day_offline_with_a_power_cut_arrive_once_and_complete(
    any_deployment: Deployment,
) -> None:
    any_deployment.receiver()
    pad = any_deployment.pad()
    pad.rate("before")
    any_deployment.caught_up(pad)
    pad.cable.cut()
    for n in range(3):
        pad.rate(f"morning-{n}", "very_satisfied")
    pad.stray(20)
    pad.end()
    pad.start()
    pad.rate("afternoon", "dissatisfied")
    ledger, seq, _ = pad.head()
    there = any_deployment.store_reader.head(ledger)
    assert there is not None
    assert there[0] < seq - 25  # control: nothing came through the cut connection
    pad.cable.mend()
    any_deployment.prove(pad)
    assert len(any_deployment.store_reader.ratings()) == len(pad.thanked) == 5


def test_nothing_is_lost_when_the_broker_is_killed(deployment: Deployment) -> None:
    deployment.receiver()
    pad = deployment.pad()
    pad.rate("before")
    deployment.caught_up(pad)
    deployment.broker.kill()
    invitation = pad.rate("without a broker")
    assert invitation not in deployment.store_reader.ratings()  # control: there was no connection
    deployment.broker.start()
    pad.rate("after")
    deployment.prove(pad)


def test_a_pad_that_boots_in_1970_takes_ratings_that_get_their_time_later(
    deployment: Deployment,
) -> None:
    deployment.receiver()
    pad = deployment.pad(wall="1970")
    pad.display.until_now(lambda seen: seen.code is PadCode.CLOCK_UNKNOWN, "C01 in standby")
    before_ms = time.time_ns() // 1_000_000
    invitation = pad.rate("in 1970")
    after_ms = time.time_ns() // 1_000_000
    deployment.caught_up(pad)
    row = deployment.store_reader.ratings()[invitation]
    assert (row.utc_ms, row.dated_by) == (None, "unknown")
    with SimClient(pad.control) as board:
        board.clock(None, "ntp")
    pad.display.until_now(lambda seen: bool(seen.time_text), "the time of day in standby")
    until(lambda: any(isinstance(body, Clock) for body in pad.bodies()), 5, "an anchor")
    deployment.prove(pad)
    dated = deployment.store_reader.ratings()[invitation]
    assert dated.dated_by == "anchor"
    assert dated.utc_ms is not None
    assert before_ms - 100 <= dated.utc_ms <= after_ms + 100
    (rated,) = [body for body in pad.bodies() if isinstance(body, Rated)]
    assert rated.at.trust is Trust.NONE  # the entry itself is unchanged


def test_a_pad_without_a_province_shows_no_fault_to_the_citizen(deployment: Deployment) -> None:
    pad = deployment.pad()
    pad.rate("without a receiver")
    pad.free()
    shown = {seen.scene for seen in pad.display.seen if seen is not None}
    assert Scene.FAULT not in shown
    deployment.receiver()
    deployment.prove(pad)
