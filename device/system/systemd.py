"""Reports to systemd: ready, status, still running, stopping (sd_notify(3)).

Each report is one datagram; without systemd (no NOTIFY_SOCKET) none is sent. No library is used,
because it is one `sendto` (docs/decisions/0007-own-sd-notify.md).

The agent's own loop reports to systemd's watchdog, and only while the agent's threads run. So
systemd restarts an agent whose loop hangs; a thread that has ended makes the agent end itself. A
memory card that hangs does not cause a restart: a restart would not repair the card, would lose the
ratings that wait in memory, and a process inside such a write cannot even be killed. It is a fault
on the screen (L01) instead, and in the status.
"""

import asyncio
import logging
import os
import socket
from collections.abc import Callable, Mapping, Sequence

log = logging.getLogger(__name__)

CHECK_INTERVAL_S = 5.0
"""How often the threads are checked and systemd gets a report; less with a short watchdog timeout.
"""

CHECKS_PER_TIMEOUT = 4
"""Reports within one watchdog timeout: three may fail before systemd restarts the agent."""

MAX_STATUS_CHARS = 400
"""A bound, because `systemctl status` shows one line."""


class SystemdNotifier:
    """Sends to the socket that systemd names in the environment; does nothing when it names
    none.
    """

    def __init__(self, environ: Mapping[str, str] = os.environ) -> None:
        address = environ.get("NOTIFY_SOCKET", "")
        # "@" stands for the NUL byte of an abstract socket.
        self._address = "\0" + address[1:] if address.startswith("@") else address
        self._socket: socket.socket | None = None
        self._send_failed = False
        self.watchdog_s: float | None = None
        """The watchdog's timeout: so long without a report, and systemd restarts this process. None
        when this service has no watchdog.
        """
        if self._address:
            self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
            self.watchdog_s = _watchdog_timeout_s(environ)

    @property
    def is_enabled(self) -> bool:
        """Whether systemd asked for reports and `close` has not been called."""
        return self._socket is not None

    def send(self, *assignments: str) -> bool:
        """Send lines like `READY=1` in one datagram; never blocks. Whether they were sent."""
        if self._socket is None:
            return False
        try:
            message = "\n".join(assignments).encode()
            self._socket.sendto(message, socket.MSG_DONTWAIT, self._address)
        except OSError as error:  # systemd is being restarted, or its socket buffer is full
            if not self._send_failed:  # logged once, until a datagram is sent again
                log.warning("systemd cannot be reached: %s", error)
            self._send_failed = True
            return False
        self._send_failed = False
        return True

    def close(self) -> None:
        """Send nothing more; safe to call twice."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None


class Watchdog:
    """Checks the agent's threads at an interval, and reports to systemd while all of them run.

    `dead` returns the name of a thread that has ended, or None. When there is one, `on_dead` is
    called with it once, and checks and reports end. `status` returns the text that `systemctl
    status` shows. All of it runs on the agent's loop.
    """

    def __init__(
        self,
        service: SystemdNotifier,
        *,
        dead: Callable[[], str | None],
        on_dead: Callable[[str], None],
        status: Callable[[], str],
    ) -> None:
        self._service = service
        self._dead = dead
        self._on_dead = on_dead
        self._status = status
        self._ready = False
        self._found_dead = False
        self._unsent: list[str] = []
        self._sent_status = ""
        self._next: asyncio.TimerHandle | None = None
        self.interval_s = CHECK_INTERVAL_S
        if service.watchdog_s:
            self.interval_s = min(CHECK_INTERVAL_S, service.watchdog_s / CHECKS_PER_TIMEOUT)

    @property
    def is_enabled(self) -> bool:
        """Whether systemd asked for reports."""
        return self._service.is_enabled

    def start(self) -> None:
        """Check and report now, and from now on; to be called on the loop."""
        self._check()

    def ready(self) -> None:
        """Report that the agent takes keys, or shows why it does not; sent now, and once."""
        if self._ready:
            return
        self._ready = True
        self._unsent.append("READY=1")
        self._check()

    def stopping(self) -> None:
        """Report that the agent has begun to end; checks and reports go on until `stop`."""
        self._unsent.append("STOPPING=1")
        self._check()

    def stop(self) -> None:
        """End checks and reports; safe to call twice."""
        if self._next is not None:
            self._next.cancel()
            self._next = None
        self._service.close()

    def _check(self) -> None:
        if self._next is not None:
            self._next.cancel()
        self._next = None
        if self._found_dead:
            return
        dead = self._dead()
        if dead is not None:
            self._found_dead = True
            self._on_dead(dead)
            return
        self._report()
        self._next = asyncio.get_running_loop().call_later(self.interval_s, self._check)

    def _report(self) -> None:
        if not self._service.is_enabled:
            return
        lines = [*self._unsent, self._still_running()]
        status = self._status()
        if status != self._sent_status:
            lines.append(f"STATUS={status}")
        if self._service.send(*lines):
            self._unsent.clear()
            self._sent_status = status

    def _still_running(self) -> str:
        if self._ready:
            return "WATCHDOG=1"
        # Opening a damaged ledger on a slow card may take minutes, longer than TimeoutStartSec.
        # Each report extends it a little, so that a loop that hangs during the start is still
        # noticed.
        timeout_s = self._service.watchdog_s or 2 * CHECKS_PER_TIMEOUT * self.interval_s
        return f"EXTEND_TIMEOUT_USEC={round(timeout_s * 1e6)}"


def status_text(state: str, window: str, waiting: int, faults: Sequence[str]) -> str:
    """The status on one line: the window's state, how many entries wait for a receipt, the codes of
    the faults. No level, and nothing from which a level could be inferred (law 7).
    """
    parts = [f"window {window}: {state}" if window else state]
    parts.append(f"{waiting} entries wait for the province" if waiting else "nothing waits")
    if faults:
        parts.append(f"faults: {', '.join(faults)}")
    return "; ".join(parts).replace("\n", " ")[:MAX_STATUS_CHARS]


def failed_status(code: str, detail: str) -> str:
    """The status of an agent that cannot start."""
    return f"cannot start: {code} {detail}".replace("\n", " ")[:MAX_STATUS_CHARS]


def _watchdog_timeout_s(environ: Mapping[str, str]) -> float | None:
    """The watchdog's timeout, if it is meant for this process (sd_watchdog_enabled(3))."""
    try:
        timeout_us = int(environ.get("WATCHDOG_USEC", ""))
        is_for_us = int(environ.get("WATCHDOG_PID") or os.getpid()) == os.getpid()
    except ValueError:
        return None
    return timeout_us / 1e6 if timeout_us > 0 and is_for_us else None
