"""The text of the QR code that belongs to a case, for every display of the pad.

A token is issued once for an invitation and kept until the next one, so that its day stays the day
on which the citizen was asked.
"""

import logging
from typing import TYPE_CHECKING

from device.config.config import Config
from device.config.phone_config import read_own_key
from device.errors import ConfigError
from device.os_errors import explain
from device.system.clock import TrustedClock
from device.ui.qr_url import link
from sync.entries import Trust
from sync.phone_token import PhoneKey, Purpose, issue, last_day

if TYPE_CHECKING:
    from device.session.session import Session

log = logging.getLogger(__name__)


class PhoneCodes:
    """The codes of one session; for the agent's loop. Raises ConfigError for a key file that
    cannot be used.
    """

    def __init__(self, config: Config, clock: TrustedClock, session: "Session") -> None:
        self._session = session
        self._phone = config.phone
        self._clock = clock
        self._key: PhoneKey | None = None
        self._made: tuple[str, Purpose, str] | None = None
        if config.phone.key_file is not None:
            try:
                self._key = read_own_key(config.phone.key_file, config.pad.id)
            except OSError as error:
                raise ConfigError(f"[phone] key_file: {explain(error)}") from error
            except ValueError as error:
                raise ConfigError(f"[phone] key_file {config.phone.key_file}: {error}") from error
        elif config.phone.url is not None:
            log.warning("[phone] has no key_file: invitations have no QR code")

    def now(self) -> str | None:
        """The code of the invitation that may be rated by phone now; while reasons are asked for, a
        code that takes words for it, but no level; None when there is neither.
        """
        session = self._session
        invitation = session.invitation
        if session.asks_reasons and invitation is not None:
            return self._text(invitation.id, Purpose.WORDS)
        rateable = session.invitation_for_phone(self._clock.at().mono, self._phone.late_s * 1000)
        return self._text(rateable, Purpose.RATE) if rateable is not None else None

    def _text(self, invitation: str, purpose: Purpose) -> str | None:
        if self._phone.url is None or self._key is None:
            return None
        if self._made is None or self._made[:2] != (invitation, purpose):
            at = self._clock.at()
            last = None
            if at.utc is not None and at.trust is not Trust.NONE:
                last = last_day(at.utc, self._phone.days)
            token = issue(self._key, invitation, last, purpose)
            self._made = invitation, purpose, link(self._phone.url, token)
        return self._made[2]
