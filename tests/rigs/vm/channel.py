"""The host's end of the port through which a machine is commanded; inside.py is the other end."""

import itertools
import json
import socket
import threading
from collections.abc import Callable
from typing import Any, NamedTuple

LAST_LINES = 60


class Done(NamedTuple):
    """How a command ended, and its output on stdout and stderr."""

    code: int
    output: str


class Command:
    """A command that runs inside."""

    def __init__(self, name: str, kill: Callable[[], None], console: Callable[[], str]) -> None:
        self._name = name
        self._kill = kill
        self._console = console
        self._changed = threading.Condition()
        self._output = ""
        self._code: int | None = None
        self._hung_up = False

    def take(self, message: dict[str, Any]) -> None:
        """Take a message for this command. Called on the channel's thread."""
        with self._changed:
            self._output += message.get("output", "")
            self._code = message.get("code", self._code)
            self._hung_up = message.get("hung_up", self._hung_up)
            self._changed.notify_all()

    @property
    def output(self) -> str:
        """Its output so far."""
        return self._output

    def wait(self, timeout_s: float) -> Done:
        """Its end; AssertionError with all that is known after the time."""
        self._until(lambda: self._code is not None, timeout_s, "ended")
        assert self._code is not None
        return Done(self._code, self._output)

    def wait_for(self, text: str, timeout_s: float) -> None:
        """Wait for a text in its output; AssertionError when it ends without, or after the time."""
        self.wait_until(lambda said: text in said, timeout_s, repr(text))

    def wait_until(self, holds: Callable[[str], bool], timeout_s: float, what: str) -> None:
        """The same for what holds of all its output, described by `what`."""
        self._until(lambda: holds(self._output) or self._code is not None, timeout_s, what)
        if not holds(self._output):
            raise AssertionError(self._told(f"ended with {self._code} without {what}"))

    def kill(self) -> None:
        """Kill it with all its children, and wait for its end."""
        self._kill()
        self.wait(30)

    def _until(self, holds: Callable[[], bool], timeout_s: float, what: str) -> None:
        with self._changed:
            self._changed.wait_for(lambda: holds() or self._hung_up, timeout_s)
            if not holds():
                why = "the machine is gone" if self._hung_up else f"not within {timeout_s} s"
                raise AssertionError(self._told(f"{why}: {what}"))

    def _told(self, why: str) -> str:
        console = "\n".join(self._console().splitlines()[-LAST_LINES:])
        return f"{self._name}: {why}\n--- its output\n{self._output}\n--- console\n{console}"


class Channel:
    """Sends commands in and receives their output, on a thread of its own."""

    def __init__(self, plug: socket.socket, console: Callable[[], str]) -> None:
        self._plug = plug
        self._console = console
        self._numbers = itertools.count(1)
        self.hello = Command("boot", lambda: None, console)
        self._commands = {0: self.hello}
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def run(self, command: list[str], cwd: str, env: dict[str, str]) -> Command:
        """Start a command inside."""
        number = next(self._numbers)
        started = Command(
            " ".join(command), lambda: self._order({"id": number, "kill": True}), self._console
        )
        self._commands[number] = started
        self._order({"id": number, "run": command, "cwd": cwd, "env": env})
        return started

    def _order(self, order: dict[str, Any]) -> None:
        self._plug.sendall(json.dumps(order).encode() + b"\n")

    def _listen(self) -> None:
        rest = b""
        while data := self._receive():
            *lines, rest = (rest + data).split(b"\n")
            for line in lines:
                message = json.loads(line)
                self._commands[message["id"]].take(message)
        for command in list(self._commands.values()):
            command.take({"hung_up": True})

    def _receive(self) -> bytes:
        try:
            return self._plug.recv(65536)
        except OSError:
            return b""

    def close(self) -> None:
        """Hang up."""
        self._plug.close()
        self._thread.join(5)
