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


def test_a_day_offline_and_a_night_without_power_arrive_once_and_whole(
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
    assert there[0] < seq - 25  # control: nothing of it came through a cut cable
    pad.cable.mend()
    any_deployment.prove(pad)
    assert len(any_deployment.store_reader.ratings()) == len(pad.thanked) == 5


def test_a_broker_that_is_killed_holds_nothing_that_is_missed(deployment: Deployment) -> None:
    deployment.receiver()
    pad = deployment.pad()
    pad.rate("before")
    deployment.caught_up(pad)
    deployment.broker.kill()
    one = pad.rate("without a broker")
    assert one not in deployment.store_reader.ratings()  # control: the way was really gone
    deployment.broker.start()
    pad.rate("after")
    deployment.prove(pad)


def test_a_pad_that_boots_in_1970_takes_ratings_that_are_dated_later(
    deployment: Deployment,
) -> None:
    deployment.receiver()
    pad = deployment.pad(wall="1970")
    pad.display.until_now(lambda seen: seen.code is PadCode.CLOCK_UNKNOWN, "C01 in standby")
    before_ms = time.time_ns() // 1_000_000
    one = pad.rate("in 1970")
    after_ms = time.time_ns() // 1_000_000
    deployment.caught_up(pad)
    row = deployment.store_reader.ratings()[one]
    assert (row.utc_ms, row.dated_by) == (None, "unknown")
    with SimClient(pad.control) as board:
        board.clock(None, "ntp")
    pad.display.until_now(lambda seen: bool(seen.time_text), "the time of day in standby")
    until(lambda: any(isinstance(body, Clock) for body in pad.bodies()), 5, "an anchor")
    deployment.prove(pad)
    dated = deployment.store_reader.ratings()[one]
    assert dated.dated_by == "anchor"
    assert dated.utc_ms is not None
    assert before_ms - 100 <= dated.utc_ms <= after_ms + 100
    (rated,) = [body for body in pad.bodies() if isinstance(body, Rated)]
    assert rated.at.trust is Trust.NONE  # the entry itself is as it was


def test_a_pad_without_a_province_says_nothing_of_it_to_the_citizen(deployment: Deployment) -> None:
    pad = deployment.pad()
    pad.rate("nobody listens")
    pad.free()
    shown = {seen.scene for seen in pad.display.seen if seen is not None}
    assert Scene.FAULT not in shown
    deployment.receiver()
    deployment.prove(pad)
