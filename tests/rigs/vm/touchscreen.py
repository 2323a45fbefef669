"""A touchscreen in a machine: a device of the kernel's uinput, that is touched from the host.

The host's end is `RemoteTouch`; inside, `python -m tests.rigs.vm.touchscreen WIDE HIGH` obeys its
lines, `down X Y` and `up`. Every line is answered once the kernel has the event.
"""

import os
import socket
import sys
from pathlib import Path
from typing import Any

from tests.rigs.vm.inside import port_device

PORT = "ratingpad.touch"
NAME = "rig touchscreen"
READY = f"{NAME} is there"
DONE = b"done\n"
CONTACTS = 10
AXES = ("ABS_MT_POSITION_X", "ABS_MT_POSITION_Y")


class RemoteTouch:
    """One contact, placed by the host in pixels of the screen."""

    def __init__(self, folder: Path) -> None:
        self._socket = folder / "touch"
        self._plug: socket.socket | None = None

    @property
    def qemu_options(self) -> tuple[str, ...]:
        """What a machine is started with to have its port."""
        return (
            *("-chardev", f"socket,id=touch,path={self._socket},server=on,wait=off"),
            *("-device", f"virtserialport,chardev=touch,name={PORT}"),
        )

    def down(self, x: float, y: float) -> None:
        """Touch the screen."""
        self._say(f"down {x:.0f} {y:.0f}")

    def up(self) -> None:
        """Lift."""
        self._say("up")

    def plug(self) -> None:
        """Connect, before the other end starts: to it a port without a host is at its end."""
        self._plug = socket.socket(socket.AF_UNIX)
        self._plug.settimeout(60)
        self._plug.connect(str(self._socket))

    def _say(self, line: str) -> None:
        assert self._plug is not None
        self._plug.sendall(line.encode() + b"\n")
        answer = b""
        while not answer.endswith(b"\n"):
            answer += self._plug.recv(100)
        assert answer == DONE, answer

    def close(self) -> None:
        """Disconnect."""
        if self._plug is not None:
            self._plug.close()


def main() -> None:
    """Inside: make the device, and obey what comes through the port."""
    import evdev
    from evdev import AbsInfo, ecodes

    wide, high = int(sys.argv[1]), int(sys.argv[2])
    x = AbsInfo(value=0, min=0, max=wide - 1, fuzz=0, flat=0, resolution=5)
    y = AbsInfo(value=0, min=0, max=high - 1, fuzz=0, flat=0, resolution=5)
    slot = AbsInfo(value=0, min=0, max=CONTACTS - 1, fuzz=0, flat=0, resolution=0)
    contact = AbsInfo(value=0, min=0, max=65535, fuzz=0, flat=0, resolution=0)
    axes = [
        *((ecodes.ABS_X, x), (ecodes.ABS_Y, y), (ecodes.ABS_MT_SLOT, slot)),
        *((ecodes.ABS_MT_POSITION_X, x), (ecodes.ABS_MT_POSITION_Y, y)),
        (ecodes.ABS_MT_TRACKING_ID, contact),
    ]
    able: dict[int, Any] = {ecodes.EV_KEY: [ecodes.BTN_TOUCH], ecodes.EV_ABS: axes}
    screen = evdev.UInput(able, name=NAME, input_props=[ecodes.INPUT_PROP_DIRECT])

    def tell(**values: int) -> None:
        for name, value in values.items():
            kind = ecodes.EV_KEY if name.startswith("BTN") else ecodes.EV_ABS
            screen.write(kind, ecodes.ecodes[name], value)

    print(READY, flush=True)
    port = os.open(port_device(PORT), os.O_RDWR)
    number = 0
    with os.fdopen(port, "r+b", buffering=0) as orders:
        for line in iter(orders.readline, b""):
            word, *where = line.decode().split()
            at = dict(zip(AXES, map(int, where), strict=False))
            single = {axis.replace("MT_POSITION_", ""): value for axis, value in at.items()}
            if word == "down":
                number += 1
                tell(ABS_MT_SLOT=0, ABS_MT_TRACKING_ID=number, **at, BTN_TOUCH=1, **single)
            else:
                tell(ABS_MT_SLOT=0, ABS_MT_TRACKING_ID=-1, BTN_TOUCH=0)
            screen.syn()
            orders.write(DONE)


if __name__ == "__main__":
    main()
