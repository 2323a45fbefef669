"""A pad with a touchscreen as a technician installs it: its own disk, the shipped units.

    with kiosk_machine() as kiosk:
        kiosk.install("chromium")     # what docs/touch.md says, and what `ratingpad units` prints
        kiosk.see("standby")          # on the screen
        kiosk.invite("DH-1")
        kiosk.see("invitation")
        kiosk.touch("satisfied")
        kiosk.see("thanks")

What differs from a pad: the checkout is bound to where the venv looks for it, and wlroots is told
to draw by the processor. On this screen it would ask Mesa's software driver (llvmpipe), in which
Debian 12's cage crashes; a board with a graphics chip has another.
"""

import contextlib
import json
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from PIL import Image, ImageChops, ImageStat

from tests.rigs.time.wait import until
from tests.rigs.vm.kiosk_disk import CHECKOUT, PREFIX, prepare_disk
from tests.rigs.vm.machine import ROOT, Machine
from tests.rigs.vm.screen import Screen
from tests.rigs.vm.service_pad import ServicePad
from tests.rigs.vm.touchscreen import READY, RemoteTouch

PROGRAM = f"{PREFIX}/bin/ratingpad"
LEDGER = "/var/lib/ratingpad/ledger.db"
ENTRY = "/var/lib/ratingpad/kiosk/entry.html"
KIOSK = "ratingpad-kiosk"
TOKEN = "0123456789abcdef"

SIZE = (800, 480)
FACES = {
    "very_satisfied": (84, 260),
    "satisfied": (242, 260),
    "basically_satisfied": (400, 260),
    "dissatisfied": (558, 260),
    "very_dissatisfied": (716, 260),
}
"""Where the faces are on that screen."""
GROUND_PX = 66
"""From the middle of a face sideways to where nothing is drawn but its ground."""
DARK = 100
"""Of 255: darker is the ground of a face that is pressed."""

PATIENCE_S = 240.0
"""For a picture on the screen: the processor is emulated, and a browser's first start is its
longest."""

READ_S, TOUCH_S = 1.0, 0.2

GOLDEN = ROOT / "tests/hardware/long/golden"
SCENES = ("standby", "invitation", "thanks", "details")
SMALL = (100, 60)
ALIKE = 12.0
"""Of 255, on the mean of the small grey pictures: browsers differ by 8 at most, scenes by 23."""

CONFIG = f"""
[pad]
id = "jl-2224-017"
board = "touch-7"
window = "3"
hall = "延边州政务服务大厅"
languages = ["zh", "ko"]
[ledger]
path = "{LEDGER}"
[desk]
token_file = "desk-token"
[touch]
entry_file = "{ENTRY}"
[touch.card]
name = "李娜"
number = "0071"
"""

READ = f"""
import json, sqlite3
ledger = sqlite3.connect("file:{LEDGER}?mode=ro", uri=True)
rows = ledger.execute("SELECT body FROM entry ORDER BY seq")
print(json.dumps([json.loads(bytes(body)) for (body,) in rows]))
"""

BY_THE_PROCESSOR = "[Service]\nEnvironment=WLR_RENDERER=pixman\n"


@contextlib.contextmanager
def kiosk_machine(memory_mib: int = 2048, processors: int = 2) -> Iterator["KioskPad"]:
    """The machine with screen and touchscreen; nothing of ours is installed yet."""
    with tempfile.TemporaryDirectory(prefix="rig-", dir="/var/tmp") as name:
        screen, touchscreen = Screen(Path(name), SIZE), RemoteTouch(Path(name))
        with (
            contextlib.closing(screen),
            contextlib.closing(touchscreen),
            Machine(
                python="/usr/bin/python3",
                memory_mib=memory_mib,
                processors=processors,
                modules=screen.modules,
                init="/lib/systemd/systemd",
                target="multi-user.target",
                disk=prepare_disk(),
                qemu_options=(*screen.qemu_options, *touchscreen.qemu_options),
            ) as vm,
        ):
            touchscreen.plug()
            vm.start_module("tests.rigs.vm.touchscreen", *map(str, SIZE)).wait_for(READY, 120)
            yield KioskPad(vm, screen, touchscreen)


class KioskPad(ServicePad):
    """The two services on such a machine, its screen and touchscreen."""

    def __init__(self, vm: Machine, screen: Screen, touchscreen: RemoteTouch) -> None:
        """Nothing is installed yet."""
        self.vm = vm
        self.screen = screen
        self.touchscreen = touchscreen
        self.sh(f"mount --bind {ROOT} {CHECKOUT}")

    # --- the technician ---

    def install(self, browser: str, of_touch: str = "") -> None:
        """Follow the documents: configuration, units, and the commands that they say come next.
        `of_touch`: more lines of [touch].
        """
        self.write("/etc/ratingpad/pad.toml", CONFIG.replace("[touch]\n", f"[touch]\n{of_touch}"))
        self.write("/etc/ratingpad/desk-token", TOKEN)
        for line in self.units(browser):
            self.sh(line)

    def units(self, browser: str) -> list[str]:
        """Write the units; the commands that are to follow."""
        said = self.sh(f"{PROGRAM} units --out / --kiosk {browser}")
        self.drop_in("rig", BY_THE_PROCESSOR)
        _, _, following = said.partition("then, as root:\n")
        assert following, said
        return following.splitlines()

    def choose(self, browser: str) -> None:
        """Stop the browser; the next start is of this one."""
        self.sh(f"systemctl stop {KIOSK}; rm -rf /etc/systemd/system/{KIOSK}.service.d")
        self.units(browser)
        self.sh(f"systemctl reset-failed {KIOSK} || true")

    def drop_in(self, name: str, text: str) -> None:
        """Change the browser's unit for this boot, from its next start on."""
        self.write(f"/run/systemd/system/{KIOSK}.service.d/{name}.conf", text)
        self.sh("systemctl daemon-reload")

    # --- the window and the citizen ---

    def invite(self, case: str) -> None:
        """The desk asks for a rating, as soon as the pad is free."""
        ask = (
            f"curl -sf http://127.0.0.1:8600/v1/invitations -H 'Authorization: Bearer {TOKEN}'"
            f" -d '{json.dumps({'case': case})}'"
        )
        until(lambda: self.run("sh", "-c", ask).code == 0, 90, "an invitation", 1)

    def window(self) -> dict[str, Any]:
        """The window's state, as the desk API gives it."""
        ask = f"curl -sf http://127.0.0.1:8600/v1/window -H 'Authorization: Bearer {TOKEN}'"
        told: dict[str, Any] = json.loads(self.sh(ask))
        return told

    def read(self) -> None:
        """Wait until a face takes touches: 0.3 s after it was drawn."""
        threading.Event().wait(READ_S)

    def touch(self, level: str) -> None:
        """Wait as `read` does, then touch a face for 0.2 s."""
        self.read()
        self.touchscreen.down(*FACES[level])
        threading.Event().wait(TOUCH_S)
        self.touchscreen.up()

    def scene(self) -> str | None:
        """The scene on the screen; None for a picture that is none of SCENES."""
        return scene_of(self.screen.picture())

    def looks_pressed(self, level: str) -> bool:
        """Whether a face is drawn as pressed: its ground is dark."""
        return ground_of(self.screen.picture(), level) < DARK

    def see(self, scene: str, timeout_s: float = PATIENCE_S) -> None:
        """Wait until a scene is on the screen."""
        try:
            until(lambda: self.scene() == scene, timeout_s, f"{scene} on the screen", 0.1)
        except AssertionError as late:
            raise AssertionError(f"{late}\n{self.kiosk_properties()}") from late

    def bodies(self) -> list[dict[str, Any]]:
        """Every entry of the ledger, read beside the agent."""
        found: list[dict[str, Any]] = json.loads(self.python(READ))
        return found

    def levels(self) -> list[str]:
        """The levels of all ratings."""
        return [body["level"] for body in self.bodies() if body["kind"] == "rated"]

    # --- the machine ---

    def hang(self) -> None:
        """Stop the page's own process; compositor and browser run on."""
        self.sh(
            f"for p in $(cat /sys/fs/cgroup/system.slice/{KIOSK}.service/cgroup.procs); do"
            " grep -qaE 'type=renderer|WPEWebProcess' /proc/$p/cmdline && kill -STOP $p; done; true"
        )

    def python(self, *words: str) -> str:
        """As root, with the pad's own interpreter."""
        arguments = words if words[0] == "-m" else ("-c", *words)
        env = {"PYTHONPATH": CHECKOUT}
        done = self.vm.start([f"{PREFIX}/bin/python3", *arguments], env=env).wait(180)
        assert done.code == 0, done.output
        return done.output

    def kiosk_properties(self) -> dict[str, str]:
        """Properties of the browser's service in systemd."""
        lines = self.sh(f"systemctl show {KIOSK}").splitlines()
        told = dict(line.split("=", 1) for line in lines if "=" in line)
        names = ("ActiveState", "SubState", "Result", "NRestarts", "MainPID", "MemoryCurrent")
        return {name: told[name] for name in names}

    def pss_kib(self, service: str = KIOSK) -> int:
        """The memory of a service's processes, each shared page in parts."""
        return int(
            self.sh(
                f"for p in $(cat /sys/fs/cgroup/system.slice/{service}.service/cgroup.procs);"
                " do cat /proc/$p/smaps_rollup; done 2>/dev/null"
                " | awk '/^Pss:/ { all += $2 } END { print all + 0 }'"
            )
        )


def scene_of(picture: Image.Image) -> str | None:
    """The scene whose golden picture this is like."""
    small = _small(picture)
    off = {name: _difference(small, _golden(name)) for name in SCENES if _path(name).exists()}
    nearest = min(off, key=lambda name: off[name], default=None)
    return nearest if nearest is not None and off[nearest] < ALIKE else None


def ground_of(picture: Image.Image, level: str) -> int:
    """How bright a face's ground is, 0 to 255."""
    x, y = FACES[level]
    grey = picture.convert("L").getpixel((x - GROUND_PX, y))
    assert isinstance(grey, int | float)  # of one band
    return int(grey)


def _path(scene: str) -> Path:
    return GOLDEN / f"kiosk-{scene}.png"


def _golden(scene: str) -> Image.Image:
    with Image.open(_path(scene)) as kept:
        return _small(kept.convert("RGB"))


def _small(picture: Image.Image) -> Image.Image:
    return picture.convert("L").resize(SMALL, Image.Resampling.BOX)


def _difference(small: Image.Image, other: Image.Image) -> float:
    return float(ImageStat.Stat(ImageChops.difference(small, other)).mean[0])
