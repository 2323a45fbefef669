"""A technician's errors are all reported at the start, and no file is changed."""

import pytest

from device.errors import PadCode
from device.events import Scene
from tests.rigs.system.deployment import Deployment
from tests.rigs.time.wait import until

pytestmark = pytest.mark.broker


def test_every_error_in_a_configuration_is_named_and_the_pad_does_not_start(
    deployment: Deployment,
) -> None:
    pad = deployment.pad(start=False)
    good = pad.config.read_text()
    bad = (
        good.replace('window = "3"', 'window = "a window"\nwindo = 3')
        .replace("grace_s = 0", "grace_s = -1")
        .replace("mqtt://127.0.0.1", "mqtt://198.51.100.7")
        .replace('token_file = "token"', 'token_file = "nowhere"')
        .replace('control = "board.sock"', 'controll = "board.sock"')
    )
    pad.config.write_text(bad)
    pad.start(ready=False)
    assert pad.outcome() == 2
    log = pad.last_words()
    for named in ("windo", "grace_s", "198.51.100.7", "nowhere", "controll", "did you mean"):
        assert named in log, log
    assert "S01" in log
    assert not pad.ledger.exists()
    pad.config.write_text(good)  # control: it starts when they are corrected
    pad.start()
    pad.rate("corrected")


def test_a_ledger_whose_folder_is_missing_is_shown_and_named_until_it_is_there(
    deployment: Deployment,
) -> None:
    pad = deployment.pad(start=False)
    folder = pad.folder / "not there yet"
    pad.config.write_text(pad.config.read_text().replace(str(pad.ledger), str(folder / "l.db")))
    pad.ledger = folder / "l.db"
    pad.start(ready=False)
    shown = pad.look().until_now(lambda seen: seen.scene is Scene.FAULT, "the fault")
    assert shown.code is PadCode.CONFIG_WRONG
    until(lambda: "S01" in pad.last_words(), 5, "it is in the log")
    assert str(folder) in pad.last_words()
    folder.mkdir()
    pad.be_ready()
    pad.rate("now it can")
    assert "Traceback" not in pad.last_words()
