"""What the province wishes of a pad, laid over the pad's own configuration.

The wish is kept in a file beside the ledger, so that a pad that boots without a network goes on
as it was told. A wish that breaks the bounds of `config.py` is refused whole, with every problem
in words, and what was in force stays in force.
"""

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

import msgspec

from device.config.config import Config
from device.config.config import PadConfig as PadTable
from device.config.config import SessionConfig as SessionTimes
from sync.messages import VERSION, ContractError, Desired, Reported, Settings, read_message
from sync.messages import write_message as write


class DesiredConfig:
    """The desired configuration in force, if any. `path`: where it is kept. `unwritable`: why a
    text cannot stand on this pad's screen, if so.
    """

    def __init__(
        self, path: Path, config: Config, unwritable: Callable[[str], str] = lambda _: ""
    ) -> None:
        self._path = path
        self._unwritable = unwritable
        self._config = config
        self._inforce: Desired | None = None
        self._problems: tuple[str, ...] = ()
        if path.exists():
            try:
                self.accept(read_message(Desired, path.read_bytes()), keep=False)
            except ContractError as error:  # a torn file: the retained wish comes again
                self._problems = (f"{path.name}: {error}",)

    @property
    def version(self) -> int:
        """The version in force; 0 when only the pad's own configuration is."""
        return self._inforce.version if self._inforce is not None else 0

    @property
    def settings(self) -> Settings:
        """What is in force: the wish where it says something, else the configuration."""
        wish = self._inforce.settings if self._inforce is not None else Settings()
        own = self._config.session
        return Settings(
            window=self._config.pad.window if wish.window is None else wish.window,
            invitation_s=own.invitation_s if wish.invitation_s is None else wish.invitation_s,
            grace_s=own.grace_s if wish.grace_s is None else wish.grace_s,
            thanks_s=own.thanks_s if wish.thanks_s is None else wish.thanks_s,
        )

    @property
    def digest(self) -> str:
        """Hex SHA-256 of the canonical settings in force."""
        return hashlib.sha256(msgspec.json.encode(self.settings, order="sorted")).hexdigest()

    def accept(self, desired: Desired, *, keep: bool = True) -> bool:
        """Take a wish into force; True when something changed.

        False for one that is not newer, and for one with problems (`report` then names them).
        Raises OSError when it cannot be kept; nothing has changed then.
        """
        if desired.version <= self.version:
            return False
        problems = self._problems_of(desired.settings)
        if problems:
            self._problems = problems
            return False
        if keep:
            self._keep(write(desired))
        self._inforce, self._problems = desired, ()
        return True

    def report(self) -> Reported:
        """What is in force, and why the last wish is not, in words."""
        return Reported(
            v=VERSION,
            version=self.version,
            digest=self.digest,
            settings=self.settings,
            problems=self._problems,
        )

    def _problems_of(self, settings: Settings) -> tuple[str, ...]:
        problems = _problems(settings)
        if not problems and (why := self._unwritable(settings.window or "")):
            problems = (f"window: {why}",)
        return problems

    def _keep(self, raw: bytes) -> None:
        """Write beside, sync, rename: a power cut leaves the old wish or the new one."""
        fresh = self._path.with_suffix(".new")
        with fresh.open("wb") as file:
            file.write(raw)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self._path)


def _problems(settings: Settings) -> tuple[str, ...]:
    found = []
    for kind, names, own in (
        (PadTable, ("window",), {"id": "any"}),
        (SessionTimes, ("invitation_s", "grace_s", "thanks_s"), {}),
    ):
        for name in names:
            value = getattr(settings, name)
            if value is None:
                continue
            try:
                msgspec.convert({**own, name: value}, kind)
            except msgspec.ValidationError as error:
                found.append(f"{name}: {error}")
    return tuple(found)
