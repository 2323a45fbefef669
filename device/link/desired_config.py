"""The configuration that the province wants of a pad, over the pad's own.

It is stored in a file beside the ledger, so that a pad that boots without a network goes on as it
was told. Where that file cannot be read, the pad's own settings are in force. One that breaks the
bounds of `config.py` is refused whole, with every problem in words, and what was in force stays in
force.
"""

import hashlib
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path

import msgspec

from device.config.config import Config, PadConfig, SessionConfig
from device.errors import PadCode, PadError
from device.loop_bridge import in_daemon_thread
from device.os_errors import explain
from sync.identity_text import comparable
from sync.messages import (
    VERSION,
    ContractError,
    Desired,
    Reported,
    Settings,
    read_message,
    write_message,
)
from sync.regular_file import read_regular

MAX_STORED_BYTES = 65_536
"""Far more than a configuration has."""


class DesiredConfig:
    """The settings in force, and the desired configuration that they come from, if any.

    `path`: the file that it is stored in. `unwritable`: why a text cannot be shown on this pad's
    screen, or "". Every method is for the agent's loop.
    """

    def __init__(
        self, path: Path, config: Config, unwritable: Callable[[str], str] = lambda _: ""
    ) -> None:
        self._path = path
        self._unwritable = unwritable
        self._config = config
        self._in_force: Desired | None = None
        self._problems: tuple[str, ...] = ()
        self._refused_version = 0
        self._observers: list[Callable[[Settings], None]] = []
        self._unread = ""
        """Why the stored one could not be read; "" when it could, or when there is none."""
        self._take(_read(path))

    async def read_again(self) -> None:
        """Where the stored one could not be read: read it again and put it into force. Raises
        PadError while it cannot be read; one that has come from the province since ends that.
        """
        if not self._unread or self._in_force is not None:
            return
        stored = await in_daemon_thread(partial(_read, self._path), "desired-config")
        if self.version:
            return  # it has come from the province meanwhile
        self._take(stored)
        if isinstance(stored, Desired):
            self._tell_observers()
        elif stored:
            raise PadError(stored, PadCode.FILE_UNUSED)

    def _take(self, stored: Desired | str) -> None:
        """What was read: a configuration, or why there is none ("" for no file)."""
        self._unread = stored if isinstance(stored, str) else ""
        if isinstance(stored, Desired) and self.is_acceptable(stored):
            self._in_force = stored
        elif self._unread:
            self._problems = (self._unread,)

    @property
    def version(self) -> int:
        """The version in force; 0 when only the pad's own configuration is."""
        return self._in_force.version if self._in_force is not None else 0

    @property
    def settings(self) -> Settings:
        """What is in force: the desired value where there is one, else the pad's own."""
        desired = self._in_force.settings if self._in_force is not None else Settings()
        own, own_window = self._config.session, self._config.pad.window
        return Settings(
            window=own_window if desired.window is None else comparable(desired.window),
            invitation_s=own.invitation_s if desired.invitation_s is None else desired.invitation_s,
            grace_s=own.grace_s if desired.grace_s is None else desired.grace_s,
            thanks_s=own.thanks_s if desired.thanks_s is None else desired.thanks_s,
        )

    @property
    def digest(self) -> str:
        """Hex SHA-256 of the canonical settings in force."""
        return hashlib.sha256(msgspec.json.encode(self.settings, order="sorted")).hexdigest()

    def observe(self, observer: Callable[[Settings], None]) -> None:
        """Call `observer` with the settings in force, now and whenever they change."""
        self._observers.append(observer)
        observer(self.settings)

    async def accept(self, desired: Desired) -> bool:
        """Store a desired configuration and put it into force; True when something changed.

        False for one that is not newer, and for one with problems (`report` then names them).
        Raises OSError when it cannot be stored; nothing has changed then. Storing waits for the
        card, on a thread; to be called again only when the call before has returned.
        """
        if not self.is_acceptable(desired):
            return False
        raw = write_message(desired)
        await in_daemon_thread(partial(_store, self._path, raw), "desired-config")
        self._in_force = desired
        if self._refused_version < desired.version:
            self._problems = ()
        self._tell_observers()
        return True

    def _tell_observers(self) -> None:
        settings = self.settings
        for observer in self._observers:
            observer(settings)

    def report(self) -> Reported:
        """What is in force, and why the last desired configuration is not, in words."""
        return Reported(
            v=VERSION,
            version=self.version,
            digest=self.digest,
            settings=self.settings,
            problems=self._problems,
        )

    def is_acceptable(self, desired: Desired) -> bool:
        """Whether it is newer and within bounds; its problems are kept for the report."""
        if desired.version <= self.version:
            return False
        problems = self._problems_of(desired.settings)
        if problems:
            self._problems, self._refused_version = problems, desired.version
        return not problems

    def _problems_of(self, settings: Settings) -> tuple[str, ...]:
        problems = _out_of_bounds(settings)
        if not problems and (why := self._unwritable(comparable(settings.window or ""))):
            problems = (f"window: {why}",)
        return problems


def stored_beside(ledger: Path) -> Path:
    """The file that the desired configuration of the ledger's pad is stored in."""
    return ledger.with_suffix(".desired.json")


def problem_of_stored(ledger: Path) -> str:
    """Why the stored configuration beside the ledger cannot be used; "" when it can, or when there
    is none.
    """
    stored = _read(stored_beside(ledger))
    if isinstance(stored, str):
        return stored
    problems = _out_of_bounds(stored.settings)
    return f"{stored_beside(ledger)}: {'; '.join(problems)}" if problems else ""


def _read(path: Path) -> Desired | str:
    """The stored configuration; why it cannot be read, or "" when there is none."""
    try:
        return read_message(Desired, read_regular(path, MAX_STORED_BYTES))
    except FileNotFoundError:
        return ""
    except OSError as error:
        return explain(error)
    except ContractError as error:  # a torn file: the retained message comes again
        return f"{path}: {error}"


def _store(path: Path, raw: bytes) -> None:
    """Write beside, sync, rename, sync the folder: a power cut leaves the old file or the new."""
    fresh = path.with_suffix(".new")
    fresh.unlink(missing_ok=True)  # and not through a link that somebody put there
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    with os.fdopen(os.open(fresh, flags, 0o640), "wb") as file:
        file.write(raw)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)  # without it the rename itself may be lost
    finally:
        os.close(folder)


def _out_of_bounds(settings: Settings) -> tuple[str, ...]:
    problems = []
    for kind, names, own in (
        (PadConfig, ("window",), {"id": "any"}),
        (SessionConfig, ("invitation_s", "grace_s", "thanks_s"), {}),
    ):
        for name in names:
            value = getattr(settings, name)
            if value is None:
                continue
            try:
                msgspec.convert({**own, name: value}, kind)
            except msgspec.ValidationError as error:
                problems.append(f"{name}: {error}")
    return tuple(problems)
