"""A pad that is started again and again: its ledger does not grow with the starts."""

from pathlib import Path

import pytest

from device.ledger.startup_state import QUIET_STARTS
from sync.entries import Booted, Invited
from sync.mqtt import BrokerAddress
from tests.rigs.pad.pad_process import PadProcess
from tests.rigs.system.loopback import free_port
from tests.rigs.time.wait import until


@pytest.mark.timeout(180)
def test_restarts_without_use_add_nothing_to_the_ledger_and_the_first_use_is_counted(
    tmp_path: Path,
) -> None:
    pad = PadProcess(tmp_path / "pad", "pad-1", BrokerAddress("127.0.0.1", free_port()))
    try:
        heads: list[int] = []
        for _ in range(QUIET_STARTS + 3):
            pad.start()
            if len(heads) < QUIET_STARTS:
                starts = len(heads) + 1
                until(lambda starts=starts: len(booted(pad)) == starts, 10, "a start on record")
            pad.end()
            heads.append(pad.head()[1])
        assert heads[0] < heads[1] < heads[QUIET_STARTS - 1]  # control: the first ones are written
        assert set(heads[QUIET_STARTS:]) == {heads[QUIET_STARTS - 1]}
        pad.start()
        pad.invite("case-1")
        kinds = [type(body) for body in pad.bodies()]
        assert kinds.index(Invited) > len(kinds) - 1 - kinds[::-1].index(Booted)
        assert [body.boots for body in booted(pad)] == list(range(1, QUIET_STARTS + 2))
    finally:
        pad.remove()


def booted(pad: PadProcess) -> list[Booted]:
    return [body for body in pad.bodies() if isinstance(body, Booted)]
