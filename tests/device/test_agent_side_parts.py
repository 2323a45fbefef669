"""Without its desk, its touch page or a file, the window serves; the parts come by themselves."""

import signal
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from device.errors import PadCode
from device.events import Scene
from sync.entries import Cleared, Fault
from sync.mqtt import BrokerAddress
from sync.phone_token import PhoneKey, write_key
from tests.rigs.pad.pad_process import TOKEN, PadProcess
from tests.rigs.system.loopback import free_port
from tests.rigs.time.wait import until


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Callable[..., PadProcess]]:
    made: list[PadProcess] = []

    def make_pad(**options: Any) -> PadProcess:
        nowhere = BrokerAddress("127.0.0.1", free_port())
        made.append(PadProcess(tmp_path / "p", "pad-1", nowhere, **options))
        return made[-1]

    yield make_pad
    for pad in made:
        pad.remove()


def faults(pad: PadProcess) -> dict[str, list[str]]:
    """The details of the faults on record that are not over, by code."""
    found: dict[str, list[str]] = {}
    for body in pad.bodies() if pad.ledger.exists() else ():
        if isinstance(body, Fault):
            found.setdefault(body.code, []).append(body.detail)
        elif isinstance(body, Cleared):
            found[body.code].remove(body.detail)
    return {code: details for code, details in found.items() if details and code[0] == "S"}


def occupy(port: int) -> socket.socket:
    taken = socket.socket()
    taken.bind(("127.0.0.1", port))
    taken.listen()
    return taken


def test_the_window_serves_without_desk_page_and_files_and_each_comes_when_it_can(
    make: Callable[..., PadProcess],
) -> None:
    pad = make(touch="reasons = false\nwatch_s = 0")
    text, port, key = pad.config.read_text(), free_port(), pad.folder / "phone-key"
    text = text.replace("[desk]\nport = 0", f"[desk]\nport = {port}")
    text += '[phone]\nurl = "https://rate.example.cn/R/"\nkey_file = "phone-key"\n'
    pad.config.write_text(text)
    desired = pad.ledger.with_suffix(".desired.json")
    desired.mkdir()
    with occupy(port), occupy(pad.touch_port):
        pad.start(ready=False)
        until(lambda: len(faults(pad)) == 3, 20, "the faults are on record")
        found = faults(pad)
        assert found.keys() == {"S03", "S04", "S05"}
        assert f"127.0.0.1:{port} cannot be listened on" in found["S03"][0]
        assert f"127.0.0.1:{pad.touch_port}" in found["S04"][0]
        both = " ".join(found["S05"])
        assert f"No such file or directory: {key}" in both
        assert f"Is a directory: {desired}" in both
        shown = {code for code in PadCode if code.code in found}
        pad.look().until_now(lambda seen: seen.code in shown, "a code on the screen")
        assert pad.display.now is not None
        assert pad.display.now.scene is Scene.STANDBY
        pad.stray(1)
    desired.rmdir()
    key.touch(0o600)
    key.write_text(write_key(PhoneKey("pad-1", 42, bytes(32))))
    pad.be_ready()
    until(lambda: not faults(pad), 30, "the faults are over")
    assert pad.window()["state"] == "ready"
    assert pad.end(signal.SIGTERM) == 0
    assert "Traceback" not in pad.last_words()


def test_a_token_file_that_comes_later_opens_the_desk(make: Callable[..., PadProcess]) -> None:
    pad = make()
    token = pad.folder / "token"
    token.unlink()
    pad.start(ready=False)
    until(lambda: "S03" in faults(pad), 20, "the fault")
    token.write_text(f"\ufeff{TOKEN}\r\n", "utf-8")  # as an editor on Windows writes it
    pad.be_ready()
    pad.rate("served")
    until(lambda: not faults(pad), 10, "it is over")


def test_damaged_settings_are_a_fault_until_the_province_sends_them_again(
    make: Callable[..., PadProcess],
) -> None:
    pad = make()
    pad.ledger.with_suffix(".desired.json").write_bytes(b"\0" * 100)
    pad.start()
    until(lambda: "S05" in faults(pad), 10, "the fault")
    pad.rate("with the pad's own settings")
