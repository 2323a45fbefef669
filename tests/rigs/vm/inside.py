"""What commands a machine from within: it does what comes through the virtio-serial port.

Run inside the machine, by its init, with the standard library alone. One JSON object a line; in:
`{"id": 1, "run": [...], "cwd": "...", "env": {...}}` or `{"id": 1, "kill": true}`, out:
`{"id": 1, "output": "..."}` as it comes, `{"id": 1, "code": 0}` at the end. Commands run side by
side, each in a process group of its own. When the host hangs up, so does the machine.
"""

import contextlib
import json
import os
import signal
import subprocess
import threading
from pathlib import Path
from typing import Any

PORT = "ratingpad.rig"


def port_device(wanted: str = PORT) -> str:
    """A port by its name; udev may not be here to do it."""
    for name in Path("/sys/class/virtio-ports").glob("*/name"):
        if name.read_text().strip() == wanted:
            return f"/dev/{name.parent.name}"
    raise SystemExit(f"no virtio port {wanted}")


class Inside:
    """The port's end inside."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._lock = threading.Lock()
        self._running: dict[int, subprocess.Popen[str]] = {}

    def say(self, **message: object) -> None:
        line = json.dumps(message).encode() + b"\n"
        with self._lock:
            while line:
                line = line[os.write(self._port, line) :]

    def obey(self, order: dict[str, Any]) -> None:
        if "kill" in order:
            process = self._running.get(order["id"])
            if process:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
            return
        threading.Thread(target=self._run, args=(order,), daemon=True).start()

    def _run(self, order: dict[str, Any]) -> None:
        try:
            process = subprocess.Popen(
                order["run"],
                cwd=order["cwd"],
                env=order["env"],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                start_new_session=True,
            )
        except OSError as no:
            self.say(id=order["id"], output=f"{no}\n", code=127)
            return
        self._running[order["id"]] = process
        for line in process.stdout or ():
            self.say(id=order["id"], output=line)
        self.say(id=order["id"], code=process.wait())
        del self._running[order["id"]]


def main() -> None:
    port = os.open(port_device(), os.O_RDWR)
    inside = Inside(port)
    inside.say(id=0, code=0, output=Path("/proc/uptime").read_text().split()[0])
    rest = b""
    while data := os.read(port, 65536):
        *lines, rest = (rest + data).split(b"\n")
        for line in lines:
            inside.obey(json.loads(line))


if __name__ == "__main__":
    main()
