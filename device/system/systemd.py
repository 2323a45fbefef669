"""A word to systemd: ready, how it goes, still alive, stopping (sd_notify(3)).

One datagram each; nothing is sent when nobody asked for it. No dependency: it is one `sendto`. Of
the packages on PyPI `sdnotify`, the usual one, is from 2017, `cysystemd` binds the C library, and
the one that is kept, `systemd-watchdog`, sends the same datagram from a class of its own.

The watchdog is fed by the agent's own loop and only while its parts live, so that a loop that
hangs and a thread that has died both let it bite. A card that does not answer is no reason: a
restart does not mend it, would lose the ratings that wait in memory, and a process inside such a
write cannot even be killed. That is a fault on the screen (L01), and the status says so.
"""

import asyncio
import logging
import os
import socket
from collections.abc import Callable, Mapping, Sequence

log = logging.getLogger(__name__)

BEAT_S = 5.0
"""So often the parts are looked at, and more often where the watchdog is impatient."""

BEATS_PER_PATIENCE = 4
"""Three beats may be late before the watchdog bites."""

MAX_STATUS_CHARS = 400
"""A fault's detail may be long; `systemctl status` has one line."""


class SystemdNotifier:
    """Where systemd listens, taken from the environment it gave; elsewhere nothing happens."""

    def __init__(self, environ: Mapping[str, str] = os.environ) -> None:
        address = environ.get("NOTIFY_SOCKET", "")
        # "@" stands for the NUL byte of an abstract socket.
        self._address = "\0" + address[1:] if address.startswith("@") else address
        self._socket: socket.socket | None = None
        self._told = False
        self.watchdog_s: float | None = None
        """After so long without a word systemd restarts this process; None when it never does."""
        if self._address:
            self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
            self.watchdog_s = _patience_s(environ)

    @property
    def listens(self) -> bool:
        """Whether systemd wants to hear."""
        return self._socket is not None

    def say(self, *assignments: str) -> bool:
        """Send lines like `READY=1` in one datagram; never blocks. False when they did not go."""
        if self._socket is None:
            return False
        try:
            message = "\n".join(assignments).encode()
            self._socket.sendto(message, socket.MSG_DONTWAIT, self._address)
        except OSError as error:  # systemd starts itself anew, or does not keep up
            if not self._told:
                log.warning("systemd does not hear: %s", error)
            self._told = True
            return False
        self._told = False
        return True

    def close(self) -> None:
        """Say nothing more; safe to call twice."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None


class Watchdog:
    """The agent's heartbeat on its loop, from its start to its end.

    `dead` names the part that has died, or gives None; then the heart stops and `on_dead` hears of
    it once. `status` is asked for the words that `systemctl status` shows.
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
        self._over = False
        self._owed: list[str] = []
        self._said = ""
        self._next: asyncio.TimerHandle | None = None
        patience_s = service.watchdog_s
        self.every_s = min(BEAT_S, patience_s / BEATS_PER_PATIENCE) if patience_s else BEAT_S

    def start(self) -> None:
        """The first beat; on the loop."""
        self._strike()

    def ready(self) -> None:
        """Keys are taken: the next beat, now, says so."""
        self._ready = True
        self._owed.append("READY=1")
        self._strike()

    def stopping(self) -> None:
        """The agent has begun to end; the heart beats on until `stop`."""
        self._owed.append("STOPPING=1")
        self._strike()

    def stop(self) -> None:
        """The last beat was the last; safe to call twice."""
        if self._next is not None:
            self._next.cancel()
            self._next = None
        self._service.close()

    def _strike(self) -> None:
        if self._next is not None:
            self._next.cancel()
        self._next = None
        if self._over:
            return
        dead = self._dead()
        if dead is not None:
            self._over = True
            self._on_dead(dead)
            return
        self._tell()
        self._next = asyncio.get_running_loop().call_later(self.every_s, self._strike)

    def _tell(self) -> None:
        if not self._service.listens:
            return
        lines = [*self._owed, self._alive()]
        status = self._status()
        if status != self._said:
            lines.append(f"STATUS={status}")
        if self._service.say(*lines):
            self._owed.clear()
            self._said = status

    def _alive(self) -> str:
        if self._ready:
            return "WATCHDOG=1"
        # A damaged ledger on a slow card may take minutes to open; a loop that hangs meanwhile is
        # found out all the same.
        patience_s = self._service.watchdog_s or 2 * BEATS_PER_PATIENCE * self.every_s
        return f"EXTEND_TIMEOUT_USEC={round(patience_s * 1e6)}"


def words(state: str, window: str, waiting: int, faults: Sequence[str]) -> str:
    """The status in words: the window's state, what the province has not got yet, the faults.

    Never a level, nor anything that one could be told from (law 7).
    """
    said = [f"window {window}: {state}" if window else state]
    said.append(f"{waiting} entries wait for the province" if waiting else "nothing waits")
    if faults:
        said.append(f"faults: {', '.join(faults)}")
    return "; ".join(said).replace("\n", " ")[:MAX_STATUS_CHARS]


def _patience_s(environ: Mapping[str, str]) -> float | None:
    """The watchdog's patience, if it is for this process (sd_watchdog_enabled(3))."""
    try:
        patience_us = int(environ.get("WATCHDOG_USEC", ""))
        meant = int(environ.get("WATCHDOG_PID") or os.getpid()) == os.getpid()
    except ValueError:
        return None
    return patience_us / 1e6 if patience_us > 0 and meant else None
