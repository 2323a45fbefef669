"""The shipped kiosk on a real screen: systemd starts it, the glass shows it, a finger rates on it.

The screen is QEMU's, and what stands on it is taken from outside of the machine. What is looked for
are the pictures in golden/, which were taken from this very machine and looked at by eye.
"""

import json
import re
from collections.abc import Iterator

import pytest

from tests.rigs.time.wait import until
from tests.rigs.vm.kernel import Kernel
from tests.rigs.vm.kiosk_pad import DARK, FACES, KIOSK, KioskPad, kiosk_machine
from tests.rigs.vm.kiosk_probe import FORBIDDEN, NEEDED, PROGRAM
from tests.rigs.vm.sandbox_probe import ELSEWHERE

pytestmark = [pytest.mark.kernel_vm, pytest.mark.kiosk_vm, pytest.mark.timeout(2400)]

PROBE = "/run/systemd/system/kiosk-probe.service"
WRONG = "[Service]\nInaccessiblePaths=/run/ratingpad-entry\n"
"""Of the unit's one way to the page."""
LIGHT = 200
"""Of 255: lighter is what can be read on a DARK ground."""
NO_PAGE_S = 90.0
"""A start takes half of it."""


@pytest.fixture(scope="module", params=["chromium", "cog"])
def kiosk(request: pytest.FixtureRequest, stock_kernel: Kernel) -> Iterator[KioskPad]:
    """One machine for each browser, installed as the documents say."""
    with kiosk_machine() as one:
        one.install(request.param)
        yield one


def test_the_page_stands_on_the_glass_and_a_touch_is_a_rating(kiosk: KioskPad) -> None:
    kiosk.see("standby")
    kiosk.invite("DH-1")
    kiosk.see("invitation")
    kiosk.touch("satisfied")
    kiosk.see("thanks")
    assert kiosk.levels() == ["satisfied"]
    # Cutting the letters beside the browser's start has cost the agent its life once.
    assert (kiosk.properties()["NRestarts"], kiosk.kiosk_properties()["NRestarts"]) == ("0", "0")


def test_a_face_that_is_pressed_can_still_be_read(kiosk: KioskPad) -> None:
    """cog's engine once drew it dark on dark."""
    kiosk.invite("DH-P")
    kiosk.see("invitation")
    kiosk.read()
    level = "very_dissatisfied"
    x, y = FACES[level]
    kiosk.touchscreen.down(x, y)
    until(lambda: kiosk.looks_pressed(level), 30, "the face looks pressed")
    face = kiosk.screen.picture().convert("L").crop((x - 60, y - 80, x + 60, y + 80))
    kiosk.touchscreen.up()
    darkest, lightest = face.getextrema()
    assert isinstance(darkest, int | float)  # of one band
    assert isinstance(lightest, int | float)
    assert darkest < DARK < LIGHT < lightest
    kiosk.see("thanks")


def test_a_browser_that_is_killed_is_back_by_itself_and_the_agent_goes_on(kiosk: KioskPad) -> None:
    kiosk.see("standby")
    before, agent = kiosk.levels(), kiosk.properties()["MainPID"]
    kiosk.sh(f"systemctl kill --signal=KILL {KIOSK}")
    until(lambda: kiosk.kiosk_properties()["NRestarts"] == "1", 60, "the browser was started again")
    kiosk.see("standby")  # a processor this slow may take longer than `watch_s`
    kiosk.invite("DH-2")
    kiosk.see("invitation")
    kiosk.touch("dissatisfied")
    kiosk.see("thanks")
    assert kiosk.levels() == [*before, "dissatisfied"]
    assert kiosk.properties()["MainPID"] == agent
    verdict = kiosk.verify()
    assert verdict.code == 0, verdict.output


def test_a_page_that_hangs_is_started_again_and_nobody_is_asked_meanwhile(
    kiosk: KioskPad,
) -> None:
    kiosk.see("standby")
    until(lambda: kiosk.window()["state"] == "ready", 30, "the window is open")
    before = kiosk.kiosk_properties()
    kiosk.hang()
    assert kiosk.scene() == "standby", "what stood there stands there still"
    until(lambda: kiosk.window()["fault"] == "K05", 60, "the window is closed", 1)
    until(
        lambda: kiosk.kiosk_properties()["MainPID"] != before["MainPID"], 120, "another browser", 1
    )
    kiosk.see("standby")
    assert kiosk.window()["fault"] is None
    kiosk.invite("DH-3")
    kiosk.see("invitation")
    kiosk.touch("satisfied")
    kiosk.see("thanks")
    found = [(body["kind"], body["code"]) for body in kiosk.bodies() if body.get("code") == "K05"]
    assert found[-2:] == [("fault", "K05"), ("cleared", "K05")]
    # A start that is asked for begins to count anew; one after an end would have counted on.
    assert kiosk.kiosk_properties()["NRestarts"] == "0"


def test_the_browser_reads_no_ledger_and_reaches_nobody(kiosk: KioskPad) -> None:
    kiosk.sh(f"ip address replace {ELSEWHERE}/32 dev lo")
    unit = kiosk.sh(f"systemctl cat {KIOSK}")
    other = r"(?m)^(Restart|RestartSec|ExecStart|Conflicts|StandardOutput|StandardError)=.*\n"
    probe = re.sub(other, "", unit)
    probe += f"\n[Service]\nType=oneshot\nStandardOutput=truncate:/run/probe.json\n{PROGRAM}\n"
    kiosk.write(PROBE, probe)
    kiosk.sh("systemctl daemon-reload; systemctl start kiosk-probe || journalctl -u kiosk-probe")
    found = json.loads(kiosk.sh("cat /run/probe.json"))
    assert {name: found[name] for name in NEEDED if found[name] != "done"} == {}
    assert [name for name in FORBIDDEN if found[name] == "done"] == []
    # The control: outside of the sandbox root may do all of it.
    free = json.loads(kiosk.python("-m", "tests.rigs.vm.kiosk_probe"))
    assert [name for name in FORBIDDEN if free[name] != "done"] == []


def test_control_a_unit_that_is_wrong_shows_no_page(kiosk: KioskPad) -> None:
    kiosk.drop_in("wrong", WRONG)
    kiosk.sh(f"systemctl restart {KIOSK}")
    with pytest.raises(AssertionError, match="on the screen"):
        kiosk.see("standby", NO_PAGE_S)
    kiosk.drop_in("wrong", "")
    kiosk.sh(f"systemctl restart {KIOSK}")
    kiosk.see("standby")
