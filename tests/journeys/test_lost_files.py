"""The files of a running pad and of a running receiver are removed under them."""

import re
import signal
from pathlib import Path

import pytest

from device.errors import PadCode
from device.events import Scene
from tests.rigs.system.deployment import Deployment
from tests.rigs.time.wait import until

pytestmark = pytest.mark.broker


def test_a_pad_whose_ledger_is_deleted_thanks_nobody_and_sends_all_it_has_thanked_for(
    deployment: Deployment,
) -> None:
    deployment.receiver()
    pad = deployment.pad()
    pad.rate("arrived")
    deployment.caught_up(pad)
    pad.cable.cut()
    pad.rate("not sent yet")
    ledger, seq, digest = pad.head()
    seen = len(pad.display.seen)
    pad.ledger.unlink()
    until(lambda: pad.window()["fault"] is not None, 20, "the pad notices it by itself")
    closed = (Scene.FAULT, PadCode.LEDGER_DISPLACED, "")
    until(lambda: pad.display.now == closed, 10, "the screen says so")
    assert pad.desk.post("/v1/invitations", json={"case": "a third"}).status_code == 409
    pad.press("satisfied")
    pad.cable.mend()
    until(lambda: deployment.store_reader.head(ledger) == (seq, digest), 30, "what waited is sent")
    assert not pad.display.saw(Scene.THANKS, after=seen)
    assert deployment.store_reader.missing(pad.thanked) == {}
    pad.end(signal.SIGTERM)
    pad.start()
    pad.rate("in the new ledger")
    deployment.prove(pad)
    assert len(deployment.store_reader.ratings()) == len(pad.thanked) == 3


def test_a_receiver_whose_store_is_gone_receipts_nothing_until_it_is_back(
    deployment: Deployment,
) -> None:
    receiver = deployment.receiver()
    pad = deployment.pad()
    pad.rate("stored")
    deployment.caught_up(pad)
    elsewhere = deployment.folder / "elsewhere"
    deployment.store_file.rename(elsewhere)
    pad.rate("while the store is gone")
    log = deployment.folder / "receiver-0.log"
    until(lambda: "P21" in log.read_text(), 20, "the receiver says so")
    assert receiver.ended() is None
    assert not deployment.store_file.exists(), "no empty store takes its place"
    elsewhere.rename(deployment.store_file)
    deployment.prove(pad)
    assert len(re.findall("P21 ", log.read_text())) <= 2, "said once, not at every try"


def test_a_receiver_whose_store_is_deleted_is_restarted_and_gets_everything_again(
    deployment: Deployment,
) -> None:
    receiver = deployment.receiver()
    pad = deployment.pad()
    pad.rate("stored")
    deployment.caught_up(pad)
    deployment.store_file.unlink()
    pad.rate("while the store is gone")
    log = deployment.folder / "receiver-0.log"
    until(lambda: "P21" in log.read_text(), 20, "the receiver says so")
    assert receiver.kill(signal.SIGTERM) == 0
    for companion in ("-wal", "-shm"):
        Path(f"{deployment.store_file}{companion}").unlink(missing_ok=True)
    receiver.start()
    deployment.prove(pad)
